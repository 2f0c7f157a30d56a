"""The key that asks the W&B server: nothing is asked before the reader says yes, and again ends it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_monitor import healthy, make_app
from textual.pilot import Pilot

from lptui.model.run import RunInfo
from lptui.model.server_request import AskServer, LeaveServer
from lptui.state.run_state import RunState, Seen
from lptui.tui.idle import idle_bindings
from lptui.tui.panes import Pane
from lptui.tui.panes.runinfo import server_rows
from lptui.tui.screens.run import RunScreen
from lptui.tui.screens.server import ServerScreen

ADDRESS = "lab/arena/r\x1b1"


@pytest.fixture(autouse=True)
def no_fence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pane, "fenced", False)


def known() -> RunState:
    state = healthy()
    return replace(state, seen={**state.seen, "wandb_address": Seen("wandb_address", ADDRESS, "W&B")})


async def settle(pilot: Pilot[int]) -> None:
    for _ in range(3):
        await pilot.pause()


def words(state: RunState) -> str:
    return "\n".join("".join(text for text, _ in row) for row in server_rows(state, 120, plain=True))


async def test_the_server_is_asked_only_after_a_yes_and_no_more_after_the_key_again() -> None:
    app, monitor = make_app(known())
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("X")
        await settle(pilot)
        assert isinstance(app.screen, ServerScreen)
        await pilot.press("escape")
        await settle(pilot)
        assert not any(isinstance(request, AskServer) for request in monitor.asked)
        await pilot.press("X", "enter")
        await settle(pilot)
        assert monitor.asked[-1] == AskServer(ADDRESS)
        assert isinstance(app.screen, RunScreen)
        monitor.publish(replace(known(), run=replace(known().run, cloud=ADDRESS)))
        await settle(pilot)
        await pilot.press("X")
        await settle(pilot)
        assert monitor.asked[-1] == LeaveServer()


async def test_where_no_record_is_known_the_key_says_so() -> None:
    app, monitor = make_app(healthy())
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settle(pilot)
        await pilot.press("X")
        await settle(pilot)
        assert isinstance(app.screen, RunScreen)
        assert any("no W&B record is known" in str(note.message) for note in app._notifications)
        remote = RunInfo("r", "wandb://lab/arena/r", "generic", cloud="lab/arena/r")
        monitor.publish(replace(healthy(), run=remote))
        await settle(pilot)
        await pilot.press("X")
        await settle(pilot)
        assert any("asked anyway" in str(note.message) for note in app._notifications)
        assert not any(isinstance(request, AskServer | LeaveServer) for request in monitor.asked)


async def test_the_footer_shows_the_key_where_it_means_something() -> None:
    app, monitor = make_app(known())
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        screen = app.screen
        assert isinstance(screen, RunScreen)
        assert "server" not in idle_bindings(screen.pane("run"), app.workspace)
        assert "server" in idle_bindings(screen.pane("log"), app.workspace)
        monitor.publish(healthy())
        await settle(pilot)
        assert "server" in idle_bindings(screen.pane("run"), app.workspace)


def test_the_run_pane_says_that_there_is_a_record_and_whether_it_is_asked() -> None:
    assert "W&B server" not in words(healthy())
    assert "X asks it" in words(known())
    assert "\x1b" not in words(known())
    asked = replace(known(), run=replace(known().run, cloud="lab/arena/r1"))
    assert "lab/arena/r1  X ceases to ask it" in words(asked)
