"""The metrics pane: pages, filter, one chart in full, and work only for what is visible and changed."""

from __future__ import annotations

from array import array
from dataclasses import replace
from typing import Any

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding

from lptui.model.chart_layout import ChartLayout
from lptui.model.events import Points
from lptui.model.finding import Finding
from lptui.model.readings import CheckpointReading, SourceStatus
from lptui.model.request import KeepLayout, LayoutRead, ReadLayout
from lptui.model.run import RunInfo
from lptui.state.run_state import Life, RunState
from lptui.stores.series import Series, extend
from lptui.tui.bindings import APP_BINDINGS, SCREEN_BINDINGS
from lptui.tui.panes import EAGER_DRAWS, Pane
from lptui.tui.panes.metrics import MetricsPane
from lptui.tui.widgets.chartgrid import ChartGrid
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


async def test_many_charts_of_a_run_that_goes_on_move_every_other_second_and_none_is_left_behind() -> None:
    app = Harness()
    async with app.run_test(size=(160, 50)) as pilot:
        running = replace(RunState(run=RunInfo("r", "/r")), life=Life(condition="running"))

        async def show(now: float, length: int, value: float = 0.5) -> int:
            series = {
                f"m/{word(i)}": extend(Series(f"m/{word(i)}", "s"), points("x", 0, length, value), 0.0)
                for i in range(12)
            }
            before = app.pane.grid.reduced
            app.pane.workspace = Workspace((replace(running, series=series, now=now),), None, now)
            await pilot.pause()
            return app.pane.grid.reduced - before

        for second in range(EAGER_DRAWS + 1):
            await show(100.0 + 2 * second, 40 + second)
        assert await show(117.0, 49) == 0
        assert app.pane.grid.sketches.owing
        assert await show(118.0, 49) == 12  # nothing new, but it had been left as it was
        assert not app.pane.grid.sketches.owing
        assert await show(119.0, 50, float("nan")) == 12  # what is not finite is shown at once


async def test_points_of_one_second_are_one_drawing_also_where_a_finding_goes_on_with_them() -> None:
    app = Harness()
    async with app.run_test(size=(160, 50)) as pilot:
        running = replace(RunState(run=RunInfo("r", "/r")), life=Life(condition="running"))
        finding = Finding(id="f", cls="c", severity="warning", title="t")

        async def draws(now: float, *states: RunState) -> int:
            before = app.pane._draws
            for state in states:
                app.pane.workspace = Workspace((replace(state, now=now),), None, now)
            await pilot.pause()
            return app.pane._draws - before

        def grown(step: int, *more: Finding) -> RunState:
            series = {"m/a": extend(Series("m/a", "s"), points("m/a", 0, 40 + step), 0.0)}
            return replace(running, series=series, findings=(replace(finding, step=step), *more))

        for second in range(EAGER_DRAWS + 1):
            await draws(100.0 + second, grown(second))
        assert await draws(120.0, *[grown(step) for step in range(20, 40)]) == 1
        assert await draws(120.0, grown(40, replace(finding, id="g"))) == 1  # another finding is shown at once
        assert await draws(121.0, grown(41)) == 1


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


async def test_where_a_filter_leaves_no_chart_there_is_none_to_click_or_to_go_to() -> None:
    app = Harness()
    async with app.run_test(size=(120, 40)) as pilot:
        app.pane.workspace = workspace(many(57))
        await pilot.pause()
        app.pane.action_filter()
        await pilot.press(*"zzz", "enter")
        await pilot.pause()
        grid = app.pane.grid
        await pilot.click(grid, offset=(40, 3))
        await pilot.press("down", "up", "pagedown", "pageup", "home", "end", "right", "left", "enter")
        await pilot.pause()
        assert "no metric matches 'zzz'" in app.shown
        assert app.pane.close()
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
        remote = RunState(RunInfo("r1", "wandb://lab/arena/r1"), 100.0)
        detail = "no API key for api.wandb.ai: set WANDB_API_KEY"
        failed = SourceStatus("wandb cloud", "failed", detail)
        app.pane.workspace = Workspace((replace(remote, statuses={"wandb cloud": failed}),))
        await pilot.pause()
        assert detail in app.shown  # and nothing of files that a run of the server has not


