"""An app that ends without a traceback on the terminal: whoever ran it tells of the failure."""

from __future__ import annotations

from textual.app import App
from textual.driver import Driver


class FencedApp(App[int]):
    """Keeps what ended it in `failure`; nothing is printed, and nothing but errors of others comes to stderr."""

    def get_driver_class(self) -> type[Driver]:
        """Textual's, but for Linux's, which would draw on stderr."""
        from lptui.tui.outlet import to_stdout

        return to_stdout(super().get_driver_class())

    @property
    def failure(self) -> Exception | None:
        """The exception that ended the app, or None: whoever ran the app tells of it."""
        return self._exception

    def panic(self, *renderables: object) -> None:
        """A part of Textual without an exception to hand on gave up, such as its reader of the terminal."""
        if self._exception is None:
            self._exception = RuntimeError("; ".join(map(_panic_text, renderables)) or "the screen gave up")
        self._return_code = 1
        self._close_messages_no_wait()

    def _fatal_error(self) -> None:
        # Textual would print a traceback with the values of all variables, which may hold secrets of the run.
        self._close_messages_no_wait()


def _panic_text(renderable: object) -> str:
    """The last line of what Textual would have printed."""
    trace = getattr(renderable, "trace", None)  # of a rich Traceback
    if trace is None or not trace.stacks:
        return str(renderable)
    return f"{trace.stacks[0].exc_type}: {trace.stacks[0].exc_value}"
