"""One line that says what a pane's frame would say, where the window is too small for a frame."""

from __future__ import annotations

from collections.abc import Sequence

from textual.widget import Widget

from lptui.text import cell_width
from lptui.text.width import cut
from lptui.tui.widgets.rows import LinesView, Row


class FrameLine(LinesView):
    """Takes no room while there is nothing to say."""

    def __init__(self) -> None:
        super().__init__()
        self._text = ""
        self.styles.height = 1  # here, because a rule for LinesView in the app's own sheet would win
        self.styles.display = "none"

    def say(self, pane: Widget, note: str, status: str) -> None:
        """Show of `note` (a frame's top) and `status` (its bottom) what the frame of `pane` does not; the end of a note
        of several parts gives way to the status."""
        top, bottom = (
            side[0] in ("", "none", "hidden") for side in (pane.styles.border_top, pane.styles.border_bottom)
        )
        parts = note.split(" · ") if top and note else []
        shown = [status] if status and bottom else []
        while shown and len(parts) > 2 and cell_width(" · ".join((*parts, *shown))) > pane.size.width:
            parts.pop()
        text = " · ".join((*parts, *shown))
        if text != self._text:
            self._text = text
            self.styles.display = "block" if text else "none"
            self.redraw()

    def lines(self, width: int, height: int) -> Sequence[Row]:
        return [((cut(self._text, width), "accent"),)]
