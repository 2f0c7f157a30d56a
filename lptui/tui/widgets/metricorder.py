"""In which order charts are shown, and which ones a filter keeps: what tells of learning first, machinery
last."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from fnmatch import translate
from functools import lru_cache

from lptui.tui.widgets.logsearch import compile_pattern

_FIRST = (
    ("reward", "rewards", "return", "returns", "score", "episode_reward", "episode_return", "reward_mean"),
    ("loss", "train_loss", "total_loss"),
    ("val_loss", "eval_loss", "valid_loss", "accuracy", "acc", "success", "success_rate"),
    ("policy_loss", "pg_loss", "actor_loss", "clip_loss"),
    ("value_loss", "v_loss", "critic_loss", "vf_loss"),
    ("entropy", "entropy_loss"),
    ("eval score",),  # a reward or score below eval.../
    ("kl", "approx_kl", "kl_div", "old_approx_kl"),
    ("grad_norm", "gradient_norm"),
    ("clipfrac", "clip_fraction", "explained_variance", "importance"),
    ("lr", "learning_rate"),
    ("sps", "steps_per_second", "fps", "throughput", "tokens_per_second", "samples_per_second"),
)
_RANKS = {word: rank for rank, words in enumerate(_FIRST) for word in words}
_SYSTEM = re.compile(r"^(?:system|gpu|cpu|monitor|memory|disk|network|perf|timing|proc)[./_]|^_|^system$|/time/", re.I)
_TASK = re.compile(r"task_?\d+|per_task|^curriculum/|^lp/|^pool/", re.I)
_DIGITS = re.compile(r"(\d+)")
_LONGEST = 500


@lru_cache(maxsize=32_768)
def order_key(name: str, per_task: bool = False) -> tuple[object, ...]:
    """Sort key: headline metrics, then the rest, then per-task families, then the system; natural within."""
    natural = tuple((0, int(p), "") if p.isdigit() else (1, 0, p.lower()) for p in _DIGITS.split(name[:200]) if p)
    if _SYSTEM.search(name):
        return (3, 0, 0, natural)
    if per_task or _TASK.search(name):
        return (2, 0, 0, natural)
    parts = re.split(r"[/.]", name.lower())
    for back in (1, 2):
        rank = _RANKS.get(parts[-back]) if len(parts) >= back else None
        if rank == 0 and parts[0].startswith("eval"):
            rank = _RANKS["eval score"]
        if rank is not None:
            return (0, rank, 0 if parts[0] == "overview" else back, natural)
    return (1, 0, 0, natural)


def arrange(names: Iterable[str], per_task: Container[str] = (), urgent: Container[str] = ()) -> list[str]:
    """All names in the order of their charts: what does not do what is expected of it, then one headline of each
    kind, so that the first page tells of the reward, each loss and the entropy rather than of three rewards."""
    keys = {name: order_key(name, name in per_task) for name in names}
    ordered = sorted(keys, key=lambda name: keys[name])
    first: dict[object, str] = {}
    for name in ordered:
        if keys[name][0] == 0:
            first.setdefault(keys[name][1], name)
    leading = list(first.values())
    taken = set(leading)
    usual = leading + [name for name in ordered if name not in taken]
    return sorted(usual, key=lambda name: name not in urgent)


def filter_names(names: Iterable[str], pattern: str) -> list[str]:
    """Names that hold `pattern` as text, match it as a glob when it has a `*` or `?`, or as a regular expression
    between slashes (`/loss$/`); upper case does not matter."""
    pattern = pattern.strip()
    if not pattern.strip("/"):
        return list(names)
    if pattern.startswith("/"):
        search = compile_pattern(pattern[1:].removesuffix("/"), ignore=True).search
        return [n for n in names if search(n[:_LONGEST])]
    pattern = pattern.lower()
    if "*" in pattern or "?" in pattern:
        matches = re.compile(translate(f"*{pattern}*" if not pattern.endswith("*") else f"*{pattern}")).match
        return [n for n in names if matches(n[:_LONGEST].lower())]
    return [n for n in names if pattern in n.lower()]
