"""What a metric is, told from its name: the same role in every framework's spelling.

Looked at are the last component of a key and the one before it, lower case, words joined by `_`. The rules hold for
the names of Metta, CleanRL, Stable-Baselines3, RLlib, PufferLib, rsl_rl, Spinning Up, Hugging Face, Lightning, Keras,
Ultralytics.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

from lptui.text.regex import Regex

Role = Literal[
    "loss",
    "value_loss",
    "policy_loss",
    "entropy",
    "kl",
    "clip_fraction",
    "explained_variance",
    "gradient_norm",
    "learning_rate",
    "throughput",
    "score",
    "success",
    "gpu_memory",
    "host_memory",
    "active_tasks",
    "sample_probability",
    "zero_tasks",
    "action_spread",
]
PER_ROLE = 2
"""Keys of one role that are watched."""
_LONGEST = 200
_SPLIT = Regex(r"[/.:|]+")
_WORDS = Regex(r"[\s\-_]+")
_CAMEL = Regex(r"(?<=[a-z])(?=[A-Z][a-z])")
_OTHER_DATA = Regex(
    r"(^|[/_.])(eval|evaluation|evaluator|eval_\w+|val|valid|validation|test|best|target|old|min|max|std)([/_.]|$)"
)
_CURRICULUM = Regex(r"(^|/)(lp|curriculum|env_curriculum|env_env_curriculum|task_sampler)/")
_PER_TASK = Regex(r"(^|/)(tasks|env_task_\w+|env_per_label_\w+|env_curriculum_task_probs|eval_\w+|weights)/")
_PATTERNS: tuple[tuple[Role, str], ...] = (
    (
        "value_loss",
        r"(value|vf|v|critic|baseline)_?(function|fn)?_loss|loss_?(v|value|vf|critic)|loss(es)?/(value(_function)?|critic|vf)",
    ),
    (
        "policy_loss",
        r"(policy|pg|pi|actor|surrogate|policy_gradient)_loss|loss_?(pi|policy)|loss(es)?/(policy|surrogate)",
    ),
    ("entropy", r"(policy_|mean_|action_)?entropy(_loss|_mean|_avg)?|loss(es)?/entropy"),
    ("kl", r"(approx_|mean_|policy_)?kl(_mean|_loss|_div|_divergence)?|approxkl|mean_kl_loss"),
    ("clip_fraction", r"clip_?frac(tion)?(_mean)?"),
    ("explained_variance", r"(vf_|value_)?explained_var(iance)?(_mean)?"),
    (
        "gradient_norm",
        r"(total_|global_)?(grad|gradient|gradients)_?(global_|total_|l2_)?norm(_total)?|grad(ient)?s?/norm",
    ),
    ("learning_rate", r"(curr_|cur_|current_)?(lr|learning_rate)(_(adam\w*|sgd|0|group_0|pg_0|pg1))?|lr/pg0"),
    (
        "throughput",
        r"(\w+_)?(sps|fps|tps)|\w+_per_s(ec|econd)?(_avg)?|throughput",
    ),
    ("success", r"(\w+_)?(success|solved?)(_(rate|fraction))?(_mean)?|(\w+_)?(win|goal)_?rate"),
    (
        "score",
        r"(mean_|avg_|average_)?(ep|episode|episodic|task|env)?_?(rew|reward|return|ret|score)s?(_mean|_avg)?",
    ),
    (
        "loss",
        r"(train(ing)?_|total_|lm_|mean_|epoch_)?loss(_step|_train|_mean)?|loss(es)?/(train|training|total)|cross_entropy(_loss)?|nll_loss"
        r"|train/(box|cls|dfl|obj|seg|pose)_loss",
    ),
)
_RULES: tuple[tuple[Role, Regex[str]], ...] = tuple((role, Regex(pattern)) for role, pattern in _PATTERNS)
_COUNTS: tuple[tuple[Role, Regex[str]], ...] = (
    ("active_tasks", Regex(r"(num_)?active(_tasks)?$")),
    ("sample_probability", Regex(r"(mean_)?(sample_)?prob(ability)?$")),
    ("zero_tasks", Regex(r"(num_)?zeros?(_lp)?(_dist|_tasks|_prob)?$")),
    ("success", Regex(r"(task|mean)_success_rate$")),
)
_SPREAD = Regex(r"(policy_|action_|mean_noise_|noise_|actor_)?(log_)?std")
_GPU = Regex(r"(gpu|cuda|vram)")
_MEMORY = Regex(r"mem|vram|reserved")
_NOT_USED = Regex(r"free|total_mb|limit|available|peak|max|clock|write|read|speed|util(?!.*mem)")
_HOST = Regex(r"(process_memory_mb|(proc_memory_|process_)?rss_?(mb|gib|gb|bytes)?|memory_percent|ram_percent)$")


@lru_cache(maxsize=65_536)
def find_role(key: str) -> Role | None:
    """The role of a metric, or None for one that no monitor judges."""
    if len(key) > _LONGEST or _PER_TASK.search(key):
        return None
    parts = [_WORDS.sub("_", _CAMEL.sub("_", p)).strip("_").lower() for p in _SPLIT.split(key)]
    leaf, pair = parts[-1], "/".join(parts[-2:])
    path = "/".join(parts)
    if _CURRICULUM.search(path + "/"):
        return next((role for role, rule in _COUNTS if rule.match(leaf)), None)
    memory = _find_memory(path, leaf)
    if memory is not None:
        return memory
    if _SPREAD.fullmatch(leaf):
        return "action_spread"
    if _OTHER_DATA.search(path):
        return None
    for role, rule in _RULES:
        if rule.fullmatch(leaf) or rule.fullmatch(pair):
            return role
    return None


def _find_memory(path: str, leaf: str) -> Role | None:
    if _GPU.search(path) and _MEMORY.search(path):
        return None if _NOT_USED.search(leaf) else "gpu_memory"
    return "host_memory" if _HOST.search(path.replace("/", "_")) else None


def choose_keys(keys: Iterable[str]) -> dict[str, Role]:
    """The keys to watch: of each role the few with the shortest names. The same for any order of `keys`."""
    by_role: dict[Role, list[str]] = {}
    for key in keys:
        role = find_role(key)
        if role is not None:
            by_role.setdefault(role, []).append(key)
    chosen: dict[str, Role] = {}
    for role, found in sorted(by_role.items()):
        for key in sorted(found, key=lambda k: (len(k), k))[:PER_ROLE]:
            chosen[key] = role
    return chosen


def memory_unit(key: str) -> float | None:
    """Bytes that one unit of a memory metric stands for; 0 for a percentage; None when its name does not say."""
    low = key.lower()
    for ending, size in (("gib", 2.0**30), ("gb", 2.0**30), ("mib", 2.0**20), ("mb", 2.0**20), ("bytes", 1.0)):
        if ending in low:
            return size
    return 0.0 if "percent" in low or low.endswith(("memoryallocated", "_pct")) else None
