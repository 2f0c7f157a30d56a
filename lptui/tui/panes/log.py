"""The log pane: follows the run's log, shows findings where they happened, searches, joins the time
cursor."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from lptui.model.finding import Finding
from lptui.model.log import LogView
from lptui.model.request import SearchLog, SearchProgress
from lptui.state.run_state import RunState
from lptui.text import sanitise
from lptui.tui.moments import finding_cursor, fix_command
from lptui.tui.panes import Pane
from lptui.tui.widgets.frameline import FrameLine
from lptui.tui.widgets.logcards import Cards
from lptui.tui.widgets.logsearch import Search, highlighter, title_of
from lptui.tui.widgets.logview import LogRows
from lptui.tui.workspace import Cursor, Workspace


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
        Binding("n", "hit(1)", "Next match", id="log.match-next", tooltip="The next match of the search, below"),
        Binding("N", "hit(-1)", "Match before", show=False, id="log.match-before", tooltip="The match above"),
        Binding(
            "left_square_bracket",
            "other(-1)",
            "Log before",
            show=False,
            id="log.before",
            tooltip="The log before",
        ),
        Binding(
            "right_square_bracket",
            "other(1)",
            "Next log",
            show=False,
            id="log.next",
            tooltip="The run's next log",
        ),
    ]
    BINDING_GROUP_TITLE = "Log"

    def __init__(self) -> None:
        super().__init__()
        self.view = LogRows(self.ask)
        self.line = FrameLine()
        self._file = ""
        self._search: Search | None = None
        self._seen_cursor: Cursor | None = None
        self._carded: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        yield self.view
        yield self.line
        yield Input(placeholder="search: text or RE2 pattern", id="log-search", compact=True)

    def part(self, workspace: Workspace) -> tuple[object, ...]:
        run = workspace.run
        return (self._view_of(run), len(run.logs), run.findings, workspace.cursor, run.statuses)

    def show(self, workspace: Workspace) -> None:
        run = workspace.run
        cursor = workspace.cursor
        moved = cursor is not None and cursor is not self._seen_cursor and cursor.origin != self.pane_id
        self._seen_cursor = cursor
        target = self._target(run, cursor) if moved and cursor is not None else None
        if target is not None:
            self._file = target[0]
        self._draw_log(run)
        if target is not None:
            self.view.jump(target[1])

    def note(self, state: RunState) -> str:
        names = _files(state)
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
        return words

    def status(self, state: RunState) -> str:
        if self._search is not None:
            return self._search.words(self.size.width)
        return super().status(state)

    def focus_view(self) -> None:
        self.view.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "hit":
            return self._search is not None and self._search.request is not None
        return super().check_action(action, parameters)

    def action_search(self) -> None:
        entry = self.query_one(Input)
        entry.add_class("open")
        entry.value = ""
        entry.focus()
        self._set_search(Search(""))

    def action_detail(self) -> None:
        """Set the time cursor to the chosen row; on a finding's row, open the finding too."""
        extent, position = self.view.extent, self.view.paint.chosen
        if extent is None or position is None:
            super().action_detail()
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
        names = _files(self.workspace.run)
        if len(names) > 1 and self.view.extent is not None:
            place = names.index(self.view.extent.file) if self.view.extent.file in names else 0
            self._file = names[(place + by) % len(names)]
            self.draw()

    def action_hit(self, by: int) -> None:
        if self._search is None:
            return
        position = self.view.paint.chosen if self.view.paint.chosen is not None else self._search.hit
        self._ask_search(self._search.pattern, by < 0, position)

    def copied(self) -> tuple[str, str]:
        finding = self._finding_at(self.view.paint.chosen) if self.view.paint.chosen is not None else None
        return fix_command(finding), "fix"

    def close(self) -> bool:
        if self._search is None:
            return False
        self.query_one(Input).remove_class("open")
        self._set_search(None)
        self.view.focus()
        return True

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self._search is not None and event.input.has_class("open"):
            self._set_search(Search(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        event.input.remove_class("open")
        self.view.focus()
        if event.value:
            self._ask_search(event.value, self.view.following, None, first=True)
        else:
            self._set_search(None)

    def on_log_rows_moved(self, event: LogRows.Moved) -> None:
        event.stop()
        self._reframe()

    def _draw_log(self, run: RunState) -> None:
        extent = self._view_of(run)
        cards = None
        if extent is not None:
            carded = (run.findings, extent.file, len(extent.segments))
            if len(self._carded) != 3 or carded[0] is not self._carded[0] or carded[1:] != self._carded[1:]:
                self._carded = carded
                cards = Cards(run.findings, extent)
        self.view.empty_text = _why_empty(run)
        self.view.set_log(extent, cards)

    def _view_of(self, run: RunState) -> LogView | None:
        return run.logs.get(self._file) or run.primary_log

    def _target(self, run: RunState, cursor: Cursor) -> tuple[str, int] | None:
        """(file, position) that `cursor` points to in one of the logs, or None."""
        anchors = [cursor.anchor]
        anchors += [f.anchor for f in run.findings if f.id == cursor.finding_id]
        for anchor in anchors:
            extent = run.logs.get(anchor.file) if anchor is not None else None
            position = extent.position(anchor) if extent is not None and anchor is not None else None
            if extent is not None and position is not None:
                return extent.file, position
        return None

    def _finding_at(self, position: int) -> Finding | None:
        scroll = self.view.scroll
        unit = scroll.hand.unit(position) if scroll is not None else None
        return self.view.paint.cards.worst_within(unit.start, unit.end) if unit is not None else None

    def _ask_search(self, pattern: str, backwards: bool, position: int | None, *, first: bool = False) -> None:
        """Look for the next row from `position` (of the last hit or the chosen row), or from the view's
        edge."""
        extent, scroll = self.view.extent, self.view.scroll
        if extent is None or scroll is None:
            self._set_search(Search(pattern))
            return
        start = scroll.hand.end if backwards and self.view.following else scroll.top
        if position is not None:
            unit = scroll.hand.unit(position)
            start = position if backwards or unit is None else unit.end
            start = unit.start if backwards and unit is not None else start
        request = SearchLog(extent.file, pattern, start, backwards)
        self._set_search(Search(pattern, request, first=first))
        self.ask(request, self._on_search)

    def _on_search(self, answer: Any) -> None:
        search = self._search
        if search is None or not isinstance(answer, SearchProgress) or answer.request is not search.request:
            return
        self._set_search(replace(search, progress=answer))
        if answer.done and answer.hit is not None:
            self.view.jump(answer.hit)
        elif answer.done and not answer.error and search.first and not answer.request.backwards:
            self._ask_search(search.pattern, True, None)  # nothing below the view: look above it

    def _set_search(self, search: Search | None) -> None:
        old, self._search = self._search, search
        if (old.pattern if old else "") != (search.pattern if search else ""):
            self.view.paint.highlight = highlighter(search.pattern) if search else None
            self.view.redraw()
        self.refresh_bindings()
        self._reframe()

    def _set_frame(self, note: str, status: str) -> None:
        super()._set_frame(note, status)
        self.line.say(self, "" if self.view.following else note, status)

    def _reframe(self) -> None:
        if self.workspace is not None:
            self._set_frame(self.note(self.workspace.run), self.status(self.workspace.run))


def _files(state: RunState) -> list[str]:
    """The run's logs in the order in which `]` shows them."""
    first = [path for path in state.run.logs if path in state.logs]
    return first + [path for path in state.logs if path not in first]


def _why_empty(state: RunState) -> str:
    """What to say where no line can be shown."""
    if state.logs:
        return "the log is empty: nothing has been written yet"
    looked = [entry for entry in state.run.looked if "log" in entry.kind]
    if looked and looked[0].note:
        return f"no log found: {sanitise(looked[0].note)}"
    return f"no log found in {sanitise(state.run.path)}"
