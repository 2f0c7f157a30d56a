"""Has a metric left its level in the direction that does harm, for good? One entry at a time.

The level is a quantile of the medians of past blocks on the harmless side, so that a healthy trend moves it and a slow
drift away does not. Left it is when nearly all of the newest entries are away from it by more than noise; one spike, or
a few, never do.
"""

from __future__ import annotations

import math
from dataclasses import replace

from lptui.model.middle import median
from lptui.model.value import frozen
from lptui.trends.tracks import Track, extend, noise

WINDOW = 12
ALLOWED = 2
"""Of the newest `WINDOW` entries as many may disagree."""
KEPT = 40
LAG = 15
"""Entries that stay out of the level, so that a break does not become part of it while it is being confirmed."""
ACCEPTED = 60
"""Entries after which a level that was left, and not told as a failure, is given up: the metric has a new one."""
BLOCK = 10
LEAST_BLOCKS = 3
_ZERO = -30.0
"""The logarithm that stands for a value of exactly 0."""


_EMPTY = Track(BLOCK)


@frozen
class Rule:
    """When a metric has left its level. `harm`: +1 up, -1 down. Shifts are differences, of logarithms if `log`."""

    harm: int
    log: bool
    least: float
    """Median shift that it takes."""
    sigmas: float = 3.0
    floor: float = 0.05
    """Noise is never taken to be smaller than this."""
    skip: int = 5
    """First entries, which are start-up."""
    whole: bool = True
    """Whether the level is that of all of the run, or of its last two hundred entries."""


@frozen
class Entry:
    """One logged value (transformed) with its step and unix time."""

    value: float
    step: float
    time: float


@frozen
class Shift:
    """A level that was left: since when, from what to what (in the metric's own unit), within how many entries."""

    step: float
    time: float
    before: float
    after: float
    entries: int
    seen: int
    """Entries of the series when it was found."""


@frozen
class Level:
    """Memory of one series."""

    seen: int = 0
    unfit: int = 0
    recent: tuple[Entry, ...] = ()
    track: Track = _EMPTY
    base: float | None = None
    noise: float = 0.0
    raised: Shift | None = None
    depth: float = 0.0
    """The largest shift from which it has come back by itself, of a level that is that of the newest entries."""


def step(level: Level, rule: Rule, at: float, time: float, value: float) -> Level:
    """The memory after one more entry; `raised` is its verdict."""
    if not math.isfinite(value):
        return level
    x = _transform(rule, value)
    if x is None:
        return replace(level, unfit=level.unfit + 1)
    seen = level.seen + 1
    if seen <= rule.skip:
        return replace(level, seen=seen)
    recent = (*level.recent[1 - KEPT :], Entry(x, at, time))
    track, base, spread, depth = level.track, level.base, level.noise, level.depth
    if level.raised is None and len(recent) > LAG:
        old = recent[-1 - LAG]
        closed = track.blocks
        track = extend(track, old.step, old.time, old.value, whole=rule.whole)
        if track.blocks is not closed and len(track.blocks) >= LEAST_BLOCKS:
            base, spread = _find_base(track, rule), max(rule.floor, noise(track.blocks))
            depth = 0.0 if rule.whole else max(depth, _find_depth(track, rule, base))
    raised = level.raised
    if raised is not None and seen - raised.seen >= ACCEPTED:
        return Level(seen, level.unfit, recent)
    if base is not None and (raised is not None or rule.harm * (x - base) >= rule.least / 2):
        raised = _judge(recent, rule, base, spread, raised, seen)
        if level.raised is None and _find_median(recent, rule, base) < depth + rule.least / 2 and depth:
            raised = None
        elif level.raised is not None and raised is None and not rule.whole:
            depth = max(depth, _find_size(level.raised, rule))
    return Level(seen, level.unfit, recent, track, base, spread, raised, depth)


def _transform(rule: Rule, value: float) -> float | None:
    if not rule.log:
        return value
    if value > 0:
        return max(_ZERO, math.log(value))
    return _ZERO if value == 0 and rule.harm < 0 else None


