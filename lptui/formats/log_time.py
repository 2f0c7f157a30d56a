"""When the lines of a log were written: clocks with a date, and those without one, dated back from a known time."""

from __future__ import annotations

from lptui.formats.json_clock import LOOK
from lptui.formats.log_prefix import Prefix, read_prefix, strip_escapes
from lptui.formats.progress import LogFact
from lptui.model.events import DatedFact

DAY = 86400.0
PREFIX = 96
"""Bytes at the start of a line that hold its clock, rank and level."""
AHEAD = 90.0
"""How far a clock in the log may run ahead of ours before its line is taken to be of the day before."""
_LINES = 64


def date_facts(data: bytes, start: int, facts: tuple[LogFact, ...], not_after: float) -> tuple[DatedFact, ...]:
    """Each fact with the time its line carries; clocks without a date are dated backwards from `not_after`."""
    dated: list[DatedFact] = []
    limit = not_after
    for fact in reversed(facts):
        at = line_time(data, fact.offset, limit)
        if at is not None and limit != float("inf"):
            limit = min(limit, at + AHEAD)
        dated.append(DatedFact(start + fact.offset, fact.fact, at))
    return tuple(reversed(dated))


def line_time(data: bytes, start: int, not_after: float) -> float | None:
    """When the line at `start` was written (unix s), or None if it has no clock."""
    return read_time(read_prefix(line_head(data, start)), not_after)


def line_head(data: bytes, start: int) -> bytes:
    """What of the line at `start` can hold its clock, without escape sequences: of JSON, which may tell it at its end,
    the line."""
    head = data[start : start + PREFIX]
    if b"{" in head:
        end = data.find(b"\n", start, start + LOOK)
        return strip_escapes(data[start : start + LOOK if end < 0 else end])
    return strip_escapes(head.partition(b"\n")[0])


def first_time(data: bytes, start: int, end: int, not_after: float, lines: int = _LINES) -> float | None:
    """When the first line with a clock that begins within [start, end) was written; looks at so many `lines`."""
    at = 0 if start == 0 else data.find(b"\n", start - 1, end) + 1
    for _ in range(lines):
        if at >= end or (at == 0 and start):
            return None
        found = line_time(data, at, not_after)
        if found is not None:
            return found
        at = data.find(b"\n", at, end) + 1
        if at == 0:
            return None
    return None


def last_time(data: bytes, not_after: float) -> float | None:
    """When the newest line with a clock in `data` was written; looks at 64 lines from the end."""
    end = len(data)
    for _ in range(_LINES):
        start = data.rfind(b"\n", 0, max(0, end - 1)) + 1
        found = line_time(data, start, not_after)
        if found is not None or start == 0:
            return found
        end = start
    return None


def read_time(prefix: Prefix, not_after: float) -> float | None:
    """When a line was written (unix s); clocks without a zone are local ones."""
    if prefix.clock is None:
        return None
    if not prefix.has_date:
        return place_clock(prefix.clock, not_after)
    if prefix.has_zone:
        return prefix.clock
    import time

    try:
        return time.mktime((*time.gmtime(prefix.clock)[:8], -1)) + prefix.clock % 1
    except (OverflowError, ValueError, OSError):  # a date that no clock ever showed
        return None


def place_clock(seconds: float, not_after: float) -> float | None:
    """The newest local time with `seconds` since midnight that is not after `not_after` (unix s)."""
    if not_after == float("inf"):
        return None
    import time

    local = time.localtime(not_after)
    midnight = not_after - (local.tm_hour * 3600 + local.tm_min * 60 + local.tm_sec) - not_after % 1
    at = midnight + seconds
    return at - DAY if at > not_after + AHEAD else at
