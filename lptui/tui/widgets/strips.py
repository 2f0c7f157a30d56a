"""From rows to what is sent: cells of a known width, and which of them changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import ANSIToTruecolor, DimFilter, LineFilter, Monochrome, NoColor
from textual.geometry import Region
from textual.strip import Strip

from lptui.text import cell_width
from lptui.text.width import is_even
from lptui.tui.widgets.spans import Row, row_width

GAP = 16
"""Unchanged cells that are sent again rather than skipped: going on behind them costs as many bytes."""
MANY = 12
"""Rows that may change at once before only their beginnings and ends are compared."""
BY_STYLE = (ANSIToTruecolor, DimFilter, Monochrome, NoColor)
"""Filters that make a style of a style, whatever the text: a style passes them once, and not with each row."""
MOST_LOOKS = 2000
"""Styles that are kept: a log may have as many colours as it likes."""
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


def changed_ranges(before: Row, after: Row, width: int) -> list[tuple[int, int]]:
    """The columns [start, end) in which two rows of `width` cells differ, character by character; small gaps are
    filled. Rows with characters of other than one cell are compared by spans."""
    if not all(is_even(text) for text, _ in before) or not all(is_even(text) for text, _ in after):
        start, end = changed_cells(before, after, width)
        if end > start and (miscounted(before) or miscounted(after)):
            return [(0, width)]  # a part of it would be cut at the wrong character
        return [(start, end)] if end > start else []
    ranges: list[tuple[int, int]] = []
    at = 0
    for one, two, same in _pieces(before, after, width):
        start, end = at, at + len(one)
        at = end
        if same:
            if one == two:
                continue
            lead = _lead(one, two)
            start, end = start + lead, end - _lead(one[:lead:-1], two[:lead:-1])
        if ranges and start - ranges[-1][1] < GAP:
            ranges[-1] = (ranges[-1][0], end)
        else:
            ranges.append((start, end))
    return ranges


def find_changes(
    changed: Sequence[tuple[int, Row, Row]], width: int, *, thorough: bool
) -> Iterator[tuple[int, int, int]]:
    """(line, first column, column behind the last) of what differs in rows given as (line, before, after)."""
    for y, before, after in changed:
        if len(changed) > MANY and not thorough:  # another text: comparing all of it would cost more than it saves
            start, end = quick_range(before, after, width)
            if end > start:
                yield y, start, end
        else:
            yield from ((y, start, end) for start, end in changed_ranges(before, after, width))


def quick_range(before: Row, after: Row, width: int) -> tuple[int, int]:
    """The columns in which two rows may differ, found in a few comparisons: for many rows at once. Not exact, but never
    too few: characters of one cell in the same styles are compared by their beginning and their end, the rest is all
    of it."""
    one, two = "".join([text for text, _ in before]), "".join([text for text, _ in after])
    plain = one.isascii() and two.isascii()
    if plain and len(one) == len(two) and _runs(before) == _runs(after):  # as rows of a log that is followed are
        start = _lead_of(one, two)
        end = min(width, len(one) - _lead_of(one[:start:-1], two[:start:-1])) if start < len(one) else min(width, start)
        return min(start, end), end
    old, new = _measure(before), _measure(after)
    if old is not None and new is not None and old[:2] != new[:2]:
        before, after = _merged(before), _merged(after)
        old, new = _measure(before), _measure(after)
    if old is None or new is None or old[0] != new[0]:
        return 0, width
    pairs = [(mine[0], yours[0]) for mine, yours in zip(before, after, strict=True)]
    size, odd = old[2], old[3] or new[3]
    start, end = _alike(pairs), min(width, max(size, new[2]))
    if size == new[2]:
        behind = _alike([(mine[::-1], yours[::-1]) for mine, yours in reversed(pairs)])
        end = min(end, size - min(behind, size - start))
    if odd and start < end and (miscounted(before) or miscounted(after)):
        return 0, width  # a part of it would be cut at the wrong character
    return min(start, end), end


def _runs(row: Row) -> list[tuple[int, str]]:
    """Where each style ends, in characters."""
    runs, at = list[tuple[int, str]](), 0
    for text, style in row:
        at += len(text)
        if runs and runs[-1][1] == style:
            runs.pop()
        runs.append((at, style))
    return runs


def _measure(row: Row) -> tuple[list[str], list[int], int, bool] | None:
    """(styles, lengths, their sum, whether there is more than ASCII); None if a character takes not one cell."""
    styles: list[str] = []
    sizes: list[int] = []
    total, odd = 0, False
    for text, style in row:
        if not text.isascii():
            odd = True
            if not is_even(text):
                return None
        size = len(text)
        styles.append(style)
        sizes.append(size)
        total += size
    return styles, sizes, total, odd


def _alike(pairs: Sequence[tuple[str, str]]) -> int:
    """How many characters the texts on both sides have in common at their beginning, one pair behind the other."""
    count = 0
    for one, two in pairs:
        if one != two:
            return count + _lead_of(one, two)
        count += len(one)
    return count


def _merged(row: Row) -> Row:
    """The row with neighbours of one style as one span."""
    spans: list[tuple[str, str]] = []
    for text, style in row:
        if spans and spans[-1][1] == style:
            spans[-1] = (spans[-1][0] + text, style)
        else:
            spans.append((text, style))
    return tuple(spans)


def _lead_of(one: str, two: str) -> int:
    """How many characters two texts have in common at their beginning, by halving."""
    low, high = 0, min(len(one), len(two))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == two[:middle] else (low, middle - 1)
    return low


def _pieces(before: Row, after: Row, width: int) -> Iterator[tuple[str, str, bool]]:
    """Both rows cut where a span of either ends, padded to `width` cells: texts of one length, and whether their styles
    are the same."""
    mine, yours = ([*row, (" " * max(0, width - row_width(row)), "")] for row in (before, after))
    i = j = a = b = at = 0
    while at < width and i < len(mine) and j < len(yours):
        (one, style), (two, other) = mine[i], yours[j]
        size = min(len(one) - a, len(two) - b, width - at)
        if size:
            yield one[a : a + size], two[b : b + size], style == other
        a, b, at = a + size, b + size, at + size
        if a == len(one):
            i, a = i + 1, 0
        if b == len(two):
            j, b = j + 1, 0


def _lead(one: str, two: str) -> int:
    """How many characters two texts have in common at their beginning."""
    return next((i for i, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))


class Ground(NamedTuple):
    """What rows are drawn on: the widget's own style, its background, and the app's filters."""

    base: Style
    background: Color
    filters: tuple[LineFilter, ...]

    def look(self, style: Style) -> Style:
        """A span's style as it is sent, where the filters leave no more to do."""
        segments = [Segment(" ", self.base + style)]
        for one in self.filters:
            if isinstance(one, BY_STYLE):
                segments = one.apply(segments, self.background)
        return segments[0].style or Style.null()

    @property
    def others(self) -> list[LineFilter]:
        """The filters that look at more than a style."""
        return [one for one in self.filters if not isinstance(one, BY_STYLE)]


