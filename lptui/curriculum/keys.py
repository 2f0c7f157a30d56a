"""Which cell of the task table a metric key fills, for every curriculum that writes per-task metrics.

Families: Metta of 2025 (`env_curriculum_task_probs/*`, `env_task_completions/*`, `env_task_reward/*`), Metta
of 2026 (`env_per_label_rewards/*`, `env_env_curriculum/algorithm/*`), Syllabus (`curriculum/NAME_prob`,
`tasks/NAME_episode_return`), and runs that patched in the learning-progress statistics (`lp/*`).
`classify` is for each new key once; callers keep the answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from lptui.curriculum.table import Column
from lptui.model.value import frozen

Unit = Literal["", "share"]


@frozen
class TaskCell:
    """A key that holds one column of one task, spelt as in the key; `name_tasks` joins spellings."""

    task: str
    column: Column
    unit: Unit = ""


@frozen
class CurriculumStat:
    """A key that holds one number of the whole curriculum, its trainer's prefix removed."""

    name: str


@frozen
class TaskName:
    """`canonical` is equal for all spellings of one task; `display` is the shortest that stays unique."""

    canonical: str
    display: str


_PREFIXED: tuple[tuple[str, str, Column, Unit], ...] = (
    # prefix, required ending, column, unit
    ("env_curriculum_task_probs/", "", "probability", ""),
    ("env_task_completions/", "", "completions", "share"),
    ("env_task_reward/", "/rewards.mean", "reward", ""),
    ("env_per_label_rewards/", "", "reward", ""),
    ("tasks/", "_episode_return", "reward", ""),
)
_COLUMN_NAMES: dict[str, Column] = {
    "prob": "probability",
    "probability": "probability",
    "weight": "probability",
    "success_rate": "success_rate",
    "return": "reward",
    "reward": "reward",
    "lp": "learning_progress",
    "learning_progress": "learning_progress",
    "episodes": "completions",
    "completions": "completions",
    "score": "score",
    "staleness": "staleness",
}
"""`curriculum/NAME/COLUMN`, as home-made curricula write it."""
_ENDINGS: tuple[tuple[str, Column], ...] = (
    ("_prob", "probability"),
    ("_success_rate", "success_rate"),
    ("_lp", "learning_progress"),
    ("_score", "score"),
    ("_staleness", "staleness"),
)
# statistics of the whole curriculum whose names end like a task's column
_STATS_LIKE_TASKS = frozenset({"mean_success_rate", "mean_lp", "mean_score", "mean_prob", "mean_staleness"})
_PICTURES = frozenset({"task_distribution", "top_tasks"})
# the reporter adds `env_` to a prefix that the environment wrapper already wrote, hence the doubled one
_STAT_PREFIXES = ("env_env_curriculum/", "env_curriculum/")


def classify(key: str) -> TaskCell | CurriculumStat | None:
    """What a metric key says about a curriculum; None for every other metric."""
    for prefix, ending, column, unit in _PREFIXED:
        if key.startswith(prefix):
            return _task_cell(key[len(prefix) :], ending, column, unit)
    if key.startswith("curriculum/"):
        return _classify_generic(key[len("curriculum/") :])
    for prefix in _STAT_PREFIXES:
        if key.startswith(prefix):
            return _stat(key[len(prefix) :])
    return _stat(key) if key.startswith("lp/") and len(key) > len("lp/") else None


def _task_cell(rest: str, ending: str, column: Column, unit: Unit) -> TaskCell | None:
    if not rest.endswith(ending):
        return None
    task = _spell(rest[: len(rest) - len(ending)])
    # older Metta runs log the spread of each task beside its value
    return TaskCell(task, column, unit) if task and not task.endswith(".std_dev") else None


def _classify_generic(name: str) -> TaskCell | CurriculumStat | None:
    if name in _PICTURES:
        return None
    task, _, column = name.rpartition("/")
    if task and column in _COLUMN_NAMES and not task.startswith(("lp", "algorithm")):
        return TaskCell(_spell(task), _COLUMN_NAMES[column])
    if name not in _STATS_LIKE_TASKS and not name.startswith(("lp/", "algorithm/")):
        for ending, column in _ENDINGS:
            task = _spell(name.removesuffix(ending))
            if name.endswith(ending) and task:
                return TaskCell(task, column)
    return _stat(name)


def _stat(name: str) -> CurriculumStat | None:
    return CurriculumStat(name) if name else None


def _spell(task: str) -> str:
    """One slash before a path, none before a plain name: W&B keys hold `//env/...` or `/env/...`."""
    bare = task.strip("/")
    return "/" + bare if "/" in bare else bare


def name_tasks(tasks: Iterable[str]) -> dict[str, TaskName]:
    """Join the spellings of each task: `/env/mettagrid/arena/basic_easy` and `basic_easy:sample(0)` are one.

    Two paths that end alike stay two tasks and keep the parts that tell them apart; a short name that could
    be either stays a row of its own, and so do several samples of one task.
    """
    groups: dict[str, list[str]] = {}
    spelt = {task: _spell(task) for task in tasks}
    for task in dict.fromkeys(spelt.values()):
        base, _ = _split_sample(task)
        groups.setdefault(base.rpartition("/")[2], []).append(task)
    names: dict[str, TaskName] = {}
    for stem, spellings in groups.items():
        names.update(_name_group(stem, spellings))
    return {task: names[spelling] for task, spelling in spelt.items()}


def _name_group(stem: str, spellings: list[str]) -> dict[str, TaskName]:
    parts = {task: _split_sample(task) for task in spellings}
    paths = sorted({base for base, _ in parts.values() if "/" in base})
    several_samples = len({sample for _, sample in parts.values() if sample}) > 1
    names: dict[str, TaskName] = {}
    for task, (base, sample) in parts.items():
        if "/" in base:
            canonical, display = base, _unique_tail(base, paths)
        else:
            canonical, display = (paths[0] if len(paths) == 1 else stem), stem
        kept = sample if several_samples else ""
        names[task] = TaskName(canonical + kept, display + kept)
    return names


def _split_sample(task: str) -> tuple[str, str]:
    """`basic:sample(0)` -> (`basic`, `:sample(0)`)."""
    base, mark, number = task.rpartition(":sample(")
    if base and mark and number.endswith(")") and number[:-1].isdigit():
        return base, mark + number
    return task, ""


def _unique_tail(path: str, paths: list[str]) -> str:
    parts = path.strip("/").split("/")
    for length in range(1, len(parts)):
        tail = "/".join(parts[-length:])
        if not any(other != path and other.endswith("/" + tail) for other in paths):
            return tail
    return path
