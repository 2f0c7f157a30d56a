"""The inside of a chart as cells: lines, and the marks of what lines hide (NaN, clipped points, moments, events)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lptui.stores.columns import Columns
from lptui.tui.widgets.braille import DASHES, DOTS_X, Scale, dots, glyph_of, is_band, shade
from lptui.tui.widgets.curves import Curve

Cell = tuple[str, str]
Grid = list[list[Cell]]
_APART = 8
"""Cells between two marks of checkpoints."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened, at a place on the x axis. `key` is what the reader chose when choosing it."""

    place: float
    style: str
    glyph: str = "▴"
    twin: str = "^"
    """The glyph in ASCII."""
    kind: str = "finding"
    key: str = ""
    title: str = ""
    moment: tuple[float | None, float | None] = (None, None)
    """(step, unix time) of it."""


@dataclass(frozen=True, slots=True)
class Paper:
    """What a plot is drawn on. `moment` (the time cursor) and `hair` (the crosshair) are places on the x axis."""

    width: int
    height: int
    scale: Scale
    plain: bool = False
    mono: bool = False
    moment: float | None = None
    hair: float | None = None
    marks: tuple[Mark, ...] = ()


def draw(curves: Sequence[Curve], paper: Paper) -> Grid:
    """The plot of `curves`, all over the same range of x."""
    grid = _one(curves[0], paper) if len(curves) == 1 else _several(curves, paper)
    columns = curves[0].columns
    for place, glyph, style in ((paper.moment, "┊", "accent"), (paper.hair, "│", "key")):
        x = column_of(columns, paper.width, place)
        if x is not None:
            free = [row for row in grid if row[x][0] == " "] or grid[:1]  # a dense line must not hide the moment
            for row in free:
                row[x] = ((":" if glyph == "┊" else "!") if paper.plain else glyph, style)
    backs = [Mark(back.place, "warn", "↻", "r") for back in columns.breaks]
    ticks = _sparse(grid[-1], [m for m in paper.marks if m.kind == "checkpoint"], columns)
    _tick(grid[-1], (*(m for m in paper.marks if m.kind != "checkpoint"), *backs, *ticks), columns, plain=paper.plain)
    for curve in reversed(curves):
        for x, y, glyph, style in _flaws(curve.columns, paper):
            grid[y][x] = (glyph, style)
    if len(curves) > 1:
        _letter(grid, curves, paper)
    return grid


def _tick(row: list[Cell], marks: Sequence[Mark], columns: Columns, *, plain: bool) -> None:
    """Put `marks` on the axis, those that matter most first: another kind in the same cell goes beside it."""
    taken: dict[int, str] = {}
    for mark in marks:
        x = column_of(columns, len(row), mark.place)
        if x is None or (x in taken and mark.glyph in {taken.get(at) for at in (x - 1, x, x + 1)}):
            continue
        free = next((at for at in (x, x + 1, x - 1) if at not in taken and 0 <= at < len(row)), None)
        if free is not None:
            taken[free] = mark.glyph
            row[free] = (mark.twin if plain else mark.glyph, mark.style)


def _sparse(row: Sequence[Cell], marks: Sequence[Mark], columns: Columns) -> list[Mark]:
    """Of marks that a run may have hundreds of, those that leave the line of `row` readable: in free cells, apart from
    each other, the newest among them. Counted from the oldest, so that a new one moves none of the others."""
    found = [(column_of(columns, len(row), mark.place), mark) for mark in marks]
    free = sorted(((x, mark) for x, mark in found if x is not None and row[x][0] == " "), key=lambda at: at[0])
    kept: list[tuple[int, Mark]] = []
    for x, mark in free:
        if not kept or x - kept[-1][0] >= _APART:
            kept.append((x, mark))
    if free and kept[-1][0] != free[-1][0]:
        kept = [at for at in kept if free[-1][0] - at[0] >= _APART] + [free[-1]]
    return [mark for _, mark in kept]


def column_of(columns: Columns, width: int, place: float | None) -> int | None:
    """The cell of `place` on the x axis, or None outside of it."""
    if place is None or not columns.start <= place <= columns.end:
        return None
    span = (columns.end / 2 - columns.start / 2) or 1.0  # halves: all of it may be too large for a number
    return min(width - 1, int((place / 2 - columns.start / 2) / span * width))


