"""The bytes of one log that the screen has in hand, the rows they make, and what to ask for next. No
Textual here.

Two pieces are held: the tail that comes with every state, and one window of chunks that were asked for. A
row that they do not tell is None, and `wanted` says which bytes would.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from lptui.formats.fold import Fold
from lptui.model.log import Chunk, LogView
from lptui.model.request import ReadLog
from lptui.tui.widgets.lognumber import line_number
from lptui.tui.widgets.logregions import Region, find_regions
from lptui.tui.widgets.logrows import PIECE, Held, row_end, row_start

CHUNK = 256 * 1024
LARGE = 2 * 1024 * 1024
"""What is asked for at once when a row is longer than what is in hand."""
KEEP = 12 * 1024 * 1024
"""The window is cut to this at the end that lies away from the reader."""
FEED = 10
MARGIN = 64 * 1024
"""Bytes ahead of the reader that are read before a placeholder would show."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One row of the log: bytes [start, end). `seams` are drawn above it. `lost`: these bytes cannot be
    read, and why. `piece`: it is a part of a line that was cut. `aside`: it only stands around a row that was asked
    for. `fold`: it stands for a block of lines."""

    start: int
    end: int
    lost: str = ""
    seams: tuple[tuple[str, float], ...] = ()
    piece: bool = False
    aside: bool = False
    fold: Fold | None = None


class Hand:
    """What is in hand of one log file. Positions as in model.log."""

    def __init__(self, view: LogView) -> None:
        self.view = view
        self.wanted: ReadLog | None = None
        self._start, self._data = view.tail_start, b""
        self._losses: list[tuple[int, int, str]] = []
        self._regions = find_regions(view, self._losses)

    @property
    def start(self) -> int:
        """The first position that a row can have."""
        return self._regions[0].start if self._regions else 0

    @property
    def end(self) -> int:
        """The position after the newest byte."""
        return self._regions[-1].end if self._regions else 0

    def update(self, view: LogView) -> None:
        """The log is now `view`; bytes in hand stay valid."""
        if view is not self.view:
            if view.segments[:-1] != self.view.segments[:-1]:
                self._losses.clear()
                self._keep_tail(view)
            self.view = view
            self._regions = find_regions(view, self._losses)

    def _keep_tail(self, view: LogView) -> None:
        """A new generation begins with a tail of its own: the rows that are shown come from the old one."""
        start, data = self.view.tail_start, self.view.tail
        beside = not self._data or (self._start <= start + len(data) and start <= self._stop)
        if start < view.tail_start and beside:
            self._merge(start, data)

    def forget_losses(self) -> None:
        """Try again to read what could not be read."""
        self._losses.clear()
        self._regions = find_regions(self.view, self._losses)

    def add(self, request: ReadLog, chunk: Chunk) -> None:
        """`chunk` answered `request`; what it lacks with a reason (or entirely) is lost."""
        asked_end = request.start + request.length
        if chunk.data:
            self._merge(chunk.start, chunk.data)
        if chunk.reason or not chunk.data:
            reason = chunk.reason or "the log gave no bytes here"
            first, last = (chunk.start, chunk.end) if chunk.data else (asked_end, asked_end)
            for low, high in ((request.start, first), (last, asked_end)):
                if low < high:
                    self._losses.append((low, high, reason))
            self._regions = find_regions(self.view, self._losses)

    def unit(self, position: int) -> Unit | None:
        """The row that holds `position`; None if it is not in hand (then `wanted` is set) or outside of the
        log."""
        region = self._region_at(position)
        if region is None:
            return None
        if region.lost:
            return Unit(region.start, region.end, region.lost, region.seams)
        for piece in (self._tail_piece, self._window_piece, self._joined_piece):
            held = piece(region)
            start = None if held is None else row_start(held, position)
            end = None if held is None or start is None else row_end(held, start)
            if held is not None and start is not None and end is not None:
                return _unit(region, held, start, end)
        self.wanted = self._missing(region, position)
        return None

    def may_come_nearer(self, position: int) -> bool:
        """Whether the row at `position` may be another one later, without a change of the log: no."""
        return False

    def last(self) -> Unit | None:
        """The newest row, or None as in `unit`."""
        if not self._regions:
            return None
        final = self._regions[-1]
        if final.start == final.end:
            return Unit(final.start, final.end, "", final.seams)
        return self.unit(final.end - 1)

    def before(self, unit: Unit) -> Unit | None:
        """The row above `unit`, or None as in `unit`."""
        return self.unit(unit.start - 1) if unit.start > self.start else None

    def after(self, unit: Unit) -> Unit | None:
        """The row below `unit`, or None as in `unit`."""
        if unit.end < self.end:
            return self.unit(unit.end)
        final = self._regions[-1] if self._regions else None
        if final is not None and final.start == final.end and unit.start < final.start:
            return Unit(final.start, final.end, "", final.seams)
        return None

    def text_of(self, unit: Unit) -> tuple[bytes, int, int]:
        """(data, start, end): the bytes of `unit` are data[start:end]. Only for units of the bytes in
        hand."""
        tail_start, tail = self.view.tail_start, self.view.tail
        if tail_start <= unit.start and unit.end <= tail_start + len(tail):
            return tail, unit.start - tail_start, unit.end - tail_start
        start, end = unit.start - self._start, unit.end - self._start
        return (self._data, start, end) if start >= 0 and end <= len(self._data) else (b"", 0, 0)

    def reach(self, low: int, high: int) -> tuple[int, int]:
        """What is in hand of [low, high), as positions: of tail or window, whichever reaches lower; (high, high) if
        nothing is."""
        best = (high, high)
        for start, size in ((self.view.tail_start, len(self.view.tail)), (self._start, len(self._data))):
            first, last = max(low, start), min(high, start + size)
            if first < last and (first, -last) < (best[0], -best[1]):
                best = (first, last)
        return best

    def slice(self, low: int, high: int) -> bytes:
        """The bytes of a range that `reach` gave."""
        if self.view.tail_start <= low and high <= self.view.tail_start + len(self.view.tail):
            return self.view.tail[low - self.view.tail_start : high - self.view.tail_start]
        return self._data[low - self._start : high - self._start]

    def line_length(self, unit: Unit) -> tuple[int, bool]:
        """(bytes of the line that `unit` is a piece of, whether that is all of it and not just what is in
        hand)."""
        region = self._region_at(unit.start)
        if region is None:
            return unit.end - unit.start, False
        held = Held(self._start, self._data, region.start, region.end)
        if not held.low <= unit.start < unit.end <= held.high:
            held = Held(self.view.tail_start, self.view.tail, region.start, region.end)
        first, last = held.rfind(b"\n", held.low, unit.start), held.find(b"\n", unit.end - 1, held.high)
        start = first + 1 if first is not None else held.low
        end = last + 1 if last is not None else held.high
        whole = (first is not None or start == region.start) and (last is not None or end == region.end)
        return end - start, whole

    def count_feeds(self, low: int, high: int) -> int | None:
        """Line feeds in [low, high); None if not all of it is in hand."""
        for start, data in ((self.view.tail_start, self.view.tail), (self._start, self._data)):
            if start <= low and high <= start + len(data):
                return data.count(b"\n", low - start, high - start)
        if self._start <= low <= self.view.tail_start <= self._stop:
            tail = high - self.view.tail_start
            if 0 <= tail <= len(self.view.tail):
                middle = self.view.tail_start - self._start
                return self._data.count(b"\n", low - self._start, middle) + self.view.tail.count(b"\n", 0, tail)
        return None

    def number_of(self, unit: Unit) -> int | None:
        """The number of the line in its file, or (negative) from its end; None where neither is known."""
        return line_number(self, unit.start)

    def want_around(self, top: int, bottom: int) -> ReadLog | None:
        """What to read ahead while rows [top, bottom) are shown; None if enough is in hand."""
        region = self._region_at(top)
        if region is None or region.lost:
            return None
        if top >= self.view.tail_start and not self._start <= top <= self._stop:
            self._start, self._data = self.view.tail_start, self.view.tail
        if not self._start <= top <= self._stop:
            return None
        if top - self._start < MARGIN and self._start > region.start:
            return self._ask(max(region.start, self._start - CHUNK), self._start)
        if self._stop - bottom < MARGIN and self._stop < min(region.end, self.view.tail_start):
            return self._ask(self._stop, min(region.end, self._stop + CHUNK))
        return None

    @property
    def _stop(self) -> int:
        return self._start + len(self._data)

    def _region_at(self, position: int) -> Region | None:
        index = bisect_right(self._regions, position, key=lambda r: r.start) - 1
        region = self._regions[index] if index >= 0 else None
        return region if region is not None and position < region.end else None

    def _tail_piece(self, region: Region) -> Held | None:
        return Held(self.view.tail_start, self.view.tail, region.start, region.end)

    def _window_piece(self, region: Region) -> Held | None:
        return Held(self._start, self._data, region.start, region.end)

    def _joined_piece(self, region: Region) -> Held | None:
        """The window and the tail as one, where they meet."""
        tail_start, tail = self.view.tail_start, self.view.tail
        if not self._start < tail_start <= self._stop < tail_start + len(tail):
            return None
        data = self._data + tail[self._stop - tail_start :]
        cut = max(0, len(data) - KEEP)
        self._start, self._data = self._start + cut, data[cut:]
        return self._window_piece(region)

    def _missing(self, region: Region, position: int) -> ReadLog:
        tail_start = self.view.tail_start
        if position >= tail_start and not self._start <= position < self._stop:
            self._start, self._data = tail_start, self.view.tail
        size = CHUNK if len(self._data) <= CHUNK else LARGE
        if self._start <= position < self._stop:
            held = Held(self._start, self._data, region.start, region.end)
            if row_start(held, position) is None and self._start > region.start:
                return self._ask(max(region.start, self._start - size), self._start)
            return self._ask(self._stop, min(region.end, self._stop + size))
        start = max(region.start, position // PIECE * PIECE - 2 * PIECE)
        return self._ask(start, min(region.end, start + CHUNK))

    def _ask(self, start: int, end: int) -> ReadLog:
        return ReadLog(self.view.file, start, max(0, end - start))

    def _merge(self, start: int, data: bytes) -> None:
        end = start + len(data)
        if self._data and start <= self._stop and end >= self._start:
            before = data[: max(0, self._start - start)]
            after = data[max(0, self._stop - start) :] if end > self._stop else b""
            merged, low = before + self._data + after, min(start, self._start)
            if len(merged) > KEEP:
                cut = 0 if before else len(merged) - KEEP
                merged, low = merged[cut : cut + KEEP], low + cut
            self._start, self._data = low, merged
        else:
            self._start, self._data = start, data


def _unit(region: Region, held: Held, start: int, end: int) -> Unit:
    begins = start == region.start or held.data[start - held.start - 1] == FEED
    ends = end == region.end or held.data[end - held.start - 1] == FEED
    return Unit(start, end, "", region.seams if start == region.start else (), not (begins and ends))
