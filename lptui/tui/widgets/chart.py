"""One chart as rows of spans: title with the newest value, axes with round labels, lines, marks for what lines hide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lptui.stores.axes import Axis
from lptui.text import fit
from lptui.tui.widgets.axes import round_scale, y_labels
from lptui.tui.widgets.braille import DOTS_X, Scale
from lptui.tui.widgets.chartplot import Mark, Paper, draw
from lptui.tui.widgets.charttitle import detail_row, legend_row, title_row
from lptui.tui.widgets.curves import NO_SMOOTHING, Curve, Smooth, scale_of
from lptui.tui.widgets.metricunits import Unit, unit_of
from lptui.tui.widgets.spans import Row, crop, row_width, wrap
from lptui.tui.widgets.xaxis import ROOM_FOR_UNIT, x_labels

_UNITS = {"step": "steps", "epoch": "epochs", "since": "since start", "time": ""}


@dataclass(frozen=True, slots=True)
class Look:
    """How all charts are drawn: what the reader set."""

    axis: Axis = "step"
    log: bool = False
    clip: bool = True
    """Whether a few outliers may be cut off, so that they do not flatten the rest."""
    smooth: Smooth = NO_SMOOTHING
    details: bool = False
    plain: bool = False
    mono: bool = False
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Pose:
    """What one chart shows beyond its lines. `moment` and `hair` are places on the x axis."""

    name: str
    moment: float | None = None
    hair: float | None = None
    status: tuple[str, str, str] = ("", "", "")
    """(glyph, word, style name) of what is expected of this metric."""
    chosen: bool = False
    star: bool = False
    read: tuple[float | None, ...] = ()
    """The value of each line at the crosshair."""
    best: int | None = None
    """Index of the line that stands best."""
    span: tuple[float, float] | None = None
    """The y range that the reader set."""
    mates: tuple[str, ...] = ()
    """Names of the charts beside it, from which its own must differ when it is shortened."""


def body_rows(curves: Sequence[Curve], width: int, height: int, look: Look, pose: Pose) -> list[Row]:
    """The plot and its axes: all below the head. Follows from the columns of the curves, not from newest values."""
    found = _scale(curves, look, pose)
    if found is None:
        return _nothing(curves, width, height)
    with_axis = height >= 4
    body = max(1, height - with_axis)
    room, side = plot_width(width), label_width(width)
    scale, labels = _y_axis(found, body, side, _unit(curves, found), fixed=pose.span is not None)
    paper = Paper(room, body, scale, look.plain, look.mono or look.plain, pose.moment, pose.hair, look.marks)
    edge = "|" if look.plain else "│"
    rows: list[Row] = []
    for y, line in enumerate(draw(curves, paper)):
        rows.append(((fit(labels.get(y, ""), side - 1, ">"), "dim"), (edge, "faint"), *join_cells(line)))
    if with_axis:
        rows.append(((" " * side, ""), *axis_row(curves[0], room, look)))
    return rows


def _scale(curves: Sequence[Curve], look: Look, pose: Pose) -> Scale | None:
    found = scale_of(curves, log=look.log, clip=look.clip)
    if found is not None and pose.span is not None:
        return Scale(*pose.span, log=found.log and pose.span[0] > 0)
    return found


def _unit(curves: Sequence[Curve], scale: Scale | None) -> Unit:
    return unit_of(curves[0].line.series.key, max(abs(scale.low), abs(scale.high)) if scale else 0.0)


def _nothing(curves: Sequence[Curve], width: int, height: int) -> list[Row]:
    """What is said where no finite value is in view."""
    broken = any(any(c.columns.broken) for c in curves)
    words = "only NaN or infinite values so far" if broken else "no points here"
    side = " " * label_width(width)
    text = wrap(words, max(8, plot_width(width)))
    rows = [crop(((side, ""), (line, "error" if broken else "dim")), width) for line in text]
    return [*rows, *[()] * height][:height]


def head_rows(curves: Sequence[Curve], width: int, height: int, look: Look, pose: Pose) -> list[Row]:
    """Title, legend, details: what tells of the newest values."""
    scale = _scale(curves, look, pose)
    unit = _unit(curves, scale)
    several = len(curves) > 1
    rows = [
        title_row(
            pose.name, curves[0], scale, width, unit=unit, status=pose.status, chosen=pose.chosen, star=pose.star,
            plain=look.plain, several=several and height >= 5, read=pose.read, mates=pose.mates,
        )
    ]  # fmt: skip
    if several and height >= 5:
        rows.append(legend_row(curves, scale, width, unit=unit, best=pose.best, plain=look.plain, read=pose.read))
    if look.details and height >= 5:
        rows.append(detail_row(curves[0], width, unit=unit))
    return rows


def _y_axis(scale: Scale, rows: int, side: int, unit: Unit, *, fixed: bool) -> tuple[Scale, dict[int, str]]:
    """The scale that is drawn, and its labels by row; labels are round in the unit that is shown."""
    level = None if scale.level is None else scale.level * unit.factor
    shown = Scale(scale.low * unit.factor, scale.high * unit.factor, scale.log, level)
    wide, values = round_scale(shown, rows)
    if fixed:
        wide, values = shown, tuple(v for v in values if shown.low <= v <= shown.high) or (shown.low, shown.high)
    labels = y_labels(wide, values, rows, side - 1)
    return Scale(wide.low / unit.factor, wide.high / unit.factor, wide.log), labels


def plot_width(width: int) -> int:
    """Cells of the plot in a chart of `width` cells; one stays free, so that charts side by side stay apart."""
    return max(1, width - label_width(width) - 1)


def dot_columns(width: int) -> int:
    """Columns of dots in a chart of `width` cells."""
    return plot_width(width) * DOTS_X


def label_width(width: int) -> int:
    """Cells that the y axis takes in a chart of `width` cells, its line included."""
    return 7 if width < 36 else 9


def axis_row(curve: Curve, width: int, look: Look) -> Row:
    """The x axis: round places where they lie, and what they count where there is room for it."""
    line: list[tuple[str, str]] = [(" ", "")] * width
    columns = curve.columns
    for at, text in x_labels(columns.start, columns.end, width, look.axis, own=columns.own):
        line[at : at + len(text)] = [(char, "dim") for char in text]
    word = columns.own or _UNITS[look.axis]
    free = width - len(word)
    if word and width >= ROOM_FOR_UNIT and all(cell[0] == " " for cell in line[max(0, free - 1) :]):
        line[free:] = [(char, "faint") for char in word]
    return join_cells(line[:width])


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
