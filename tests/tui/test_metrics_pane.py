"""The metrics pane: pages, filter, one chart in full, and work only for what is visible and changed."""

from __future__ import annotations

from array import array
from typing import Any

import pytest
from textual.app import App, ComposeResult

from lptui.model.chart_layout import ChartLayout
from lptui.model.events import Points
from lptui.model.request import LayoutRead, ReadLayout
from lptui.model.run import RunInfo
from lptui.state.run_state import RunState
from lptui.stores.series import Series, extend
from lptui.tui.panes import Pane
from lptui.tui.panes.metrics import MetricsPane
from lptui.tui.widgets.chartlayout import Layout, lay_out
from lptui.tui.workspace import Cursor, Workspace


class Harness(App[None]):
    CSS = "MetricsPane { border: round white; height: 1fr; } LinesView { height: 1fr; width: 1fr; }"

    def __init__(self, layout: ChartLayout | None = None, note: str = "") -> None:
        super().__init__()
        self.cursors: list[Cursor] = []
        self.asked: list[Any] = []
        self.kept = layout
        self.layout_note = note

    def compose(self) -> ComposeResult:
        yield MetricsPane()

    def on_mount(self) -> None:
        self.query_one(MetricsPane).focus_view()

    def on_pane_cursor_chosen(self, message: Pane.CursorChosen) -> None:
        self.cursors.append(message.cursor)

    def ask(self, request: Any, on_answer: Any) -> None:
        self.asked.append(request)
        if isinstance(request, ReadLayout):
            on_answer(LayoutRead(self.kept, self.layout_note))

    @property
    def pane(self) -> MetricsPane:
        return self.query_one(MetricsPane)

    @property
    def shown(self) -> str:
        return "\n".join(self.pane.grid.shown)


def points(key: str, start: int, count: int, value: float = 0.0) -> Points:
    steps = array("d", [float(start + i) for i in range(count)])
    times = array("d", [1000.0 + start + i for i in range(count)])
    return Points(key, steps, times, array("d", [value + (start + i) % 10 for i in range(count)]))


