"""One log in the log pane: a header of one row where several stand side by side, its rows, and what is searched and
filtered in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from textual.app import ComposeResult
from textual.widget import Widget

from lptui.model.finding import Finding
from lptui.model.log import LogView
from lptui.model.merged import MergedView
from lptui.model.place import Anchor
from lptui.model.request import Standing
from lptui.state.run_state import RunState
from lptui.text import clock, short_duration
from lptui.text.width import cell_width, cut
from lptui.tui.glyphs import severity_glyph
from lptui.tui.widgets.logcards import Cards
from lptui.tui.widgets.logfilter import Filter
from lptui.tui.widgets.logfinder import Finder
from lptui.tui.widgets.loggoto import Goto
from lptui.tui.widgets.logmerged import Merging
from lptui.tui.widgets.logplaces import rank_among, why_empty, worst_in
from lptui.tui.widgets.logranks import RankColumn, title_of_merged
from lptui.tui.widgets.logsearch import title_of
from lptui.tui.widgets.logview import LogRows
from lptui.tui.widgets.rows import LinesView, Row

_LAG = 1.0
"""Seconds that a log may be behind the one that is read before its header says so."""


class Owner(Protocol):
    """The pane, as its columns see it."""

    def ask(self, request: Any, on_answer: Callable[[Any], None]) -> None:
        """Ask the engine."""
        ...

    def reframe(self) -> None:
        """What is to be said in the frame changed."""
        ...

    def draw(self) -> None:
        """Draw all anew."""
        ...


class LogColumn(Widget):
    """A log and the reader's hand on it. `number` tells columns apart, so that each has searches of its own."""

    DEFAULT_CSS = """
    LogColumn { layout: vertical; height: 1fr; width: 1fr; }
    LogColumn LogRows { height: 1fr; width: 1fr; }
    """

    def __init__(self, owner: Owner, number: int = 0) -> None:
        super().__init__()
        self._owner = owner
        self.number = number
        self.file = ""
        """Path of its log; nothing: the run's first one."""
        self._view = LogRows(self.ask)
        self.head = ColumnHead()
        self.finder = Finder(self)
        self.filter = Filter(self)
        self.goto = Goto(self)
        self.merging = Merging(self)
        self._carried = ""
        self._carded: tuple[object, ...] = ()
        self._aligned: tuple[Standing | None, float] | None = None
        self.read_at: float | None = None
        """When (unix s) the row was written that the reader looks at here, if that is known."""
        self.clockless = False
        """Whether nothing tells when it was written, so that the others stay where they are."""

    @property
    def view(self) -> LogRows:
        """Its rows."""
        return self._view

    def compose(self) -> ComposeResult:
        yield self.head
        yield self.view

    def ask(self, request: Any, on_answer: Callable[[Any], None]) -> None:
        self._owner.ask(request, on_answer)

    def reframe(self) -> None:
        self._owner.reframe()

    @property
    def shown_file(self) -> str:
        """What the log that is shown is asked for by: `file`, or the merged one."""
        extent = self.view.extent
        return extent.file if extent is not None else self.file

    def extent_in(self, run: RunState) -> LogView | None:
        """Its log in the newest state."""
        return self.merging.view_in(run) or run.logs.get(self.file) or run.primary_log

    def draw(self, run: RunState) -> None:
        """Show the newest state of its log."""
        extent = self.extent_in(run)
        cards = None
        if isinstance(extent, MergedView):
            self._draw_merged(run, extent)
            return
        if self.view.paint.ranks is not None:
            self.view.paint.ranks = None
            self.call_later(self._carry_filter, run)
        if extent is not None:
            carded = (run.findings, extent.file, len(extent.segments))
            if len(self._carded) != 3 or carded[0] is not self._carded[0] or carded[1:] != self._carded[1:]:
                self._carded = carded
                cards = Cards(run.findings, extent)
        self.view.empty_text = why_empty(run)
        self.view.set_log(extent, cards)

    def _draw_merged(self, run: RunState, extent: MergedView) -> None:
        paint, before = self.view.paint, self.view.extent
        if paint.ranks is None or paint.ranks.parts != extent.parts:
            paint.ranks = RankColumn(extent)
        carded = (run.findings, extent.file, self.merging.placed)
        cards = None
        if len(self._carded) != 3 or any(a is not b for a, b in zip(carded, self._carded, strict=True)):
            self._carded = carded
            cards = Cards(run.findings, self.merging)
        self.view.set_log(extent, cards)
        if before is None or before.file != extent.file:
            self._carry_filter(run)
        self.merging.look(run, extent)

    def merge(self, run: RunState) -> str:
        """Show all ranks as one, or one again, with the filter that is on; what is to be said, if it cannot be."""
        text = self.filter.text
        words = self.merging.toggle(run)
        if not words:
            self.finder.end()
            self.filter.end()
            self._carried = text
        return words

    def holds(self, run: RunState, file: str) -> bool:
        """Whether a merged log is shown that has the lines of `file`."""
        merged = self.merging.view_in(run)
        return merged is not None and any(part.path == file for part in merged.parts)

    def show_line(self, run: RunState, file: str, position: int) -> None:
        """Bring a line of the log `file` into view."""
        merged = self.merging.view_in(run)
        if merged is not None and self.holds(run, file):
            self.merging.go(merged, run.logs[file].anchor(position))
        else:
            self.view.jump(position)

    def name_line(self, position: int, tell: Callable[[Anchor], None]) -> None:
        """Tell the lasting name of the line at `position`."""
        extent = self.view.extent
        if isinstance(extent, MergedView):
            self.merging.name_line(extent, position, tell)
        elif extent is not None:
            tell(extent.anchor(position))

    def _carry_filter(self, run: RunState) -> None:
        text, self._carried = self._carried, ""
        if text:
            self.filter.take(text, run, ())

    def position(self, anchor: Anchor) -> int | None:
        """Where a line lies in the log that is shown; None if it is of another one."""
        extent = self.view.extent
        return self.merging.position(anchor) if isinstance(extent, MergedView) else extent and extent.position(anchor)

    def redraw_log(self) -> None:
        self._owner.draw()

    def stand(self, place: Standing | None, at: float, above: int, *, chosen: bool) -> None:
        """Show where this log was at `at` (unix s), as another one is read; without a `place` it stays where it is."""
        self._aligned, self.read_at = (place, at), None
        if place is not None:
            self.view.stand(place.position, above, chosen=chosen)

    def lead(self) -> None:
        """It is the one that is read: it is behind no other."""
        self._aligned = self.read_at = None
        self.clockless = False

    def say_head(self, run: RunState, *, leads: bool) -> None:
        """Say in the header what is true now."""
        extent = self.view.extent
        if extent is None:
            self.head.say("", "", None, leads=leads)
            return
        rank, name = rank_among(extent.file, run.run.logs), title_of(extent.file)
        if isinstance(extent, MergedView):
            rank, name = None, title_of_merged(extent)
        self.head.say(
            name if rank is None else f"rank {rank} · {name}",
            self._state(extent),
            worst_in(run.findings, extent.file),
            leads=leads,
        )

    def _state(self, extent: LogView) -> str:
        words = [self.finder.counted, self.filter.kept]
        if extent.missing:
            words.append("gone")
        elif self.view.following:
            words.append("following")
        else:
            words.append(self._lag())
            if self.view.new_lines:
                words.append(f"{'over ' if self.view.new_unsure else '+'}{self.view.new_lines:,} new")
        return " · ".join(word for word in words if word)

    def _lag(self) -> str:
        if self._aligned is None and self.clockless:
            return "no clock: the others stay"
        if self._aligned is None:
            return clock(self.read_at) if self.read_at is not None else ""
        place, at = self._aligned
        if place is None:
            return "no clock"
        behind = at - place.at
        if abs(behind) < _LAG:
            return clock(place.at)
        return f"{clock(place.at)}, {short_duration(abs(behind))} {'before' if behind > 0 else 'later'}"


class ColumnHead(LinesView):
    """Which log this is, and how it stands; takes no room while there is one column."""

    def __init__(self) -> None:
        super().__init__()
        self._row: tuple[str, str, Finding | None, bool] = ("", "", None, False)
        self.styles.height = 1  # here, because a rule for LinesView in the app's own sheet would win
        self.styles.display = "none"

    def say(self, name: str, state: str, finding: Finding | None, *, leads: bool) -> None:
        """Show the name of the log, its state and its worst finding; `leads`: it has the keys."""
        row = (name, state, finding, leads)
        if row != self._row:
            self._row = row
            self.redraw()

    def lines(self, width: int, height: int) -> Sequence[Row]:
        name, state, finding, leads = self._row
        glyph, style = severity_glyph(finding.severity, plain=self.plain) if finding is not None else (" ", "")
        room = max(8, width - cell_width(state) - 4)
        name = cut(name, room)
        gap = max(1, width - 3 - cell_width(name) - cell_width(state))
        base = "title cursor" if leads else "dim cursor-blurred"
        mark = f"{style} {base}" if style else base
        return [((f"{glyph} ", mark), (name, base), (" " * gap, base), (cut(state, width), base), (" ", base))]
