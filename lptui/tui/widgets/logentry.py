"""The one line at the bottom of the log pane in which a reader types: a search, a filter, a place, a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from textual.message import Message
from textual.widgets import Input

Purpose = Literal["", "search", "filter", "place", "save"]
_HINTS = {
    "search": "search: text or RE2 pattern",
    "filter": "text -not level:error rank:0-3 last:10m since:12:04 step:4M finding: +3",
    "place": "go to: line 1234, -100, 50%, 12:04, step 4M",
    "save": "save these rows as: a new file outside of the run",
}


class Entry(Input):
    """Hidden while it has no purpose. `take` is given what was typed when it is complete."""

    class Typed(Message):
        """The text changed."""

        def __init__(self, purpose: Purpose, text: str) -> None:
            super().__init__()
            self.purpose: Purpose = purpose
            self.text = text

    def __init__(self, take: Callable[[Purpose, str], None]) -> None:
        super().__init__(id="log-search", compact=True)
        self._take = take
        self.purpose: Purpose = ""

    def open(self, purpose: Purpose, text: str = "") -> None:
        """Ask for `purpose`, beginning with `text`."""
        self.purpose = purpose
        self.placeholder = _HINTS[purpose]
        self.value = text
        self.cursor_position = len(text)
        self.add_class("open")
        self.screen.set_focus(self)  # at once, so that no key typed right behind goes elsewhere

    def shut(self) -> None:
        """Hide."""
        self.purpose = ""
        self.remove_class("open")

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.purpose and event.value == self.value:
            self.post_message(self.Typed(self.purpose, event.value))

    async def action_submit(self) -> None:
        """The text is complete. It is taken at once, so that no key typed right behind goes to this line."""
        if self.purpose:
            self._take(self.purpose, self.value)
