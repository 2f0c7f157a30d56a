"""From rows to what is sent: cells of a known width, and which of them changed."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from lptui.text import cell_width
from lptui.tui.widgets.spans import Row, row_width

ASCII = str.maketrans("…›·°—–×└─▐“”≥≤≈→█░", '~>. --x`-|""><~>#.')
"""Our own punctuation, one cell for one cell (`~` says that text was cut: a full stop would end the sentence); the
glyphs that carry meaning have their twins in `glyphs`."""


def strip_of(segments: Sequence[Segment], size: int, width: int, base: Style) -> Strip:
    """Segments that take `size` cells as a strip of `width` cells. The width is said and not left to Rich, which
    counts some characters (vowel signs) as less than terminals do."""
    if size > width:
        return Strip(segments).adjust_cell_length(width, base)
    return Strip([*segments, Segment(" " * (width - size), base)], width)


def miscounted(row: Row) -> bool:
    """Whether Rich would cut this row at the wrong character."""
    return any(not text.isascii() and cell_len(text) != cell_width(text) for text, _ in row)


def changed_cells(before: Row, after: Row, width: int) -> tuple[int, int]:
    """The columns [start, end) in which two rows of `width` cells may differ, at span boundaries."""
    start = 0
    for one, two in zip(before, after, strict=False):
        if one != two:
            break
        start += cell_width(one[0])
    old, new = row_width(before), row_width(after)
    end = width
    if old == new:
        end = new
        for one, two in zip(reversed(before), reversed(after), strict=False):
            if one != two:
                break
            end -= cell_width(one[0])
    return min(start, width), min(max(end, start), width)
