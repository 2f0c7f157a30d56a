"""Several runs in one screen: switching, what stays and what does not, the header, toasts, the end."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_monitor import NOW, FakeMonitor, Shelf, failing, finding, healthy
from textual.pilot import Pilot

from lptui.config.settings import Settings
from lptui.model.readings import SourceStatus
from lptui.model.request import ReadLog
from lptui.state.run_state import RunState
from lptui.tui.app import LptuiApp
from lptui.tui.attached import FREEZES
from lptui.tui.panes import Pane
from lptui.tui.screens.help import HelpScreen
from lptui.tui.screens.run import RunScreen
from lptui.tui.workspace import Cursor


@pytest.fixture(autouse=True)
def no_fence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pane, "fenced", False)


def named(state: RunState, name: str) -> RunState:
    return replace(state, run=replace(state.run, name=name, path=f"/data/{name}"))


def make_app(*states: RunState | None) -> tuple[LptuiApp, list[FakeMonitor]]:
    monitors = [FakeMonitor(state) for state in states]
    return LptuiApp(monitors, Settings(), themes=Shelf()), monitors


def front(app: LptuiApp) -> RunScreen:
    screen = app.screen_stack[0]
    assert isinstance(screen, RunScreen)
    return screen


def head(app: LptuiApp) -> str:
    return "\n".join(front(app)._header.shown)


async def settle(pilot: Pilot[int]) -> None:
    for _ in range(4):
        await pilot.pause()


@pytest.mark.parametrize("size", [(200, 50), (120, 40), (80, 24), (60, 15)])
async def test_r_goes_round_and_the_header_says_where(size: tuple[int, int]) -> None:
    app, _ = make_app(named(healthy(), "one"), named(failing(), "two"), named(healthy(), "three"))
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        for place, name in ((1, "one"), (2, "two"), (3, "three"), (1, "one")):
            assert f"{place}/3" in head(app)
            assert app.workspace.run.run.name == name
            assert [s.run.name for s in app.workspace.others] == [n for n in ("one", "two", "three") if n != name]
            await pilot.press("r")
            await settle(pilot)


async def test_a_single_run_says_nothing_of_others_and_r_says_why() -> None:
    app, _ = make_app(named(healthy(), "one"))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert "1/1" not in head(app)
        assert "others" not in head(app)
        await pilot.press("r")
        await settle(pilot)
        assert any("no other run" in note.message for note in app._notifications)


async def test_the_layout_goes_along_and_the_place_in_a_run_stays() -> None:
    app, _ = make_app(named(healthy(), "one"), named(healthy(), "two"))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        first = front(app)
        await pilot.press("3", "z")
        await settle(pilot)
        await pilot.press("r")
        await settle(pilot)
        second = front(app)
        assert second is not first
        assert second.current.pane_id == "metrics"
        assert [pane.pane_id for pane in second.query(Pane) if pane.display] == ["metrics"]
        await pilot.press("7", "r")
        await settle(pilot)
        assert front(app) is first
        assert first.current.pane_id == "config"


async def test_the_cursor_keeps_its_step_and_loses_what_belongs_to_a_run() -> None:
    app, _ = make_app(named(failing(), "one"), named(healthy(), "two"))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        app.point_at(Cursor(at=NOW, step=7e6, finding_id="oom:1", origin="log"))
        await pilot.press("r")
        await settle(pilot)
        assert app.workspace.cursor == Cursor(step=7e6)


async def test_the_others_findings_are_counted_in_the_header_and_the_worst_is_named() -> None:
    app, monitors = make_app(named(healthy(), "one"), named(failing(), "two"))
    async with app.run_test(size=(160, 40)) as pilot:
        await settle(pilot)
        assert "others: 1 error, 1 warning, 1 note" in head(app)
        assert "two: CUDA out of memory" in head(app)
        quiet = named(healthy(), "two")
        monitors[1].publish(replace(quiet, now=NOW + 1))
        monitors[0].publish(replace(named(healthy(), "one"), now=NOW + 1))
        await settle(pilot)
        assert "others: " in head(app)
        assert "error" not in head(app)
        assert "running" in head(app)


async def test_a_run_that_is_not_in_front_draws_nothing_and_is_there_when_it_comes_to_the_front() -> None:
    app, monitors = make_app(named(healthy(), "one"), named(healthy(), "two"))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        before = app.workspace
        later = replace(named(healthy(), "two"), now=NOW + 5, findings=(finding(1),))
        monitors[1].publish(later)
        await settle(pilot)
        assert app.workspace is before
        await pilot.press("r")
        await settle(pilot)
        assert app.workspace.run is later


async def test_a_run_that_was_not_heard_of_yet_is_opening() -> None:
    app, monitors = make_app(named(healthy(), "one"), None)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert "1/2" in head(app)
        await pilot.press("r")
        await settle(pilot)
        assert front(app).has_class("-opening")
        monitors[1].publish(named(healthy(), "two"))
        await settle(pilot)
        assert not front(app).has_class("-opening")
        assert "2/2" in head(app)


async def test_frozen_stays_frozen_over_a_switch() -> None:
    app, monitors = make_app(named(healthy(), "one"), named(healthy(), "two"))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        held = app.workspace.runs
        await pilot.press("space")
        monitors[0].publish(replace(named(healthy(), "one"), now=NOW + 60))
        monitors[1].publish(replace(named(healthy(), "two"), now=NOW + 60))
        await pilot.press("r")
        await settle(pilot)
        assert "FROZEN" in head(app)
        assert app.workspace.run is held[1]
        await pilot.press("space")
        await settle(pilot)
        assert app.workspace.run.now == NOW + 60


async def test_requests_go_to_the_run_in_front() -> None:
    app, monitors = make_app(named(healthy(), "one"), named(healthy(), "two"))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("r")
        await settle(pilot)
        asked = [len(m.asked) for m in monitors]
        app.ask(ReadLog("x", 0, 1), lambda _answer: None)
        assert [len(m.asked) for m in monitors] == [asked[0], asked[1] + 1]


async def test_news_of_another_run_are_told_with_its_name() -> None:
    app, monitors = make_app(named(healthy(), "one"), named(healthy(), "two"))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        two = named(healthy(), "two")
        monitors[1].publish(replace(two, now=NOW + 10))
        monitors[1].publish(replace(two, now=NOW + 20, findings=(finding(1),)))
        await settle(pilot)
        monitors[1].publish(replace(two, now=NOW + 21, findings=(finding(1), finding(2, id="new", role="root"))))
        await settle(pilot)
        assert any(note.title.startswith("two: new error") for note in app._notifications)


async def test_help_closes_to_the_run_it_was_opened_over_and_q_stops_all() -> None:
    app, monitors = make_app(named(healthy(), "one"), named(healthy(), "two"))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("r", "question_mark")
        await settle(pilot)
        assert isinstance(app.screen, HelpScreen)
        await pilot.press("r")  # not here
        await settle(pilot)
        assert isinstance(app.screen, HelpScreen)
        await pilot.press("escape", "q")
        await settle(pilot)
    assert [m.stopped for m in monitors] == [1, 1]


HOSTILE = "[red]x[/red]\x1b[31m\x1b]0;pwned\x07\u202eevil\n[@click=app.quit]go[/]"


async def test_a_hostile_name_of_another_run_is_harmless() -> None:
    other = named(failing(), HOSTILE)
    app, monitors = make_app(named(healthy(), "one"), replace(other, findings=(finding(1, title=HOSTILE),)))
    async with app.run_test(size=(200, 40)) as pilot:
        await settle(pilot)
        assert "\x1b" not in head(app)
        assert "\u202e" not in head(app)
        monitors[1].publish(replace(other, now=NOW + 10, findings=()))
        monitors[1].publish(replace(other, now=NOW + 20, findings=(finding(7, id="n", title=HOSTILE),)))
        await settle(pilot)
        assert all("\x1b" not in note.title + note.message for note in app._notifications)


async def test_only_the_run_in_front_is_followed_closely() -> None:
    app, monitors = make_app(named(healthy(), "one"), named(failing(), "two"), named(healthy(), "three"))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert [monitor.close for monitor in monitors] == [True, False, False]
        await pilot.press("r")
        await settle(pilot)
        assert [monitor.close for monitor in monitors] == [False, True, False]


async def test_what_history_leaves_is_not_searched_for_garbage(monkeypatch: pytest.MonkeyPatch) -> None:
    frozen: list[bool] = []
    monkeypatch.setattr("lptui.tui.attached.gc.freeze", lambda: frozen.append(True))
    reading = {"log": SourceStatus("log", "ok", backfilling=True)}
    app, (monitor,) = make_app(healthy())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        at_start = len(frozen)
        for second in range(3):
            for _ in range(4):  # states of one second
                monitor.publish(replace(healthy(), now=healthy().now + second, statuses=reading))
        assert len(frozen) == at_start + 3
        monitor.publish(replace(healthy(), now=healthy().now + 9))
        assert len(frozen) == at_start + 3
        for second in range(10, 500):  # a mount that hangs: never read to its end
            monitor.publish(replace(healthy(), now=healthy().now + second, statuses=reading))
        assert len(frozen) == at_start + FREEZES