def with_loss(values: list[float], name: str = "r", *, key: str = "losses/loss") -> RunState:
    steps = array("d", [float(i) for i in range(len(values))])
    made = extend(Series(key, "wandb"), Points(key, steps, array("d", steps), array("d", values)), 0.0)
    return RunState(RunInfo(name, f"/{name}"), 100.0, series={key: made})


async def test_the_crosshair_reads_all_charts_at_one_place() -> None:
    app = Harness()
    async with app.run_test(size=(120, 40)) as pilot:
        app.pane.workspace = workspace(many(57))
        await pilot.pause()
        await pilot.press("c", *["left"] * 3)
        await pilot.pause()
        assert app.shown.count("@") == 20
        assert app.pane.grid.hair is not None
        assert 80 < app.pane.grid.hair < 99
        await pilot.press("home")
        await pilot.pause()
        assert app.pane.grid.hair == 0
        assert "values at 0" in app.pane.note(app.pane.workspace.run)
        assert app.pane.close()
        assert "values at" not in app.pane.note(app.pane.workspace.run)
        await pilot.pause()
        assert "@" not in app.shown


async def test_zoom_pan_follow_and_reset_move_all_charts() -> None:
    app = Harness()
    async with app.run_test(size=(120, 40)) as pilot:
        app.pane.workspace = workspace(many(57))
        await pilot.pause()
        grid = app.pane.grid
        await pilot.press("i")
        assert grid.window.span == (49.5, 99.0)
        await pilot.press("comma")
        assert grid.window.span == (37.125, 86.625)
        await pilot.press("o", "o")
        assert grid.window.whole
        await pilot.press("w")
        await pilot.pause()
        assert "last 5 steps" in str(app.pane.border_title)
        later = many(57, 150)
        app.pane.workspace = workspace(later)
        await pilot.pause()
        assert grid.shown_range(grid.feed.lines_of(grid.tiles[0])) == (144.0, 149.0)
        await pilot.press("0")
        assert grid.window.whole
        await pilot.press("I")
        assert grid.spans
        await pilot.press("shift+up", "0")
        assert not grid.spans


async def test_zooming_a_logarithmic_axis_out_stays_logarithmic() -> None:
    app = Harness()
    async with app.run_test(size=(80, 24)) as pilot:
        app.pane.workspace = Workspace((with_loss([10.0 ** (-i / 20) for i in range(100)]),), None, 100.0)
        await pilot.pause()
        await pilot.press("l", *"OO", "K")
        await pilot.pause()
        low, high = app.pane.grid.spans["losses/loss"]
        assert 0 < low < 1e-6
        assert high > 1e3
        assert "log" in app.shown
        for _ in range(20):
            await pilot.press("O")
        assert app.pane.grid.spans["losses/loss"][1] <= 1e308
        for _ in range(80):  # closer than two neighbouring numbers there is nothing
            await pilot.press("I")
        low, high = app.pane.grid.spans["losses/loss"]
        assert low < high


async def test_the_mouse_chooses_zooms_drags_and_reads() -> None:
    app = Harness()
    async with app.run_test(size=(120, 40)) as pilot:
        app.pane.workspace = workspace(many(57))
        await pilot.pause()
        grid = app.pane.grid
        await pilot.click(grid, offset=(40, 2))
        assert grid.chosen is grid.tiles[1]
        await pilot.click(grid, offset=(45, 3))
        assert grid.hair is not None
        await pilot.mouse_down(grid, offset=(40, 3))
        await pilot.hover(grid, offset=(50, 3))
        await pilot.mouse_up(grid, offset=(50, 3))
        await pilot.pause()
        assert grid.window.span is not None
        start, end = grid.window.span
        assert 0 < start < end < 99
        await pilot.press("0", "escape")
        await pilot.double_click(grid, offset=(10, 3))
        await pilot.pause()
        assert grid.zoomed


