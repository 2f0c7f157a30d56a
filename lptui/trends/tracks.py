"""A series in bounded memory: medians of blocks of entries, which grow as the series does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lptui.model.middle import median

MOST, SHORT = 48, 20
"""Blocks kept; one more, and neighbours are merged (a track of the whole series), or the oldest is dropped."""
TO_SIGMA = 1.4826 * 1.15
"""Median absolute deviation -> standard deviation, and what short autocorrelated blocks hide of it."""


class Block(NamedTuple):
    """Consecutive entries: where the last one is, their median and median absolute deviation."""

    step: float
    time: float
    middle: float
    spread: float


class Track(NamedTuple):
    """Closed blocks of `size` entries each, oldest first, and the values of the one that is open."""

    size: int
    blocks: tuple[Block, ...] = ()
    open: tuple[float, ...] = ()


def extend(track: Track, step: float, time: float, value: float, *, whole: bool) -> Track:
    """`track` with one more entry. `whole`: it always covers all of the series; else the newest `SHORT` blocks."""
    values = (*track.open, value)
    if len(values) < track.size:
        return Track(track.size, track.blocks, values)
    middle = median(values)
    block = Block(step, time, middle, median(abs(v - middle) for v in values))
    blocks = (*track.blocks, block)
    if len(blocks) <= (MOST if whole else SHORT):
        return Track(track.size, blocks)
    if not whole:
        return Track(track.size, blocks[-SHORT:])
    pairs = len(blocks) // 2 * 2
    merged = tuple(_join(blocks[i], blocks[i + 1]) for i in range(0, pairs, 2))
    # an odd last block is half as long as the others now; its entries weigh double, which does no harm
    return Track(track.size * 2, (*merged, *blocks[pairs:]))


def _join(one: Block, two: Block) -> Block:
    return Block(two.step, two.time, (one.middle + two.middle) / 2, max(one.spread, two.spread))


def noise(blocks: Sequence[Block]) -> float:
    """The standard deviation of single entries within their blocks, spikes left out."""
    return TO_SIGMA * median(b.spread for b in blocks) if blocks else 0.0
