"""Where in a log a line number, a time or a step lies: by the index where it reaches, by reading only what it must."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from lptui.formats.log_time import AHEAD, first_time, line_time
from lptui.formats.progress import Progress, scan
from lptui.model.log import Chunk, LogSegment, LogView
from lptui.model.log_index import SPACING
from lptui.model.merged import MergedView, Merging
from lptui.model.request import SeekLog, Sought

BLOCK = 1024 * 1024
BACK = 64 * 1024
"""Bytes above a row without a clock in which the clock that it goes with is looked for."""
_MOST_LINES = 500
PROBE = 4096
"""Bytes read per 64 KiB where the index does not reach yet, to find a clock."""

Read = Callable[[int, int], Chunk]


def seek(request: SeekLog, view: LogView, read: Read) -> Iterator[Sought]:
    """Where `request.place` is, at last."""
    place = request.place
    if place.kind == "percent":
        share = place.value / 100
        yield Sought(request, min(view.end - 1, view.start + int((view.end - view.start) * share)))
    elif place.kind == "time":
        yield _seek_moment(request, view, read)
    elif place.kind == "step":
        position = seek_step(view, read, place.value)
        missing = position >= view.end
        yield Sought(
            request, None if missing else position, reason="no progress line with that step" if missing else ""
        )
    else:
        yield _seek_line(request, view, read)


def _seek_moment(request: SeekLog, view: LogView, read: Read) -> Sought:
    position = seek_time(view, read, request.place.value)
    late = position >= view.end
    position = view.end - 1 if late else position
    if not isinstance(view, MergedView) and time_at(view, read, position) is None:
        return Sought(request, None, reason="no line with a clock near: this log tells no times there")
    return Sought(request, position, reason="nothing was written later" if late else "")


def _seek_line(request: SeekLog, view: LogView, read: Read) -> Sought:
    """Lines count from 1 at the start of the generation that holds `request.near`; negative ones from the end of the
    log, over all generations."""
    if isinstance(view, MergedView) and view.merging is not None and request.place.value > 0:
        return _seek_line_merged(request, view.merging)
    segment = view.segment_at(request.near) or (view.segments[-1] if view.segments else None)
    if segment is None:
        return Sought(request, None, reason="the log is empty")
    number = int(request.place.value)
    if number < 0:
        return _from_end(request, view, read, -number)
    if segment.kept_from:
        return Sought(
            request, None, reason="the first lines of this file were overwritten: its lines cannot be counted"
        )
    position = _skip_feeds(segment, view, read, max(0, number - 1))
    if position is None:
        return Sought(request, segment.end - 1, reason="the file has fewer lines: this is the last")
    return Sought(request, position)


def _seek_line_merged(request: SeekLog, merging: Merging) -> Sought:
    """The line of the file whose row the reader is at; which file that is, is said."""
    named = merging.name_line(request.near)
    own = merging.read_part(named[0]) if named is not None else None
    if named is None or own is None:
        return Sought(request, None, reason="this row is of no file")
    found = _seek_line(replace(request, near=named[1]), *own)
    position = None if found.position is None else merging.find_line(named[0], found.position)
    if position is None:
        return Sought(request, None, reason=found.reason or "that line is not merged yet: try again")
    words = found.reason or f"line {request.place.value:,.0f}"
    return Sought(request, position, reason=f"{words} of {named[0].rsplit('/', 1)[-1]}")


def _skip_feeds(segment: LogSegment, view: LogView, read: Read, count: int) -> int | None:
    """The position behind line feed number `count` of a generation; None if it has fewer."""
    if count == 0:
        return segment.base
    at, left = segment.base, count
    base = view.lines.at_or_before(segment.base)
    if base is not None and base.position == segment.base:
        number = view.lines.before_feed(base.feeds + count - 1)
        mark = view.lines.mark(number) if number is not None else base
        if segment.base <= mark.position < segment.end:
            at, left = mark.position, base.feeds + count - mark.feeds
    while at < segment.end:
        data = read(at, min(BLOCK, segment.end - at)).data
        if not data:
            return None
        feeds = data.count(b"\n")
        if feeds >= left:
            found = at + _nth(data, left)
            return found if found < segment.end else None
        at, left = at + len(data), left - feeds
    return None


def _nth(data: bytes, count: int) -> int:
    """The offset behind line feed number `count` of `data`."""
    at = 0
    while count:
        at = data.find(b"\n", at) + 1
        count -= 1
    return at


def _from_end(request: SeekLog, view: LogView, read: Read, count: int) -> Sought:
    """The start of the line `count` lines before the end."""
    first = view.start
    for segment in reversed(view.segments):
        first, top = segment.base + segment.kept_from, segment.end
        left = count + (top > first and read(top - 1, 1).data == b"\n")  # else its last line is open
        while top > first:
            start = max(first, top - BLOCK)
            data = read(start, top - start).data
            feeds = data.count(b"\n")
            if feeds >= left:
                return Sought(request, start + _nth_last(data, left))
            left, top = left - feeds, start
        if left == 1 and segment.end > first:
            return Sought(request, first)
        count = left - (segment.end > first)
    return Sought(request, first, reason="the log has fewer lines: this is the first")


def _nth_last(data: bytes, count: int) -> int:
    """The offset behind line feed number `count` of `data`, from its end."""
    at = len(data)
    for _ in range(count):
        at = data.rfind(b"\n", 0, at)
    return at + 1


def seek_time(view: LogView, read: Read, at: float) -> int:
    """The position of the first line that was written at `at` (unix s) or later; the log's end if there is none."""
    if isinstance(view, MergedView) and view.merging is not None:
        return view.merging.find_time(at)
    lines = view.lines
    number = lines.before_time(at)
    if number is None:
        low, high, limit = _hop_back(view, read, at)
    else:
        mark = lines.mark(number)
        high = lines.mark(number + 1).position if number + 1 < len(lines) else view.end
        low, limit = max(view.start, mark.position), mark.at + 12 * 3600
    return _first_after(read, low, min(view.end, high + SPACING), at, limit, view.end)