async def test_marks_are_gone_through_and_move_the_time_cursor() -> None:
    app = Harness()
    found = Finding("nan:1", "nan", "error", "loss is NaN", step=30, first_seen=30.0)
    saved = CheckpointReading("a.pt", "/c/a.pt", "policy", 1, 60.0, step=60)
    async with app.run_test(size=(120, 40)) as pilot:
        state = replace(with_loss([0.5] * 100), findings=(found,), checkpoints=(saved,))
        app.pane.workspace = Workspace((state,), None, 100.0)
        await pilot.pause()
        assert "▴" in app.shown
        await pilot.press("right_square_bracket")
        await pilot.pause()
        assert app.cursors[-1].finding_id == "nan:1"
        app.pane.workspace = Workspace((state,), app.cursors[-1], 100.0)
        await pilot.press("right_square_bracket")
        await pilot.pause()
        assert app.cursors[-1].checkpoint == "/c/a.pt"


async def test_families_open_as_tables_and_rows_as_charts() -> None:
    app = Harness()
    async with app.run_test(size=(120, 40)) as pilot:
        tasks = {f"env/task_{i:02d}/success": 100 for i in range(40)}
        series = {n: extend(Series(n, "w"), points(n, 0, c, i), 0.0) for i, (n, c) in enumerate(tasks.items())}
        app.pane.workspace = workspace({**many(3), **series})
        await pilot.pause()
        assert "env/*/success" in app.shown
        assert "40 metrics" in app.shown
        await pilot.press("end")
        app.pane.action_detail()
        await pilot.pause()
        assert app.pane.in_table
        assert "table of 40" in str(app.pane.border_title)
        await pilot.press("s")
        await pilot.pause()
        assert "task_39" in app.pane.list.shown[1]
        app.pane.action_detail()
        await pilot.pause()
        assert app.pane.grid.zoomed
        assert "env/task_39/success" in app.shown
        assert app.pane.close()
        assert app.pane.in_table
        assert app.pane.close()
        assert not app.pane.in_table
        await pilot.press("V")
        await pilot.pause()
        assert len(app.pane.grid.tiles) == 43


async def test_sections_fold_by_enter_and_are_chosen_by_keys() -> None:
    app = Harness()
    async with app.run_test(size=(120, 40)) as pilot:
        state = {**many(6), **{k.replace("family", "other"): v for k, v in many(3).items()}}
        app.pane.workspace = workspace(state)
        await pilot.press("u")
        await pilot.pause()
        assert "▾ family  6 charts" in app.shown
        await pilot.press("home")
        assert app.pane.grid.chosen_section == "family"
        app.pane.action_detail()
        await pilot.pause()
        assert "▸ family  6 charts" in app.shown
        assert "family/metric_aa" not in app.shown
        await pilot.press("down", "down")
        assert app.pane.grid.chosen is not None
        assert app.pane.grid.chosen.name.startswith("other/")


async def test_several_runs_are_lines_of_one_chart_and_the_best_is_told() -> None:
    app = Harness()
    async with app.run_test(size=(120, 40)) as pilot:
        one, two = with_loss([0.5] * 100, "arena_a"), with_loss([0.3] * 100, "arena_b")
        only = with_loss([1.0] * 100, "c", key="losses/other")
        app.pane.workspace = Workspace((one, two, only), None, 100.0, front=0, attached=3)
        await pilot.pause()
        assert "A arena_a 0.5" in app.shown
        assert "B arena_b 0.3" in app.shown
        assert "best" in app.shown[app.shown.index("B arena_b") :]
        assert "losses/other" in app.shown
        assert "C 1 →" in app.shown  # whose it is, where only one run has it
        assert "A arena_a, B arena_b, C c" in app.pane.note(one)
        app.pane.workspace = Workspace((one, two, only), None, 100.0, front=1, attached=3)
        await pilot.pause()
        assert app.shown.index("B arena_b") < app.shown.index("A arena_a")  # the one in front leads, in its colour


