"""One line that says what a pane's frame would say, where the window is too small for a frame."""

from __future__ import annotations

from collections.abc import Sequence

from textual.widget import Widget

from lptui.text import cell_width
from lptui.text.width import cut
from lptui.tui.widgets.rows import LinesView, Row

_NO_BORDER = ("", "none", "hidden")


def lacks_top(pane: Widget) -> bool:
    """Whether the frame of `pane` has no top to say something in."""
    return pane.styles.border_top[0] in _NO_BORDER


class FrameLine(LinesView):
    """Takes no room while there is nothing to say."""

    def __init__(self) -> None:
        super().__init__()
        self._text = ""
        self.styles.height = 1  # here, because a rule for LinesView in the app's own sheet would win
        self.styles.display = "none"

    def say(self, pane: Widget, note: str, status: str) -> None:
        """Show of `note` (a frame's top) and `status` (its bottom) what the frame of `pane` does not; of a note of
        several parts the end gives way to the status, then the name at its front, then all of it."""
        top, bottom = lacks_top(pane), pane.styles.border_bottom[0] in _NO_BORDER
        parts = note.split(" · ") if top and note else []
        shown = [status] if status and bottom else []
        while shown and parts and cell_width(" · ".join((*parts, *shown))) > pane.size.width:
            parts.pop(-1 if len(parts) > 2 else 0)
        text = " · ".join((*parts, *shown))
        if text != self._text:
            self._text = text
            self.styles.display = "block" if text else "none"
            self.redraw()

    def lines(self, width: int, height: int) -> Sequence[Row]:
        return [((cut(self._text, width), "accent"),)]
