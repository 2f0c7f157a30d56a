"""Charts in a grid, a page at a time, as drawn: only what is visible is reduced, when it would look different."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from textual import events
from textual.message import Message

from lptui.model.expectation import Judgement
from lptui.stores.series import Spot
from lptui.tui.widgets.chart import Look, Pose, beside
from lptui.tui.widgets.chartfacts import facts_row, probe_row
from lptui.tui.widgets.chartfeed import ChartFeed, NoFeed
from lptui.tui.widgets.chartlayout import Layout, lay_out
from lptui.tui.widgets.chartlines import Line
from lptui.tui.widgets.chartplan import Band, Tile, bands_of, fill, page_of
from lptui.tui.widgets.chartplot import Mark
from lptui.tui.widgets.chartsketch import Sketches
from lptui.tui.widgets.charttitle import section_row
from lptui.tui.widgets.chartwindow import Range, Window, join, resolve
from lptui.tui.widgets.comparetable import compare_tile_rows
from lptui.tui.widgets.expectationrows import status_look, status_row
from lptui.tui.widgets.metricfacts import FactBook
from lptui.tui.widgets.metrictable import Entry, family_tile
from lptui.tui.widgets.rows import LinesView, Row
from lptui.tui.widgets.seriesplace import place_of, read, value_at
from lptui.tui.widgets.spans import clean, crop, wrap

HEAD = "\0"
"""Begins the key of a section's head: no metric is called so once it is clean."""


