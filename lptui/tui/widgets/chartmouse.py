"""The chart grid as the mouse moves it: choose, zoom at the pointer, drag a range, drag to pan, read values."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events

from lptui.tui.widgets.chart import label_width, plot_width
from lptui.tui.widgets.chartboard import HEAD, ChartBoard
from lptui.tui.widgets.chartplan import Tile
from lptui.tui.widgets.chartplot import Mark
from lptui.tui.widgets.chartwindow import Range, Window, clamp, pan, zoom
from lptui.tui.widgets.curves import scale_of


@dataclass(frozen=True, slots=True)
class Spotted:
    """What is under the pointer: a tile and the place on its x axis (None beside its plot), or a section's head."""

    tile: Tile | None = None
    section: str | None = None
    place: float | None = None
    shown: Range = (0.0, 1.0)
    bottom: bool = False
    """The lowest line of the plot, where the marks are."""
    cell: float = 0.0
    """How much of the axis one cell is."""


class ChartMouse(ChartBoard):
    """The board of charts with its mouse."""

    thorough = True

    _drag: tuple[Spotted, Range, bool] | None = None
    """(where it began, what was shown then, whether it pans)."""
    _dragged = False

    def on_click(self, event: events.Click) -> None:
        spotted = self.spot_at(event.x, event.y)
        if self._dragged or spotted is None:
            self._dragged = False
            return
        if spotted.section is not None:
            self.choose(HEAD + spotted.section)
            self.folded ^= {spotted.section}
        elif spotted.tile is not None:
            self._click_tile(spotted.tile, spotted, event.chain)
        self.after()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        spotted = self.spot_at(event.x, event.y)
        self._dragged = False
        if spotted is not None and spotted.place is not None:
            self._drag = (spotted, spotted.shown, event.button != 1 or event.ctrl or event.shift)
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._drag is None:
            self._hover(event)
            return
        began, shown, pans = self._drag
        now = self._place_in(began, event.x)
        if now is None or began.place is None or abs(now - began.place) < began.cell:
            return
        self._dragged = True
        whole = self.whole_range()
        if pans and whole is not None:
            self.window = pan(
                shown, (min(whole[0], shown[0]), max(whole[1], shown[1])), (began.place - now) / (shown[1] - shown[0])
            )
            self.redraw()
        elif not pans:
            self.hair = now
            self.redraw()

    def _hover(self, event: events.MouseMove) -> None:
        """A crosshair that is shown follows the pointer."""
        spotted = self.spot_at(event.x, event.y) if self.hair is not None else None
        if spotted is not None and spotted.place is not None and spotted.place != self.hair:
            self.hair = spotted.place
            self.after()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        drag, self._drag = self._drag, None
        if drag is None:
            return
        self.release_mouse()
        began, shown, pans = drag
        now = self._place_in(began, event.x)
        if self._dragged and not pans and now is not None and began.place is not None:
            self.hair = None
            self.window = clamp((min(now, began.place), max(now, began.place)), shown)
        self.after()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._wheel(event, 1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._wheel(event, -1)

    def _wheel(self, event: events.MouseEvent, by: int) -> None:
        """Over a chart that fills the pane, or with ctrl: zoom at the pointer; with shift: pan; else scroll a row."""
        spotted = self.spot_at(event.x, event.y)
        whole = self.whole_range()
        if spotted is not None and whole is not None and spotted.place is not None and (self.zoomed or event.ctrl):
            around = (min(whole[0], spotted.shown[0]), max(whole[1], spotted.shown[1])) if self.window.whole else whole
            if event.shift:
                self.window = pan(spotted.shown, around, by * 0.1)
            else:
                self.window = zoom(spotted.shown, around, 0.8 if by < 0 else 1.25, spotted.place, self.look.axis)
        elif not self.zoomed:
            last = len(self._bands) - 1
            if by < 0 or self._stop <= last:
                self._top = max(0, min(last, self._top + by))
        self.after()

    def spot_at(self, x: int, y: int) -> Spotted | None:
        """What is under cell (x, y)."""
        if self.zoomed:
            tile = self.chosen
            return self._spot_tile(tile, x, y, self.size.width, self.size.height) if tile is not None else None
        layout, top = self._layout, 0
        for band in self._bands[self._top : self._stop]:
            high = 1 if band.section is not None else layout.height
            if y < top + high:
                if band.section is not None:
                    return Spotted(section=band.section)
                index = band.start + x // layout.width
                if x // layout.width >= layout.columns or index >= min(band.stop, len(self.tiles)):
                    return None  # beside the charts, or one that went since they were drawn
                return self._spot_tile(self.tiles[index], x % layout.width, y - top, layout.width, layout.height)
            top += high
        return None

    def y_range(self, tile: Tile) -> Range | None:
        """What the y axis of a chart shows."""
        if tile.name in self.spans:
            return self.spans[tile.name]
        curves = self.sketches.curves(tile.name)
        scale = scale_of(curves, log=self.look.log, clip=self.look.clip) if curves else None
        return (scale.low, scale.high) if scale is not None else None

    def _spot_tile(self, tile: Tile, x: int, y: int, width: int, height: int) -> Spotted:
        lines = self.feed.lines_of(tile) if not tile.table else ()
        if not lines:
            return Spotted(tile)
        shown = self.shown_range(lines)
        cells = plot_width(width)
        cell = (shown[1] - shown[0]) / cells
        at = x - label_width(width)
        place = shown[0] + (at + 0.5) * cell if 0 <= at < cells and y > 0 else None
        return Spotted(tile, None, place, shown, y >= height - 3 if self.zoomed else y >= height - 2, cell)

    def _place_in(self, began: Spotted, x: int) -> float | None:
        """The place on the axis of the chart where a drag began, for a pointer that may have left it."""
        width = self.size.width if self.zoomed else self._layout.width
        name = began.tile.name if began.tile is not None else ""
        index, band = self._places.get(name), self._band_of(name)
        if not self.zoomed and (index is None or band is None):
            return None
        left = 0 if self.zoomed or band is None or index is None else (index - self._bands[band].start) * width
        at = min(plot_width(width) - 0.5, max(0.0, x - left - label_width(width) + 0.5))
        return began.shown[0] + at * began.cell

    def _click_tile(self, tile: Tile, spotted: Spotted, chain: int) -> None:
        """Once: choose it; in its plot then or zoomed: read there, or go to the mark. Twice: zoom, or show all."""
        if chain >= 2:
            if self.zoomed:
                self.window = Window()
            else:
                self.choose(tile.name)
                self.zoomed = True
            self.hair = None
            return
        mark = self._mark_near(spotted) if spotted.bottom else None
        if mark is not None:
            self.post_message(self.MarkChosen(mark))
        elif (self.zoomed or tile is self.chosen) and spotted.place is not None:
            self.hair = spotted.place
        self.choose(tile.name)

    def _mark_near(self, spotted: Spotted) -> Mark | None:
        place = spotted.place
        if place is None:
            return None
        near = [m for m in self.look.marks if abs(m.place - place) <= spotted.cell]
        return min(near, key=lambda m: abs(m.place - place), default=None)
