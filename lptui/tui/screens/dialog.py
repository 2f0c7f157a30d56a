"""The frame of detail and help: a page over the run screen, the whole window where that is small."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from lptui.tui.widgets.rows import Compute, RowsView


class Dialog(ModalScreen[None]):
    """Scrolls one page of rows."""

    def framed(self, title: str, hint: str, page: Compute) -> ComposeResult:
        """The dialog's only content."""
        box = Vertical(classes="dialog")
        box.border_title, box.border_subtitle = Content(title), Content(hint)
        with box:
            yield RowsView(page)

    def on_mount(self) -> None:
        self.query_one(RowsView).focus()

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width < 90 or event.size.height < 30, "-small")

    def action_close(self) -> None:
        self.dismiss()
