"""Between how the charts are arranged and the value that is kept of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from lptui.model.chart_layout import ChartLayout
from lptui.model.request import KeepLayout, LayoutRead, ReadLayout
from lptui.tui.widgets.chartgrid import ChartGrid, smoothing
from lptui.tui.widgets.metricchoice import MetricChoice
from lptui.tui.widgets.metriclist import MetricList


def layout_of(grid: ChartGrid, choice: MetricChoice, table: MetricList) -> ChartLayout:
    """What is worth keeping; the filter, windows and the crosshair are of the moment."""
    look, wishes = grid.look, choice.wishes
    columns, rows = grid.wanted
    return ChartLayout(
        columns, look.axis, look.log, look.clip, look.smooth.amount, look.details, wishes.together, wishes.tables,
        wishes.heads, table.sort, table.falling, wishes.favourites, tuple(sorted(grid.folded)), rows,
    )  # fmt: skip


def arrange(layout: ChartLayout, grid: ChartGrid, choice: MetricChoice, table: MetricList) -> None:
    """Arrange the charts as they were."""
    grid.wanted, grid.folded = (layout.columns, layout.rows), set(layout.folded)
    grid.look = replace(
        grid.look, axis=layout.axis, log=layout.log, clip=layout.clip, details=layout.details,
        smooth=smoothing(layout.axis, layout.smooth),
    )  # fmt: skip
    table.sort, table.falling = layout.sort, layout.falling
    choice.wishes = replace(
        choice.wishes, favourites=layout.favourites, together=layout.together, tables=layout.tables,
        heads=layout.sections,
    )  # fmt: skip


class LayoutMemory:
    """Asks for the kept layout once and has changes kept. `tell` is called with what there is to say when it came."""

    def __init__(
        self,
        grid: ChartGrid,
        choice: MetricChoice,
        table: MetricList,
        ask: Callable[[object, Callable[[object], None]], None],
        tell: Callable[[str], None],
    ) -> None:
        self._parts = (grid, choice, table)
        self._ask = ask
        self._tell = tell
        self._kept: ChartLayout | None = None

    def begin(self) -> None:
        """Ask what was kept, the first time."""
        if self._kept is None:
            self._kept = layout_of(*self._parts)
            self._ask(ReadLayout(), self._take)

    def keep(self) -> None:
        """Have the layout kept if the reader changed it."""
        layout = layout_of(*self._parts)
        if self._kept is not None and layout != self._kept:
            self._kept = layout
            self._ask(KeepLayout(layout), self._take)

    def _take(self, answer: object) -> None:
        if not isinstance(answer, LayoutRead):
            return
        if answer.layout is not None and self._kept == layout_of(*self._parts):  # the reader was not quicker
            self._kept = answer.layout
            arrange(answer.layout, *self._parts)
        if answer.layout is not None or answer.note:
            self._tell(answer.note)
