"""One file of several that are shown as one: its lines by position and by time, read through the index that its own
scan made. Nothing is kept but what the index has."""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lptui.formats.log_clock import NEVER, LineClock
from lptui.formats.log_merge import split_lines
from lptui.model.log import Chunk, LogView
from lptui.model.log_index import LineIndex
from lptui.stores.log_index import Indexer
from lptui.stores.log_seams import LogSeams

if TYPE_CHECKING:
    import numpy as np

PIECE = 64 * 1024
REGION = 128 * 1024
PROBE = 2048
"""Bytes looked at to learn the time at a place."""
BLOCK = 1024 * 1024


class LogPart:
    """`view` and `read` are those of the file's own source. `label` goes before each of its lines; where the file began
    anew while it was watched, a line of ours says so. Offsets are positions of that file's view."""

    def __init__(
        self, path: str, label: bytes, view: Callable[[], LogView], read: Callable[[int, int], Chunk], rank: int | None
    ) -> None:
        self.path, self.label, self.rank = path, label, rank
        self._view, self._read = view, read
        self.clock = LineClock()
        self.dated = False  # whether any of its lines was seen to have a clock
        self._counted: LineIndex | None = None
        self._days: list[tuple[int, float]] | None = None
        self._open_until = 0  # no line ends between the last complete one and here
        self._seams = LogSeams()

    @property
    def view(self) -> LogView:
        return self._view()

    @property
    def ready(self) -> bool:
        """Whether the file was opened, so that its lines can be counted from a fixed place."""
        view = self.view
        return bool(view.segments) and len(view.lines) > 0

    @property
    def lines(self) -> LineIndex:
        """What is known of history: as its source marked it, or as it was counted for a hurried reader."""
        known = self.view.lines
        mine = self._counted
        return known if known.complete or mine is None or known.start < mine.start else mine

    def first(self) -> int:
        """The oldest offset from which on all is counted, the start of a line."""
        start = self.lines.start
        return start if self.lines.complete else self.line_at(start, self.view.end)

    def end(self, least: int) -> int:
        """Behind the newest complete line, which is not before `least`."""
        view = self.view
        if not view.segments:
            return least
        base = view.segments[-1].base
        feed = view.tail.rfind(b"\n")
        if feed >= 0:
            return max(least, view.tail_start + feed + 1)
        low, top = max(least, base, self._open_until), view.tail_start
        self._open_until = max(self._open_until, top)
        while top > low:  # an open line longer than the tail
            start = max(low, top - BLOCK)
            feed = self._raw(start, top).rfind(b"\n")
            if feed >= 0:
                return max(least, start + feed + 1)
            top = start
        return least if self._seams.ends_a_line(base) else max(least, base)

    def count_history(self, go_on: Callable[[], bool]) -> bool:
        """Count what the scan has not come to yet, reading it once; whether all is counted now."""
        known, view = self.lines, self.view
        if known.complete or not view.segments:
            return True
        segment = view.segment_at(known.origin - 1) or view.segments[0]
        floor = segment.base + segment.kept_from
        indexer = Indexer.resume(known)
        at, limit = known.start, self.limit(known.start)
        while at > floor and go_on():
            low = max(floor, at - BLOCK)
            data = self._raw(low, at)
            head = data.find(b"\n", 0, len(data) - 1) + 1 if low > floor else 0
            limit = indexer.take_older(data[head:], low + head, (), limit, last=low + head <= floor)
            at = low + head
        self._counted = indexer.index
        return at <= floor

    def weight(self, offset: int) -> int:
        """Bytes that the lines before `offset` take with their labels, against an origin that never changes."""
        return offset + len(self.label) * self.feeds(offset) + self._seams.weigh(offset, len(self.label))

    def note_seams(self) -> None:
        """Remember where the file began anew since it was looked at last."""
        self._seams.note(self.view, self._raw)

    def text(self, low: int, high: int) -> bytes:
        """The lines of [low, high), with the lines about seams in them. Lost bytes are NULs."""
        return self._seams.put_in(low, high, self._raw)

    def has_seam(self, low: int, high: int) -> bool:
        """Whether `text(low, high)` has lines of ours."""
        return self._seams.any_within(low, high)

    def offset_of(self, low: int, high: int, number: int) -> int:
        """Where line `number`, from 0, of `text(low, high)` begins; a line of ours begins where the file does anew."""
        return self._seams.take_out(low, high, nth_line(self.text(low, high), number))

    def times(self, data: bytes, end: int) -> list[float]:
        """When each line of `data`, which ends at offset `end`, was written."""
        return self.clock.times(split_lines(data), self.limit(end - 1))

    def times_of(self, data: bytes, end: int) -> np.ndarray[Any, Any]:
        """As `times`, for many lines."""
        return self.clock.times_of(data, self.limit(end - 1))

    def limit(self, offset: int) -> float:
        """When the line that holds `offset` was written, or less than a day later (unix s)."""
        if self._days is None:
            self._days = self._read_days()
        if self._days and self.view.segments[-1].base <= offset < self._days[-1][0]:
            return self._days[bisect_right(self._days, offset, key=lambda day: day[0])][1]
        mark = self.index_at(offset).after(offset)
        if mark is not None and mark.at == mark.at:
            return mark.at
        return self.view.modified_at or float("inf")

    def _read_days(self) -> list[tuple[int, float]]:
        """Of a quiet log whose clocks have no date: (offset behind a day's last line, its time). The index has a time
        every 64 KiB, in which such a log may have slept for days."""
        view = self.view
        if view.end - view.start > BLOCK or len(view.segments) != 1:
            return []
        sample = split_lines(self._raw(view.start, min(view.end, view.start + PIECE // 8)))
        self.clock.times(sample, view.modified_at or float("inf"))
        if not self.clock.dayless:
            return []
        lines = split_lines(self._raw(view.start, view.end))
        times = self.clock.times(lines, view.modified_at or float("inf"))
        days: list[tuple[int, float]] = []
        at, day = view.start, None
        for line, written in zip(lines, times, strict=True):
            if written != NEVER:
                today = time.localtime(written)[:3]
                if days and today == day:
                    days.pop()
                elif days:
                    days[-1] = (at, days[-1][1])
                day = today
                days.append((at + len(line) + 1, written))
            at += len(line) + 1
        return days

    def line_at(self, offset: int, high: int) -> int:
        """The start of the first line at or after `offset`; `high` if none begins before it."""
        if any(segment.base + segment.kept_from == offset for segment in self.view.segments):
            return offset
        at = offset - 1
        while at < high:
            data = self._raw(at, min(high, at + PIECE))
            feed = data.find(b"\n")
            if feed >= 0:
                return min(high, at + feed + 1)
            at += PIECE
        return high

    def time_at(self, offset: int, high: int, least: float = NEVER) -> tuple[int, float]:
        """(start, time) of the first line with a clock, written at `least` or later, at or after `offset`, the start of
        a line; (`high`, NEVER) if there is none."""
        at, size = offset, PROBE
        while at < high:
            data = self._raw(at, min(high, at + size))
            whole = len(data) if at + size >= high else data.rfind(b"\n") + 1
            found = self._first_dated(data, 0, whole, at, least)
            if found is not None:
                return found
            if whole:
                at += whole
            elif size >= BLOCK:
                at = self.line_at(at + 1, high)  # a huge line: its head was looked at
            size = min(BLOCK, size * 4)
        return high, NEVER

    def last_time(self, low: int, high: int) -> float:
        """The time of the newest line with a clock in the last 64 KiB of [low, high); NEVER if there is none."""
        times = self.times(self._raw(max(low, high - PIECE), high), high)
        return next((at for at in reversed(times) if at != NEVER), NEVER)

    def find_time(self, at: float, low: int, high: int) -> int:
        """The start of the first line with a clock in [low, high), lines both, that was written at `at` or later;
        `high` if there is none. Times grow with offsets, more or less."""
        near, far = self._narrow(at, low, high)
        while far - near > REGION:
            middle = (near + far) // 2
            start, found = self.time_at(self.line_at(middle, far), far)
            if found == NEVER or found >= at:
                far = middle
            else:
                near = start
        data = self._raw(near, far)
        first, last = 0, len(data)
        while last - first > PROBE:
            middle = (first + last) // 2
            line, whole = data.find(b"\n", middle, last) + 1, data.rfind(b"\n", middle, last) + 1
            dated = self._first_dated(data, line, whole, near, NEVER)
            if dated is None or dated[1] >= at:
                last = middle
            else:
                first = dated[0] - near
        whole = data.rfind(b"\n") + 1
        dated = self._first_dated(data, first, whole, near, at)
        return dated[0] if dated is not None else self.time_at(near + whole, high, at)[0]

    def _first_dated(self, data: bytes, low: int, high: int, base: int, least: float) -> tuple[int, float] | None:
        """(offset, time) of the first line with a clock, written at `least` or later, in data[low:high], whole lines;
        `data` lies at `base`. A few lines are looked at, then more."""
        count = 4
        while low < high:
            stop = low
            for _ in range(count):
                feed = data.find(b"\n", stop, high)
                stop = feed + 1 if feed >= 0 else high
                if stop == high:
                    break
            part = data[low:stop]
            for line, found in zip(split_lines(part), self.times(part, base + stop), strict=True):
                if found != NEVER and found >= least:
                    self.dated = True
                    return base + low, found
                low += len(line) + 1
            low, count = stop, count * 4
        return None

    def _narrow(self, at: float, low: int, high: int) -> tuple[int, int]:
        """A smaller range, by the marks of the index, whose times are those of the first dated line behind them."""
        lines = self.index_at(low)
        marks = range(len(lines))
        first = bisect_left(marks, low, key=lambda n: lines.mark(n).position)
        last = bisect_left(marks, high, key=lambda n: lines.mark(n).position)
        number = bisect_left(marks, at, first, last, key=lambda n: _known(lines.mark(n).at))
        near = self.line_at(max(low, lines.mark(number - 1).position), high) if number > first else low
        return near, max(near, min(high, lines.mark(number).position)) if number < last else high

    def index_at(self, offset: int) -> LineIndex:
        """What has counted the lines around `offset`."""
        return self.lines if offset < self.view.lines.origin else self.view.lines

    def feeds(self, offset: int) -> int:
        """Line feeds before `offset`, against an origin that never changes."""
        mark = self.index_at(offset).at_or_before(offset)
        if mark is None:
            return 0
        feeds, at = mark.feeds, mark.position
        while at < offset:
            stop = min(offset, at + BLOCK)
            feeds += self._raw(at, stop).count(b"\n")
            at = stop
        return feeds

    def _raw(self, low: int, high: int) -> bytes:
        """Exactly the bytes of [low, high), over generations; NULs where they cannot be read."""
        parts: list[bytes] = []
        while low < high:
            data = self._read(low, high - low).data or bytes(self._lost(low, high) - low)
            parts.append(data)
            low += len(data)
        return b"".join(parts)

    def _lost(self, low: int, high: int) -> int:
        """The end of the bytes from `low` on that cannot be read."""
        segments = self.view.segments
        edges = [edge for s in segments for edge in (s.base, s.base + s.kept_from) if low < edge < high]
        return min(edges, default=high)


def _known(at: float) -> float:
    return NEVER if at != at else at


def nth_line(data: bytes, number: int) -> int:
    """Where line `number`, from 0, of `data` begins."""
    at = 0
    for _ in range(number):
        at = data.find(b"\n", at) + 1
    return at
