"""Fewer bytes on the wire: of a line that changed in part, Textual sends all from the widget's left edge on, and a
reset and all attributes with each segment. Here only changed cells are sent, and attributes only where they change."""

from __future__ import annotations

from collections.abc import Iterator

from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS, Console
from rich.control import Control
from rich.segment import Segment
from textual._compositor import ChopsUpdate, Compositor
from textual.screen import Screen
from textual.strip import Strip


class ThriftyUpdate(ChopsUpdate):
    """Changed parts of lines as escape sequences."""

    def render_segments(self, console: Console) -> str:
        color = COLOR_SYSTEMS.get(console.color_system or "", ColorSystem.TRUECOLOR)
        out: list[str] = []
        in_force = ""
        for at, y, segment in self._pieces():
            if at is not None:
                out.append(Control.move_to(at, y).segment.text)
            text, style, _ = segment
            if style is not None and style.link:
                out.append("\x1b[0m" + Strip.render_style(style, text, color))
                in_force = ""
                continue
            ansi = "" if style is None else Strip.render_ansi(style, color)
            if ansi != in_force:
                out.append(f"\x1b[0;{ansi}m" if ansi else "\x1b[0m")
                in_force = ansi
            out.append(text)
        return "".join(out) + "\x1b[0m"

    def _pieces(self) -> Iterator[tuple[int | None, int, Segment]]:
        """(column to go to first, or None to go on; line; segment)."""
        for y, x1, x2 in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                if strip is None or x >= x2 or end <= x1:
                    continue
                start: int | None = max(x, x1)
                for segment in strip.crop(max(x, x1) - x, min(end, x2) - x):
                    yield start, y, segment
                    start = None


class ThriftyCompositor(Compositor):
    """Textual's, with updates that send little."""

    def render_partial_update(self) -> ThriftyUpdate | None:
        update = super().render_partial_update()
        return None if update is None else ThriftyUpdate(update.chops, update.spans, update.chop_ends)


class ThriftyScreen(Screen[None]):
    """A screen that sends little."""

    def __init__(self, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self._compositor = ThriftyCompositor()
