"""The table of metrics as a list that scrolls and is sorted by its columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from lptui.tui.widgets.comparetable import RunHead, compare_page
from lptui.tui.widgets.metricfacts import FactBook
from lptui.tui.widgets.metrictable import SORTS, Entry, table_page
from lptui.tui.widgets.rows import Page, RowsView


class MetricList(RowsView):
    """Shows `entries`; `title` names the family, or is empty for all metrics."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "sort(1)", "Sort", id="metrics.sort", tooltip="In the table: sort by the next column"),
        Binding("S", "turn", "Turn round", show=False, id="metrics.turn", tooltip="In the table: the other way round"),
    ]

    class Sorted(Message):
        """The reader sorted the table."""

    def __init__(self, book: FactBook) -> None:
        super().__init__(self._page_of)
        self.entries: Sequence[Entry] = ()
        self.title = ""
        self.heads: Sequence[RunHead] = ()
        """The runs that are compared; none for one run."""
        self.sort = "order"
        self.falling = True
        self._book = book

    def action_sort(self, by: int) -> None:
        self.sort = SORTS[(SORTS.index(self.sort) + by) % len(SORTS)] if self.sort in SORTS else SORTS[0]
        self._after()

    def action_turn(self) -> None:
        self.falling = not self.falling
        self._after()

    def _after(self) -> None:
        """Draw the other order and go to its first row, which is why a reader sorts."""
        self.redraw()
        self.action_edge(-1)
        self.post_message(self.Sorted())

    def _page_of(self, width: int) -> Page:
        if self.heads:
            return compare_page(
                self.entries, self.heads, self._book, width, sort=self.sort, falling=self.falling, plain=self.plain
            )
        return table_page(self.entries, self._book, width, sort=self.sort, falling=self.falling, plain=self.plain)
