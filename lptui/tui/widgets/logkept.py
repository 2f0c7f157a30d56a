"""Rows of a log that were made once and look the same where they stand now: a page that moved up by a line is one new
row. No Textual here."""

from __future__ import annotations

from collections.abc import Callable

from lptui.tui.widgets.loghand import Unit
from lptui.tui.widgets.spans import Row

_MOST = 2000
Key = tuple[Unit, int]


class KeptRows:
    """By unit and the number of its row, as long as `look`, all else that they are made from, stays the same."""

    def __init__(self) -> None:
        self._look: tuple[object, ...] = ()
        self._rows: dict[Key, Row] = {}
        self._counts: dict[Unit, int] = {}

    def begin(self, *look: object) -> None:
        """What rows are made from now."""
        if look != self._look:
            self._look = look
            self.forget()

    def forget(self) -> None:
        """Make all of them anew."""
        self._rows.clear()
        self._counts.clear()

    def row(self, unit: Unit, index: int, make: Callable[[], Row]) -> Row:
        """Row `index` of `unit`."""
        row = self._rows.get((unit, index))
        if row is None:
            row = make()
            if len(self._rows) > _MOST:
                self._rows.clear()
            self._rows[unit, index] = row
        return row

    def count(self, unit: Unit, count: Callable[[Unit], int]) -> int:
        """How many rows `unit` has."""
        known = self._counts.get(unit)
        if known is None:
            known = count(unit)
            if len(self._counts) > _MOST:
                self._counts.clear()
            self._counts[unit] = known
        return known