def word(number: int) -> str:
    """Names without numbers: those would be a family, and a table."""
    return "metric_" + "abcdefghij"[number // 10] + "abcdefghij"[number % 10]


def many(count: int, length: int = 100) -> dict[str, Series]:
    names = [f"family/{word(i)}" for i in range(count)]
    return {name: extend(Series(name, "wandb"), points(name, 0, length), 0.0) for name in names}


def workspace(series: dict[str, Series], cursor: Cursor | None = None) -> Workspace:
    return Workspace((RunState(RunInfo("r", "/r"), 100.0, series=series),), cursor, 100.0)


@pytest.mark.parametrize(
    ("size", "count", "layout"),
    [
        ((118, 38), 57, Layout(4, 5, 29, 7)),
        ((58, 13), 57, Layout(2, 2, 29, 6)),
        ((78, 20), 57, Layout(2, 2, 39, 10)),
        ((118, 38), 1, Layout(1, 1, 118, 38)),
        ((20, 4), 5, Layout(1, 1, 20, 4)),
        ((240, 60), 100, Layout(4, 6, 60, 10)),
    ],
)
def test_the_grid_fits_the_window(size: tuple[int, int], count: int, layout: Layout) -> None:
    assert lay_out(*size, count) == layout


async def test_pages_and_the_title_say_what_is_shown() -> None:
    app = Harness()
    async with app.run_test(size=(120, 40)) as pilot:
        app.pane.workspace = workspace(many(57))
        await pilot.pause()
        assert "1–20 of 57" in str(app.pane.border_title)
        assert "metric_aa" in app.shown
        await pilot.press("pagedown")
        await pilot.pause()
        assert "21–40 of 57" in str(app.pane.border_title)
        assert "metric_ca" in app.shown
        await pilot.press("end")
        await pilot.pause()
        assert "41–57 of 57" in str(app.pane.border_title)
        await pilot.press("home", "right", "down")
        await pilot.pause()
        assert app.pane.grid.chosen is not None
        assert app.pane.grid.chosen.name == "family/metric_af"


async def test_only_visible_and_changed_series_are_reduced() -> None:
    app = Harness()
    async with app.run_test(size=(120, 40)) as pilot:
        series = many(57)
        app.pane.workspace = workspace(series)
        await pilot.pause()
        assert app.pane.grid.reduced == 20
        app.pane.workspace = workspace(dict(series))
        await pilot.pause()
        assert app.pane.grid.reduced == 20
        drawn = app.pane.grid.drawn_rows
        name = "family/metric_ad"
        series = {**series, name: extend(series[name], points(name, 100, 50, 7.0), 1.0)}
        app.pane.workspace = workspace(series)
        await pilot.pause()
        assert app.pane.grid.reduced == 21
        assert 0 < app.pane.grid.drawn_rows - drawn <= 7
        hidden = "family/metric_fa"
        app.pane.workspace = workspace({**series, hidden: extend(series[hidden], points(hidden, 100, 50), 1.0)})
        await pilot.pause()
        assert app.pane.grid.reduced == 21


async def test_a_long_series_is_not_reduced_for_less_than_a_dot() -> None:
    app = Harness()
    async with app.run_test(size=(120, 40)) as pilot:
        series = many(1, 100_000)
        app.pane.workspace = workspace(series)
        await pilot.pause()
        name = "family/metric_aa"
        series = {name: extend(series[name], points(name, 100_000, 3), 1.0)}
        app.pane.workspace = workspace(series)
        await pilot.pause()
        assert app.pane.grid.reduced == 1
        assert " 2 " in app.pane.grid.shown[0]  # the value is the newest all the same


async def test_filter_is_live_and_escape_ends_it() -> None:
    app = Harness()
    async with app.run_test(size=(120, 40)) as pilot:
        app.pane.workspace = workspace(many(57))
        await pilot.pause()
        app.pane.action_filter()
        await pilot.press(*"ic_e")
        await pilot.pause()
        assert "10 of 57, filter 'ic_e'" in str(app.pane.border_title)
        assert app.pane.grid.tiles[0].name == "family/metric_ea"
        await pilot.press(*"zzz", "enter")
        await pilot.pause()
        assert "no metric matches 'ic_ezzz'" in app.shown
        assert app.pane.close()
        assert not app.pane.close()
        await pilot.pause()
        assert "1–20 of 57" in str(app.pane.border_title)


async def test_one_chart_in_full_reads_values_and_sets_the_time_cursor() -> None:
    app = Harness()
    async with app.run_test(size=(120, 40)) as pilot:
        app.pane.workspace = workspace(many(57))
        await pilot.pause()
        app.pane.action_detail()
        await pilot.pause()
        assert app.pane.grid.zoomed
        assert "min 0  max 9  points 100  from wandb" in app.shown
        await pilot.press("left", "left")
        await pilot.pause()
        assert ": " in app.pane.grid.shown[-1]
        assert app.pane.grid.shown[-1].startswith(" at step 98")
        app.pane.action_detail()
        await pilot.pause()
        assert (app.cursors[-1].step, app.cursors[-1].at) == (98.0, 1098.0)
        assert app.pane.close()
        assert app.pane.grid.hair is None
        assert app.pane.grid.zoomed
        assert app.pane.close()
        assert not app.pane.grid.zoomed


async def test_axes_and_columns() -> None:
    app = Harness()
    async with app.run_test(size=(120, 40)) as pilot:
        app.pane.workspace = workspace(many(57), Cursor(step=50.0))
        await pilot.pause()
        assert "┊" in app.shown
        await pilot.press("x")
        await pilot.pause()
        assert "wall time" in str(app.pane.border_title)
        assert "┊" in app.shown  # the step was found in time
        await pilot.press("minus")
        await pilot.pause()
        assert "1–15 of 57" in str(app.pane.border_title)
        await pilot.press("plus", "plus")
        await pilot.pause()
        assert "1–20 of 57" in str(app.pane.border_title)
        await pilot.press("l")
        await pilot.pause()
        assert "log y" in str(app.pane.border_title)


async def test_no_metrics_is_said() -> None:
    app = Harness()
    async with app.run_test(size=(80, 24)) as pilot:
        app.pane.workspace = workspace({})
        await pilot.pause()
        assert "no metrics found" in app.shown
