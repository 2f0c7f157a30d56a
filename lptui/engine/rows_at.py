"""The lines at given places of a log, each with a few lines around it."""

from __future__ import annotations

from collections.abc import Callable

from lptui.model.log import Chunk, LogView
from lptui.model.request import ReadRows, RowsRead

LINE = 16 * 1024
"""Bytes of one line that are handed over; what is visible is far less."""
AROUND = 64 * 1024
"""Bytes looked through on either side for lines around."""

Read = Callable[[int, int], Chunk]


def read_rows(request: ReadRows, view: LogView, read: Read) -> RowsRead:
    """One chunk a position: it begins and ends where lines do, unless they are huge."""
    return RowsRead(request, tuple(_read_row(position, request.around, view, read) for position in request.positions))


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
