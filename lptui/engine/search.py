"""Search a log for the next row that matches, in blocks, with progress. RE2 where it exists: linear time by design."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from lptui.model.log import Chunk, LogView
from lptui.model.request import SearchLog, SearchProgress

BLOCK = 1024 * 1024
LONGEST = 16 * 1024
"""Blocks overlap by this much, so that a match across their border is found."""


def compile_pattern(text: str) -> Any:
    """A bytes pattern: RE2 syntax, case-insensitive unless it holds an upper-case letter. Raises ValueError."""
    flags = "" if any(c.isupper() for c in text) else "(?i)"
    expression = (flags + text).encode("utf-8")
    try:
        import re2

        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        options.log_errors = False
        return re2.compile(expression, options)
    except ImportError:
        pass
    except Exception as error:
        raise ValueError(str(error)) from error
    try:
        return re.compile(expression)
    except re.error as error:
        raise ValueError(str(error)) from error


def search(request: SearchLog, view: LogView, read: Callable[[int, int], Chunk]) -> Iterator[SearchProgress]:
    """Progress, and finally the hit nearest to `request.start` in its direction (wrapping is the screen's choice)."""
    try:
        pattern = compile_pattern(request.pattern)
    except ValueError as error:
        yield SearchProgress(request, 0, 0, done=True, error=f"not a pattern: {error}")
        return
    total = max(1, request.start - view.start if request.backwards else view.end - request.start)
    scanned = 0
    for start, stop in _blocks(request, view):
        data = read(start, stop - start).data
        hit = _find(pattern, data, request, start)
        scanned = min(total, scanned + stop - start)
        if hit is not None:
            position, length = hit
            yield SearchProgress(request, scanned, total, _row_start(data, position - start) + start, length, True)
            return
        yield SearchProgress(request, scanned, total)
    yield SearchProgress(request, total, total, done=True)


def _blocks(request: SearchLog, view: LogView) -> Iterator[tuple[int, int]]:
    """Ranges to look through, within segments, nearest first."""
    segments = reversed(view.segments) if request.backwards else iter(view.segments)
    for segment in segments:
        low, high = segment.base + segment.kept_from, segment.end
        if request.backwards:
            high = min(high, request.start)
            while high > low:
                start = max(low, high - BLOCK)
                yield start, high
                high = start if start == low else start + LONGEST
        else:
            low = max(low, request.start)
            while low < high:
                stop = min(high, low + BLOCK)
                yield low, stop
                low = stop if stop == high else stop - LONGEST


def _find(pattern: Any, data: bytes, request: SearchLog, start: int) -> tuple[int, int] | None:
    last = None
    for match in pattern.finditer(data):
        if match.end() == match.start():
            continue
        found = (start + match.start(), match.end() - match.start())
        if not request.backwards:
            return found
        last = found
    return last


def _row_start(data: bytes, offset: int) -> int:
    return data.rfind(b"\n", 0, offset) + 1
