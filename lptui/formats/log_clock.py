"""The times of many lines of one file at once, for merging: a format is recognised once, then columns of bytes are cut.

A line's head up to its clock, with every digit taken for 0, is its *shape*. A line of a known shape costs a lookup; one
of an unknown shape is taken apart by `log_prefix`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from lptui.formats.clock_columns import read_columns
from lptui.formats.log_prefix import ClockSpan, find_clock, read_prefix
from lptui.formats.log_time import AHEAD, DAY, PREFIX, line_head, place_clock, read_time

if TYPE_CHECKING:
    import numpy as np

NEVER = float("-inf")
"""The time of a line without a clock: before all others."""
_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_CLOCK = re.compile(rb"\d\d:\d\d:\d\d|(?<!\d)(?:1[4-9]|20)\d{6}(?:\d\d|[T_-]\d{6})")
"""What a line with a clock holds: a time of day, seconds since 1970, or a date and time without separators."""
_STEADY = re.compile(rb'[^{]*+(?:\{\s?"@?\w{1,16}"\s?:\s?(?:"[A-Za-z]{1,8}",\s?"@?\w{1,16}"\s?:\s?)?"?)?+$')
"""What may stand before a clock for its shape to be worth remembering: of JSON its own name, or a level before it.
Behind a message each line would have a shape of its own."""
_MOST_SHAPES = 64
_MOST_LENGTHS = 8
_MOST_SECONDS = 20_000
_EARLIEST = 2 * DAY
"""What is below counts seconds of a day; no log was written in the first days of 1970."""


class Shape(NamedTuple):
    """Where in a line the clock stands: [start, stop) up to whole seconds, its fraction, its zone."""

    start: int
    stop: int
    point: int
    fraction: int
    scale: float
    zone: int
    end: int


_SECONDS: dict[bytes, float] = {}
"""What whole seconds that were written mean: the same for all files, of which many tell the same seconds."""


class LineClock:
    """Reads the clocks of one file's lines; not for several threads at once."""

    def __init__(self) -> None:
        self._shapes: dict[bytes, Shape] = {}
        self._lengths: list[int] = []
        self.dayless = False
        """Whether there was a clock without a date."""

    def times(self, lines: list[bytes], not_after: float) -> list[float]:
        """When each line was written (unix s), NEVER without a clock. Clocks without a date are dated backwards from
        `not_after`."""
        return self._date(self._read(lines), not_after)

    def times_of(self, data: bytes, not_after: float) -> np.ndarray[Any, Any]:
        """As `times`, of all lines of `data`, the last of which may lack its line feed."""
        import numpy as np

        self._read(data[:PREFIX].split(b"\n", 1)[:1])  # where its clock stands
        shapes = sorted(self._shapes.items(), key=lambda known: self._lengths.index(len(known[0])))
        found, starts = read_columns(data, shapes, self._find_seconds)
        rest = np.flatnonzero(np.isnan(found))
        if len(rest):
            ends = np.append(starts[1:], len(data))
            spans = zip(starts[rest].tolist(), ends[rest].tolist(), strict=True)
            found[rest] = self._read([data[a:b].removesuffix(b"\n") for a, b in spans])
        dayless = bool(((found >= 0.0) & (found < _EARLIEST)).any())
        return np.array(self._date(found.tolist(), not_after)) if dayless else found

    def _date(self, found: list[float], not_after: float) -> list[float]:
        dayless = any(0.0 <= at < _EARLIEST for at in found)
        self.dayless = self.dayless or dayless
        return _date(found, not_after) if dayless else found

    def _read(self, lines: list[bytes]) -> list[float]:
        """The clocks as they stand in the lines: of those without a date the second of the day."""
        shapes, seconds, lengths = self._shapes, _SECONDS, self._lengths
        found: list[float] = []
        for line in lines:
            shape = None
            for length in lengths:
                shape = shapes.get(line[:length].translate(_DIGITS))
                if shape is not None:
                    break
            if shape is None:
                at = self._learn(line)
            else:
                start, stop, point, fraction, scale, zone, end = shape
                key = line[start:stop] if zone < 0 else line[start:stop] + line[zone:end]
                at = seconds.get(key, -1.0)
                if at == -1.0:
                    at = self._convert(key)
                if scale and at != NEVER:
                    at += int(line[point:fraction]) * scale
            found.append(at)
        return found

    def _find_seconds(self, key: bytes) -> float:
        at = _SECONDS.get(key, -1.0)
        return self._convert(key) if at == -1.0 else at

    def _convert(self, key: bytes) -> float:
        prefix = read_prefix(key + b" ")
        if key.isdigit():
            at = float(key)  # counted since 1970
        elif prefix.clock is None:
            at = NEVER
        elif prefix.has_date:
            known = read_time(prefix, float("inf"))
            at = NEVER if known is None or known < _EARLIEST else known
        else:
            at = prefix.clock
        if len(_SECONDS) >= _MOST_SECONDS:
            _SECONDS.clear()
        _SECONDS[key] = at
        return at

    def _learn(self, line: bytes) -> float:
        if b"{" not in line[:PREFIX] and _CLOCK.search(line, 0, PREFIX) is None:
            return NEVER
        plain = line_head(line, 0)
        span = find_clock(plain)
        if span is None:
            return NEVER
        fraction = plain[span.point : span.fraction]
        key = plain[span.start : span.stop] + plain[span.zone : span.end]
        at = self._find_seconds(key)
        if at == NEVER:
            return NEVER
        scale = 10.0 ** -len(fraction) if fraction else 0.0
        if _STEADY.match(line, 0, span.start) is not None:
            self._keep_shape(line, plain, span, scale)
        return at + int(fraction) * scale if fraction else at

    def _keep_shape(self, line: bytes, plain: bytes, span: ClockSpan, scale: float) -> None:
        shift = line.find(plain[span.start : span.end]) - span.start
        end = span.end + shift
        if shift + span.start < 0 or end >= len(line) or len(self._shapes) >= _MOST_SHAPES:
            return  # escape sequences within the clock, or nothing behind it
        if end + 1 not in self._lengths:
            if len(self._lengths) >= _MOST_LENGTHS:
                return
            self._lengths.append(end + 1)
        zone = span.zone + shift if span.zone < span.end else -1
        key = line[: end + 1].translate(_DIGITS)
        places = (span.start + shift, span.stop + shift, span.point + shift, span.fraction + shift)
        self._shapes[key] = Shape(*places, scale, zone, end)


def _date(found: list[float], not_after: float) -> list[float]:
    """`found` with seconds of a day made times: the newest first, over every midnight."""
    limit, midnight = not_after, None
    for index in range(len(found) - 1, -1, -1):
        at = found[index]
        if at == NEVER:
            continue
        if at < _EARLIEST:
            if midnight is None:
                placed = place_clock(at, limit)
                if placed is None:
                    found[index] = NEVER
                    continue
                midnight = placed - at
            at += midnight
            if at > limit + AHEAD:
                at, midnight = at - DAY, midnight - DAY
            found[index] = at
        else:
            midnight = None
        limit = min(limit, at + AHEAD)
    return found
