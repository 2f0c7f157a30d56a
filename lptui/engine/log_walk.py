"""The way of a search or a filter through a log: blocks of whole lines, one behind the other or newest first."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lptui.engine.sieve import Sieve, Within, lines_ahead, lines_back
from lptui.model.log import Chunk, LogView
from lptui.model.merged import MergedView

BLOCK = 256 * 1024
"""Larger blocks are slower: their copies leave the cache, and each is fresh memory of the system's."""


def walk(
    view: LogView, read: Callable[[int, int], Chunk], low: int, high: int, sieve: Sieve | Within, *, back: bool
) -> Iterator[tuple[bytes, int, int]]:
    """(lines, position, bytes passed). Of a merged log the files are looked through first: only where one of them holds
    something are its lines put in order; elsewhere none are given."""
    if isinstance(view, MergedView) and view.merging is not None:
        keeps = sieve.keep if sieve.gated else None
        ranks = sieve.ranks if view.by_rank else frozenset[int]()
        yield from view.merging.blocks(low, high, keeps, ranks, back=back)
        return
    lines = lines_back if back else lines_ahead
    for data, start in lines(lambda at, size: read(at, size).data, low, high, BLOCK):
        yield data, start, len(data)