def _one(curve: Curve, paper: Paper) -> Grid:
    """A single line. Where it would be a solid block: its band shaded, and the mean through it; with smoothing, what
    was read is faint behind the smooth line."""
    columns, size = curve.columns, (paper.width, paper.height, paper.scale)
    glyph = glyph_of(ascii_only=paper.plain)
    band = is_band(columns, paper.height, paper.scale)
    over = curve.smooth or (curve.middle if band else None)
    ground = shade(columns, *size) if band else dots(columns, *size)
    style = curve.line.style if over is None else "faint"
    draw_ground = _dotted if band and paper.plain else glyph
    grid: Grid = [[(draw_ground(cell), style) for cell in row] for row in ground]
    if columns.older is not None:  # what was written again after a rewind
        before = replace(columns, low=columns.older.low, high=columns.older.high, through=())
        for y, row in enumerate(dots(before, *size, DASHES[2])):
            for x, cell in enumerate(row):
                if cell and grid[y][x][0] == " ":
                    grid[y][x] = (glyph(cell), "dim")
    if over is not None:
        for y, row in enumerate(dots(over, *size)):
            for x, cell in enumerate(row):
                if cell:
                    grid[y][x] = ("*" if paper.plain and curve.smooth else glyph(cell), curve.line.style)
    return grid


def _dotted(cell: int) -> str:
    """The ground of a band in ASCII."""
    return "." if cell else " "


def _several(curves: Sequence[Curve], paper: Paper) -> Grid:
    """Lines through the means, the first one on top; dashed where there are no colours, letters in ASCII."""
    glyph = glyph_of(ascii_only=paper.plain)
    bits = [[0] * paper.width for _ in range(paper.height)]
    grid: Grid = [[(" ", "")] * paper.width for _ in range(paper.height)]
    for curve in reversed(curves):
        dash = DASHES[curve.line.solid % len(DASHES)] if paper.mono else (1,)
        for y, row in enumerate(dots(curve.course, paper.width, paper.height, paper.scale, dash)):
            for x, cell in enumerate(row):
                if cell:
                    bits[y][x] |= cell
                    char = curve.line.letter.lower() if paper.plain else glyph(bits[y][x])
                    grid[y][x] = (char, curve.line.style)
    return grid


def _letter(grid: Grid, curves: Sequence[Curve], paper: Paper) -> None:
    """Each line's letter where it ends, so that it is known without its colour."""
    taken: set[tuple[int, int]] = set()
    for curve in curves:
        line = curve.course
        last = next((i for i in range(len(line.mean) - 1, -1, -1) if line.mean[i] is not None), None)
        value = line.mean[last] if last is not None else None
        if last is not None and line.last is not None and line.low[last] != line.high[last]:
            value = line.last[1]
        if last is None or value is None:
            continue
        share = min(1.0, max(0.0, paper.scale.share(value)))
        x, y = last // DOTS_X, paper.height - 1 - min(paper.height - 1, int(share * paper.height))
        while (x, y) in taken and x > 0:
            x -= 1
        taken.add((x, y))
        grid[y][x] = (curve.line.letter, f"{curve.line.style} bold")


def _flaws(columns: Columns, paper: Paper) -> list[tuple[int, int, str, str]]:
    """(x, y, glyph, style) of cells where points are NaN or infinite, or beyond the scale."""
    flaws: list[tuple[int, int, str, str]] = []
    bottom = level = paper.height - 1
    for x in range(paper.width):
        part = slice(x * DOTS_X, (x + 1) * DOTS_X)
        highs = [v for v in columns.high[part] if v is not None]
        lows = [v for v in columns.low[part] if v is not None]
        if highs and max(highs) > paper.scale.high:
            flaws.append((x, 0, "^" if paper.plain else "▲", "warn"))
        if lows and min(lows) < paper.scale.low:
            flaws.append((x, bottom, "v" if paper.plain else "▼", "warn"))
        if lows:
            share = min(1.0, max(0.0, paper.scale.share(lows[-1])))
            level = bottom - min(bottom, int(share * paper.height))
        if any(columns.broken[part]):
            flaws.append((x, level, "X" if paper.plain else "✖", "error"))
    return flaws
