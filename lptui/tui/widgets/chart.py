"""One chart as rows of spans: title with the newest value, axis labels that are true, marks for what a line
hides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from lptui.stores.columns import Columns
from lptui.stores.series import Series
from lptui.text import cell_width, clock, fit, format_value, sanitise, short_number, shorten_middle
from lptui.text.units import date
from lptui.text.width import cut
from lptui.tui.widgets.braille import DOTS_X, DOTS_Y, Scale, find_scale, is_band, plot, shade
from lptui.tui.widgets.spans import Row, crop, row_width, wrap

Axis = Literal["step", "time"]
_DAY = 86_400
Grid = list[list[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Look:
    """How charts are drawn. `moment` and `marks` are places on the x axis (steps, or unix seconds)."""

    axis: Axis = "step"
    log: bool = False
    plain: bool = False
    moment: float | None = None
    marks: tuple[tuple[float, str], ...] = field(default=())
    """(place, style name) of findings."""
    status: tuple[str, str, str] = ("", "", "")
    """(glyph, word, style name) of what is expected of this metric."""


def chart_rows(
    series: Series,
    columns: Columns,
    width: int,
    height: int,
    look: Look,
    *,
    middle: Columns | None = None,
    chosen: bool = False,
) -> list[Row]:
    """`series` in `height` rows of `width` cells. `columns` were reduced to twice `plot_width` of the same
    width; `middle` is the line through them that is drawn where they are a wide band."""
    scale = find_scale(columns, look.log)
    rows = [title_row(series, middle or columns, scale, width, look, chosen=chosen)]
    with_axis = height >= 5
    body = height - 1 - with_axis
    room = plot_width(width)
    side = label_width(width)
    if scale is None:
        words = "only NaN or infinite values so far" if any(columns.broken) else "no points yet"
        style = "error" if any(columns.broken) else "dim"
        rows += [crop(((" " * side, ""), (line, style)), width) for line in wrap(words, max(8, room))]
        return [*rows, *[()] * height][:height]
    grid = draw_grid(columns, room, body, scale, look, middle)
    ticks = y_ticks(scale, body, side - 1)
    edge = "|" if look.plain else "│"
    for y, line in enumerate(grid):
        label = fit(ticks.get(y, ""), side - 1, ">")
        rows.append(((label, "dim"), (edge, "faint"), *join_cells(line)))
    if with_axis:
        rows.append(((" " * side, ""), *axis_row(columns, room, look, stepless(series, look.axis))))
    return rows


def plot_width(width: int) -> int:
    """Cells of the plot in a chart of `width` cells; one stays free, so that charts side by side stay apart."""
    return max(1, width - label_width(width) - 1)


def label_width(width: int) -> int:
    """Cells that the y axis takes in a chart of `width` cells, its line included."""
    return 7 if width < 36 else 9


def stepless(series: Series, axis: Axis) -> bool:
    """Whether the x axis can only count points, because the source told no step (or no time)."""
    last = series.last()
    return last is not None and (last.step if axis == "step" else last.time) is None


def title_row(
    series: Series, columns: Columns, scale: Scale | None, width: int, look: Look, *, chosen: bool = False
) -> Row:
    """The end of the name, then the newest value and where it is going."""
    last = series.last()
    value = format_value(last.value) if last is not None else "-"
    bad = last is not None and not math.isfinite(last.value)
    arrow = trend(columns, scale, plain=look.plain) if not bad else ("X" if look.plain else "✖")
    right = f"{'~ ' if series.sampled else ''}{value} {arrow}".rstrip()
    if series.sampled and width >= 40:
        right = f"~ sampled {right[2:]}"
    if scale is not None and scale.log:
        right = f"log {right}"
    mark = (">" if look.plain else "▸") if chosen else " "
    glyph, word, tone = look.status
    told = f"{glyph} {word} " if glyph and width >= 44 else f"{glyph} " if glyph else ""
    room = max(4, width - cell_width(right) - cell_width(told) - 4)
    name = short_key(sanitise(series.key[:500]), room)
    gap = " " * max(1, width - 2 - cell_width(mark) - cell_width(told) - cell_width(name) - cell_width(right))
    style = "accent bold" if chosen else "title"
    value = (right, "error bold" if bad else "value")
    return ((mark, "accent"), (told, tone), (name, style), (gap, ""), value, (" ", ""))


def short_key(name: str, width: int) -> str:
    """`name` in at most `width` cells: its last part stays whole for as long as it can."""
    if cell_width(name) <= width:
        return name
    head, _, leaf = name.rpartition("/")
    room = width - cell_width(leaf) - 2
    if not head or room < 0:
        return shorten_middle(leaf, width)
    return f"{cut(head, room, '')}…/{leaf}"


def trend(columns: Columns, scale: Scale | None, *, plain: bool = False) -> str:
    """An arrow for the newest tenth of the chart against the fifth before it; blank while there is too
    little."""
    if scale is None:
        return ""
    shares = [
        (scale.share(low) + scale.share(high)) / 2
        for low, high in zip(columns.low, columns.high, strict=True)
        if low is not None and high is not None and not (scale.log and low <= 0)
    ]
    recent = max(1, len(shares) // 10)
    before = shares[-3 * recent : -recent]
    if len(shares) < 4 or not before:
        return ""
    change = sum(shares[-recent:]) / recent - sum(before) / len(before)
    up, down, level = ("/", "\\", "-") if plain else ("↗", "↘", "→")
    return up if change > 0.03 else down if change < -0.03 else level


def draw_grid(
    columns: Columns, width: int, height: int, scale: Scale, look: Look, middle: Columns | None = None
) -> Grid:
    """The plot as (glyph, style) cells: the line, its broken and clipped places, the moment of the time
    cursor."""
    grid = _line_cells(columns, width, height, scale, look, middle)
    x = column_of(columns, width, look.moment)
    if x is not None:
        free = [row for row in grid if row[x][0] == " "] or grid[:1]  # a dense line must not hide the moment
        for row in free:
            row[x] = (":" if look.plain else "┊", "accent")
    for place, mark_style in look.marks:
        x = column_of(columns, width, place)
        if x is not None:
            grid[height - 1][x] = ("^" if look.plain else "▴", mark_style)
    for place, y, glyph, look_of in _marks(columns, width, height, scale, look.plain):
        grid[y][place] = (glyph, look_of)
    return grid


def _line_cells(columns: Columns, width: int, height: int, scale: Scale, look: Look, middle: Columns | None) -> Grid:
    """The line itself; or, where it would be a solid block, its shaded band and the middle through it."""
    shown = plot(columns, width, height, scale, ascii_only=look.plain)
    grid: Grid = [[(char, "series-1") for char in row] for row in shown]
    if middle is not None and not look.plain and is_band(columns, height, scale):
        grid = [[(char, "faint") for char in row] for row in shade(columns, width, height, scale)]
        for y, row in enumerate(plot(middle, width, height, scale)):
            for x, char in enumerate(row):
                if char != " ":
                    grid[y][x] = (char, "series-1")
    return grid


def _marks(columns: Columns, width: int, height: int, scale: Scale, plain: bool) -> list[tuple[int, int, str, str]]:
    """(x, y, glyph, style) of cells where points are NaN or infinite, or beyond the scale."""
    marks: list[tuple[int, int, str, str]] = []
    level = height - 1
    for x in range(width):
        pair = range(x * DOTS_X, min((x + 1) * DOTS_X, len(columns.low)))
        highs = [h for i in pair if (h := columns.high[i]) is not None]
        lows = [v for i in pair if (v := columns.low[i]) is not None]
        if highs and max(highs) > scale.high:
            marks.append((x, 0, "^" if plain else "▲", "warn"))
        if lows and min(lows) < scale.low:
            marks.append((x, height - 1, "v" if plain else "▼", "warn"))
        if lows:
            share = min(1.0, max(0.0, scale.share(lows[-1])))
            level = height - 1 - min(height - 1, int(share * height))
        if any(columns.broken[i] for i in pair):
            marks.append((x, level, "X" if plain else "✖", "error"))
    return marks


def column_of(columns: Columns, width: int, place: float | None) -> int | None:
    """The cell of `place` on the x axis, or None outside of it."""
    if place is None or not columns.start <= place <= columns.end:
        return None
    span = (columns.end - columns.start) or 1.0
    return min(width - 1, int((place - columns.start) / span * width))


def y_ticks(scale: Scale, height: int, room: int = 8) -> dict[int, str]:
    """Labels of the y axis by row: top and bottom, and some in between when there is room."""
    count = 2 if height < 9 else 3 if height < 18 else 5
    ticks: dict[int, str] = {}
    dots = height * DOTS_Y
    for i in range(count):
        share = i / (count - 1)
        row = height - 1 - min(height - 1, int(share * (dots - 1)) // DOTS_Y)
        ticks[row] = tick_text(scale.value(share), abs(scale.high - scale.low), room)
    return ticks if height > 1 else {0: tick_text(scale.high, abs(scale.high - scale.low), room)}


def tick_text(value: float, span: float, room: int = 8) -> str:
    """`value` with as many digits as tell it from its neighbours `span` away, in at most `room` cells."""
    if value != 0 and span > 0 and abs(value) < span * 1e-9:
        value = 0.0
    digits = 3
    if span > 0 and value and abs(value) < 1e6 and math.isfinite(span):
        digits = min(7, max(3, 2 + math.ceil(math.log10(abs(value) / span)) if abs(value) > span else 3))
    text = f"{value:.{digits}g}"
    shorter = (
        text,
        format_value(value),
        f"{value:.2e}",
        f"{value:.3g}",
        f"{value:.2g}",
        f"{value:.0e}",
        short_number(value),
    )
    good = [t for t in shorter if len(t) <= room and not (t is text and "e" in t)]
    return good[0] if good else f"{value:.0e}"[:room]


def axis_row(columns: Columns, width: int, look: Look, counted: bool) -> Row:
    """The x axis: where it begins and ends, some places between, ."""
    count = 2 if width < 36 else 3 if width < 70 else 5
    line = [(" ", "")] * width
    span = columns.end - columns.start
    for i in range(count):
        share = i / (count - 1)
        text = x_text(columns.start + span * share, span, look.axis, counted)
        text = text if i < count - 1 or width < 24 else text + _unit(look.axis, counted)
        start = min(width - len(text), max(0, round(share * (width - 1)) - len(text) // 2))
        if start < 0 or (i and any(cell[0] != " " for cell in line[max(0, start - 1) : start + len(text)])):
            continue
        for x, char in enumerate(text):
            line[start + x] = (char, "dim")
    return join_cells(line)


def x_text(place: float, span: float, axis: Axis, counted: bool) -> str:
    """A place on the x axis."""
    if axis == "time" and not counted:
        return clock(place)[:5] if 300 < span < _DAY else clock(place) if span <= 300 else date(place)[5:10]
    whole = round(place)
    return f"{whole}" if abs(whole) < 10_000 else short_number(place)


def _unit(axis: Axis, counted: bool) -> str:
    return " points" if counted else "" if axis == "time" else " steps"


def join_cells(line: Sequence[tuple[str, str]]) -> Row:
    """Cells as few spans."""
    spans: list[tuple[str, str]] = []
    for char, style in line:
        if spans and (spans[-1][1] == style or char == " "):
            spans[-1] = (spans[-1][0] + char, spans[-1][1])
        else:
            spans.append((char, style))
    return tuple(spans)


def beside(charts: Sequence[Sequence[Row]], width: int, height: int) -> list[Row]:
    """Charts of `width` cells side by side."""
    rows: list[Row] = []
    for y in range(height):
        row: list[tuple[str, str]] = []
        for chart in charts:
            part = chart[y] if y < len(chart) else ()
            row += part if row_width(part) == width else crop(part, width)
        rows.append(tuple(row))
    return rows
