"""A range of a log as blocks of whole lines, oldest or newest first. What lies in one block is told by the text alone,
so that whoever looks for lines finds the same ones whatever the size of a read and whichever way it goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

LONGEST = 4 * 1024 * 1024
"""A line is given whole if it is not longer; else in pieces that end at multiples of this, none of them shorter but the
last. So does a screen cut a bar that never ends its line."""
HEAD = 512
"""Bytes of a line that tell whether it begins anything."""

MOST_BELOW = 1000
"""Lines that are looked at for one that belongs to none above."""

Read = Callable[[int, int], bytes]
Begins = Callable[[bytes, int], bool]
"""Whether the line that begins at an offset of some bytes belongs to no line above it."""


def lines_back(
    read: Read, low: int, high: int, block: int, begins: Begins | None = None
) -> Iterator[tuple[bytes, int]]:
    """Blocks of whole lines of [low, high), newest first, each with its position, about `block` bytes: lines that
    belong to one above stay with it. `read(position, length)` may give fewer bytes, which then count as gone."""
    top = high
    while top > low:
        data, start, cut = b"", top, None
        for size in _sizes(block):
            start = max(low, top - size)
            data = read(start, top - start)
            if len(data) < top - start:
                cut = 0
            elif size > LONGEST:
                cut = _cut_long(data, start)
            else:
                cut = 0 if start == low else _first_line(data, begins)
            if cut is not None:
                break
        cut = cut or 0
        yield data[cut:] if cut else data, start + cut
        top = start + cut


def lines_ahead(
    read: Read, low: int, high: int, block: int, begins: Begins | None = None
) -> Iterator[tuple[bytes, int]]:
    """As `lines_back`, oldest first."""
    at = low
    while at < high:
        data, cut, size = b"", None, 0
        for turn in _sizes(block):
            size = min(turn, high - at)
            data = read(at, size)
            if len(data) < size:
                cut = len(data) or size
            elif turn > LONGEST:
                cut = _next_cut(data, at)
            else:
                cut = size if at + size == high else _last_line(data, begins)
            if cut is not None:
                break
        cut = cut or size
        yield data[:cut] if cut < len(data) else data, at
        at += cut


def _sizes(block: int) -> Iterator[int]:
    """Bytes to read until a line, and all that belongs to it, is in hand."""
    size = min(block, LONGEST)
    while size < LONGEST:
        yield size
        size *= 4
    yield LONGEST
    yield 2 * LONGEST


def _first_line(data: bytes, begins: Begins | None) -> int | None:
    """Where the first line behind the start of `data` begins that belongs to none above."""
    first = at = data.find(b"\n", 0, len(data) - 1) + 1
    looked = 0
    while at and begins is not None and not begins(data, at):
        looked += 1
        at = data.find(b"\n", at, len(data) - 1) + 1 if looked < MOST_BELOW else first
        begins = begins if looked < MOST_BELOW else None
    return at or None


def _last_line(data: bytes, begins: Begins | None) -> int | None:
    """The end of the last whole line; or where the last one begins that belongs to none above, if that matters."""
    last = at = data.rfind(b"\n") + 1
    looked = 0
    while at and begins is not None and not (_is_known(data, at) and begins(data, at)):
        looked += 1
        at = data.rfind(b"\n", 0, at - 1) + 1 if looked < MOST_BELOW else last
        begins = begins if looked < MOST_BELOW else None
    return at or None


def _is_known(data: bytes, at: int) -> bool:
    return len(data) - at >= HEAD or data.find(b"\n", at) >= 0


def _cut_long(data: bytes, start: int) -> int:
    """Where a block begins that ends where `data`, read at `start`, does: one of LONGEST bytes did not tell."""
    top = start + len(data)
    line = data.rfind(b"\n", 0, len(data) - 1) + 1
    if len(data) - line <= LONGEST:  # not long, but all lines belong to others above
        return data.find(b"\n", max(0, len(data) - LONGEST - 1), len(data) - 1) + 1
    piece = (top - 1) // LONGEST * LONGEST - start
    return piece if piece - line >= LONGEST else line


def _next_cut(data: bytes, at: int) -> int:
    """As `_cut_long`, of what begins at `at`."""
    piece = -(-at // LONGEST) * LONGEST + LONGEST - at
    feed = data.find(b"\n", 0, piece)
    return data.rfind(b"\n", 0, max(feed + 1, LONGEST)) + 1 if feed >= 0 else min(piece, len(data))
