"""The way of a search or a filter through a log: blocks of whole lines, one behind the other or newest first."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lptui.engine.log_blocks import lines_ahead, lines_back
from lptui.engine.sieve import Sieve, Within
from lptui.model.log import Chunk, LogView
from lptui.model.merged import MergedView

BLOCK = 120 * 1024
"""Larger blocks are slower: their copies leave the cache, and from 128 KiB on each is fresh memory of the system's."""
OFTEN = 4 * 1024 * 1024
"""Bytes after which an answer says how far it is: so soon also ends one that nobody waits for any more."""


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
    for data, start in lines(lambda at, size: read(at, size).data, low, high, BLOCK, sieve.begins):
        yield data, start, len(data)