async def test_a_run_whose_newest_value_is_nan_is_not_the_best() -> None:
    app = Harness()
    async with app.run_test(size=(120, 40)) as pilot:
        broken, well = with_loss([0.1] * 99 + [float("nan")], "a"), with_loss([0.3] * 100, "b")
        worse = with_loss([0.5] * 100, "c")
        app.pane.workspace = Workspace((broken, well, worse), None, 100.0, front=0, attached=3)
        await pilot.pause()
        legend = next(row for row in app.pane.grid.shown if "A a NaN" in row)
        assert "NaN ✖" in legend
        assert "0.3 → (nan)" not in legend
        assert "best" in legend[legend.index("B b") : legend.index("C c")]


async def test_several_runs_have_a_column_each_in_the_table_and_together_says_why_not() -> None:
    app = Harness()
    async with app.run_test(size=(100, 30)) as pilot:
        one, two = with_loss([0.5] * 100, "arena_a"), with_loss([0.3] * 100, "arena_b")
        only = with_loss([1.0] * 100, "c", key="losses/other")
        app.pane.workspace = Workspace((one, two, only), None, 100.0, front=0, attached=3)
        await pilot.press("v")
        await pilot.pause()
        head, loss, other = app.pane.list.shown[:3]
        assert [word for word in head.split() if word in ("arena_a", "arena_b", "c")] == ["arena_a", "arena_b", "c"]
        assert loss.split() == ["losses/loss", "0.5", "0.3✓", "-0.2", "-"]
        assert other.split() == ["losses/other", "-", "-", "1"]
        styles = {style for text, style in app.pane.list._lines[0] if "arena_b" in text}
        assert styles == {"series-2 bold"}
        app.pane.workspace = Workspace((one, two, only), None, 100.0, front=1, attached=3)
        await pilot.pause()
        assert app.pane.list.shown[1].split() == ["losses/loss", "0.3✓", "0.5", "+0.2", "-"]
        before = app.pane.choice.wishes
        await pilot.press("b")
        assert any("stay apart" in note.message for note in app._notifications)
        assert app.pane.choice.wishes == before


async def test_favourites_lead_after_what_is_violated_and_are_kept() -> None:
    app = Harness(ChartLayout(favourites=("family/metric_dd",), log=True))
    async with app.run_test(size=(120, 40)) as pilot:
        app.pane.workspace = workspace(many(57))
        await pilot.pause()
        assert app.pane.grid.tiles[0].name == "family/metric_dd"
        assert "★" in app.pane.grid.shown[0]
        assert "log y" in str(app.pane.border_title)
        await pilot.press("home", "right", "F")
        await pilot.pause()
        kept = [r for r in app.asked if isinstance(r, KeepLayout)]
        assert kept[-1].layout.favourites == ("family/metric_dd", "family/metric_aa")
        await pilot.press("plus")
        await pilot.pause()
        assert isinstance(app.asked[-1], KeepLayout)


async def test_a_layout_that_cannot_be_read_is_told_once() -> None:
    app = Harness(None, "the layout of the charts is not understood")
    async with app.run_test(size=(120, 40)) as pilot:
        app.pane.workspace = workspace(many(3))
        await pilot.pause()
        app.pane.workspace = workspace(many(3))
        await pilot.pause()
        assert [type(r) for r in app.asked] == [ReadLayout]


HOSTILE = ["\x1b]0;pwned\x07[red]x[/red]", "a\nb\u202eevil", "x" * 10_000, "[@click=app.quit]go[/]", "é" * 50, "\x9b2J"]


