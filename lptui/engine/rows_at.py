"""The lines at given places of a log, each with a few lines around it."""

from __future__ import annotations

from collections.abc import Callable

from lptui.model.log import Chunk, LogView
from lptui.model.request import ReadRows, RowsRead

LINE = 16 * 1024
"""Bytes of one line that are handed over; what is visible is far less."""
FARTHEST = 8 * 1024 * 1024
"""Bytes counted from a mark to a row; marks are far apart only where text came in one flood."""
AROUND = 64 * 1024
"""Bytes looked through on either side for lines around."""

Read = Callable[[int, int], Chunk]


def read_rows(request: ReadRows, view: LogView, read: Read) -> RowsRead:
    """One chunk a position: it begins and ends where lines do, unless they are huge."""
    chunks = tuple(_read_row(position, request.around, view, read) for position in request.positions)
    numbers = tuple(_number(chunk, view, read) for chunk in chunks) if request.numbers else ()
    return RowsRead(request, chunks, numbers)


def _number(chunk: Chunk, view: LogView, read: Read) -> int | None:
    """Which line of its file a chunk begins with; None before the file was counted up to there."""
    segment, lines = view.segment_at(chunk.start), view.lines
    mark = lines.at_or_before(chunk.start)
    base = lines.at_or_before(segment.base) if segment is not None else None
    if segment is None or mark is None or base is None or base.position != segment.base or segment.kept_from:
        return None
    if not chunk.data or chunk.start - mark.position > FARTHEST:
        return None
    between = read(mark.position, chunk.start - mark.position).data
    return mark.feeds + between.count(b"\n") - base.feeds + 1


def _read_row(position: int, around: int, view: LogView, read: Read) -> Chunk:
    segment = view.segment_at(position)
    if segment is None:
        return Chunk(view.file, position, b"", "these bytes are no longer in the log")
    reach = AROUND if around else LINE
    low = max(segment.base + segment.kept_from, position - (reach if around else 0))
    chunk = read(low, min(segment.end, position + reach) - low)
    data, at = chunk.data, position - low
    if len(data) <= at:
        return Chunk(view.file, position, b"", chunk.reason or "these bytes are no longer in the log")
    start = at
    for _ in range(around):
        if start == 0:
            break
        start = data.rfind(b"\n", 0, start - 1) + 1
    end = at
    for _ in range(around + 1):
        feed = data.find(b"\n", end)
        end = len(data) if feed < 0 else feed + 1
        if feed < 0:
            break
    return Chunk(view.file, low + start, data[start:end])
