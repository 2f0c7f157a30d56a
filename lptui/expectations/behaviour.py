"""What a series of numbers does: rises, falls, stays; in medians of windows, so that spikes do not decide."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from lptui.model.middle import median
from lptui.model.value import frozen

WINDOWS = 10
LEAST = 20
"""Finite values below which nothing is said."""


@frozen
class Behaviour:
    """The medians of ten equal windows, and how much one of them moves by noise alone."""

    levels: tuple[float, ...]
    noise: float

    @property
    def first(self) -> float:
        return self.levels[0]

    @property
    def last(self) -> float:
        return self.levels[-1]

    @property
    def best(self) -> float:
        return max(self.levels)

    @property
    def span(self) -> float:
        """Highest minus lowest window."""
        return max(self.levels) - min(self.levels)

    def mirrored(self) -> Behaviour:
        """The same with the sign turned: to fall is to rise."""
        return Behaviour(tuple(-level for level in self.levels), self.noise)


def read_behaviour(values: Sequence[float]) -> Behaviour | None:
    """None with fewer than `LEAST` finite values."""
    finite = [v for v in values if math.isfinite(v)]
    if len(finite) < LEAST:
        return None
    edges = [round(i * len(finite) / WINDOWS) for i in range(WINDOWS + 1)]
    levels = tuple(median(finite[a:b]) for a, b in pairwise(edges))
    # Differences of neighbours know nothing of the trend; 1.4826 MAD is a deviation, 1.25 / sqrt(n) that of a median.
    steps = [abs(b - a) for a, b in pairwise(finite)]
    one = 1.4826 * median(steps) / math.sqrt(2)
    return Behaviour(levels, 1.25 * one / math.sqrt(len(finite) / WINDOWS))


def judge_rise(seen: Behaviour) -> tuple[str, str]:
    """(status, word): whether it rose and kept what it had gained."""
    sure = 4 * seen.noise
    lost = seen.best - seen.last
    if seen.last < seen.first - sure and seen.last < seen.first - 0.1 * seen.span:
        return "violated", "fell"
    if lost > 0.6 * seen.span and seen.span > 2 * sure:
        return "violated", "rose and was lost"
    if lost > 0.3 * seen.span and lost > sure and seen.span > 2 * sure:
        return "watch", "rose, and is falling"
    if seen.last - seen.first <= sure:
        return "watch", "is flat"
    return "ok", "rose"


def judge_stable(seen: Behaviour) -> tuple[str, str]:
    """(status, word): whether the newest window lies where the ones before lay; the first two are warm-up."""
    before = seen.levels[2:-1]
    usual = median(before)
    spread = median(abs(level - usual) for level in before) * 1.4826 + seen.noise
    away = abs(seen.last - usual)
    relative = away / abs(usual) if usual else math.inf
    if away > 10 * spread and relative > 2:
        return "violated", "left its level"
    if away > 5 * spread and relative > 0.5:
        return "watch", "drifts"
    return "ok", "is stable"