@pytest.mark.parametrize("keys", ["", "v", "u", "c", "enter", "d"])
async def test_hostile_names_are_harmless_everywhere(keys: str) -> None:
    app = Harness()
    async with app.run_test(size=(80, 24)) as pilot:
        app.pane.workspace = workspace({n: extend(Series(n, n), points(n, 0, 50), 0.0) for n in HOSTILE})
        await pilot.pause()
        if keys == "enter":
            app.pane.action_detail()
        elif keys:
            await pilot.press(keys)
        await pilot.pause()
        text = "".join((*app.pane.grid.shown, *app.pane.list.shown))
        assert not set(text) & set("\x1b\x9b\x07\n\u202e")


async def test_twenty_thousand_metrics_are_one_page() -> None:
    app = Harness()
    async with app.run_test(size=(120, 40)) as pilot:
        one = extend(Series("x", "w"), points("x", 0, 20), 0.0)
        names = [f"env_agent/{a}_{chr(97 + b % 26)}{b}/{c}" for a in "xy" for b in range(100) for c in range(100)]
        app.pane.workspace = workspace(dict.fromkeys(names, one))
        await pilot.pause()
        assert len(app.pane.grid.tiles) < 300
        assert app.pane.grid.reduced <= 24
        await pilot.press("v")
        await pilot.pause()
        assert app.pane.in_table


def test_no_key_of_the_charts_hides_one_that_works_everywhere() -> None:
    everywhere = {key for b in (*APP_BINDINGS, *SCREEN_BINDINGS) for key in b.key.split(",")}
    mine = [b for b in (*ChartGrid.BINDINGS, *MetricsPane.BINDINGS) if isinstance(b, Binding)]
    assert not [key for b in mine for key in b.key.split(",") if key in everywhere]
    assert all(b.id and b.tooltip for b in mine)
    keys = [key for b in mine for key in b.key.split(",")]
    assert len(keys) == len(set(keys))


def wheel(kind: type[events.MouseEvent], grid: ChartGrid, x: int, y: int, **held: bool) -> events.MouseEvent:
    held = {"shift": False, "meta": False, "ctrl": False, **held}
    return kind(grid, x, y, 0, 0, 0, held["shift"], held["meta"], held["ctrl"])


async def test_the_wheel_scrolls_the_grid_and_zooms_at_the_pointer() -> None:
    app = Harness()
    async with app.run_test(size=(120, 40)) as pilot:
        app.pane.workspace = workspace(many(57))
        await pilot.pause()
        grid = app.pane.grid
        grid.post_message(wheel(events.MouseScrollDown, grid, 10, 3))
        await pilot.pause()
        assert "5–24 of 57" in str(app.pane.border_title)
        grid.post_message(wheel(events.MouseScrollUp, grid, 10, 3))
        await pilot.pause()
        grid.post_message(wheel(events.MouseScrollUp, grid, 17, 3, ctrl=True))
        await pilot.pause()
        assert grid.window.span is not None
        start, end = grid.window.span
        assert 0 < start < end < 99  # the pointer is in the middle: both ends came nearer
        grid.post_message(wheel(events.MouseScrollDown, grid, 17, 3, ctrl=True, shift=True))
        await pilot.pause()
        assert grid.window.span is not None
        assert grid.window.span[0] > start
        for _ in range(9):
            grid.post_message(wheel(events.MouseScrollDown, grid, 17, 3, ctrl=True))
        await pilot.pause()
        assert grid.window.whole


async def test_a_click_folds_a_section_and_goes_to_a_mark() -> None:
    app = Harness()
    saved = CheckpointReading("a.pt", "/c/a.pt", "policy", 1, 60.0, step=50)
    async with app.run_test(size=(120, 40)) as pilot:
        state = replace(with_loss([0.5] * 101), checkpoints=(saved,))
        app.pane.workspace = Workspace((state,), None, 100.0)
        await pilot.pause()
        grid = app.pane.grid
        row = next(i for i, line in enumerate(grid.shown) if "◆" in line)
        await pilot.click(grid, offset=(grid.shown[row].index("◆"), row))
        await pilot.pause()
        assert app.cursors[-1].checkpoint == "/c/a.pt"
        await pilot.press("u")
        await pilot.click(grid, offset=(3, 0))
        await pilot.pause()
        assert grid.folded == {"losses"}
