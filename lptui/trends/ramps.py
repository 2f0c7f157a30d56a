"""Does memory in use grow without end? Values are shares of the limit (0 to 1), one entry at a time.

A warm-up grows fastest at its start and settles; a leak begins after a time of rest, or goes on evenly until little is
left. A step (a larger batch, an evaluation) adds something once; a saw-tooth gives back what it took.
"""

from __future__ import annotations

import math
from itertools import pairwise

from lptui.model.value import frozen
from lptui.trends.tracks import Block, Track, extend

GROWTH = 0.04
"""Share of the limit that has to be gained in one window of blocks: twice what a cache takes and gives back."""
REST = 0.35
"""The window before may have gained at most this part of it."""
EVEN = 0.12
"""Each third of a window has to gain at least this part of it."""
NEARLY_FULL, EVENLY = 0.9, 0.7
_WINDOWS = (4, 6, 9, 13, 18, 23)
_SKIPPED = 2
_BLOCK = 5
_REACH = 15.0
"""Windows that it may take until the limit: what is farther is no concern."""


_EMPTY = Track(_BLOCK)


@frozen
class Ramp:
    """A growth: since when, from and to which share, how much a step and a second, and the step at which it is full."""

    step: float
    time: float
    before: float
    after: float
    per_step: float
    per_second: float | None
    full_step: float
    full_time: float | None


@frozen
class Growth:
    """Memory of one series."""

    track: Track = _EMPTY
    raised: Ramp | None = None


def step(growth: Growth, at: float, time: float, share: float) -> Growth:
    """The memory after one more entry; looked at whenever a block is full."""
    if not math.isfinite(share):
        return growth
    track = extend(growth.track, at, time, share, whole=True)
    raised = growth.raised
    if track.blocks is not growth.track.blocks:
        raised = _judge(track.blocks[_SKIPPED:], raised)
    return Growth(track, raised)


def _judge(blocks: tuple[Block, ...], raised: Ramp | None) -> Ramp | None:
    if not blocks:
        return raised
    now = blocks[-1].middle
    if raised is not None:
        if now < raised.before + 0.3 * (raised.after - raised.before):
            return None
        return raised
    found = next((g for g in _WINDOWS if _grows(blocks, g, now)), None)
    return None if found is None else _measure(blocks[-1 - found], blocks[-1])


def _grows(blocks: tuple[Block, ...], window: int, now: float) -> bool:
    if len(blocks) < window + 1:
        return False
    start = blocks[-1 - window].middle
    gained = now - start
    if gained < GROWTH or (1 - now) > _REACH * gained:
        return False
    marks = [blocks[-1 - round(window * part / 3)].middle for part in (3, 2, 1, 0)]
    thirds = [b - a for a, b in pairwise(marks)]
    if min(thirds) < EVEN * gained:
        return False
    if now > NEARLY_FULL and window >= 9 and thirds[2] >= EVENLY * thirds[0]:
        return True
    before = blocks[max(0, len(blocks) - 1 - 2 * window) : len(blocks) - window]
    if len(before) - 1 < max(3, window // 2):
        return False
    rested = (before[-1].middle - before[0].middle) * window / (len(before) - 1)
    return abs(rested) <= REST * gained


def _measure(start: Block, end: Block) -> Ramp:
    gained = end.middle - start.middle
    steps, seconds = end.step - start.step, end.time - start.time
    per_step = gained / steps if steps > 0 else 0.0
    per_second = gained / seconds if seconds > 0 else None
    left = max(0.0, 1 - end.middle)
    full = end.step + left / per_step if per_step > 0 else math.nan
    when = end.time + left / per_second if per_second else None
    return Ramp(start.step, start.time, start.middle, end.middle, per_step, per_second, full, when)
