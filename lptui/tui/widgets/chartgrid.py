"""Charts in a grid, a page at a time: only what is visible is reduced, and only when it changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from lptui.model.expectation import Judgement
from lptui.stores.columns import Columns, reduce
from lptui.stores.series import Series, Spot
from lptui.text import format_value, plural, sanitise
from lptui.tui.widgets.braille import DOTS_X, fold
from lptui.tui.widgets.chart import Look, beside, chart_rows, label_width, plot_width, stepless, x_text
from lptui.tui.widgets.chartlayout import MIN_WIDTH, Layout, lay_out
from lptui.tui.widgets.expectationrows import status_look, status_row
from lptui.tui.widgets.rows import LinesView, Row
from lptui.tui.widgets.seriesplace import nearest, place_of
from lptui.tui.widgets.spans import crop, wrap

_KEPT = 200
FINE = 16
"""Parts of a dot column whose middles are averaged for the line through a wide band."""


@dataclass(slots=True)
class _Drawn:
    """What was drawn of one chart and from what."""

    series: Series
    columns: Columns
    middle: Columns
    width: int
    axis: str
    rows: list[Row]
    made_of: tuple[object, ...] = ()


class ChartGrid(LinesView, can_focus=True):
    """`names` in their order, drawn from `series`. One chart is chosen, or fills the view (`zoomed`)."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "left,h", "step(-1,0)", "Left", show=False, id="charts.left", tooltip="Chart to the left; zoomed: back"
        ),
        Binding("right", "step(1,0)", "Right", show=False, id="charts.right", tooltip="Chart to the right; zoomed: on"),
        Binding("up,k", "step(0,-1)", "Up", show=False, id="charts.up", tooltip="Chart above"),
        Binding("down,j", "step(0,1)", "Down", show=False, id="charts.down", tooltip="Chart below"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="charts.page-up", tooltip="Charts before"),
        Binding("pagedown", "page(1)", "More", id="charts.page-down", tooltip="More charts"),
        Binding("home,g", "edge(-1)", "First", show=False, id="charts.first", tooltip="First chart"),
        Binding("end,G", "edge(1)", "Last", show=False, id="charts.last", tooltip="Last chart"),
        Binding("x", "axis", "Step/time", id="charts.axis", tooltip="Steps or wall time on the x axis"),
        Binding("l", "log", "Log y", show=False, id="charts.log", tooltip="Logarithmic y axis, or back"),
        Binding(
            "plus,equals_sign", "wider(1)", "More columns", show=False, id="charts.more", tooltip="One more column"
        ),
        Binding("minus", "wider(-1)", "Fewer columns", show=False, id="charts.fewer", tooltip="One column less"),
    ]

    class Changed(Message):
        """The page, the choice or the axes changed by the reader's hand."""

    def __init__(self) -> None:
        super().__init__()
        self.series: Mapping[str, Series] = {}
        self.names: Sequence[str] = ()
        self.look = Look()
        self.moment: tuple[float | None, float | None] = (None, None)
        """(step, unix time) of the time cursor."""
        self.judged: Mapping[str, Judgement] = {}
        """How metrics stand to what is expected of them."""
        self.empty_text = "no metrics yet"
        self.zoomed = False
        self.probe: int | None = None
        """Cell of the zoomed chart whose value is read."""
        self.reduced = 0
        """Series reduced since the start."""
        self._chosen = ""
        self._first = 0
        self._wanted: int | None = None
        self._layout = Layout(1, 1, 1, 1)
        self._drawn: dict[str, _Drawn] = {}

    @property
    def chosen(self) -> str | None:
        """The metric that is chosen."""
        if self._chosen in self.names:
            return self._chosen
        return self.names[min(self._first, len(self.names) - 1)] if self.names else None

    @property
    def range_words(self) -> str:
        """Which charts are shown: '12-23 of 57'; empty when all are."""
        total, shown = len(self.names), self._layout.count
        if self.zoomed or total <= shown:
            return ""
        return f"{self._first + 1}–{min(total, self._first + shown)} of {total}"

    def probed(self) -> Spot | None:
        """The point of the zoomed chart at the probe."""
        drawn = self._drawn.get(self.chosen or "")
        if not self.zoomed or self.probe is None or drawn is None:
            return None
        return nearest(self.series[drawn.series.key], self._place(drawn), self.look.axis)

    def lines(self, width: int, height: int) -> Sequence[Row]:
        if not self.names:
            return [((f" {line}", "dim"),) for line in wrap(self.empty_text, max(8, width - 2))]
        if self.zoomed and self.chosen is not None:
            return self._lines_zoomed(self.chosen, width, height)
        layout = self._layout = lay_out(width, height, len(self.names), self._wanted)
        self._first = max(0, min(self._first, len(self.names) - 1)) // layout.count * layout.count
        page = self.names[self._first : self._first + layout.count]
        rows: list[Row] = []
        for start in range(0, len(page), layout.columns):
            charts = [self._chart(name, layout.width, layout.height) for name in page[start : start + layout.columns]]
            rows += beside(charts, layout.width, layout.height)
        return rows

    def action_step(self, x: int, y: int) -> None:
        if self.zoomed:
            drawn = self._drawn.get(self.chosen or "")
            last = plot_width(drawn.width) - 1 if drawn is not None else 0
            self.probe = max(0, min(last, (last + 1 if self.probe is None else self.probe) + x))
            if y and self.chosen is not None:
                self._choose(self.names.index(self.chosen) + y)
        elif self.chosen is not None:
            self._choose(self.names.index(self.chosen) + x + y * self._layout.columns)
        self._after()

    def action_page(self, by: int) -> None:
        if self.chosen is not None:
            count = 1 if self.zoomed else self._layout.count
            self._choose(self.names.index(self.chosen) + by * count)
            self._after()

    def action_edge(self, side: int) -> None:
        self._choose(0 if side < 0 else len(self.names) - 1)
        self._after()

    def action_axis(self) -> None:
        self.look = replace(self.look, axis="time" if self.look.axis == "step" else "step")
        self.probe = None
        self._after()

    def action_log(self) -> None:
        self.look = replace(self.look, log=not self.look.log)
        self._after()

    def action_wider(self, by: int) -> None:
        self._wanted = max(1, min(self._layout.columns + by, max(1, self.size.width // MIN_WIDTH)))
        self._after()

    def zoom(self, on: bool) -> None:
        """Let the chosen chart fill the view, or go back to the grid."""
        self.zoomed, self.probe = on and bool(self.names), None
        self._after()

    def on_click(self, event: events.Click) -> None:
        if self.zoomed:
            self.probe = max(0, event.x - label_width(self.size.width))
        else:
            cell = event.x // self._layout.width + event.y // self._layout.height * self._layout.columns
            if event.x // self._layout.width < self._layout.columns:
                self._choose(self._first + cell)
        self._after()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.action_page(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.action_page(-1)

    def on_resize(self, event: events.Resize) -> None:
        super().on_resize(event)
        self.post_message(self.Changed())

    def on_focus(self) -> None:
        self.redraw()

    def on_blur(self) -> None:
        self.redraw()

    def _choose(self, index: int) -> None:
        if self.names:
            index = max(0, min(index, len(self.names) - 1))
            self._chosen = self.names[index]
            self._first = index // self._layout.count * self._layout.count

    def _after(self) -> None:
        self.redraw()
        self.post_message(self.Changed())

    def _chart(self, name: str, width: int, height: int, *, zoomed: bool = False) -> list[Row]:
        series = self.series[name]
        drawn = self._reduced(name, series, width)
        chosen = not zoomed and self.has_focus and name == self.chosen
        made_of = (series, drawn.columns, height, self._looks(series, drawn, zoomed), chosen)
        if drawn.made_of != made_of:
            drawn.rows = chart_rows(
                series, drawn.columns, width, height, made_of[3], middle=drawn.middle, chosen=chosen
            )
            drawn.made_of = made_of
        return drawn.rows

    def _looks(self, series: Series, drawn: _Drawn, zoomed: bool) -> Look:
        place = place_of(series, *self.moment, self.look.axis)
        if zoomed and self.probe is not None:
            place = self._place(drawn)
        look = replace(self.look, moment=place, plain=bool(getattr(self.app, "ascii", False)))
        judgement = self.judged.get(series.key)
        if judgement is None or judgement.status not in ("violated", "watch"):
            return look
        glyph, style = status_look(judgement.status, plain=look.plain)
        return replace(look, status=(glyph, judgement.status, style))

    def _reduced(self, name: str, series: Series, width: int) -> _Drawn:
        """The columns of a series: reduced again when it moved by what can be seen."""
        old = self._drawn.get(name)
        if old is not None and (old.width, old.axis) == (width, self.look.axis) and _looks_same(old, series):
            return old
        self.reduced += 1
        fine = reduce(series, plot_width(width) * DOTS_X * FINE, self.look.axis)
        columns, middle = fold(fine, FINE)
        if len(self._drawn) > _KEPT:
            self._drawn.clear()
        drawn = self._drawn[name] = _Drawn(series, columns, middle, width, self.look.axis, [])
        return drawn

    def _place(self, drawn: _Drawn) -> float:
        """The place on the x axis of the probe."""
        span = drawn.columns.end - drawn.columns.start
        return drawn.columns.start + span * ((self.probe or 0) + 0.5) / plot_width(drawn.width)

    def _lines_zoomed(self, name: str, width: int, height: int) -> list[Row]:
        series = self.series[name]
        judgement = self.judged.get(name)
        told = status_row(judgement, width, plain=bool(getattr(self.app, "ascii", False))) if judgement else []
        rows = self._chart(name, width, max(3, height - 2 - len(told)), zoomed=True)
        return [*rows, *(crop(row, width) for row in (*told, self._facts_row(series), self._probe_row(series)))]

    def _facts_row(self, series: Series) -> Row:
        drawn = self._drawn.get(series.key)
        extent = drawn.columns.extent if series.sampled and drawn is not None else None
        low, high = extent or (series.minimum, series.maximum)
        facts = [
            ("min", format_value(low)),
            ("max", format_value(high)),
            ("points", f"{series.count:,}" + (" and a sample of the rest" if series.sampled else "")),
            ("from", sanitise(series.source[:200])),
        ]
        row: list[tuple[str, str]] = [(" ", "")]
        for name, value in facts:
            row += [(f"{name} ", "dim"), (f"{value}  ", "value")]
        if series.nonfinite:
            row.insert(7, (f"{plural(series.nonfinite, 'NaN or infinite point')}  ", "error"))
        return tuple(row)

    def _probe_row(self, series: Series) -> Row:
        spot = self.probed()
        if spot is None:
            return ((" ←→ reads values, enter sets the time cursor there, esc goes back", "dim"),)
        place = spot.step if self.look.axis == "step" else spot.time
        span = 0.0 if self.look.axis == "time" else 1.0
        words = x_text(place, span, self.look.axis, stepless(series, self.look.axis)) if place is not None else "?"
        kind = "at step " if self.look.axis == "step" else "at "
        return ((f" {kind}", "dim"), (words, "key"), (": ", "dim"), (format_value(spot.value), "value bold"))


def _looks_same(old: _Drawn, series: Series) -> bool:
    """Whether a new reduction of `series` would look the same: few new points, none of them outside of the
    old."""
    if old.series is series:
        return True
    before = old.series
    quarter = max(1, before.count // (len(old.columns.low) * 4 or 1))
    return (
        0 <= series.count - before.count < quarter
        and series.overview is before.overview
        and (series.minimum, series.maximum, series.nonfinite) == (before.minimum, before.maximum, before.nonfinite)
        and quarter > 1
    )
