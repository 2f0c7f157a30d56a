"""Search a log for the next match, nearest blocks first. RE2 where it exists: linear time by design."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lptui.engine.log_walk import OFTEN, walk
from lptui.engine.sieve import Within
from lptui.engine.sift import find_ranges
from lptui.model.log import Chunk, LogView
from lptui.model.request import SearchLog, SearchProgress


def search(request: SearchLog, view: LogView, read: Callable[[int, int], Chunk]) -> Iterator[SearchProgress]:
    """Progress, and finally the hit nearest to `request.start` in its direction (wrapping is the screen's choice)."""
    try:
        sieve = Within(request.pattern, request.within)
    except ValueError as error:
        yield SearchProgress(request, 0, 0, done=True, error=f"not a pattern: {error}")
        return
    back = request.backwards
    limits = (None, request.start) if back else (request.start, None)
    ranges = find_ranges(request.within, view, read, *limits)
    total = max(1, sum(high - low for low, high in ranges))
    scanned = told = 0
    for low, high in reversed(ranges) if back else ranges:
        for stretch in walk(view, read, low, high, sieve, back=back):
            scanned = min(total, scanned + stretch.end - stretch.start)
            if stretch.found:
                yield SearchProgress(request, scanned, total, stretch.found[-1 if back else 0], True)
                return
            if scanned - told >= OFTEN:
                told = scanned
                yield SearchProgress(request, scanned, total)
    yield SearchProgress(request, total, total, done=True)
