"""Where a board of charts gets what its tiles show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from lptui.tui.widgets.chartlines import Line
from lptui.tui.widgets.chartplan import Tile
from lptui.tui.widgets.comparetable import RunHead
from lptui.tui.widgets.metrictable import Entry


class ChartFeed(Protocol):
    """The lines of a chart, the rows of a table, which of several lines stands best, and the runs that are compared."""

    def lines_of(self, tile: Tile) -> tuple[Line, ...]: ...
    def entries_of(self, tile: Tile) -> list[Entry]: ...
    def best_of(self, lines: Sequence[Line]) -> int | None: ...
    def heads(self) -> tuple[RunHead, ...]: ...


class NoFeed:
    """Nothing yet."""

    def lines_of(self, tile: Tile) -> tuple[Line, ...]:
        return ()

    def entries_of(self, tile: Tile) -> list[Entry]:
        return []

    def best_of(self, lines: Sequence[Line]) -> int | None:
        return None

    def heads(self) -> tuple[RunHead, ...]:
        return ()
