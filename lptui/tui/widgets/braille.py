"""Curves in braille dots, two columns by four rows a cell: a vertical stroke from minimum to maximum per
dot column, joined into one line. Pure: columns in, text out.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lptui.stores.columns import Columns

DOTS_X, DOTS_Y = 2, 4
_BITS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""Bit of dot (column, row) in a braille cell, U+2800 on."""
_OUTLIER = 5.0
"""A range this many times wider than what most columns span is cut to the latter."""
_TRIM = 0.03
_LATE = 0.9
"""Lines that go on to this share of the longest one have their ends shown."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The values at the bottom and at the top of a chart. `log`: logarithmic between them; both are
    positive then. `level`: the one value that all points have."""

    low: float
    high: float
    log: bool = False
    level: float | None = None

    def share(self, value: float) -> float:
        """Where `value` lies between bottom (0) and top (1); outside of them when it is clipped."""
        if not self.log:
            span = self.high / 2 - self.low / 2  # halves: all of it may be too large for a number
            return (value / 2 - self.low / 2) / span if span else 0.5
        if value <= 0:
            return -math.inf
        low = math.log(self.low)
        span = math.log(self.high) - low  # 0 for two neighbouring numbers, too
        return (math.log(value) - low) / span if span else 0.5

    def value(self, share: float) -> float:
        """The value at `share` of the height."""
        if self.log:
            return self.low * (self.high / self.low) ** share
        return self.low + (self.high - self.low) * share


def find_scale(
    shown: Sequence[Columns], *, log: bool = False, clip: bool = True, newest: Sequence[Sequence[float] | None] = ()
) -> Scale | None:
    """The scale that shows all of `shown`; with `clip` what most columns span where a few outliers would flatten the
    rest. `newest`: of each line its last finite values, oldest first; None: its end may be cut. None if no finite value
    can be shown."""
    values = sorted(v for one in shown for pair in zip(one.low, one.high, strict=True) for v in pair if v is not None)
    if not values:
        values = sorted(value for one in shown for _, value in one.through)
    positive = [v for v in values if v > 0]
    if log and positive:
        values = positive
    log = log and bool(positive)
    if not values:
        return None
    low, high = values[0], values[-1]
    if clip and not log:
        cut = _trimmed(values, low, high)
        low, high = cut if cut == (low, high) else _keep_ends(shown, newest or ((),) * len(shown), *cut)
    if low == high:
        if log:
            return Scale(max(low / 2, sys.float_info.min), min(high * 2, sys.float_info.max), True, low)
        pad = abs(low) / 10 or 1.0
        return Scale(max(low - pad, -sys.float_info.max), min(high + pad, sys.float_info.max), level=low)
    return Scale(low, high, log)


def _trimmed(values: Sequence[float], low: float, high: float) -> tuple[float, float]:
    """(low, high) without outliers, each side on its own; unchanged when nothing is flattened by them."""
    trim = max(1, math.ceil(len(values) * _TRIM)) if len(values) >= 16 else 0
    one, two = values[trim], values[-1 - trim]
    if two <= one or high - low <= _OUTLIER * (two - one):
        return low, high
    pad = (two - one) * 0.1
    return (one - pad if one - low > two - one else low), (two + pad if high - two > two - one else high)


def _keep_ends(
    shown: Sequence[Columns], newest: Sequence[Sequence[float] | None], low: float, high: float
) -> tuple[float, float]:
    """(low, high) made to hold where lines went last: a loss that explodes is no outlier. One newest point alone may
    be; its value is in the title. A line that ended long before the others counts as before, or a run that broke early
    would flatten those that go on."""
    lasts = [max((i for i, v in enumerate(one.low) if v is not None or one.broken[i]), default=-1) for one in shown]
    ends = [
        _find_end(one, values, low, high)
        for one, values, at in zip(shown, newest, lasts, strict=True)
        if values is not None and at >= _LATE * max(lasts)
    ]
    return min((low, *(end[0] for end in ends))), max((high, *(end[1] for end in ends)))


def _find_end(one: Columns, newest: Sequence[float], low: float, high: float) -> tuple[float, float]:
    """What the newest columns of a line span where all of them are on the same side of (low, high): two, or one in
    which the newest two points are; (low, high) where they are not."""
    found: list[tuple[float, float]] = []
    side = 0
    for bottom, top in zip(reversed(one.low), reversed(one.high), strict=True):
        if bottom is None or top is None:
            continue
        middle = bottom / 2 + top / 2
        beyond = (middle > high) - (middle < low)
        if not beyond or beyond == -side:
            break
        side = beyond
        found.append((bottom, top))
    sides = {(value > high) - (value < low) for value in newest[-2:]} if len(newest) > 1 else {0}
    if len(found) < 2 and sides != {1} and sides != {-1}:
        return low, high
    if not found:
        return min(low, *newest[-2:]), max(high, *newest[-2:])
    return min(bottom for bottom, _ in found), max(top for _, top in found)


