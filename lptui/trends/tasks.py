"""Counts that a curriculum logs of itself: active tasks, mean probability, tasks at zero. One entry at a time."""

from __future__ import annotations

import math

from lptui.model.value import frozen

FEW = 1 / 3
"""Fewer active tasks than this share of all: a curriculum that rests some of them keeps more."""
LASTING, SURE_LASTING, FROM_THE_START = 6, 4, 60
"""Readings in a row: few tasks; none at all; and none since the run began (a warm-up takes its time)."""
_HEALTHY = 3


@frozen
class Stuck:
    """Since when, from what to what, of how many tasks (None if unknown)."""

    step: float
    time: float
    before: float
    after: float
    tasks: float | None


@frozen
class Counts:
    """Memory of one series."""

    healthy: int = 0
    before: float = math.nan
    largest: float = 0.0
    odd: int = 0
    since: tuple[float, float] = (math.nan, math.nan)
    raised: Stuck | None = None


def step(counts: Counts, role: str, tasks: float | None, at: float, time: float, value: float) -> Counts:
    """The memory after one more entry of a series in `role`."""
    if not math.isfinite(value) or value < 0:
        return counts
    largest = max(counts.largest, value)
    total = tasks if tasks is not None else 0.0 if role == "zero_tasks" else largest
    odd = _is_odd(role, value, total)
    if not odd:
        calm = counts.raised is not None and counts.odd > 0
        raised = counts.raised if calm else None
        return Counts(counts.healthy + 1, value, largest, 0, raised=raised)
    count = counts.odd + 1
    since = counts.since if counts.odd else (at, time)
    need = SURE_LASTING if value == 0 or role == "zero_tasks" else LASTING
    if counts.healthy < _HEALTHY:
        need = FROM_THE_START
    raised = counts.raised
    if raised is None and count >= need:
        raised = Stuck(since[0], since[1], counts.before, value, tasks)
    return Counts(counts.healthy, counts.before, largest, count, since, raised)


def _is_odd(role: str, value: float, total: float) -> bool:
    if role == "active_tasks":
        return value == 0 or (total >= 3 and value < FEW * total)
    if role == "sample_probability":
        return value <= 1e-9
    return total >= 3 and value >= total