def _find_base(track: Track, rule: Rule) -> float:
    middles = sorted(b.middle for b in track.blocks)
    quantile = 0.3 if rule.harm > 0 else 0.7
    return middles[min(len(middles) - 1, round(quantile * (len(middles) - 1)))]


def _find_depth(track: Track, rule: Rule, base: float) -> float:
    """A run that shares its machine is slow at times: what it has recovered from is no break."""
    shifts = [rule.harm * (b.middle - base) for b in track.blocks]
    back = max((i for i, s in enumerate(shifts) if s < rule.least / 3), default=0)
    return max((s for s in shifts[:back] if s > rule.least / 2), default=0.0)


def _find_size(shift: Shift, rule: Rule) -> float:
    before, after = _transform(rule, shift.before), _transform(rule, shift.after)
    return 0.0 if before is None or after is None else rule.harm * (after - before)


def _find_median(recent: tuple[Entry, ...], rule: Rule, base: float) -> float:
    return median(rule.harm * (e.value - base) for e in recent[-WINDOW:])


def _judge(
    recent: tuple[Entry, ...], rule: Rule, base: float, spread: float, raised: Shift | None, seen: int
) -> Shift | None:
    shifts = [rule.harm * (e.value - base) for e in recent[-WINDOW:]]
    half = max(rule.least / 2, 1.5 * spread)
    if raised is not None:
        back = sum(s < half for s in shifts)
        return None if back >= WINDOW - ALLOWED else raised
    if len(shifts) < WINDOW or sum(s > half for s in shifts) < WINDOW - ALLOWED:
        return None
    if median(shifts) < max(rule.least, rule.sigmas * spread):
        return None
    first = _find_onset(recent, rule, base, half)
    onset = recent[first]
    now = median(e.value for e in recent[-WINDOW:])
    return Shift(onset.step, onset.time, _back(rule, base), _back(rule, now), len(recent) - first, seen)


def _find_onset(recent: tuple[Entry, ...], rule: Rule, base: float, half: float) -> int:
    """Index of the first of the newest entries from which on hardly one is near the level."""
    missed, first = 0, len(recent) - 1
    for i in range(len(recent) - 1, -1, -1):
        if rule.harm * (recent[i].value - base) > half:
            first = i
        else:
            missed += 1
            if missed > ALLOWED:
                break
    return first


def _back(rule: Rule, x: float) -> float:
    if not rule.log:
        return x
    return 0.0 if x <= _ZERO else math.exp(x)


def holds(level: Level, rule: Rule, shift: Shift) -> bool:
    """Whether the newest entries still are more than half-way from where a shift began to where it was found."""
    before, after = _transform(rule, shift.before), _transform(rule, shift.after)
    if before is None or after is None or not level.recent:
        return False
    return rule.harm * (median(e.value for e in level.recent[-WINDOW:]) - (before + after) / 2) > 0


def find_shift(level: Level, rule: Rule, entries: int = WINDOW) -> float:
    """How far the newest entries are from the level, in the direction of harm; 0 while there is no level."""
    if level.base is None or len(level.recent) < WINDOW:
        return 0.0
    return rule.harm * (median(e.value for e in level.recent[-entries:]) - level.base)


def find_now(level: Level, rule: Rule) -> float | None:
    """The median of the newest entries in the metric's own unit."""
    if not level.recent:
        return None
    return _back(rule, median(e.value for e in level.recent[-WINDOW:]))


def is_settled(level: Level) -> bool:
    """Whether the newest entries of a falling logarithm hardly move any more, compared to the level that was left."""
    ends = [e.value for e in level.recent[-WINDOW:]]
    if level.base is None or len(ends) < WINDOW:
        return False
    return abs(math.exp(median(ends[:3])) - math.exp(median(ends[-3:]))) < 0.03 * math.exp(level.base)


def is_fit(level: Level) -> bool:
    """Whether hardly any value was of the wrong sign for this rule."""
    return level.unfit * 10 <= level.seen
