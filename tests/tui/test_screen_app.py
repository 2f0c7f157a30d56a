"""The whole screen, driven by values: sizes, states, keys, freezing, hostile names, cost of a redraw."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fake_monitor import NOW, FakeMonitor, Shelf, empty, failing, finding, healthy, hostile, huge, make_app
from textual.pilot import Pilot
from textual.widgets import Input

from lptui.config.settings import Settings
from lptui.model.request import Acknowledge
from lptui.state.run_state import RunState
from lptui.tui.app import LptuiApp
from lptui.tui.panes import PANES, Pane
from lptui.tui.panes.findings import FindingsPane
from lptui.tui.panes.learning import LearningPane
from lptui.tui.screens.detail import DetailScreen
from lptui.tui.screens.help import HelpScreen
from lptui.tui.screens.run import RunScreen
from lptui.tui.screens.stage import is_open
from lptui.tui.widgets.rows import LinesView, RowsView

SIZES = [(200, 50), (120, 40), (80, 24), (60, 15)]
STATES = [healthy, failing, empty, huge]


@pytest.fixture(autouse=True)
def no_fence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pane, "fenced", False)


def picture(app: LptuiApp) -> list[str]:
    """The screen as text, line by line."""
    return [strip.text for strip in app.screen._compositor.render_strips(app.size)]


def run_screen(app: LptuiApp) -> RunScreen:
    screen = app.screen_stack[0]
    assert isinstance(screen, RunScreen)
    return screen


def displayed(app: LptuiApp) -> set[str]:
    return {pane.pane_id for pane in run_screen(app).query(Pane) if pane.display}


async def settle(pilot: Pilot[int]) -> None:
    for _ in range(3):
        await pilot.pause()


@pytest.mark.parametrize("make", STATES)
@pytest.mark.parametrize("size", SIZES)
async def test_every_state_at_every_size(size: tuple[int, int], make: Callable[[], RunState]) -> None:
    state = make()
    app, monitor = make_app(state)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        lines = picture(app)
        assert len(lines) == size[1]
        assert all(len(line) == size[0] for line in lines)
        whole = "\n".join(lines)
        assert state.life.condition in lines[0]
        if state.worst is not None:
            assert state.worst.title[:20] in "\n".join(lines[:2])
        if size[0] >= 80:
            assert state.run.name in lines[0]
            for title in ("Log", "Findings", "Metrics"):
                assert title in whole
    assert monitor.stopped == 1


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("pane_id", [pane_id for pane_id, _, _ in PANES])
async def test_each_digit_brings_its_pane_into_view(pane_id: str, size: tuple[int, int]) -> None:
    app, _ = make_app(failing())
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await pilot.press(run_screen(app).pane(pane_id).digit)
        await settle(pilot)
        pane = run_screen(app).pane(pane_id)
        assert pane.display
        assert run_screen(app).current is pane
        assert pane in run_screen(app).focused.ancestors_with_self  # type: ignore[union-attr]
        text = "".join(line for view in pane.query(LinesView) for line in view.shown)
        assert text.strip()


async def test_resizing_down_to_a_sentence_and_back() -> None:
    app, _ = make_app(failing())
    async with app.run_test(size=(200, 50)) as pilot:
        await settle(pilot)
        for size in ((60, 15), (40, 8), (20, 4), (10, 2), (120, 40), (200, 50)):
            await pilot.resize_terminal(*size)
            await settle(pilot)
            lines = picture(app)
            assert len(lines) == size[1]
            assert all(len(line) == size[0] for line in lines)
            assert "arena_lp" in lines[0] or "crashed" in lines[0]
        assert displayed(app) == {"log", "findings", "metrics", "learning", "machine", "checkpoints"}
        await pilot.press("4")
        focused = run_screen(app).focused
        assert focused is not None
        await pilot.resize_terminal(20, 5)
        await settle(pilot)
        await pilot.resize_terminal(120, 40)
        await settle(pilot)
        assert run_screen(app).focused is not None, "the pane has its keys again"


async def test_toasts_leave_a_small_window_to_the_panes() -> None:
    app, _ = make_app(failing())
    async with app.run_test(size=(60, 15), notifications=True) as pilot:
        await settle(pilot)
        for number in range(4):
            app.notify(f"told {number}, in many words " + "word " * 20, timeout=60)
        await settle(pilot)
        lines = picture(app)
        assert sum("word" in line for line in lines) == 2
        await pilot.resize_terminal(20, 5)
        await settle(pilot)
        assert not any("told" in line or "word" in line for line in picture(app))


async def test_a_visitor_comes_and_goes_in_the_wide_layout() -> None:
    app, _ = make_app(healthy())
    async with app.run_test(size=(200, 50)) as pilot:
        await settle(pilot)
        await pilot.press("7")
        await settle(pilot)
        assert {"config", "log", "metrics"} <= displayed(app)
        await pilot.press("escape")
        await settle(pilot)
        assert "config" not in displayed(app)


async def test_z_gives_the_window_to_one_pane_and_back() -> None:
    app, _ = make_app(healthy())
    async with app.run_test(size=(200, 50)) as pilot:
        await settle(pilot)
        await pilot.press("4", "z")
        await settle(pilot)
        assert displayed(app) == {"learning"}
        await pilot.press("escape")
        await settle(pilot)
        assert len(displayed(app)) == 6


async def test_tab_goes_round_all_panes_where_one_is_shown() -> None:
    app, _ = make_app(healthy())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        seen: list[str] = []
        for _ in PANES:
            await pilot.press("tab")
            await settle(pilot)
            seen.append(run_screen(app).current.pane_id)
        assert seen == [*[pane_id for pane_id, _, _ in PANES[1:]], "log"]


async def test_freezing_holds_the_picture_while_the_engine_goes_on() -> None:
    state = healthy()
    app, monitor = make_app(state)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("space")
        monitor.publish(replace(failing(), now=NOW + 20))
        await settle(pilot)
        lines = picture(app)
        assert "FROZEN 20s" in lines[0]
        assert "running" in lines[0]
        assert app.workspace.run is state
        await pilot.press("space")
        await settle(pilot)
        assert "crashed" in picture(app)[0]
        assert "FROZEN" not in picture(app)[0]


async def test_nothing_is_sent_to_the_terminal_for_a_state_that_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[object] = []
    real = LptuiApp._display

    def count(self: LptuiApp, screen: Any, renderable: Any) -> None:
        sent.append(renderable)
        real(self, screen, renderable)

    monkeypatch.setattr(LptuiApp, "_display", count)
    state = replace(healthy(), life=replace(healthy().life, condition="finished"))
    app, monitor = make_app(state)
    async with app.run_test(size=(200, 50)) as pilot:
        await settle(pilot)
        await settle(pilot)
        sent.clear()
        for later in range(1, 5):
            monitor.publish(replace(state, now=NOW + later))
            await settle(pilot)
        assert [s for s in sent if s is not None] == []


async def test_a_state_that_says_the_same_draws_nothing_and_an_age_draws_little() -> None:
    state = healthy()
    app, monitor = make_app(state)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)

        def drawn() -> int:
            return sum(view.drawn_rows for view in run_screen(app).query(LinesView))

        before = drawn()
        for _ in range(5):
            monitor.publish(replace(state))
            await settle(pilot)
        assert drawn() == before
        monitor.publish(replace(state, now=NOW + 1))
        await settle(pilot)
        assert before < drawn() <= before + 1


@pytest.mark.parametrize(("size", "digits"), [((200, 50), "1"), ((80, 24), "123456")])
async def test_a_finished_run_draws_nothing_as_time_goes_by(size: tuple[int, int], digits: str) -> None:
    state = replace(healthy(), life=replace(healthy().life, condition="finished"), gpu=None)
    app, monitor = make_app(state)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        for digit in digits:
            await pilot.press(digit)
            await settle(pilot)
            before = sum(view.drawn_rows for view in run_screen(app).query(LinesView))
            for later in (1, 100, 100_000):
                monitor.publish(replace(state, now=NOW + later))
                await pilot.pause()
            assert sum(view.drawn_rows for view in run_screen(app).query(LinesView)) == before


async def test_next_finding_moves_all_panes_to_its_moment() -> None:
    app, _ = make_app(failing())
    async with app.run_test(size=(200, 50)) as pilot:
        await settle(pilot)
        await pilot.press("n")
        await settle(pilot)
        cursor = app.workspace.cursor
        assert cursor is not None
        assert cursor.finding_id == "oom:1"
        assert cursor.anchor is not None
        await pilot.press("n")
        await settle(pilot)
        assert app.workspace.cursor is not None
        assert app.workspace.cursor.finding_id == "nccl:1"
        findings = run_screen(app).pane("findings")
        assert isinstance(findings, FindingsPane)
        assert findings.view.selected == "nccl:1"
        checkpoints = run_screen(app).pane("checkpoints").query_one(RowsView)
        assert checkpoints.selected == "/data/arena_lp/checkpoints/arena_lp_0009.pt"
        await pilot.press("N", "N")
        await settle(pilot)
        assert app.workspace.cursor is not None
        assert app.workspace.cursor.finding_id == "nan:1"  # round the corner, to the last


async def test_y_copies_the_fix_and_says_so() -> None:
    app, _ = make_app(failing())
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settle(pilot)
        await pilot.press("2", "y")
        await settle(pilot)
        assert app.clipboard == "./devops/run.sh run=arena_lp trainer.batch_size=262144"
        assert any("trainer.batch_size=262144" in n.message for n in app._notifications)


async def test_y_without_a_fix_copies_nothing() -> None:
    app, _ = make_app(healthy())
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settle(pilot)
        await pilot.press("y")
        assert app.clipboard == ""
        assert any("nothing to copy" in n.message for n in app._notifications)


async def test_a_asks_the_engine_to_acknowledge() -> None:
    app, monitor = make_app(failing())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("2", "right", "down", "a")
        await settle(pilot)
        assert [r for r in monitor.asked if isinstance(r, Acknowledge)] == [Acknowledge("nccl:1")]


async def test_enter_opens_all_of_a_finding() -> None:
    app, _ = make_app(failing())
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("2", "enter")
        await settle(pilot)
        assert isinstance(app.screen, DetailScreen)
        whole = "\n".join(app.screen.query_one(RowsView).shown)
        for part in ("What was seen", "logs/script.log:5", "What to do", "batch_size=262144", "Why", "How to see"):
            assert part in whole
        await pilot.press("y")
        assert app.clipboard.endswith("262144")
        await pilot.press("escape")
        assert isinstance(app.screen, RunScreen)


@pytest.mark.parametrize(("digit", "words"), [("7", "arena_lp"), ("4", "learning progress")])
async def test_enter_opens_other_things(digit: str, words: str) -> None:
    app, _ = make_app(failing())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press(digit, "enter")
        await settle(pilot)
        assert isinstance(app.screen, DetailScreen)
        assert words in "\n".join(app.screen.query_one(RowsView).shown)


async def test_help_lists_every_binding_with_its_tooltip() -> None:
    app, _ = make_app(healthy())
    async with app.run_test(size=(100, 200)) as pilot:
        await settle(pilot)
        await pilot.press("question_mark")
        await settle(pilot)
        assert isinstance(app.screen, HelpScreen)
        whole = "\n".join(app.screen.query_one(RowsView).shown)
        for words in ("Everywhere", "Next colour theme", "Learning progress", "Sort the tasks", "Leave lptui"):
            assert words in whole
        assert whole.index("Wrap long lines") < whole.index("Everywhere")  # those of the pane with the focus come first
        await pilot.press("escape")
        assert isinstance(app.screen, RunScreen)


async def test_every_binding_has_an_id_and_a_tooltip() -> None:
    app, _ = make_app(healthy())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        nodes = [app, run_screen(app), *run_screen(app).query(Pane), *run_screen(app).query(LinesView)]
        ours = [
            b
            for node in nodes
            for c in [type(node)]
            if c.__module__.startswith("lptui")
            for b in vars(c).get("BINDINGS", ())
        ]
        assert len(ours) > 20
        assert all(b.id and b.tooltip for b in ours), [b for b in ours if not (b.id and b.tooltip)]


async def test_keys_can_be_remapped() -> None:
    app, _ = make_app(healthy(), Settings(keys={"freeze": "f6", "pane.learning": "l"}))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("f6")
        assert app.workspace.frozen_at is not None
        await pilot.press("l")
        await settle(pilot)
        assert run_screen(app).current.pane_id == "learning"


async def test_the_palette_is_made_of_the_bindings() -> None:
    app, _ = make_app(healthy())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        commands = list(app.get_system_commands(app.screen))
        titles = [command.title for command in commands]
        assert "Freeze (space)" in titles
        assert "Theme: paper" in titles
        next(c for c in commands if c.title == "Checkpoints (6)").callback()
        await settle(pilot)
        assert run_screen(app).current.pane_id == "checkpoints"


async def test_q_ends_the_screen_and_stops_the_monitor() -> None:
    app, monitor = make_app(healthy())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("q")
    assert monitor.stopped == 1
    assert app.return_code == 0


async def test_config_is_searched_as_one_types() -> None:
    app, _ = make_app(huge())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("7", "slash", *"key_4999")
        await settle(pilot)
        pane = run_screen(app).pane("config")
        shown = [line for line in pane.query_one(RowsView).shown if line.strip()]
        assert len(shown) == 1
        await pilot.press("enter", "escape")
        await settle(pilot)
        assert not pane.query_one(Input).display
        assert len([line for line in pane.query_one(RowsView).shown if line.strip()]) > 10


async def test_sorting_of_tasks() -> None:
    app, _ = make_app(healthy())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("4")
        await settle(pilot)
        pane = run_screen(app).pane("learning")
        assert isinstance(pane, LearningPane)
        assert pane.view.shown[4].startswith("arena/basic_easy")
        await pilot.press("s", "s")
        await settle(pilot)
        assert pane.view.shown[4].startswith(("nav/corridors", "mem/keys"))


@pytest.mark.parametrize("size", [(200, 50), (60, 15)])
async def test_hostile_names_neither_steer_the_terminal_nor_become_markup(size: tuple[int, int]) -> None:
    app, _ = make_app(hostile())
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        for digit in "12345678":
            await pilot.press(digit)
            await settle(pilot)
            await pilot.press("enter")
            await settle(pilot)
            for strip in app.screen._compositor.render_strips(app.size):
                for segment in strip:
                    assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or c == "\u202e" for c in segment.text)
                    assert segment.style is None or "@click" not in segment.style.meta
            await pilot.press("escape")
            await settle(pilot)
        assert "[red]x" in "".join(picture(app))


async def test_a_pane_that_raises_says_so_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object) -> object:
        raise ZeroDivisionError("boom")

    monkeypatch.setattr(Pane, "fenced", True)
    monkeypatch.setattr(LearningPane, "page", broken)
    app, _ = make_app(healthy())
    async with app.run_test(size=(200, 50)) as pilot:
        await settle(pilot)
        whole = "\n".join(picture(app))
        assert "this pane failed (ZeroDivisionError)" in whole
        assert "arena_lp_0009" in whole or "…p_0009.pt" in whole


async def test_before_the_first_state_the_painted_picture_stays() -> None:
    painted = (" arena_lp  running", "last line of the log \x1b[31m")
    app = LptuiApp(FakeMonitor(None), Settings(), themes=Shelf(), first_rows=lambda: painted)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        lines = picture(app)
        assert lines[0].startswith(" arena_lp  running")
        assert lines[1].startswith("last line of the log")
        assert "\x1b" not in "".join(lines)


async def test_the_painted_picture_stays_until_the_log_is_in_hand() -> None:
    whole = replace(failing(), began=failing().now)
    nothing_yet = replace(whole, logs={}, statuses={})
    monitor = FakeMonitor(nothing_yet)
    app = LptuiApp(monitor, Settings(), themes=Shelf(), first_rows=lambda: (" painted",))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert picture(app)[0].startswith(" painted"), "and no empty panes in its place"
        monitor.publish(whole)
        await settle(pilot)
        assert any("1 Log" in line for line in picture(app))
    assert is_open(replace(nothing_yet, now=whole.now + 1.0)), "a mount that hangs is told, not waited for"


async def test_ascii_mode_draws_ascii_only() -> None:
    app, _ = make_app(replace(failing(), logs={}, series={}), Settings(ascii=True))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        for digit in "245678":
            await pilot.press(digit)
            await settle(pilot)
            pane = run_screen(app).current
            for view in pane.query(LinesView):
                for y in range(view.size.height):
                    assert view.render_line(y).text.isascii(), view.render_line(y).text


async def test_new_findings_arrive_while_an_old_one_is_selected() -> None:
    app, monitor = make_app(replace(failing(), findings=(finding(2, id="b", severity="warning", incident=""),)))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("2")
        monitor.publish(
            replace(failing(), findings=(finding(1, incident=""), finding(2, id="b", severity="warning", incident="")))
        )
        await settle(pilot)
        pane = run_screen(app).pane("findings")
        assert isinstance(pane, FindingsPane)
        assert pane.view.selected == "b"


def test_the_app_imports_nothing_heavy() -> None:
    code = "import sys, lptui.tui.app, lptui.tui.screens.run; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"numpy", "yaml", "omegaconf", "psutil", "pynvml", "watchdog", "torch", "wandb", "re2"}
    assert not heavy & set(done.stdout.split())
