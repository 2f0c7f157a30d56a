"""Room and words: who gets the space, what is cut, and what is never called well."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_monitor import device, empty, failing, finding, healthy, make_app
from rich.segment import Segment
from rich.style import Style
from textual.pilot import Pilot
from textual.widgets import Input

from lptui.config.settings import Settings
from lptui.model.readings import GpuSweep, SourceStatus
from lptui.state.run_state import Curriculum, RunState, TaskRow
from lptui.tui.app import LptuiApp
from lptui.tui.conditions import unread_words
from lptui.tui.layout import QUIET, plan
from lptui.tui.panes import PANES, Pane
from lptui.tui.panes.findings import FindingsPane, nothing_found
from lptui.tui.panes.learning import signal_items
from lptui.tui.panes.machine import gpu_rows
from lptui.tui.panes.metrics import MetricsPane
from lptui.tui.screens.finding import finding_rows
from lptui.tui.widgets.chart import plot_width
from lptui.tui.widgets.charttitle import short_key
from lptui.tui.widgets.header import finding_line
from lptui.tui.widgets.logview import LogRows
from lptui.tui.widgets.metricorder import arrange
from lptui.tui.widgets.rows import LinesView, Row
from lptui.tui.widgets.strips import strip_of
from lptui.tui.widgets.tabs import Footer, Tabs

IDS = [pane_id for pane_id, _, _ in PANES]


@pytest.fixture(autouse=True)
def no_fence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pane, "fenced", False)


def text(row: Row) -> str:
    return "".join(part for part, _ in row)


async def settle(pilot: Pilot[int]) -> None:
    for _ in range(4):
        await pilot.pause()


def height_of(app: LptuiApp, pane_id: str) -> int:
    return app.screen_stack[0].query_one(f"#pane-{pane_id}").size.height


def test_without_findings_their_pane_is_small_and_the_charts_have_the_room() -> None:
    quiet, loud = (plan("wide", 200, 47, IDS, findings=n).boxes for n in (0, 2))
    assert quiet["findings"][3] == QUIET < loud["findings"][3]
    assert quiet["metrics"][3] > loud["metrics"][3]
    medium = plan("medium", 120, 35, IDS, findings=0).boxes
    assert medium["findings"][3] == QUIET


def test_each_gpu_gets_room_until_the_checkpoints_would_lose_theirs() -> None:
    none, two, many = (plan("wide", 200, 47, IDS, devices=n).boxes for n in (0, 2, 64))
    assert none["machine"][3] < two["machine"][3] <= many["machine"][3]
    assert many["checkpoints"][3] >= 5


async def test_the_boxes_follow_the_findings_while_the_run_goes_on() -> None:
    state = replace(healthy(), findings=())
    app, monitor = make_app(state)
    async with app.run_test(size=(200, 50)) as pilot:
        await settle(pilot)
        before = height_of(app, "findings")
        monitor.publish(replace(state, findings=failing().findings))
        await settle(pilot)
        assert height_of(app, "findings") > before
        pane = app.screen_stack[0].query_one("#pane-findings")
        assert "fix" in "\n".join(pane.query_one(LinesView).shown)  # drawn for the new height


@pytest.mark.parametrize("size", [(200, 50), (120, 40), (80, 24), (60, 15)])
async def test_four_headline_metrics_are_in_view(size: tuple[int, int]) -> None:
    app, _ = make_app(healthy())
    async with app.run_test(size=size) as pilot:
        await pilot.press("3")
        await settle(pilot)
        shown = "\n".join(app.screen_stack[0].query_one(MetricsPane).grid.shown)
    for name in ("reward", "policy_loss", "value_loss", "entropy"):
        assert name in shown


def test_one_headline_of_each_kind_comes_first() -> None:
    names = ["experience/rewards", "overview/reward", "eval_arena/score", "losses/policy_loss", "losses/entropy",
             "losses/value_loss", "zeta"]  # fmt: skip
    assert arrange(names) == [
        "overview/reward", "losses/policy_loss", "losses/value_loss", "losses/entropy", "eval_arena/score",
        "experience/rewards", "zeta",
    ]  # fmt: skip
    assert sorted(arrange(names)) == sorted(names)


def test_the_last_part_of_a_metric_stays_whole_for_as_long_as_it_can() -> None:
    assert short_key("losses/policy_loss", 18) == "losses/policy_loss"
    assert short_key("losses/policy_loss", 15) == "…/policy_loss"
    assert short_key("losses/policy_loss", 12) == "policy_loss"
    assert len(short_key("losses/policy_loss", 6)) == 6
    assert len(short_key("averyverylongmetricname", 10)) == 10


def test_charts_side_by_side_do_not_touch() -> None:
    assert all(plot_width(width) < width - 6 for width in (24, 30, 40, 100))


def test_why_there_is_no_gpu_is_told_in_full() -> None:
    why = "no NVIDIA driver library (libnvidia-ml.so.1) here: no GPU, or a container started without --gpus"
    state = replace(healthy(), gpu=GpuSweep((), why))
    rows = gpu_rows(state, 48, compact=False, plain=False)
    assert all(len(text(row)) <= 48 for row in rows)
    assert "".join(text(row).removeprefix("GPU").split()[0] for row in rows[:1])
    assert " ".join(" ".join(text(row) for row in rows).split()) == f"GPU {why}"


def test_the_signals_call_a_task_as_the_table_does() -> None:
    task = "/env/mettagrid/arena/combat_easy"
    known = healthy().curriculum.signals
    assert known is not None
    signals = replace(known, n_tasks=12, largest_probability=0.9, largest_task=task, zero_probability=(task,))
    table = Curriculum((TaskRow(task, "combat_easy"),), signals)
    items = {name: value for _, name, value in signal_items(signals, {r.task: r.name for r in table.rows})}
    assert items["largest p"] == "0.9 combat_easy"
    assert items["never sampled"] == "combat_easy"
    assert {n: v for _, n, v in signal_items(signals)}["never sampled"] == "combat_easy"


def silent() -> RunState:
    """All was read, and nothing of it is of the run."""
    statuses = {"host": SourceStatus("host", "ok"), "processes": SourceStatus("processes", "ok")}
    return replace(empty(), statuses=statuses, logs={}, series={}, checkpoints=())


def test_a_run_of_which_nothing_is_known_is_not_called_well() -> None:
    assert "nothing to judge yet" in text(finding_line(silent(), 100))
    assert "nothing to judge yet" in " ".join(text(row) for row in nothing_found(silent(), 60, plain=False))


async def test_the_footer_follows_a_search_that_ends() -> None:
    app, _ = make_app(healthy())
    async with app.run_test(size=(160, 50)) as pilot:
        await settle(pilot)
        footer = app.screen_stack[0].query_one(Footer)
        await pilot.press("1")
        await settle(pilot)
        before = footer.shown
        await pilot.press("slash", "x", "enter")
        await settle(pilot)
        assert "next match" in footer.shown[0]
        await pilot.press("escape")
        await settle(pilot)
        assert not app.screen_stack[0].query_one(Input).has_class("open")
        assert footer.shown == before


@pytest.mark.parametrize("width", [70, 72, 76, 80])
async def test_all_digits_of_the_tabs_are_in_view(width: int) -> None:
    state = replace(healthy(), findings=tuple(finding(i, id=f"f{i}", incident="") for i in range(12)))
    app, _ = make_app(state)
    async with app.run_test(size=(width, 20)) as pilot:
        await settle(pilot)
        shown = app.screen_stack[0].query_one(Tabs).shown[0]
    assert [word for word in shown.split() if word.isdigit()] == [str(i) for i in range(1, 9)]
    assert "(12)" in shown


async def test_after_a_suspend_the_whole_screen_is_drawn_again() -> None:
    app, _ = make_app(healthy())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        drawn: list[object] = []
        app.screen.refresh = lambda *args, **more: drawn.append((args, more))  # type: ignore[method-assign,assignment]
        app.app_resume_signal.publish(app)
        await settle(pilot)
        assert drawn == [((), {})]


def test_a_row_is_as_wide_as_its_view_whatever_rich_counts() -> None:
    vowels = "नि" * 5  # two cells each in a terminal, one in Rich's eyes
    strip = strip_of([Segment(vowels)], 10, 30, Style())
    assert strip.cell_length == 30
    assert strip.text == vowels + " " * 20


async def test_the_worst_finding_is_opened_until_the_reader_goes_there() -> None:
    late = finding(1, incident="")
    early = finding(2, id="b", severity="warning", incident="")
    app, monitor = make_app(replace(failing(), findings=(early,)))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        view = app.screen_stack[0].query_one(FindingsPane).view
        assert view.selected == "b"
        monitor.publish(replace(failing(), findings=(late, early)))
        await settle(pilot)
        assert view.selected == late.id
        await pilot.press("2", "down")
        monitor.publish(replace(failing(), findings=(finding(3, id="c", incident=""), late, early)))
        await settle(pilot)
        assert view.selected == "b"


async def test_in_ascii_the_marks_of_the_log_are_ascii_too() -> None:
    app, _ = make_app(healthy(), Settings(ascii=True))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        view = app.screen_stack[0].query_one(LogRows)
        view._lines = [(("cut here›", "value"), (" and there…", "dim"))]
        assert view.render_line(0).text.rstrip() == "cut here> and there~"


def test_the_detail_of_a_finding_says_what_to_do_before_the_evidence() -> None:
    rows = [text(row) for row in finding_rows(healthy(), finding(), 80, plain=False)]
    assert rows.index("What to do") < rows.index("What was seen") < rows.index("Why")


async def test_the_footer_offers_no_detail_where_enter_has_none() -> None:
    app, _ = make_app(healthy())
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        for digit, there in (("5", False), ("6", True)):
            await pilot.press(digit)
            await settle(pilot)
            assert ("enter detail" in app.screen_stack[0].query_one(Footer).shown[0]) is there


async def test_ctrl_c_says_which_key_leaves() -> None:
    app, _ = make_app(healthy(), Settings(keys={"quit": "x"}))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("ctrl+c")
        await settle(pilot)
        assert [note.message for note in app._notifications] == ["x leaves lptui; the run goes on"]


def test_why_a_gpu_tells_no_utilisation_does_not_cost_its_name() -> None:
    why = "MIG is on: the driver gives no utilisation of the whole GPU"
    mig = device(utilization=None, reasons=(("utilization", why),))
    for width in (48, 98):
        rows = [
            text(row) for row in gpu_rows(replace(healthy(), gpu=GpuSweep((mig,))), width, compact=False, plain=False)
        ]
        assert "H100" in rows[0]
        assert " ".join(" ".join(rows).split()).count(f"busy: {why}") == 1
        assert all(len(row) <= width for row in rows)


def test_a_lost_gpu_is_told_in_full() -> None:
    why = "GPU is lost: it no longer answers the driver; see `dmesg` for its Xid"
    state = replace(healthy(), gpu=GpuSweep((device(lost=why),)))
    rows = [text(row) for row in gpu_rows(state, 48, compact=False, plain=False)]
    assert "LOST" in rows[0]
    assert why in " ".join(" ".join(rows).split())


def test_what_cannot_be_read_is_not_said_to_be_still_read() -> None:
    statuses = {"gpu": SourceStatus("gpu", "failed", "no driver"), "log": SourceStatus("log", "ok", backfilling=True)}
    state = replace(empty(), statuses=statuses)
    assert unread_words(state) == "1 source cannot be read, 1 still being read"
    assert "cannot be read" in text(finding_line(state, 100))
    assert unread_words(replace(state, statuses={})) == ""


def test_one_task_is_no_collapse() -> None:
    known = healthy().curriculum.signals
    assert known is not None
    alone = replace(known, n_tasks=1, effective_tasks=1.0, largest_probability=1.0)
    assert {name: level for level, name, _ in signal_items(alone)}["effective tasks"] == "ok"
