"""How many charts fit a window, and how large each is. Pure arithmetic in cells."""

from __future__ import annotations

import math
from dataclasses import dataclass

MOST = 24
SHAPE = 4.0
"""Cells of width for one of height at which a curve reads best."""
MIN_WIDTH, LOW_WIDTH, GOOD_WIDTH = 24, 26, 28
MIN_HEIGHT, LOW_HEIGHT, GOOD_HEIGHT = 5, 6, 7
"""A chart may be as small as `LOW_...` where that makes two columns or rows of them out of one: four headline metrics
tell more than two."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Cells of one chart, and how many stand beside and above each other."""

    columns: int
    rows: int
    width: int
    height: int

    @property
    def count(self) -> int:
        return self.columns * self.rows


def lay_out(width: int, height: int, count: int, wanted: int | None = None, wanted_rows: int | None = None) -> Layout:
    """The grid for `count` charts in a window; `wanted` and `wanted_rows` are what the reader asked for."""
    most = max(1, width // MIN_WIDTH)
    columns = min(most, wanted) if wanted else min(max(1, width // GOOD_WIDTH, min(2, width // LOW_WIDTH)), 4)
    columns = max(1, min(columns, count))
    if not wanted:
        columns = _shapely(width, height, count, columns)
    good = max(height // GOOD_HEIGHT, min(2, height // LOW_HEIGHT), 1)
    rows = max(1, min(height // MIN_HEIGHT, wanted_rows or good, -(-count // columns), MOST // columns))
    return Layout(columns, rows, width // columns, height // rows)


def _shapely(width: int, height: int, count: int, most: int) -> int:
    """Of the numbers of columns with which all charts fit one page, the one whose charts have the best shape; `most` if
    they do not fit with fewer."""
    best, least = most, math.inf
    for columns in range(1, most + 1):
        rows = -(-count // columns)
        if rows > 1 and height // rows < GOOD_HEIGHT:
            continue
        distance = abs(math.log((width // columns) / (height // rows) / SHAPE))
        if distance < least:
            best, least = columns, distance
    return best
