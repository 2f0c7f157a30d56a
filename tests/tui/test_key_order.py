"""Keys that arrive in the same instant are answered in the order in which they were typed."""

from __future__ import annotations

import pytest
from fake_monitor import failing, make_app
from textual import events
from textual.keys import _character_to_key

from lptui.model.request import SearchLog, SeekLog, SiftLog
from lptui.tui.app import LptuiApp
from lptui.tui.panes.log import LogPane


def type_at_once(app: LptuiApp, text: str) -> None:
    """All keys are in the queue before the first is looked at; `\\r` is enter, `\\x1b` escape."""
    names = {"\r": "enter", "\x1b": "escape"}
    for character in text:
        app.post_message(events.Key(names.get(character) or _character_to_key(character), character))


@pytest.mark.parametrize(
    ("typed", "kind", "said"),
    [
        ("/attempt\r", SearchLog, "attempt"),
        ("/n[nN]zqf\r", SearchLog, "n[nN]zqf"),
        ("flevel:warning\r", SiftLog, "level:warning"),
        (":50%\r", SeekLog, "50.0"),
        ("2\x1b1/epoch\rfslow\r", SiftLog, "slow"),
    ],
)
async def test_what_is_typed_behind_a_key_reaches_the_line_that_it_opens(typed: str, kind: type, said: str) -> None:
    app, monitor = make_app(failing())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        type_at_once(app, typed)
        for _ in range(3 * len(typed)):
            await pilot.pause()
        asked = [request for request in monitor.asked if isinstance(request, kind)]
        assert asked, monitor.asked
        pane = app.screen.query_one(LogPane)
        assert said in f"{asked[-1]} {pane.filter.text}"
        assert not pane.entry.purpose
        assert pane.view.has_focus


async def test_a_dialog_that_closes_leaves_the_rest_to_the_screen_below() -> None:
    app, _ = make_app(failing())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        type_at_once(app, "?\x1b4z")
        for _ in range(20):
            await pilot.pause()
        assert len(app.screen_stack) == 1
        assert {pane.pane_id for pane in app.screen.query("Pane") if pane.display} == {"learning"}  # type: ignore[attr-defined]


async def test_a_paste_waits_its_turn_too() -> None:
    app, _ = make_app(failing())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        type_at_once(app, "/")
        app.post_message(events.Paste("slow env"))
        type_at_once(app, "!")
        for _ in range(12):
            await pilot.pause()
        assert app.screen.query_one(LogPane).entry.value == "slow env!"
