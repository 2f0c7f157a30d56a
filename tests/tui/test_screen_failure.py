"""When the screen itself fails: no traceback on the terminal, the exception goes to whoever ran the app."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from fake_monitor import healthy, make_app
from rich.traceback import Traceback

from lptui.tui.screens.run import RunScreen


def boom(_self: RunScreen) -> None:
    secret = "hf_not_for_the_terminal"
    raise ValueError(f"boom of {len(secret)}")


async def test_an_exception_ends_the_app_without_a_word_and_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RunScreen, "action_freeze", boom)
    app, monitor = make_app(healthy())
    with pytest.raises(ValueError, match="boom"):
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            await pilot.press("space")
    assert isinstance(app.failure, ValueError)
    assert app.return_code == 1
    assert not app._exit_renderables  # what Textual would print: a traceback with all local variables
    assert monitor.stopped == 1


async def test_a_screen_that_ends_by_itself_has_no_failure() -> None:
    app, _ = make_app(healthy())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("q")
    assert app.failure is None


def traceback_of(error: Exception) -> Traceback:
    try:
        raise error
    except type(error):
        return Traceback()


@pytest.mark.parametrize(
    ("renderables", "words"),
    [((), "gave up"), (("no input",), "no input"), ((traceback_of(OSError("gone")),), "OSError: gone")],
)
async def test_a_panic_of_textual_is_a_failure_too(renderables: Sequence[object], words: str) -> None:
    app, _ = make_app(healthy())
    with pytest.raises(RuntimeError, match=words):
        async with app.run_test(size=(80, 24)):
            app.panic(*renderables)
    assert not app._exit_renderables


async def test_an_engine_that_can_make_no_more_states_ends_the_screen() -> None:
    app, monitor = make_app(healthy())
    with pytest.raises(KeyError, match="fold"):
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            monitor.fail(KeyError("fold"))
            await pilot.pause()
    assert isinstance(app.failure, KeyError)
