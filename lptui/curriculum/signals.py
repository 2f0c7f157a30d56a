"""What the task table says about a curriculum's health. Thresholds and durations belong to the detectors."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from lptui.curriculum.table import Column, TaskReading
from lptui.model.value import frozen

# the sampler writes exact zeros; means over workers in float32 leave no smaller residue than this
_ZERO = 1e-9
# a distribution that is not complete (a task's key not read yet) must not pass for a collapsed one
_SUM_TOLERANCE = 0.02

VOID_SIGNALS: dict[str, str] = {
    "lp/num_active_tasks": (
        "always equals the setting num_active_tasks: it is the length of a list drawn with duplicates, so "
        "“around 16” is true of every run; count the distinct tasks with a probability above 0 instead"
    ),
    "lp/mean_sample_prob": (
        "always equals 1 / number of tasks: it is the mean of a vector that sums to 1, so it is above 0 "
        "however far the curriculum has collapsed; watch the largest probability and the entropy instead"
    ),
    "lp/num_nan_tasks": (
        "always 0: NaN success rates are replaced before they are counted; a NaN reward counts as full "
        "success, so look for NaN in the rewards themselves"
    ),
}


@frozen
class Signals:
    """Health of a curriculum at one moment; None is unknown, an empty tuple is “none”. Entropy in nats.

    `probability_sum` other than 1 means part of the distribution is missing; entropy and effective tasks are
    then unknown.
    """

    n_tasks: int
    probability_sum: float | None
    zero_probability: tuple[str, ...] | None
    largest_probability: float | None
    largest_task: str | None
    entropy: float | None
    effective_tasks: float | None
    uniform: bool | None
    all_progress_zero: bool | None
    saturated: tuple[str, ...] | None
    starved: tuple[str, ...] | None


def read_signals(rows: Sequence[TaskReading], earlier: Iterable[Sequence[TaskReading]] = ()) -> Signals:
    """Signals of the newest rows. With `earlier` tables, a task counts as starved only if its completions
    were 0 in those too (a task missing there is unknown and does not speak against it)."""
    chances = _known(rows, "probability")
    total = math.fsum(chances.values()) if chances else None
    complete = total is not None and abs(total - 1.0) <= _SUM_TOLERANCE
    largest = max(chances, key=chances.__getitem__) if chances else None
    entropy = _entropy(chances.values()) if complete else None
    progress = _known(rows, "learning_progress")
    return Signals(
        n_tasks=len(rows),
        probability_sum=total,
        zero_probability=tuple(task for task, p in chances.items() if p <= _ZERO) if chances else None,
        largest_probability=chances[largest] if largest is not None else None,
        largest_task=largest,
        entropy=entropy,
        effective_tasks=math.exp(entropy) if entropy is not None else None,
        uniform=_is_uniform(chances) if complete else None,
        all_progress_zero=all(abs(value) <= _ZERO for value in progress.values()) if progress else None,
        saturated=_saturated(rows),
        starved=_starved(rows, earlier),
    )


def _known(rows: Sequence[TaskReading], column: Column) -> dict[str, float]:
    values = {row.task: getattr(row, column) for row in rows}
    return {task: float(value) for task, value in values.items() if value is not None and math.isfinite(value)}


def _entropy(chances: Iterable[float]) -> float:
    positive = [p for p in chances if p > _ZERO]
    total = math.fsum(positive)
    # -0.0 for a single task would print as a negative number
    return max(0.0, -math.fsum(p / total * math.log(p / total) for p in positive))


def _is_uniform(chances: dict[str, float]) -> bool | None:
    if len(chances) < 2:
        return None
    return max(chances.values()) - min(chances.values()) <= 1e-3 / len(chances)


def _saturated(rows: Sequence[TaskReading]) -> tuple[str, ...] | None:
    """Tasks whose reward exceeds 1: the curriculum clips scores to [0, 1], so it sees no progress there."""
    rewards = _known(rows, "reward")
    return tuple(task for task, reward in rewards.items() if reward > 1.0) if rewards else None


def _starved(rows: Sequence[TaskReading], earlier: Iterable[Sequence[TaskReading]]) -> tuple[str, ...] | None:
    counts = _known(rows, "completions")
    if not counts:
        return None
    idle = {task for task, count in counts.items() if count <= _ZERO}
    for table in earlier:
        idle -= {task for task, count in _known(table, "completions").items() if count > _ZERO}
    return tuple(task for task in counts if task in idle)
