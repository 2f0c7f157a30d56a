"""Where the rows of a log begin and end, told from the bytes around a position alone.

A row ends after a line feed. A line that is longer than PIECE bytes and holds no carriage return is cut at
multiples of PIECE, one that does (a progress bar redrawing itself) at multiples of BAR, so that no row is
unbounded. All of this is decided from bytes close by: rows come out the same however the log was read, and
nobody has to read it all."""

from __future__ import annotations

from dataclasses import dataclass

PIECE = 64 * 1024
BAR = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Held:
    """Bytes in hand: `data` lies at position `start`. `floor` and `ceiling` bound the text that is looked
    at (one generation of a log): a row begins at `floor`, one ends at `ceiling`."""

    start: int
    data: bytes
    floor: int
    ceiling: int

    @property
    def low(self) -> int:
        """The first position that is in hand."""
        return max(self.start, self.floor)

    @property
    def high(self) -> int:
        """The position after the last one in hand."""
        return min(self.start + len(self.data), self.ceiling)

    def rfind(self, what: bytes, low: int, high: int) -> int | None:
        """Position of the last `what` within [low, high), or None."""
        found = self.data.rfind(what, low - self.start, high - self.start)
        return found + self.start if found >= 0 else None

    def find(self, what: bytes, low: int, high: int) -> int | None:
        """Position of the first `what` within [low, high), or None (positions can be negative)."""
        found = self.data.find(what, low - self.start, high - self.start)
        return found + self.start if found >= 0 else None


def row_start(held: Held, position: int) -> int | None:
    """The start of the row that holds the byte at `position`; None if the bytes in hand do not tell."""
    low = held.low
    if not low <= position < held.high:
        return None
    feed = held.rfind(b"\n", low, position)
    if feed is not None and position - feed < PIECE:
        return feed + 1
    line = feed + 1 if feed is not None else held.floor if low == held.floor else None
    low = low if line is None else line
    cut = position // PIECE * PIECE
    while cut - PIECE >= low:
        cuts = _cuts(held, cut, line)
        if cuts or cuts is None:
            return cut if cuts else None
        cut -= PIECE
    return line


def row_end(held: Held, start: int) -> int | None:
    """The end of the row that begins at `start` (the start of the next one); None if the bytes do not tell.

    The unfinished last row ends at `held.ceiling`.
    """
    high = held.high
    if not held.low <= start < high:
        return None
    feed = held.find(b"\n", start, min(high, start + PIECE))
    if feed is not None:
        return feed + 1
    feed = held.find(b"\n", start, min(high, start + 2 * BAR))
    limit = feed + 1 if feed is not None else high
    cut = -(-start // PIECE) * PIECE + PIECE
    while cut <= limit:
        if _cuts(held, cut, start):
            return cut
        cut += PIECE
    if feed is not None:
        return limit
    return held.ceiling if high == held.ceiling else None


def _cuts(held: Held, cut: int, line: int | None) -> bool | None:
    """Whether a row ends at `cut`, a multiple of PIECE with no line feed in the block before it. `line` is
    where the line begins, if that is in hand; None: the bytes do not tell."""
    if held.find(b"\r", cut - PIECE, cut) is None:
        return True
    if cut % BAR:
        return False
    if cut - BAR < (held.low if line is None else line):
        return None if line is None else False
    blocks = range(cut - BAR, cut, PIECE)  # one without a carriage return would have ended a row of its own
    return all(held.find(b"\r", block, block + PIECE) is not None for block in blocks)
