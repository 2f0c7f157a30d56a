"""Where a short series of printed numbers breaks, proven from few values: a jump that stays, a fall that stays.

Each rule asks that all that came before agrees and that nothing since has come back, so one odd print never counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from math import exp, log

from lptui.model.value import frozen

TENFOLD = 10.0
_FEW, _STEEP = 2, 100.0
"""With only so many values before, a jump must be this steep."""
_RL = 30.0
"""Value losses grow with the returns, so a run that prints scores must jump further, after more prints."""
_RL_BEFORE = 10
_LEAST_LOSS, _LEAST_GRADIENT = 1.0, 10.0
_LOST, _STEADY_SCORE = 0.25, 0.75
_SLOW, _STEADY, _STAYS = 0.4, 1.5, 2.5
_CRAWL, _CRAWL_STEADY = 8.0, 1.2
_FLAT = 0.015
_FLAT_PRINTS, _FLAT_EPOCHS = 8, 3.0
_CONVERGED = 0.05


@frozen
class Break:
    """The values before index `at` were around `before`, those since are around `after`."""

    at: int
    before: float
    after: float


def find_jump(values: Sequence[float], *, scored: bool, backed: bool, gradient: bool = False) -> Break | None:
    """A loss or gradient norm an order of magnitude above all that came before, not back since.

    `scored`: the run prints scores too (reinforcement learning). `backed`: another metric jumps at the same time.
    """
    lows = list(accumulate(reversed(values), min))[::-1]
    least = _LEAST_GRADIENT if gradient else _LEAST_LOSS
    top = 0.0
    for at in range(1, len(values) - 1):
        top = max(top, abs(values[at - 1]))
        if at < _FEW or top <= 0 or lows[at] < least:
            continue
        factor = lows[at] / top
        if factor >= _needed(at, len(values) - at, scored=scored, backed=backed, gradient=gradient):
            return Break(at, top, _middle(values[at:]))
    return None


def _needed(before: int, after: int, *, scored: bool, backed: bool, gradient: bool) -> float:
    if scored:
        return _RL if before >= _RL_BEFORE and after >= 3 else float("inf")
    if gradient and not backed:
        return 5 * TENFOLD if before >= 4 and after >= 3 else float("inf")
    if _is_proven(before, after, backed=backed):
        return TENFOLD
    return _STEEP


def _is_proven(before: int, after: int, *, backed: bool) -> bool:
    """Whether tenfold is enough: the more prints came before, the likelier is a row of spikes, so more must follow."""
    return (before > _FEW or backed) and after >= (2 if before <= 6 or backed else 3 if before <= 20 else 4)


def find_loss_of_score(values: Sequence[float], *, single: bool, backed: bool) -> Break | None:
    """A score that held a level and fell to a quarter of it or less, and stays there.

    `single`: values are of single episodes, which vary. `backed`: the entropy collapsed at the same time.
    """
    if len(values) < 4 or min(values) < -0.1 * max(values):
        return None
    highs = list(accumulate(reversed(values), max))[::-1]
    best: Break | None = None
    for at in range(2, len(values)):
        # The longer a score has been printed, the longer it must have held, and the longer it must be gone.
        before_least, after_least = (8, 8) if single else (2, 1) if backed and at <= 6 else (3, 2)
        before_least, after_least = max(before_least, -(-2 * at // 5)), max(after_least, at // 6)
        held = values[max(0, at - before_least) : at]
        level = _middle(held)
        if len(held) < before_least or min(held) < _STEADY_SCORE * max(held) or not 0.6 * max(values) <= level > 0:
            continue
        low = next((i for i in range(at, len(values)) if highs[i] <= _LOST * level), None)
        if low is not None and len(values) - low >= after_least:
            best = Break(at, level, _middle(values[low:]))
    return best


def find_slowdown(speeds: Sequence[float], *, before_least: int, after_least: int) -> Break | None:
    """A steady speed that fell to a fraction and stays there. The first value may be slow: it compiles."""
    lows, highs = (list(accumulate(reversed(speeds), f))[::-1] for f in (min, max))
    for at in range(before_least, len(speeds) - after_least + 1):
        if highs[at] > _STAYS * lows[at]:
            continue
        before = speeds[1:at] if at > before_least else speeds[:at]
        if max(before) > _STEADY * min(before):
            if at > before_least:
                return None  # it will not be steady again with more of it
            continue
        if highs[at] <= _SLOW * min(before):
            return Break(at, _middle(before), _middle(speeds[at:]))
    return None


def find_crawl(seconds: Sequence[float]) -> Break | None:
    """Averages over many steps, steady, and the newest many times as long: one such print says it all."""
    *before, now = seconds
    if len(before) < 2 or max(before) > _CRAWL_STEADY * min(before) or now < _CRAWL * max(before):
        return None
    return Break(len(before), _middle(before), now)


def is_flat(values: Sequence[float], epochs: Sequence[float]) -> bool:
    """Whether a loss has not moved since the start of training, over several epochs."""
    if len(values) < _FLAT_PRINTS or epochs[0] > 1.0 or epochs[-1] - epochs[0] < _FLAT_EPOCHS:
        return False
    middle = _middle(values)
    third = len(values) // 3
    falls = _middle(values[-third:]) < _middle(values[:third]) * (1 - _FLAT / 3)
    return middle > _CONVERGED and not falls and all(abs(v - middle) <= _FLAT * middle for v in values)


def _middle(values: Sequence[float]) -> float:
    """The geometric mean of what is positive: the typical size."""
    positive = [v for v in values if v > 0]
    return exp(sum(log(v) for v in positive) / len(positive)) if positive else 0.0