def time_at(view: LogView, read: Read, position: int) -> float | None:
    """When the row at `position` was written (unix s): by its own clock, or by that of the nearest row above that has
    one; None where no clock is near."""
    after = view.lines.after(position)
    limit = after.at + AHEAD if after is not None and after.at == after.at else view.modified_at
    limit = float("inf") if limit is None else limit
    segment = view.segment_at(position)
    floor = segment.base if segment is not None else view.start
    low = max(floor, position - BACK)
    data = read(low, position - low + PROBE).data
    start = position - low
    for _ in range(_MOST_LINES):
        if start > len(data):
            break
        at = line_time(data, start, limit)
        if at is not None:
            return at
        if start == 0:
            break
        start = data.rfind(b"\n", 0, start - 1) + 1
    return None


def _hop_back(view: LogView, read: Read, at: float) -> tuple[int, int, float]:
    """Below the index: one clock per 64 KiB, going back, until one is older; (low, high, newest possible time)."""
    first = view.lines.mark(0) if len(view.lines) else None
    high = min(first.position, view.end) if first is not None else view.end
    limit = first.at if first is not None and first.at == first.at else view.modified_at or at
    while high > view.start:
        low = max(view.start, high - SPACING)
        data = read(low, PROBE).data
        found = first_time(data, 0 if low == view.start else 1, len(data), limit)
        if found is not None:
            if found < at:
                return low, high, limit
            limit = min(limit, found + AHEAD)
        high = low
    return view.start, min(view.end, view.start + SPACING), limit


def _first_after(read: Read, low: int, high: int, at: float, limit: float, end: int) -> int:
    data = read(low, high - low).data
    line = 0 if low == 0 else data.find(b"\n") + 1
    while 0 <= line < len(data):
        written = line_time(data, line, limit)
        if written is not None and written >= at:
            return low + line
        feed = data.find(b"\n", line)
        if feed < 0:
            break
        line = feed + 1
    return end if high >= end else high


def seek_step(view: LogView, read: Read, step: float) -> int:
    """The position of the first progress line of the newest attempt that counts `step` or more; the end if none."""
    if isinstance(view, MergedView) and view.merging is not None:
        return _seek_step_merged(view, view.merging, step)
    lines = view.lines
    number = lines.before_step(step)
    low = view.start if number is None else lines.mark(number).position
    high = lines.mark(number + 1).position + SPACING if number is not None and number + 1 < len(lines) else view.end
    at = low
    while at < min(view.end, high + 4 * BLOCK):
        data = read(at, min(BLOCK, view.end - at)).data
        if not data:
            break
        for fact in scan(data):
            found = fact.fact
            if isinstance(found, Progress) and found.step is not None and found.step >= step:
                return at + fact.offset
        at += max(1, data.rfind(b"\n") + 1)
    return view.end


def _seek_step_merged(view: MergedView, merging: Merging, step: float) -> int:
    """As the first of its files that counts so far tells it."""
    for part in view.parts:
        own = merging.read_part(part.path)
        position = seek_step(*own, step) if own is not None else 0
        if own is not None and position < own[0].end:
            found = merging.find_line(part.path, position)
            return view.start if found is None else found
    return view.end
