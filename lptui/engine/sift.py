"""All rows of a log that a query keeps, newest first, with progress; and where a query's times and steps lie."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator

from lptui.engine.log_walk import OFTEN, walk
from lptui.engine.seek import seek_step, seek_time
from lptui.engine.sieve import Sieve, Within
from lptui.formats.log_time import last_time
from lptui.model.log import Chunk, LogView
from lptui.model.log_query import LogQuery
from lptui.model.request import Sifted, SiftLog

MOST = 1_000_000
"""Positions kept (8 bytes each); older matches are only said to be there."""
SOON = 512 * 1024
"""Bytes after which an answer tells what was found in them."""

Read = Callable[[int, int], Chunk]


def sift(request: SiftLog, view: LogView, read: Read, most: int = MOST) -> Iterator[Sifted]:
    """Progress with what was found since, at last `done`. Bytes that cannot be read are passed over."""
    try:
        sieve = Within(request.pattern, request.query) if request.pattern else Sieve(request.query)
    except ValueError as error:
        yield Sifted(request, array("q"), 0, 0, 0, view.end, True, error=f"not a pattern: {error}")
        return
    ranges = find_ranges(request.query, view, read, request.start, request.end)
    covered = _last_line_end(view)
    total = max(1, sum(high - low for low, high in ranges))
    if request.query.findings and not request.pattern:
        found = array("q", sorted(request.query.places, reverse=True))
        yield Sifted(request, found, len(found), total, total, covered, True)
        return
    matches = scanned = told = 0
    found = array("q")
    for low, high in reversed(ranges):
        for stretch in walk(view, read, low, high, sieve, back=True):
            fresh = stretch.found[::-1][: most - matches]
            found.extend(fresh)
            matches += len(fresh)
            scanned = min(total, scanned + stretch.end - stretch.start)
            if matches >= most:
                yield Sifted(request, found, matches, scanned, total, covered, True, full=True)
                return
            if scanned - told >= (SOON if found else OFTEN):
                yield Sifted(request, found, matches, scanned, total, covered)
                found, told = array("q"), scanned
    yield Sifted(request, found, matches, total, total, covered, True)


def find_ranges(
    query: LogQuery, view: LogView, read: Read, start: int | None = None, end: int | None = None
) -> list[tuple[int, int]]:
    """The ranges of readable bytes that `query` can keep rows of, oldest first, one a generation at most."""
    low = view.start if start is None else start
    high = view.end if end is None else end
    if query.bounded:
        first, last = _bounds(query, view, read)
        low, high = max(low, first), min(high, last)
    ranges = [(max(low, s.base + s.kept_from), min(high, s.end)) for s in view.segments]
    return [(a, b) for a, b in ranges if a < b]


def _bounds(query: LogQuery, view: LogView, read: Read) -> tuple[int, int]:
    low, high = view.start, view.end
    since = query.since
    if query.last is not None and view.modified_at is not None:
        newest = last_time(view.tail, view.modified_at)
        since = max((view.modified_at if newest is None else newest) - query.last, since or 0.0)
    if since is not None:
        low = max(low, seek_time(view, read, since))
    if query.until is not None:
        high = min(high, seek_time(view, read, query.until))
    if query.step_from is not None:
        low = max(low, seek_step(view, read, query.step_from))
    if query.step_to is not None:
        high = min(high, seek_step(view, read, query.step_to))
    return low, high


def _last_line_end(view: LogView) -> int:
    """The position behind the newest complete line, as far as the tail in hand tells."""
    return view.tail_start + view.tail.rfind(b"\n") + 1
