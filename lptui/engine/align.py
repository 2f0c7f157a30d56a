"""Where logs were at one moment: when a row of one was written, and what the others had written last by then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from lptui.engine.seek import Read, seek_time, time_at
from lptui.model.log import Chunk, LogView
from lptui.model.request import Aligned, AlignLogs, Standing
from lptui.sources.merged_log import MergedLog

BACK = 64 * 1024
"""Bytes above a row in which the row before it is looked for."""


class Log(Protocol):
    """A log that is open."""

    @property
    def view(self) -> LogView:
        """What it is now."""
        ...

    def read(self, start: int, length: int) -> Chunk:
        """Bytes of a range."""
        ...


Find = Callable[[str], Log | None]


def align(request: AlignLogs, find: Find) -> Aligned:
    """Where `request.others` were when the row of `request.file` was written; `find` gives a log by its path."""
    leader = find(request.file)
    at = _time_in(leader, request.position) if leader is not None else None
    if at is None or at == request.known:
        return Aligned(request, at)
    found = [find(path) for path in request.others]
    return Aligned(request, at, tuple(None if log is None else _standing_in(log, at) for log in found))


def _time_in(log: Log, position: int) -> float | None:
    if not isinstance(log, MergedLog):
        return time_at(log.view, log.read, position)
    line = log.name_line(min(position, log.view.end - 1))
    part = log.read_part(line[0]) if line is not None else None
    return time_at(*part, line[1]) if line is not None and part is not None else None


def _standing_in(log: Log, at: float) -> Standing | None:
    if not isinstance(log, MergedLog):
        return _standing(log.view, log.read, at)
    position = min(log.find_time(at), log.view.end - 1)
    written = _time_in(log, position)
    return None if written is None else Standing(position, written)


def _standing(view: LogView, read: Read, at: float) -> Standing | None:
    """The first row of a log that was written exactly at `at`, or else the last one before; None where it tells no
    time."""
    if view.end <= view.start:
        return None
    after = min(seek_time(view, read, at), view.end)
    exact = time_at(view, read, after) if after < view.end else None
    if exact is not None and abs(exact - at) < 1e-6:
        return Standing(after, exact)
    last = _row_before(read, view.start, after)
    written = time_at(view, read, last)
    return None if written is None else Standing(last, written)


def _row_before(read: Read, floor: int, position: int) -> int:
    """The start of the row before `position`; `floor` where there is none."""
    low = max(floor, position - BACK)
    data = read(low, max(0, position - low)).data
    return low + data.rfind(b"\n", 0, max(0, len(data) - 1)) + 1