DASHES = ((1,), (1, 1, 1, 1, 0, 0), (1, 1, 0, 0), (1, 1, 1, 1, 0, 1, 0, 0), (1, 0, 0), (1, 1, 1, 1, 1, 1, 0, 0, 0))
"""Which dot columns of a line are drawn, over and over: tells lines apart where there are no colours."""


def dots(columns: Columns, width: int, height: int, scale: Scale, dash: Sequence[int] = (1,)) -> list[list[int]]:
    """`columns` (2 x `width` of them) as `height` rows of `width` sets of dots."""
    cells = [[0] * width for _ in range(height)]
    top = height * DOTS_Y - 1
    for x, (low, high) in enumerate(_strokes(columns, height * DOTS_Y, scale)):
        if not dash[x % len(dash)]:
            continue
        bits, cell = _BITS[x % DOTS_X], x // DOTS_X
        for row in range(top - high, top - low + 1):
            cells[row // DOTS_Y][cell] |= bits[row % DOTS_Y]
    return cells


def plot(columns: Columns, width: int, height: int, scale: Scale, *, ascii_only: bool = False) -> list[str]:
    """`columns` as `height` rows of `width` braille cells; blank cells are spaces."""
    draw = glyph_of(ascii_only=ascii_only)
    return ["".join(draw(cell) for cell in line) for line in dots(columns, width, height, scale)]


def glyph_of(*, ascii_only: bool) -> Callable[[int], str]:
    """How a set of dots is written."""
    return _ascii_cell if ascii_only else _braille_cell


def shade(columns: Columns, width: int, height: int, scale: Scale) -> list[list[int]]:
    """The band between minimum and maximum as sparse dots, with its edges whole: a ground for a line above
    it."""
    cells = [[0] * width for _ in range(height)]
    for x, (low, high) in enumerate(_strokes(columns, height * DOTS_Y, scale)):
        for y in range(low, high + 1):
            if low < y < high and (x + y) % 2:
                continue
            row = height * DOTS_Y - 1 - y
            cells[row // DOTS_Y][x // DOTS_X] |= _BITS[x % DOTS_X][row % DOTS_Y]
    return cells


def is_band(columns: Columns, height: int, scale: Scale) -> bool:
    """Whether most columns span so many rows that a line through them would be a solid block."""
    wide = shown = 0
    for low, high in zip(columns.low, columns.high, strict=True):
        if low is not None and high is not None:
            shown += 1
            wide += _dot(high, height * DOTS_Y, scale) - _dot(low, height * DOTS_Y, scale) > height * DOTS_Y // 4
    return wide * 3 > shown and height > 1


def _strokes(columns: Columns, dots: int, scale: Scale) -> list[tuple[int, int]]:
    """The dots [low, high] of each column, joined to the ones before; (0, -1) where there are none. A
    column without a point is bridged in a straight line, unless a NaN or an infinity lies in between."""
    strokes: list[tuple[int, int]] = [(0, -1)] * len(columns.low)
    before: int | None = None
    edges = dict(columns.through)
    for x, (low, high) in enumerate(zip(columns.low, columns.high, strict=True)):
        if low is None or high is None:
            if x not in edges or columns.broken[x]:
                before = None if columns.broken[x] else before
                continue
            low = high = edges[x]
        bottom, top = _dot(low, dots, scale), _dot(high, dots, scale)
        strokes[x] = (bottom, top)
        if before is not None:
            _bridge(strokes, before, x)
        before = None if columns.broken[x] else x
    return strokes


def _dot(value: float, dots: int, scale: Scale) -> int:
    share = scale.share(value)
    if not share > 0:  # also where a huge range made it NaN
        return 0
    return dots - 1 if share >= 1 else min(dots - 1, int(share * dots))


def _bridge(strokes: list[tuple[int, int]], left: int, right: int) -> None:
    """Connect the strokes at columns `left` and `right` through what lies between."""
    (low, high), (bottom, top) = strokes[left], strokes[right]
    if right - left > 1:
        start, end = (low + high) / 2, (bottom + top) / 2
        before = low, high
        for x in range(left + 1, right):
            y = round(start + (end - start) * (x - left) / (right - left))
            strokes[x] = _reach(before, (y, y))
            before = (y, y)
        low, high = before
    strokes[right] = _reach((low, high), (bottom, top))


def _reach(before: tuple[int, int], stroke: tuple[int, int]) -> tuple[int, int]:
    """`stroke` made longer so that it touches the one before it."""
    if stroke[0] > before[1] + 1:
        return before[1] + 1, stroke[1]
    if stroke[1] < before[0] - 1:
        return stroke[0], before[0] - 1
    return stroke


def _braille_cell(bits: int) -> str:
    return chr(0x2800 + bits) if bits else " "


def _ascii_cell(bits: int) -> str:
    if not bits:
        return " "
    rows = [y for y in range(DOTS_Y) if bits & (_BITS[0][y] | _BITS[1][y])]
    if len(rows) >= 3:
        return "|"
    return "'" if rows[-1] <= 1 else "." if rows[0] >= 2 else "-"
