"""The log pane: follows the run's log, shows findings where they happened, searches, filters, joins the time cursor."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from lptui.formats.log_query import read_place
from lptui.model.finding import Finding
from lptui.model.log import LogView
from lptui.model.request import SeekLog, Sought
from lptui.state.run_state import RunState
from lptui.text import plural, sanitise
from lptui.tui.moments import finding_cursor, fix_command
from lptui.tui.panes import Pane
from lptui.tui.widgets.frameline import FrameLine
from lptui.tui.widgets.logblocks import frame_place
from lptui.tui.widgets.logcards import Cards
from lptui.tui.widgets.logentry import Entry, Purpose
from lptui.tui.widgets.logfilter import Filter
from lptui.tui.widgets.logfinder import Finder
from lptui.tui.widgets.logplaces import find_target, logs_of, newest_time, why_empty
from lptui.tui.widgets.logsearch import title_of
from lptui.tui.widgets.logview import LogRows
from lptui.tui.widgets.logwindow import LogWindow
from lptui.tui.workspace import Cursor, Workspace

MOST_BYTES = 64 * 1024
"""What is copied at once: terminals drop longer OSC 52 sequences."""


def _bind(key: str, action: str, name: str, tooltip: str, word: str = "") -> Binding:
    return Binding(key, action, word or tooltip, show=bool(word), id=f"log.{name}", tooltip=tooltip)


class LogPane(Pane):
    """The newest lines, and everything before them, of one log at a time."""

    calm = False
    pane_id = "log"
    title = "Log"
    sources = ("log",)

    DEFAULT_CSS = """
    LogPane { layout: vertical; }
    LogPane LogRows { height: 1fr; }
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
    ]
    BINDING_GROUP_TITLE = "Log"

    def __init__(self) -> None:
        super().__init__()
        self.view = LogRows(self.ask)
        self.line = FrameLine()
        self.entry = Entry()
        self.finder = Finder(self)
        self.filter = Filter(self)
        self._file = ""
        self._seen_cursor: Cursor | None = None
        self._carded: tuple[object, ...] = ()
        self._said = ""

    def compose(self) -> ComposeResult:
        yield self.view
        yield self.line
        yield self.entry

    def part(self, workspace: Workspace) -> tuple[object, ...]:
        run = workspace.run
        return (self._view_of(run), len(run.logs), run.findings, workspace.cursor, run.statuses)

    def show(self, workspace: Workspace) -> None:
        run = workspace.run
        cursor = workspace.cursor
        moved = cursor is not None and cursor is not self._seen_cursor and cursor.origin != self.pane_id
        self._seen_cursor = cursor
        target = find_target(run, cursor) if moved and cursor is not None else None
        if target is not None:
            self._file = target[0]
        self._draw_log(run)
        if target is not None:
            self.filter.end()
            self.view.jump(target[1])
        self.filter.grow(self.view.extent)

    def note(self, state: RunState) -> str:
        names = logs_of(state)
        extent = self.view.extent
        if extent is None or not names:
            return ""
        words = title_of(extent.file)
        if len(names) > 1:
            words += f" {names.index(extent.file) + 1}/{len(names)}"
        if extent.missing:
            words += " · the file is gone, waiting for it"
        elif not self.view.following:
            more = "over " if self.view.new_unsure else "+"
            words += f" · {more}{self.view.new_lines:,} new" if self.view.new_lines else " · not following"
            words += f" · {where}" if self.size.width >= 90 and (where := self.view.where()) else ""
        return words

    def status(self, state: RunState) -> str:
        width = self.size.width
        words = [w for w in (self._said, self.finder.words(width), self.filter.words(width)) if w]
        return " · ".join(words) or super().status(state)

    def focus_view(self) -> None:
        self.view.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "hit":
            return self.finder.search is not None and bool(self.finder.search.pattern)
        if action == "widen":
            return self.filter.on
        return super().check_action(action, parameters)

    def action_search(self) -> None:
        self.entry.open("search")
        self.finder.begin()

    def action_filter(self) -> None:
        self.entry.open("filter", self.filter.text)

    def action_place(self) -> None:
        self.entry.open("place")

    def action_save(self) -> None:
        if self.view.extent is not None:
            self.entry.open("save")

    def action_widen(self, by: int) -> None:
        self.filter.widen(by)

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
        """Open a folded block or a JSON line; copy the place that a traceback's frame names; set the time cursor to any
        other row; on a finding's row, open the finding too."""
        extent, position = self.view.extent, self.view.paint.chosen
        if extent is None or position is None:
            super().action_detail()
            return
        if self.view.open_chosen():
            return
        if place := frame_place(self.view.chosen_line()):
            self.app.copy_to_clipboard(sanitise(place))
            self.app.notify(sanitise(place), title="copied (place)", markup=False, timeout=4)
            return
        finding = self._finding_at(position)
        if finding is None:
            self.choose(Cursor(anchor=extent.anchor(position), origin=self.pane_id))
            return
        self.choose(finding_cursor(finding, self.pane_id))
        self.post_message(self.DetailWanted("finding", finding.id))

    def action_other(self, by: int) -> None:
        if self.workspace is None:
            return
        names = logs_of(self.workspace.run)
        if len(names) > 1 and self.view.extent is not None:
            place = names.index(self.view.extent.file) if self.view.extent.file in names else 0
            self._file = names[(place + by) % len(names)]
            text = self.filter.text
            self.filter.end()
            self.draw()
            if text:
                self._apply_filter(text)

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
                self.finder.leave()
        elif self.finder.search is not None:
            self.finder.end()
        elif self.filter.on or self.filter.text:
            self.filter.end()
        else:
            return False
        return True

    def on_entry_typed(self, event: Entry.Typed) -> None:
        event.stop()
        if event.purpose == "search" and self.entry.purpose == "search":
            self.finder.type(event.text)

    def on_entry_given(self, event: Entry.Given) -> None:
        event.stop()
        purpose: Purpose = event.purpose
        self._shut_entry()
        if purpose == "search":
            self.finder.take(event.text)
        elif purpose == "filter":
            self._apply_filter(event.text)
        elif purpose == "place" and event.text:
            self._go(event.text)
        elif purpose == "save":
            self.filter.save(event.text)

    def on_log_window_moved(self, event: LogWindow.Moved) -> None:
        event.stop()
        self.reframe()

    def reframe(self) -> None:
        """Say in the frame what is true now."""
        self.refresh_bindings()
        if self.workspace is not None:
            self._set_frame(self.note(self.workspace.run), self.status(self.workspace.run))

    def _shut_entry(self) -> None:
        self.entry.shut()
        self.screen.set_focus(self.view)

    def _apply_filter(self, text: str) -> None:
        run = self.workspace.run if self.workspace is not None else None
        extent = self.view.extent
        anchors = [f.anchor for f in run.findings if f.anchor is not None] if run is not None else []
        places = [extent.position(anchor) for anchor in anchors] if extent is not None else []
        self.filter.take(text, run.now if run is not None else 0.0, [p for p in places if p is not None])

    def _go(self, text: str) -> None:
        extent, scroll = self.view.extent, self.view.scroll
        if extent is None or scroll is None or self.workspace is None:
            return
        try:
            place = read_place(text, newest_time(extent, self.workspace.run.now))
        except ValueError as error:
            self.app.notify(sanitise(str(error)), severity="warning", markup=False, timeout=5)
            return
        near = extent.end - 1 if scroll.follow else scroll.top
        self._said = f"going to {sanitise(text)} …"
        self.reframe()
        self.ask(SeekLog(extent.file, place, near), self._on_sought)

    def _on_sought(self, answer: Any) -> None:
        if isinstance(answer, Sought):
            self._said = ""
            if answer.reason:
                self.app.notify(answer.reason, markup=False, timeout=5)
            if answer.position is not None:
                self.view.jump(answer.position)
            self.reframe()

    def _draw_log(self, run: RunState) -> None:
        extent = self._view_of(run)
        cards = None
        if extent is not None:
            carded = (run.findings, extent.file, len(extent.segments))
            if len(self._carded) != 3 or carded[0] is not self._carded[0] or carded[1:] != self._carded[1:]:
                self._carded = carded
                cards = Cards(run.findings, extent)
        self.view.empty_text = why_empty(run)
        self.view.set_log(extent, cards)

    def _view_of(self, run: RunState) -> LogView | None:
        return run.logs.get(self._file) or run.primary_log

    def _finding_at(self, position: int) -> Finding | None:
        scroll = self.view.scroll
        unit = scroll.hand.unit(position) if scroll is not None else None
        return self.view.paint.cards.worst_within(unit.start, unit.end) if unit is not None else None

    def _set_frame(self, note: str, status: str) -> None:
        super()._set_frame(note, status)
        self.line.say(self, "" if self.view.following else note, status)