class KeptStrips:
    """The strips of a view's rows, kept from one picture to the next by what they say: a row that only moved up is not
    built again, nor what Textual derives from its strip. A style is worked out once, and not for each row."""

    def __init__(self) -> None:
        self._seen: tuple[object, ...] = ()
        self._rows: Sequence[Row] = ()
        self._strips: dict[Row, Strip] = {}
        self._looks: dict[str, Style] = {}
        self._ground: Ground | None = None
        self.built = 0
        """Rows that were made into strips, since the start."""

    def begin(self, seen: tuple[object, ...], ground: Ground, rows: Sequence[Row]) -> None:
        """A picture of `rows`; when `seen`, what they are drawn with, is another one, all are built anew."""
        if seen != self._seen:
            self._strips.clear()
            self._looks.clear()
        elif len(self._strips) > 2 * len(rows) + 8:
            self._strips = {row: self._strips[row] for row in rows if row in self._strips}
        if len(self._looks) > MOST_LOOKS:
            self._looks.clear()
        self._seen, self._ground, self._rows = seen, ground, rows

    def strips(self, crop: Region, width: int, style: Callable[[str], Style], *, plain: bool) -> list[Strip]:
        """The lines of `crop`, in `width` cells; `style` tells what a span's style name means."""
        assert self._ground is not None
        ground, found, others = self._ground, list[Strip](), self._ground.others
        for y in crop.line_range:
            row = self._rows[y] if y < len(self._rows) else ()
            strip = self._strips.get(row)
            if strip is None:
                strip = self._strips[row] = self._build(row, width, style, plain=plain)
            for one in others:
                strip = strip.apply_filter(one, ground.background)  # kept by the strip
            found.append(strip if crop.column_span == (0, width) else strip.crop(*crop.column_span))
        return found

    def _build(self, row: Row, width: int, style: Callable[[str], Style], *, plain: bool) -> Strip:
        self.built += 1
        segments: list[Segment] = []
        for text, name in row:
            if not text:
                continue
            look = self._look(name, style)
            if segments and segments[-1].style is look:
                text = segments.pop().text + text
            segments.append(Segment(text, look))
        if plain:
            segments = [Segment(text.translate(ASCII), look) for text, look, _ in segments]
        return strip_of(segments, row_width(row), width, self._look("", style))

    def _look(self, name: str, style: Callable[[str], Style]) -> Style:
        look = self._looks.get(name)
        if look is None:
            assert self._ground is not None
            look = self._looks[name] = self._ground.look(style(name))
        return look
