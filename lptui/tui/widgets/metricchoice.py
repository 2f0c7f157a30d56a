"""Which charts there are, in which order, and what each of them draws: from the runs that are watched to tiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lptui.model.expectation import Judgement
from lptui.state.cloud_word import why_unread
from lptui.state.run_state import RunState
from lptui.stores.series import Series
from lptui.text import sanitise
from lptui.text.width import cut
from lptui.tui.widgets.chartlines import LETTERS, PALETTE, Line, RunSeries, family_lines, run_lines
from lptui.tui.widgets.chartplan import Tile, plan_tiles, section_of
from lptui.tui.widgets.comparetable import RunHead
from lptui.tui.widgets.metricfacts import facts_of, find_best
from lptui.tui.widgets.metricorder import arrange, filter_names
from lptui.tui.widgets.metrictable import Entry, entries_of
from lptui.tui.widgets.systemmetrics import choose_system, system_section
from lptui.tui.workspace import Workspace


@dataclass(slots=True)
class Wishes:
    """What the reader wants of the grid; kept from one watch to the next."""

    favourites: tuple[str, ...] = ()
    together: bool = True
    tables: bool = True
    heads: bool = False
    system: bool = False
    """Only metrics of the machine."""
    filter: str = field(default="", compare=True)


class MetricChoice:
    """The metrics of all runs that are watched; the one in front leads."""

    def __init__(self) -> None:
        self.wishes = Wishes()
        self.ordered: list[str] = []
        self.urgent: frozenset[str] = frozenset()
        self.runs: tuple[RunSeries, ...] = ()
        self.front = 0
        self.judged: Mapping[str, Judgement] = {}
        self._planned_of: tuple[object, ...] = ()
        self._tiles: tuple[Tile, ...] = ()
        self._per_task: frozenset[str] = frozenset()

    @property
    def series(self) -> Mapping[str, Series]:
        """The metrics of the run in front."""
        return self.runs[self.front].series if self.runs else {}

    @property
    def letters(self) -> str:
        """Which letter is which run: 'A one, B two'; empty where there is but one."""
        if len(self.runs) < 2:
            return ""
        names = [cut(sanitise(run.label[:200]), 24) for run in self.runs]
        return ", ".join(f"{letter} {name}" for letter, name in zip(LETTERS, names, strict=False))

    def take(self, workspace: Workspace) -> None:
        """Follow the runs; names are put in order again only if there are others, or others are urgent."""
        run = workspace.run
        self.runs = tuple(RunSeries(one.run.name, one.series, one.axes) for one in workspace.runs)
        self.front = workspace.front
        self.judged = {key: one.judgement for key, one in run.judged.items()}
        urgent = frozenset(k for k, j in self.judged.items() if j.status == "violated")
        names = run.series.keys() if len(self.runs) < 2 else dict.fromkeys(k for r in self.runs for k in r.series)
        if len(self.ordered) == len(names) and urgent == self.urgent and all(n in names for n in self.ordered):
            return
        self._per_task = frozenset(name for name, cell in run.cells.items() if cell is not None)
        self.ordered, self.urgent = arrange(names, self._per_task, urgent), urgent

    def tiles(self) -> tuple[Tile, ...]:
        """The charts to show; the same object while nothing changed that they follow from."""
        wishes = self.wishes
        together = wishes.together and len(self.runs) < 2
        made_of = (
            wishes.filter, wishes.favourites, together, wishes.tables, wishes.heads, wishes.system, self.ordered,
        )  # fmt: skip
        if self._planned_of[:-1] == made_of[:-1] and self._planned_of and self._planned_of[-1] is self.ordered:
            return self._tiles
        names = self.chosen_names()
        apart = self.urgent | set(wishes.favourites)
        tiles = plan_tiles(
            names, together=together, tables=wishes.tables, sections=wishes.heads, urgent=apart,
            per_task=self._per_task, section=system_section if wishes.system else section_of,
            devices=wishes.system and together,
        )  # fmt: skip
        self._planned_of, self._tiles = made_of, tiles
        return tiles

    def chosen_names(self) -> list[str]:
        """The metrics that the filter keeps: violated ones first, then favourites, then in their order."""
        names = filter_names(self.ordered, self.wishes.filter)
        if self.wishes.system:
            return choose_system(names)
        rank = dict.fromkeys(self.wishes.favourites, 1) | dict.fromkeys(self.urgent, 0)
        return sorted(names, key=lambda name: rank.get(name, 2)) if rank else names

    def lines_of(self, tile: Tile) -> tuple[Line, ...]:
        """The lines of a chart now: of each run, the one in front first, or of each kind of data."""
        if len(self.runs) > 1 and not tile.table:
            lines = run_lines(tile.name, self.runs)
            return tuple(sorted(lines, key=lambda line: line.solid != self.front))
        if not self.runs or tile.table:
            return ()
        return family_lines(tile.members, self.runs[0]) if len(tile.members) > 1 else run_lines(tile.name, self.runs)

    def entries_of(self, tile: Tile) -> list[Entry]:
        """The rows of a table."""
        return self.entries_for(tile.members)

    def entries_for(self, members: Sequence[tuple[str, str]]) -> list[Entry]:
        """The rows of a table of these metrics (name, label), of all runs that are watched."""
        if len(self.runs) < 2:
            return entries_of(members, self.series, self.judged)
        order = self._in_order()
        entries: list[Entry] = []
        for name, label in members:
            found = tuple(run.series.get(name) for _, run in order)
            first = next((one for one in found if one is not None), None)
            if first is not None:
                entries.append(Entry(first, label or name, self.judged.get(name), found))
        return entries

    def heads(self) -> tuple[RunHead, ...]:
        """The runs as columns of a table, the one in front first; none where there is but one run."""
        if len(self.runs) < 2:
            return ()
        return tuple(
            RunHead(LETTERS[place % len(LETTERS)], run.label, PALETTE[place % len(PALETTE)])
            for place, run in self._in_order()
        )

    def _in_order(self) -> list[tuple[int, RunSeries]]:
        return sorted(enumerate(self.runs), key=lambda row: row[0] != self.front)

    def best_of(self, lines: Sequence[Line]) -> int | None:
        """Which run stands best by the mean of its newest points, where a name says whether high or low is good."""
        if len(self.runs) < 2:
            return None
        return find_best(lines[0].series.key, [facts_of(line.series) for line in lines])

    def why_empty(self, state: RunState | None) -> str:
        """What stands where no chart can."""
        if total := len(self.ordered):
            return f"no metric matches '{sanitise(self.wishes.filter)}' · esc shows all {total}"
        if state is not None and (unread := why_unread(state)):
            return sanitise(unread)
        if state is not None and (state.run.records or state.run.remote):
            return "no metric has been logged yet"
        return "no metrics found: no W&B or TensorBoard file, CSV or JSON with steps, nor numbers in the log"
