"""A step counter that goes back: a run that began anew, or from an old checkpoint. One entry at a time.

A resume loses the steps since the last checkpoint, and that is all; a counter that starts in every epoch or fold goes
back at once, without a pause. Whether the metrics went back too is for the caller to say (`Restart.again`).
"""

from __future__ import annotations

import math
from dataclasses import replace

from lptui.model.middle import median
from lptui.model.value import frozen

LOST = 0.5
"""A counter that keeps more than this share of its steps was resumed."""
_LEAST = 20
_AFTER = 4


@frozen
class Restart:
    """The counter went back from `top` to `step`. `again`: +1 the values are those of the start once more, -1 they go
    on where they were, 0 cannot be told."""

    step: float
    time: float
    top: float
    pause: float
    anew: bool = True
    """Back at the first steps, not at some step in between."""
    again: int = 0
    settled: bool = False


@frozen
class Counter:
    """Memory of one series: the highest step, its first and newest values, the usual seconds between entries."""

    seen: int = 0
    top: float = -math.inf
    bottom: float = math.inf
    last_time: float = math.nan
    gaps: tuple[float, ...] = ()
    first: tuple[float, ...] = ()
    newest: tuple[float, ...] = ()
    after: tuple[float, ...] = ()
    restart: Restart | None = None


def step(counter: Counter, at: float, time: float, value: float) -> Counter:
    """The memory after one more entry. `restart` stays until the counter has passed its former height."""
    if math.isnan(at):
        return counter
    gap = time - counter.last_time
    if counter.seen >= _LEAST and at < LOST * counter.top and at < counter.top - 1:
        usual = median(counter.gaps) if counter.gaps else math.nan
        pause = gap / usual if usual > 0 and gap == gap else math.nan
        anew = at <= max(2 * counter.bottom, counter.bottom + 0.01 * counter.top)
        restart = Restart(at, time, counter.top, pause, anew)
        return Counter(1, at, at, time, counter.gaps, counter.first, counter.newest, (value,), restart)
    restart, after = counter.restart, counter.after
    if restart is not None and not restart.settled:
        after = (*after, value)
        if len(after) >= _AFTER:
            restart = replace(restart, again=_compare(counter, after), settled=True)
    elif restart is not None and at >= restart.top:
        restart = None
    first, newest = counter.first, counter.newest
    if restart is None:
        first = first if len(first) >= 8 else (*first, value)
        newest = (*newest[-7:], value)
    gaps = (*counter.gaps[-14:], gap) if gap > 0 else counter.gaps
    top, bottom = max(counter.top, at), min(counter.bottom, at)
    return Counter(counter.seen + 1, top, bottom, time, gaps, first, newest, after, restart)


def _compare(counter: Counter, after: tuple[float, ...]) -> int:
    """+1, -1 or 0: nearer to the first values of the series, or to the newest ones before the counter went back."""
    first, newest, now = ([v for v in values if math.isfinite(v)] for values in (counter.first, counter.newest, after))
    if len(first) < 4 or len(newest) < 4 or len(now) < 2:
        return 0
    start, end, here = median(first[:5]), median(newest), median(now)
    spread = median([abs(v - start) for v in first] + [abs(v - end) for v in newest])
    if abs(start - end) < 4 * spread or start == end:
        return 0
    share = (here - start) / (end - start)
    return 1 if share < 0.35 else -1 if share > 0.65 else 0