class ChartBoard(LinesView, can_focus=True):
    """`tiles` in their order; their lines come from `feed`. One tile is chosen, or fills the view (`zoomed`). What
    hands do to it is in `ChartMouse` and `ChartGrid`."""

    class Changed(Message):
        """The page, the choice or the axes changed by the reader's hand."""

    class MarkChosen(Message):
        """The reader went to a mark on the x axis."""

        def __init__(self, mark: Mark) -> None:
            super().__init__()
            self.mark = mark

    heads = False
    """Whether sections have heads."""
    growing = False
    """Whether the run goes on: the x axis keeps some room then."""
    empty_text = "no metrics yet"
    zoomed = False

    def __init__(self) -> None:
        super().__init__()
        self._tiles: Sequence[Tile] = ()
        self._places: dict[str, int] = {}
        self.feed: ChartFeed = NoFeed()
        self.book = FactBook()
        self.visitor: Tile | None = None
        """A chart that is shown though no tile is it: one row of a table."""
        self.look = Look()
        self.window = Window()
        self.spans: dict[str, Range] = {}
        """The y ranges that the reader set, by chart."""
        self.hair: float | None = None
        """Where the crosshair is on the x axis."""
        self.moment: tuple[float | None, float | None] = (None, None)
        """(step, unix time) of the time cursor."""
        self.judged: Mapping[str, Judgement] = {}
        """How metrics stand to what is expected of them."""
        self.favourites: Collection[str] = ()
        self.folded: set[str] = set()
        self.wanted: tuple[int | None, int | None] = (None, None)
        """How many columns and rows the reader asked for."""
        self.sketches = Sketches()
        self.chosen_key = ""
        self._top = self._stop = 0
        self._layout = Layout(1, 1, 1, 1)
        self._bands: list[Band] = []
        self._band_at: dict[int, int] = {}
        self._bands_of: tuple[object, ...] = ()
        self._mates: tuple[str, ...] = ()
        self._said = ""

    @property
    def tiles(self) -> Sequence[Tile]:
        """The charts in their order."""
        return self._tiles

    @tiles.setter
    def tiles(self, tiles: Sequence[Tile]) -> None:
        if tiles is not self._tiles:
            self._tiles = tiles
            self._places = {tile.name: i for i, tile in enumerate(tiles)}

    @property
    def reduced(self) -> int:
        """Lines reduced since the start."""
        return self.sketches.reduced

    @property
    def chosen(self) -> Tile | None:
        """The tile that is chosen; None on the head of a section."""
        if self.zoomed and self.visitor is not None:
            return self.visitor
        index = self.chosen_index
        return self.tiles[index] if index is not None else None

    @property
    def chosen_index(self) -> int | None:
        found = self._places.get(self.chosen_key)
        if found is not None or self.chosen_key.startswith(HEAD):
            return found
        shown = [band for band in self._bands[self._top :] if band.section is None]
        return shown[0].start if shown and shown[0].start < len(self.tiles) else 0 if self.tiles else None

    @property
    def chosen_section(self) -> str | None:
        """The section whose head is chosen."""
        return self.chosen_key[1:] if self.chosen_key.startswith(HEAD) else None

    @property
    def range_words(self) -> str:
        """Which charts are shown: '12-23 of 57'; empty when all are."""
        shown = [band for band in self._bands[self._top : self._stop] if band.section is None]
        if self.zoomed or not shown or (self._top == 0 and self._stop >= len(self._bands)):
            return ""
        return f"{shown[0].start + 1}–{shown[-1].stop} of {len(self.tiles)}"

    def probed(self) -> Spot | None:
        """The point of the chosen chart at the crosshair."""
        lines = self.feed.lines_of(self.chosen) if self.chosen is not None else ()
        return read(lines[0], self.hair, self.look.axis) if lines and self.hair is not None else None

    def lines(self, width: int, height: int) -> Sequence[Row]:
        if not self.tiles:
            self._bands, self._bands_of, self._stop = [], (), 0  # nothing is there for a click or a key to find
            return [((f" {line}", "dim"),) for line in wrap(self.empty_text, max(8, width - 2))]
        if self.zoomed and self.chosen is not None:
            return self._lines_zoomed(self.chosen, width, height)
        layout = self._arrange(width, height)
        self.sketches.begin(layout.count, growing=self.growing)
        self._mates = tuple(clean(tile.name, 500) for tile in self.visible_tiles())
        rows: list[Row] = []
        for band in self._bands[self._top : self._stop]:
            if band.section is not None:
                chosen = self.has_focus and self.chosen_section == band.section
                rows.append(section_row(band, width, chosen=chosen, plain=self.plain))
                continue
            charts = [self.tile_rows(tile, layout.width, layout.height) for tile in self.tiles[band.start : band.stop]]
            rows += beside(charts, layout.width, layout.height)
        return rows

    def tile_rows(self, tile: Tile, width: int, height: int) -> list[Row]:
        """One tile of the grid."""
        if tile.table:
            chosen, heads, plain = self.has_focus and self.chosen is tile, self.feed.heads(), self.plain

            def make(shown: Sequence[Entry]) -> list[Row]:
                return compare_tile_rows(shown, heads, self.book, width, plain=plain)

            return family_tile(
                tile.name, self.feed.entries_of(tile), self.book, width, height, chosen=chosen, plain=plain,
                make=make if heads else None,
            )  # fmt: skip
        lines = self.feed.lines_of(tile)
        if not lines:
            return [crop(((f" {clean(tile.name, 300)}", "dim"),), width)]
        return self.sketches.rows(
            tile.name, lines, self.shown_range(lines), width, height, self._look(), self._pose(tile, lines)
        )

    def shown_range(self, lines: Sequence[Line]) -> Range:
        """What the x axis of a chart of `lines` shows."""
        reaches = [self.sketches.reach(line, self.look.axis) for line in lines]
        extent = join(reaches) or (0.0, 1.0)
        if any(reach is not None and reach[2] for reach in reaches):
            return extent  # it counts something of its own, on which no window was chosen
        furthest = extent[1]
        if self.window.follow is not None:
            whole = self.whole_range()
            furthest = whole[1] if whole is not None else furthest
        return resolve(self.window, extent, furthest, growing=self.growing)

    def whole_range(self) -> Range | None:
        """The range of x that the visible charts have together."""
        axis = self.look.axis
        reaches = [
            self.sketches.reach(line, axis) for tile in self.visible_tiles() for line in self.feed.lines_of(tile)
        ]
        return join([r for r in reaches if r is not None and not r[2]] or reaches)

    def visible_tiles(self) -> list[Tile]:
        """The tiles in view, tables left out."""
        if self.zoomed:
            return [self.chosen] if self.chosen is not None else []
        bands = [band for band in self._bands[self._top : self._stop] if band.section is None]
        return [tile for band in bands for tile in self.tiles[band.start : band.stop] if not tile.table]

    def choose(self, key: str) -> None:
        """Choose a tile or a head by its key, and bring it into view."""
        self.chosen_key = key
        band = self._band_of(key)
        if band is not None and not self._top <= band < self._stop:
            self._top = page_of(self._bands, band, self.size.height, self._layout.height)

    def zoom(self, on: bool) -> None:
        """Let the chosen chart fill the view, or go back to the grid."""
        self.zoomed, self.hair, self.visitor = on and bool(self.tiles), None, None
        self.after()

    def after(self) -> None:
        """Draw what the reader's hand changed, and say so."""
        self.redraw()
        self.post_message(self.Changed())

    def redraw(self) -> None:
        super().redraw()
        if self.range_words != self._said:  # whatever changed it: the frame must not tell of another page
            self._said = self.range_words
            self.post_message(self.Changed())

    def on_resize(self, event: events.Resize) -> None:
        super().on_resize(event)
        self.post_message(self.Changed())

    def _arrange(self, width: int, height: int) -> Layout:
        """Fit the bands to the window, and keep what is chosen in view."""
        layout = lay_out(width, height - self.heads, len(self.tiles), *self.wanted)
        made_of = (self.tiles, layout, frozenset(self.folded), self.heads)
        if self._bands_of[1:] != made_of[1:] or self._bands_of[0] is not self.tiles:
            self._bands = bands_of(self.tiles, layout.columns, self.folded, heads=self.heads)
            self._bands_of, self._layout = made_of, layout
            charts = [(i, band) for i, band in enumerate(self._bands) if band.section is None]
            self._band_at = {place: i for i, band in charts for place in range(band.start, band.stop)}
            band = self._band_of(self.chosen_key)
            place = self._top if band is None else band
            self._top = page_of(self._bands, place, height, layout.height) if self._bands else 0
        self._top = max(0, min(self._top, len(self._bands) - 1))
        self._stop = fill(self._bands, self._top, height, layout.height)
        return layout

    def _page_before(self) -> int:
        """The first band of the page that ends where this one begins."""
        top = self._top
        while top > 0 and fill(self._bands, top - 1, self.size.height, self._layout.height) >= self._top:
            top -= 1
        return top

    def _band_of(self, key: str) -> int | None:
        if key.startswith(HEAD):
            return next((i for i, band in enumerate(self._bands) if band.section == key[1:]), None)
        index = self._places.get(key)
        return self._band_at.get(index) if index is not None else None

    def _look(self) -> Look:
        styles = self._span_styles()
        mono = styles.style("series-1").color == styles.style("series-3").color or self.plain or self.app.no_color
        look = self.look
        if (look.plain, look.mono) != (self.plain, mono):
            look = self.look = replace(look, plain=self.plain, mono=mono)
        return look

    def _pose(self, tile: Tile, lines: Sequence[Line]) -> Pose:
        axis = self.look.axis
        moment = place_of(lines[0], *self.moment, axis)
        values = () if self.hair is None else tuple(value_at(line, self.hair, axis) for line in lines)
        status = ("", "", "")
        worst = next((j for name, _ in tile.members if (j := self.judged.get(name)) and j.status != "ok"), None)
        if worst is not None and worst.status in ("violated", "watch"):
            glyph, style = status_look(worst.status, plain=self.plain)
            status = (glyph, worst.status, style)
        return Pose(
            tile.name, moment, self.hair, status,
            chosen=not self.zoomed and self.has_focus and self.chosen is tile,
            star=tile.name in self.favourites,
            read=values,
            best=self.feed.best_of(lines) if len(lines) > 1 and not values else None,
            span=self.spans.get(tile.name),
            mates=self._mates,
        )  # fmt: skip

    def _lines_zoomed(self, tile: Tile, width: int, height: int) -> list[Row]:
        lines = self.feed.lines_of(tile)
        if not lines:
            return []
        judgement = self.judged.get(lines[0].series.key)
        told = status_row(judgement, width, plain=self.plain) if judgement else []
        rows = self.tile_rows(tile, width, max(3, height - 2 - len(told)))
        facts = facts_row(lines[0].series, self.sketches.curves(tile.name))
        probe = probe_row(lines[0], self.probed(), self.look.axis)
        return [*rows, *(crop(row, width) for row in (*told, facts, probe))]
