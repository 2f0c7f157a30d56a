"""The run's logs side by side. One of them has the keys; the others show where they were at the time that it shows."""

from __future__ import annotations

from typing import Any

from textual import events
from textual.app import ComposeResult
from textual.widget import Widget

from lptui.model.log import LogView
from lptui.model.request import Aligned, AlignLogs
from lptui.state.run_state import RunState
from lptui.tui.widgets.logcolumn import LogColumn, Owner
from lptui.tui.widgets.logplaces import logs_of, order_logs
from lptui.tui.widgets.logwindow import LogWindow

LEAST = 50
"""Cells of a column; with less its lines say nothing."""
MOST = 4


class LogColumns(Widget):
    """`wanted` columns, as many of them shown as there is room for."""

    DEFAULT_CSS = "LogColumns { layout: horizontal; height: 1fr; width: 1fr; }"

    def __init__(self, owner: Owner) -> None:
        super().__init__()
        self._owner = owner
        self._columns = [LogColumn(owner)]
        self.lead = self._columns[0]
        self.wanted = 1
        self._asked: AlignLogs | None = None
        self._again = False
        self._known: float | None = None
        self._row = (0, False)  # where the row that is looked at stands, and whether it was chosen

    def compose(self) -> ComposeResult:
        yield from self._columns

    @property
    def shown(self) -> list[LogColumn]:
        """The columns that there is room for."""
        if len(self._columns) == 1 or self.fits < 2:
            return [self.lead]
        near = [column for column in self._columns if column is not self.lead][: self.fits - 1]
        return [column for column in self._columns if column is self.lead or column in near]

    @property
    def fits(self) -> int:
        """How many columns there is room for."""
        return max(1, (self.size.width + 1) // (LEAST + 1))

    @property
    def lack(self) -> str:
        """Why fewer columns are shown than were asked for; nothing if they are not."""
        if len(self.shown) >= len(self._columns):
            return ""
        least = len(self._columns) * (LEAST + 1) - 1
        return f"{len(self._columns)} columns need {least} cells, here are {self.size.width}"

    def extents(self, run: RunState) -> tuple[LogView | None, ...]:
        """The newest state of every log that is shown; always as many values."""
        found = [column.extent_in(run) for column in self.shown]
        return (*found, *[None] * (MOST - len(found)))

    async def widen(self, run: RunState) -> str:
        """One column more, or back to one behind the most that fit; returns what is to be said about it."""
        names = logs_of(run)
        if len(names) < 2:
            return "this run has one log: nothing to stand beside it"
        most = min(MOST, max(2, self.fits), len(names))
        self.wanted = self.wanted + 1 if self.wanted < most else 1
        if self.wanted == 1:
            await self._keep_lead()
        else:
            self._name_files(run)
            column = LogColumn(self._owner, max(c.number for c in self._columns) + 1)
            column.file = next(name for name in order_logs(run) if name not in self._files())
            self._columns.append(column)
            await self.mount(column)
            self._carry(column)
        self.draw(run)
        self.call_after_refresh(self._realign)
        zoomed = self.app.size.width > self.size.width + 4  # else it has the window already
        return f"{self.lack}: `z` gives this pane the whole window" if self.lack and zoomed else self.lack

    def draw(self, run: RunState) -> None:
        """Show the newest state of all columns."""
        shown = self.shown
        for column in self._columns:
            column.display = column in shown
            column.set_class(column is not shown[0], "beside")
            column.head.styles.display = "block" if len(shown) > 1 else "none"
        for column in shown:
            column.draw(run)
            column.filter.grow(column.view.extent)
        self.say_heads(run)

    def say_heads(self, run: RunState) -> None:
        """Say in the headers what is true now."""
        if len(self.shown) > 1:
            for column in self.shown:
                column.say_head(run, leads=column is self.lead)

    def filter(self, text: str, run: RunState) -> None:
        """Show only what `text` asks for, in every column that does not do so."""
        beside = len(self.shown) > 1
        anchors = [f.anchor for f in run.findings if f.anchor is not None]
        for column in self.shown:
            extent = column.view.extent
            if extent is not None and (column.filter.text != text or not text):
                places = [place for anchor in anchors if (place := column.position(anchor)) is not None]
                column.filter.take(text, run, places, beside=beside)
        self.align()

    def end_filter(self) -> None:
        """Show all rows again."""
        for column in self._columns:
            column.filter.end()

    def mark(self, text: str, *, count: bool = False) -> None:
        """Mark the matches of a search beside the log that is searched, and `count` them."""
        for column in self.shown:
            if column is not self.lead:
                column.finder.mark(text, count=count)

    def end_search(self) -> None:
        """No search any more."""
        for column in self._columns:
            column.finder.end()

    def bring(self, run: RunState, file: str, _position: int) -> None:
        """Give the keys to the column with the log `file`; if there is none, the one that has them shows it."""
        if self.lead.holds(run, file):
            return
        column = next((c for c in self.shown if c.file == file), None)
        if column is None:
            self.lead.file = file
        else:
            self.take(column)

    def turn(self, run: RunState, by: int) -> bool:
        """Show the next of the logs that no other column shows, in the one that has the keys."""
        others = [column for column in self.shown if column is not self.lead]
        names = [name for name in logs_of(run) if name not in {column.file for column in others}]
        extent = self.lead.view.extent
        if len(names) < 2 or extent is None:
            return False
        place = names.index(extent.file) if extent.file in names else 0
        self.lead.file = names[(place + by) % len(names)]
        self._known = None
        return True

    def follow_other(self) -> None:
        """Bring the column that has the keys to the time of the others: it shows another log now."""
        others = [column for column in self.shown if column is not self.lead]
        if others and not others[0].view.following:
            self._align(others[0], [self.lead])

    def can_step(self, by: int) -> bool:
        """Whether there is a column on that side."""
        return 0 <= self.shown.index(self.lead) + by < len(self.shown)

    def step(self, by: int) -> None:
        """Give the keys to the next column."""
        if self.can_step(by):
            self.take(self.shown[self.shown.index(self.lead) + by])

    def take(self, column: LogColumn) -> None:
        """Give the keys to `column`."""
        if column is not self.lead:
            self.lead, self._known, self._asked = column, None, None
            column.lead()
            self._owner.reframe()
        if not column.view.has_focus and self.screen.focused in [c.view for c in self._columns]:
            self.screen.set_focus(column.view)

    def align(self) -> None:
        """Bring all others to the time of the row that the reader looks at."""
        others = [column for column in self.shown if column is not self.lead]
        if not others:
            return
        if self.lead.view.following:
            self._known = None
            for column in others:
                column.view.rejoin()
        elif self._asked is not None:
            self._again = True
        else:
            self._align(self.lead, others)

    def on_resize(self, _event: events.Resize) -> None:
        if len(self._columns) > 1:
            self._owner.draw()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        column = next((c for c in self.shown if c.view is event.widget), None)
        if column is not None:
            self.take(column)

    def on_log_window_moved(self, event: LogWindow.Moved) -> None:
        column = next((c for c in self._columns if c.view is event.view), None)
        if column is None:
            return
        if event.by_hand and column is not self.lead:
            self.take(column)
        if column is self.lead:
            self.align()

    def _align(self, leader: LogColumn, others: list[LogColumn]) -> None:
        standing, extent = leader.view.standing(), leader.view.extent
        if standing is None or extent is None:
            return
        position, above, chosen = standing
        self._row = (above, chosen)
        known = self._known if leader is self.lead else None
        request = AlignLogs(extent.file, position, tuple(column.shown_file for column in others), known)
        self._asked = request
        self._owner.ask(request, self._on_aligned)

    def _on_aligned(self, answer: Any) -> None:
        if not isinstance(answer, Aligned) or answer.request is not self._asked:
            return
        self._asked = None
        again, self._again = self._again, False
        above, chosen = self._row
        if answer.request.file == self.lead.shown_file:
            self.lead.clockless = answer.at is None
        if answer.at is not None and not (self.lead.view.following and answer.request.file == self.lead.shown_file):
            self._known = self.lead.read_at = answer.at
            places = dict(zip(answer.request.others, answer.places, strict=False))
            for column in self.shown:
                if column.shown_file in places:
                    column.stand(places[column.shown_file], answer.at, above, chosen=chosen)
        if again:
            self.align()
        self._owner.reframe()

    def _realign(self) -> None:
        self._known = None
        self.align()

    def _files(self) -> set[str]:
        return {column.file for column in self._columns}

    def _name_files(self, run: RunState) -> None:
        """What the first column shows stays what it shows."""
        for column in self._columns:
            if column.file not in run.logs and run.primary_log is not None:
                column.file = run.primary_log.file  # not of a merged log: the single one below it is gone back to

    def _carry(self, column: LogColumn) -> None:
        """A new column wraps, numbers and marks as the one that the reader knows."""
        mine, model = column.view.paint, self.lead.view.paint
        mine.wrap, mine.numbers, mine.highlight = model.wrap, model.numbers, model.highlight

    async def _keep_lead(self) -> None:
        gone = [column for column in self._columns if column is not self.lead]
        self._columns = [self.lead]
        self.lead.lead()
        for column in gone:
            await column.remove()
