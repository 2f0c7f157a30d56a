"""The way of a search or a filter through a log: blocks of whole lines, one behind the other or newest first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from lptui.engine.log_blocks import lines_ahead, lines_back
from lptui.engine.sieve import Sieve, Within
from lptui.model.log import Chunk, LogView
from lptui.model.merged import MergedView

BLOCK = 120 * 1024
"""Larger blocks are slower: their copies leave the cache, and from 128 KiB on each is fresh memory of the system's."""
OFTEN = 4 * 1024 * 1024
"""Bytes after which an answer says how far it is: so soon also ends one that nobody waits for any more."""


class Stretch(NamedTuple):
    """What was found in [start, end): positions, oldest first. `data` are the lines from `start` on; those of a
    merged log are not put together for it, and have to be read."""

    found: list[int]
    start: int
    end: int
    data: bytes


def walk(
    view: LogView, read: Callable[[int, int], Chunk], low: int, high: int, sieve: Sieve | Within, *, back: bool
) -> Iterator[Stretch]:
    """What `sieve` keeps of the lines of [low, high), stretch by stretch."""
    if isinstance(view, MergedView) and view.merging is not None:
        ranks = sieve.ranks if view.by_rank else frozenset[int]()
        for found, start, end in view.merging.find(low, high, sieve.keep, ranks, back=back):
            yield Stretch(found, start, end, b"")
        return
    lines = lines_back if back else lines_ahead
    for data, start in lines(lambda at, size: read(at, size).data, low, high, BLOCK, sieve.begins):
        yield Stretch([start + at for at in sieve.keep(data)] if data else [], start, start + len(data), data)
