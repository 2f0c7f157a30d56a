"""A score that had been learned and is lost, and a success rate that stays flat short of its aim."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from lptui.model.middle import median
from lptui.model.value import frozen
from lptui.trends.plan import Plan
from lptui.trends.tracks import Block, Track, extend, noise

LOST, FOUND = 0.6, 0.3
"""Share of what was learned that has to be gone for an alarm, and at most be gone for its end."""
LEARNED = 8.0
"""What was learned has to be this many times the noise of single entries."""
LATE = 0.9
"""Share of the plan before which a flat score is no finding: learning often rests and goes on."""
FLAT_SHARE = 0.22
"""Share of the plan that is looked at."""
SHORT_OF_AIM = 0.875
FLAT = 0.055
"""Rise of the success rate over that share of the plan that still counts as flat."""
_BLOCK = 4
_RECENT = 20
_LASTING = 3


_EMPTY = Track(_BLOCK)


@frozen
class Loss:
    """A score that fell: since when, from where, to what."""

    step: float
    time: float
    before: float
    after: float
    entries: int
    seen: int
    """Entries of the series when it was found."""


@frozen
class Flat:
    """A success rate that stays where it is: since when (of what was looked at), at which level."""

    step: float
    time: float
    level: float
    aim: float
    rise: float


@frozen
class Score:
    """Memory of one series."""

    track: Track = _EMPTY
    recent: tuple[float, ...] = ()
    seen: int = 0
    raised: Loss | None = None


def step(score: Score, at: float, time: float, value: float) -> Score:
    """The memory after one more entry."""
    if not math.isfinite(value):
        return score
    track = extend(score.track, at, time, value, whole=True)
    recent = (*score.recent[1 - _RECENT :], value)
    raised = score.raised
    if track.blocks is not score.track.blocks:
        raised = _judge(track, recent, raised, score.seen + 1)
    return Score(track, recent, score.seen + 1, raised)


def _judge(track: Track, recent: Sequence[float], raised: Loss | None, seen: int) -> Loss | None:
    blocks = track.blocks
    if len(blocks) < 8:
        return raised
    middles = [b.middle for b in blocks]
    best = _best(middles[:-2])
    place = middles.index(best)
    span = best - min(middles[: place + 1])
    if span <= 0 or span < LEARNED * _measure_wobble(blocks):
        return None
    now = median(recent)
    if raised is not None:
        return None if best - now < FOUND * span else raised
    fallen = [b for b in blocks[place:] if best - b.middle > 0.5 * span]
    if best - now < LOST * span or len(fallen) < _LASTING or fallen[-_LASTING:] != list(blocks[-_LASTING:]):
        return None
    return Loss(fallen[0].step, fallen[0].time, best, now, len(fallen) * track.size, seen)


def _best(middles: Sequence[float]) -> float:
    """The second best of the block medians: one lucky block is no level."""
    return sorted(middles)[-2]


def has_learned(score: Score) -> bool:
    """Whether it ever rose by far more than its noise."""
    middles = [b.middle for b in score.track.blocks]
    if len(middles) < 6:
        return False
    best = _best(middles)
    return best - min(middles[: middles.index(best) + 1]) > LEARNED * _measure_wobble(score.track.blocks)


def _measure_wobble(blocks: Sequence[Block]) -> float:
    return max(noise(blocks), 1.5 * median(abs(b.middle - a.middle) for a, b in pairwise(blocks)))


def find_trend(score: Score) -> float:
    """How far the newest entries are above (or below) the best level before them, in spans of what was learned."""
    newest = -(-_RECENT // score.track.size)
    middles = [b.middle for b in score.track.blocks[:-newest]]
    if len(middles) < 4:
        return 0.0
    best, low = _best(middles), min(middles)
    return (median(score.recent) - best) / (best - low) if best > low else 0.0


def find_plateau(success: Score, score: Score | None, plan: Plan) -> Flat | None:
    """A success rate that has not risen over the last part of a plan that is nearly done, and is short of its aim."""
    aim = plan.target_success
    blocks = success.track.blocks
    fraction = plan.fraction(blocks[-1].step) if blocks else None
    if aim is None or fraction is None or fraction < LATE or not plan.total_steps:
        return None
    since = (fraction - FLAT_SHARE) * plan.total_steps
    window = [b for b in blocks if b.step >= since]
    if len(window) < 2 or len(blocks) < 6:
        return None
    level = median(b.middle for b in window)
    if level >= SHORT_OF_AIM * aim or max(b.middle for b in blocks) > 1.0:
        return None
    rise = _rise([b.middle for b in window])
    if score is not None and len(score.track.blocks) >= 8:
        rise = 0.35 * rise + 0.65 * level * _relative_rise(score.track.blocks, since)
    return Flat(window[0].step, window[0].time, level, aim, rise) if rise < FLAT else None


def _relative_rise(blocks: Sequence[Block], since: float) -> float:
    window = [b.middle for b in blocks if b.step >= since]
    low = min(b.middle for b in blocks)
    level = median(window) - low if window else 0.0
    return _rise(window) / level if level > 0 and len(window) >= 3 else 0.0


def _rise(middles: Sequence[float]) -> float:
    """By how much the line through two halves' means rises over the whole."""
    half = len(middles) // 2
    if not half:
        return 0.0
    return (sum(middles[-half:]) - sum(middles[:half])) / half * len(middles) / (len(middles) - half)
