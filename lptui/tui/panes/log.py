"""The log pane: follows the run's logs, with findings where they happened; searches, filters, joins the time cursor."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from lptui.model.finding import Finding
from lptui.state.run_state import RunState
from lptui.text import plural, sanitise
from lptui.tui.moments import finding_cursor, fix_command
from lptui.tui.panes import Pane
from lptui.tui.widgets.frameline import FrameLine, lacks_top
from lptui.tui.widgets.logcolumns import LogColumns
from lptui.tui.widgets.logentry import Entry, Purpose
from lptui.tui.widgets.logfilter import Filter
from lptui.tui.widgets.logfinder import Finder
from lptui.tui.widgets.logframe import FRAME, frame_note, frame_status
from lptui.tui.widgets.logplaces import find_target, logs_of
from lptui.tui.widgets.logview import LogRows
from lptui.tui.widgets.logwindow import LogWindow
from lptui.tui.workspace import Cursor, Workspace

MOST_BYTES = 64 * 1024
"""What is copied at once: terminals drop longer OSC 52 sequences."""


def _bind(key: str, action: str, name: str, tooltip: str, word: str = "") -> Binding:
    return Binding(key, action, word or tooltip, show=bool(word), id=f"log.{name}", tooltip=tooltip)


class LogPane(Pane):
    """The newest lines, and everything before them, of one log, or of several side by side."""

    calm = False
    pane_id = "log"
    title = "Log"
    sources = ("log",)

    DEFAULT_CSS = """
    LogPane { layout: vertical; }
    LogPane #log-search { height: 1; border: none; padding: 0; display: none; }
    LogPane #log-search.open { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        _bind("n", "hit(1)", "match-next", "The next match of the search, below", "Next match"),
        _bind("N", "hit(-1)", "match-before", "The match above"),
        _bind("colon", "place", "place", "Go to a line, a share, a time or a step"),
        _bind("c", "copy_rows", "copy", "Copy the chosen rows"),
        _bind("ctrl+s", "save", "save", "Save the rows that the filter keeps to a file"),
        _bind("plus,equals_sign", "widen(1)", "more-around", "More lines around each row that the filter keeps"),
        _bind("minus", "widen(-1)", "fewer-around", "Fewer lines around it"),
        _bind("left_square_bracket", "other(-1)", "before", "The log before"),
        _bind("right_square_bracket", "other(1)", "next", "The run's next log"),
        _bind("m", "merge", "merge", "All ranks as one log by time, or one rank again", "Merge"),
        _bind("vertical_line", "beside", "beside", "One log more side by side, or one alone"),
        _bind("tab", "column(1)", "column-next", "The log to the right, where several stand side by side"),
        _bind("shift+tab", "column(-1)", "column-before", "The log to the left"),
    ]
    BINDING_GROUP_TITLE = "Log"

    def __init__(self) -> None:
        super().__init__()
        self.columns = LogColumns(self)
        self.line = FrameLine()
        self.entry = Entry(self._take)
        self._seen_cursor: Cursor | None = None

    def compose(self) -> ComposeResult:
        yield self.columns
        yield self.line
        yield self.entry

    @property
    def view(self) -> LogRows:
        """The log that has the keys."""
        return self.columns.lead.view

    @property
    def finder(self) -> Finder:
        """The search in it."""
        return self.columns.lead.finder

    @property
    def filter(self) -> Filter:
        """Its filter."""
        return self.columns.lead.filter

    def part(self, workspace: Workspace) -> tuple[object, ...]:
        run = workspace.run
        return (*self.columns.extents(run), len(run.logs), run.findings, workspace.cursor, run.statuses)

    def show(self, workspace: Workspace) -> None:
        run = workspace.run
        cursor = workspace.cursor
        moved = cursor is not None and cursor is not self._seen_cursor and cursor.origin != self.pane_id
        self._seen_cursor = cursor
        target = find_target(run, cursor) if moved and cursor is not None else None
        if target is not None:
            self.columns.end_filter()
            self.columns.bring(run, *target)
        self.columns.draw(run)
        if target is not None:
            self.columns.lead.show_line(run, *target)

    def note(self, state: RunState) -> str:
        return frame_note(self.view, logs_of(state), self.size.width - (0 if lacks_top(self) else FRAME))

    def status(self, state: RunState) -> str:
        going, lack, purpose = self.columns.lead.goto.words, self.columns.lack, self.entry.purpose
        words = frame_status(going, purpose, self.finder, self.filter, lack, self.size.width)
        return words or super().status(state)

    def focus_view(self) -> None:
        self.view.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "hit":
            return self.finder.search is not None and bool(self.finder.search.pattern)
        if action == "widen":
            return self.filter.on
        if action == "column":
            return self.columns.can_step(int(str(parameters[0])))
        return super().check_action(action, parameters)

    def action_search(self) -> None:
        self.entry.open("search")
        self.finder.begin()
        self.reframe()

    def action_filter(self) -> None:
        self.entry.open("filter", self.filter.text)
        self.reframe()

    def action_place(self) -> None:
        self.entry.open("place")
        self.reframe()

    def action_save(self) -> None:
        if self.view.extent is not None:
            self.entry.open("save")
            self.reframe()

    def action_widen(self, by: int) -> None:
        for column in self.columns.shown:
            column.filter.widen(by)

    async def action_beside(self) -> None:
        if self.workspace is None:
            return
        text = self.filter.text
        words = await self.columns.widen(self.workspace.run)
        if words:
            self.app.notify(words, markup=False, timeout=5)
        if text:
            self._keep(text)
        self.reframe()

    def action_merge(self) -> None:
        if self.workspace is not None:
            if words := self.columns.lead.merge(self.workspace.run):
                self.app.notify(words, markup=False, timeout=5)
            self.draw()
            self.reframe()

    def action_column(self, by: int) -> None:
        self.columns.step(by)

    def action_copy_rows(self) -> None:
        rows = self.view.chosen_rows()
        text = "\n".join(rows)
        if not rows:
            self.app.notify("choose a row first: up, shift+up", markup=False, timeout=3)
            return
        self.app.copy_to_clipboard(text[:MOST_BYTES])
        more = ", cut at 64 KiB" if len(text) > MOST_BYTES else ""
        self.app.notify(f"{plural(len(rows), 'row')} copied{more}", markup=False, timeout=3)

    def action_detail(self) -> None:
        """Open a block or a JSON line; copy the place that a traceback's frame names; set the time cursor to any other
        row; on a finding's row, open the finding too."""
        extent, position = self.view.extent, self.view.paint.chosen
        if extent is None or position is None:
            super().action_detail()
            return
        if self.view.open_chosen():
            return
        if place := self.view.chosen_place():
            self.app.copy_to_clipboard(sanitise(place))
            self.app.notify(sanitise(place), title="copied (place)", markup=False, timeout=4)
            return
        finding = self._finding_at(position)
        if finding is None:
            self.columns.lead.name_line(
                position, lambda anchor: self.choose(Cursor(anchor=anchor, origin=self.pane_id))
            )
            return
        self.choose(finding_cursor(finding, self.pane_id))
        self.post_message(self.DetailWanted("finding", finding.id))

    def action_other(self, by: int) -> None:
        if self.columns.lead.merging.on:
            self.action_merge()
        elif self.workspace is not None and self.columns.turn(self.workspace.run, by):
            text = self.filter.text
            self.filter.end()
            self.draw()
            if text:
                self._keep(text)
            self.columns.follow_other()

    def action_hit(self, by: int) -> None:
        self.finder.step(by)

    def copied(self) -> tuple[str, str]:
        finding = self._finding_at(self.view.paint.chosen) if self.view.paint.chosen is not None else None
        return fix_command(finding), "fix"

    def close(self) -> bool:
        if self.entry.purpose:
            search = self.entry.purpose == "search"
            self._shut_entry()
            if search:
                self.columns.mark("")
                self.finder.leave()
        elif self.finder.search is not None:
            self.columns.end_search()
        elif self.filter.on or self.filter.text:
            self.columns.end_filter()
            self.columns.align()
        else:
            return False
        return True

    def on_entry_typed(self, event: Entry.Typed) -> None:
        event.stop()
        if event.purpose == "search" and self.entry.purpose == "search":
            self.finder.type(event.text)
            self.columns.mark(event.text)

    def _take(self, purpose: Purpose, text: str) -> None:
        """What the reader typed in the entry."""
        self._shut_entry()
        if purpose == "search":
            self.finder.take(text)
            self.columns.mark(text, count=True)
        elif purpose == "filter":
            self._keep(text)
        elif purpose == "place" and text and self.workspace is not None:
            self.columns.lead.goto.go(text, self.workspace.run.now)
        elif purpose == "save":
            self.filter.save(text)

    def on_log_window_moved(self, event: LogWindow.Moved) -> None:
        event.stop()
        self.reframe()

    def reframe(self) -> None:
        """Say in the frame what is true now; an answer may come when the screen is gone."""
        if not self.is_attached:
            return
        self.refresh_bindings()
        if self.workspace is not None:
            self.columns.say_heads(self.workspace.run)
            self._set_frame(self.note(self.workspace.run), self.status(self.workspace.run))

    def _shut_entry(self) -> None:
        self.entry.shut()
        self.screen.set_focus(self.view)
        self.reframe()

    def _keep(self, text: str) -> None:
        """Filter all logs that are shown."""
        if self.workspace is not None:
            self.columns.filter(text, self.workspace.run)

    def _finding_at(self, position: int) -> Finding | None:
        scroll = self.view.scroll
        unit = scroll.hand.unit(position) if scroll is not None else None
        return self.view.paint.cards.worst_within(unit.start, unit.end) if unit is not None else None

    def _set_frame(self, note: str, status: str) -> None:
        super()._set_frame(note, status)
        extent = self.view.extent
        calm = self.view.following and (extent is None or not extent.missing)
        self.line.say(self, "" if calm else note, status)
