"""The chart grid as the keyboard moves it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from textual.binding import BindingType

from lptui.stores.axes import AXES, Axis
from lptui.tui.widgets.chart import plot_width
from lptui.tui.widgets.chartboard import HEAD
from lptui.tui.widgets.chartkeys import GRID_KEYS
from lptui.tui.widgets.chartlayout import MIN_HEIGHT, MIN_WIDTH
from lptui.tui.widgets.chartmouse import ChartMouse
from lptui.tui.widgets.chartwindow import Range, Window, follow_lengths, pan, zoom
from lptui.tui.widgets.curves import Smooth
from lptui.tui.widgets.seriesplace import place_of

SpanChange = Callable[[float, float], Range]
WEIGHTS = (0.0, 0.9, 0.97, 0.99, 0.997)
HALVES = (0.0, 10.0, 60.0, 600.0, 3600.0)
"""What `m` goes through: weights where x counts steps, half-lives in seconds where it is time."""


def smoothing(axis: Axis, amount: float) -> Smooth:
    """The smoothing by `amount`: a weight, or seconds where x is a time."""
    return Smooth("half" if axis in ("time", "since") else "weight", amount)


class ChartGrid(ChartMouse):
    """The board of charts with its keys."""

    BINDINGS: ClassVar[list[BindingType]] = [*GRID_KEYS]

    def action_step(self, x: int, y: int) -> None:
        if x and (self.hair is not None or self.zoomed):
            self._move_hair(x)
        elif self._bands or self.zoomed:
            self._move(x, y)
        self.after()

    def action_page(self, by: int) -> None:
        if self.zoomed:
            self._move(by, 0)
        elif by > 0 and self._stop < len(self._bands):
            self._top = self._stop
        elif by < 0:
            self._top = self._page_before()
        if not self.zoomed:
            self.chosen_key = self._key_in(self._top)
        self.after()

    def action_edge(self, side: int) -> None:
        if self.hair is not None:
            self._move_hair(side * 10_000)
        elif self.tiles and self.zoomed:
            self.choose(self.tiles[0 if side < 0 else -1].name)
        elif self._bands:
            band = 0 if side < 0 else len(self._bands) - 1
            self.choose(self._key_in(band, last=side > 0))
        self.after()

    def action_axis(self) -> None:
        axis = self.look.axis
        after = AXES.index(axis) + 1
        chosen = next((a for a in (*AXES[after:], *AXES[:after]) if self._counts(a)), axis)
        levels, amount = self._smooth_levels(), self.look.smooth.amount
        at = levels.index(amount) if amount in levels else 0
        self.look = replace(self.look, axis=chosen)
        self.look = replace(self.look, smooth=self._smooth(at))
        self.hair, self.window = None, Window()
        self.after()

    def action_log(self) -> None:
        self.look = replace(self.look, log=not self.look.log)
        self.after()

    def action_clip(self) -> None:
        self.look = replace(self.look, clip=not self.look.clip)
        self.after()

    def action_details(self) -> None:
        self.look = replace(self.look, details=not self.look.details)
        self.after()

    def action_smooth(self, by: int) -> None:
        levels = self._smooth_levels()
        at = levels.index(self.look.smooth.amount) if self.look.smooth.amount in levels else 0
        self.look = replace(self.look, smooth=self._smooth((at + by) % len(levels)))
        self.after()

    def action_wider(self, by: int) -> None:
        columns = self._wish(self._layout.columns + by, self.size.width // MIN_WIDTH, "columns")
        self.wanted = (columns, self.wanted[1])
        self.after()

    def action_taller(self, by: int) -> None:
        room = (self.size.height - self.heads) // MIN_HEIGHT
        self.wanted = (self.wanted[0], self._wish(self._layout.rows + by, room, "rows"))
        self.after()

    def _wish(self, count: int, most: int, what: str) -> int | None:
        """So many columns or rows; None (as many as fit) past the most that there is room for."""
        if count > max(1, most):
            self.app.notify(f"as many {what} as read well", markup=False, timeout=2)
            return None
        return max(1, count)

    def action_crosshair(self) -> None:
        """Begin to read values at the newest point, or end it."""
        if self.hair is not None:
            self.hair = None
        else:
            self._move_hair(0)
        self.after()

    def action_zoom_x(self, factor: float) -> None:
        shown, whole = self._shown(), self.whole_range()
        if shown is not None and whole is not None:
            self.window = zoom(shown, self._around(whole), factor, self.hair, self.look.axis)
            self.after()

    def action_pan_x(self, share: float) -> None:
        shown, whole = self._shown(), self.whole_range()
        if shown is not None and whole is not None:
            self.window = pan(shown, self._around(whole), share)
            self.after()

    def action_zoom_y(self, factor: float) -> None:
        def change(low: float, high: float) -> Range:
            middle, half = (low + high) / 2, (high - low) / 2 * factor
            return middle - half, middle + half

        self._change_span(change)

    def action_pan_y(self, share: float) -> None:
        self._change_span(lambda low, high: (low + (high - low) * share, high + (high - low) * share))

    def action_reset(self) -> None:
        self.window = Window()
        self.spans = {} if not self.zoomed else {k: v for k, v in self.spans.items() if k != self._chosen_name}
        self.after()

    def action_follow(self) -> None:
        """Shorter newest parts first, then all again."""
        whole = self.whole_range()
        length = whole[1] - whole[0] if whole is not None else 0.0
        lines = [line for tile in self.visible_tiles() for line in self.feed.lines_of(tile)]
        most = max((line.series.count for line in lines), default=0)
        lengths = follow_lengths(self.look.axis, length, length / most if most else 0.0)
        longer = [length for length in lengths if self.window.follow is None or length > self.window.follow]
        self.window = Window(follow=longer[0]) if longer else Window()
        self.after()

    def action_mark(self, by: int) -> None:
        marks = sorted(self.look.marks, key=lambda mark: mark.place)
        if not marks:
            self.app.notify("no finding, checkpoint or restart on the x axis", markup=False, timeout=2)
            return
        here = self.mark_place()
        beyond = [m for m in marks if here is None or (m.place - here) * by > 0]
        mark = (beyond[0] if by > 0 else beyond[-1]) if beyond else marks[-1 if by > 0 else 0]
        self.post_message(self.MarkChosen(mark))

    def mark_place(self) -> float | None:
        """Where the time cursor is on the x axis."""
        lines = next((lines for tile in self.visible_tiles() if (lines := self.feed.lines_of(tile))), ())
        return place_of(lines[0], *self.moment, self.look.axis) if lines else None

    @property
    def _chosen_name(self) -> str:
        tile = self.chosen
        return tile.name if tile is not None else ""

    def _counts(self, axis: Axis) -> bool:
        """Whether any chart in view can be placed on `axis`; the run's steps are always there to come back to."""
        tiles = self.visible_tiles() or self.tiles[:8]  # before the first picture nothing is in view
        lines = [line for tile in tiles for line in self.feed.lines_of(tile)]
        reaches = [self.sketches.reach(line, axis) for line in lines]
        return axis == "step" or any(reach is not None and not reach[2] for reach in reaches)

    def _smooth_levels(self) -> tuple[float, ...]:
        return HALVES if self.look.axis in ("time", "since") else WEIGHTS

    def _smooth(self, at: int) -> Smooth:
        return smoothing(self.look.axis, self._smooth_levels()[at])

    def _move(self, x: int, y: int) -> None:
        index = self.chosen_index
        if self.zoomed and (self.visitor is not None or index is None):
            return
        if self.zoomed and index is not None:
            self.choose(self.tiles[max(0, min(len(self.tiles) - 1, index + (x or y)))].name)
            return
        band = self._band_of(self.chosen_key)
        if band is None:
            band = self._top
        if x and index is not None:
            target = max(0, min(len(self.tiles) - 1, index + x))
            if self._band_of(self.tiles[target].name) is not None:
                self.choose(self.tiles[target].name)
            return
        column = index - self._bands[band].start if index is not None else 0
        self.choose(self._key_in(max(0, min(len(self._bands) - 1, band + (y or x))), column))

    def _key_in(self, band: int, column: int = 0, *, last: bool = False) -> str:
        """The key of a tile of a band, or of the head that the band is."""
        if not self._bands:
            return ""
        found = self._bands[band]
        if found.section is not None:
            return HEAD + found.section
        return self.tiles[found.stop - 1 if last else min(found.stop - 1, found.start + column)].name

    def _move_hair(self, by: int) -> None:
        shown = self._shown()
        if shown is None:
            return
        width = self.size.width if self.zoomed else self._layout.width
        cells = plot_width(width)
        cell = (shown[1] - shown[0]) / cells
        end = min(shown[1], (self.whole_range() or shown)[1])
        if self.hair is None:
            self.hair = end - cell / 2
        else:
            self.hair += by * cell
        self.hair = max(shown[0], min(end, self.hair))

    def _shown(self) -> Range | None:
        """What the x axis of the chosen chart shows, or of all of them where none is chosen."""
        tile = self.chosen
        lines = self.feed.lines_of(tile) if tile is not None and not tile.table else ()
        return self.shown_range(lines) if lines else self.whole_range()

    def _around(self, whole: Range) -> Range:
        """How far out zooming goes: all that a chart would show by itself."""
        shown = self._shown() if self.window.whole else None
        return (min(whole[0], shown[0]), max(whole[1], shown[1])) if shown is not None else whole

    def _change_span(self, change: SpanChange) -> None:
        tile = self.chosen
        span = self.y_range(tile) if tile is not None else None
        if tile is None or span is None:
            return
        if self.look.log and span[0] > 0:  # by powers: by values it would leave what such an axis can show
            low, high = change(math.log10(span[0]), math.log10(span[1]))
            changed = 10.0 ** max(-307.0, low), 10.0 ** min(308.0, high)
        else:
            changed = change(*span)
        if math.isfinite(changed[1] - changed[0]) and changed[0] < changed[1]:
            self.spans = {**self.spans, tile.name: changed}
        self.after()
