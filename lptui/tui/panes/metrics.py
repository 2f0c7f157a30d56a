"""The metrics pane: a page of charts in a useful order, tables, a filter, one chart in full, the time cursor."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input

from lptui.state.run_state import RunState
from lptui.text import sanitise
from lptui.text.width import cut
from lptui.tui.panes import Pane
from lptui.tui.widgets.chartfacts import look_words
from lptui.tui.widgets.chartgrid import ChartGrid
from lptui.tui.widgets.chartmarks import cursor_of, marks_of
from lptui.tui.widgets.chartmemory import LayoutMemory
from lptui.tui.widgets.chartplan import Tile
from lptui.tui.widgets.frameline import FrameLine
from lptui.tui.widgets.metricchoice import MetricChoice
from lptui.tui.widgets.metrickeys import METRIC_KEYS
from lptui.tui.widgets.metriclist import MetricList
from lptui.tui.widgets.rows import RowsView
from lptui.tui.widgets.systemmetrics import choose_system
from lptui.tui.workspace import Cursor, Workspace


class MetricsPane(Pane):
    """Every series of the run, headline metrics first."""

    pane_id = "metrics"
    title = "Metrics"
    sources = ("wandb", "events", "jsonl", "series")
    BINDING_GROUP_TITLE = "Metrics"
    BINDINGS: ClassVar[list[BindingType]] = [*METRIC_KEYS]

    DEFAULT_CSS = """
    MetricsPane { layout: vertical; }
    MetricsPane ChartGrid { height: 1fr; }
    MetricsPane MetricList { height: 1fr; display: none; }
    MetricsPane.table ChartGrid { display: none; }
    MetricsPane.table MetricList { display: block; }
    MetricsPane #metrics-filter { height: 1; border: none; padding: 0; display: none; }
    MetricsPane #metrics-filter.open { display: block; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.choice = MetricChoice()
        self.grid = ChartGrid()
        self.grid.feed = self.choice
        self.list = MetricList(self.grid.book)
        self.line = FrameLine()
        self._family: Tile | None = None
        """The family whose table is shown; None: all metrics."""
        self.memory = LayoutMemory(self.grid, self.choice, self.list, self.ask, self._on_layout)

    def compose(self) -> ComposeResult:
        yield self.grid
        yield self.list
        yield self.line
        yield Input(placeholder="part of a name, a glob such as *loss, or /regex/", id="metrics-filter", compact=True)

    @property
    def in_table(self) -> bool:
        """Whether the table is shown instead of charts."""
        return self.has_class("table")

    def part(self, workspace: Workspace) -> tuple[object, ...]:
        run = workspace.run
        owed = int(workspace.now) if self.grid.sketches.owing else None
        own = (owed, run.series, run.findings, run.checkpoints, workspace.cursor, run.statuses, run.judged)
        return (*own, len(workspace.runs), *(one.series for one in workspace.runs))

    def show(self, workspace: Workspace) -> None:
        run, cursor, grid = workspace.run, workspace.cursor, self.grid
        self.choice.take(workspace)
        grid.judged, grid.sketches.now = self.choice.judged, workspace.now
        grid.growing = run.life.condition in ("running", "waiting")
        grid.moment = (cursor.step, cursor.at) if cursor is not None else (None, None)
        self._mark(run)
        self.memory.begin()
        self._plan()

    def note(self, state: RunState) -> str:
        grid, parts, wanted = self.grid, list[str](), self.choice.wishes.filter
        if self.choice.urgent:
            parts.append(f"{len(self.choice.urgent)} violated")
        if self.in_table:
            parts.append(f"table of {len(self.list.entries)}")
        elif grid.range_words:
            parts.append(grid.range_words)
        elif grid.tiles and not grid.zoomed:
            parts.append(f"{len(grid.tiles)}" + (f" of {len(self.choice.ordered)}" if wanted else ""))
        if self.choice.wishes.system:
            parts.append("of the machine")
        if wanted:
            parts.append(f"filter '{cut(sanitise(wanted), 20)}'")
        words = [", ".join(parts), self.choice.letters, *look_words(grid.look, grid.window, grid.hair)]
        return " · ".join(word for word in words if word)

    def focus_view(self) -> None:
        (self.list if self.in_table else self.grid).focus()

    def action_filter(self) -> None:
        entry = self.query_one(Input)
        entry.add_class("open")
        entry.value = self.choice.wishes.filter
        entry.focus()

    def action_search(self) -> None:
        self.action_filter()

    def action_detail(self) -> None:
        """Let the chosen chart fill the pane, open a table, or fold a section; with the crosshair: the time cursor."""
        grid = self.grid
        if self.in_table:
            self._show_row(self.list.selected)
            return
        section, tile = grid.chosen_section, grid.chosen
        spot = grid.probed()
        if section is not None and not grid.zoomed:
            grid.folded ^= {section}
            grid.after()
        elif spot is not None:
            self.choose(Cursor(at=spot.time, step=spot.step, origin=self.pane_id))
        elif tile is not None and tile.table:
            self._open_table(tile)
        elif grid.zoomed:
            self.close()
        else:
            grid.zoom(True)

    def action_expectations(self) -> None:
        self.post_message(self.DetailWanted("expectations", ""))

    def action_table(self) -> None:
        if self.in_table:
            self._close_table()
        else:
            tile = self.grid.chosen
            self._open_table(tile if tile is not None and tile.table and not self.grid.zoomed else None)

    def action_families(self) -> None:
        self._wish(tables=not self.choice.wishes.tables)

    def action_favourite(self) -> None:
        tile = self.grid.chosen
        name = self.list.selected if self.in_table else tile.name if tile is not None and not tile.table else None
        if name is None:
            return
        kept = self.choice.wishes.favourites
        self._wish(favourites=tuple(n for n in kept if n != name) if name in kept else (*kept, name))

    def action_together(self) -> None:
        if len(self.choice.runs) > 1:
            words = "one metric of each run in a chart while runs are compared; together with one run"
            self.app.notify(f"train and validation stay apart: {words}", markup=False, timeout=5)
            return
        self._wish(together=not self.choice.wishes.together)

    def action_sections(self) -> None:
        self._wish(heads=not self.choice.wishes.heads)

    def action_system(self) -> None:
        if not self.choice.wishes.system and not choose_system(self.choice.ordered):
            words = "no metric of this run tells of the machine; pane 5 shows GPU and host as they are now"
            self.app.notify(words, markup=False, timeout=5)
            return
        self._wish(system=not self.choice.wishes.system)

    def close(self) -> bool:
        entry, grid = self.query_one(Input), self.grid
        if entry.has_class("open") or (self.choice.wishes.filter and not grid.zoomed and not self._family):
            entry.remove_class("open")
            self.focus_view()
            self._wish(filter="")
        elif self.in_table:
            self._close_table()
        elif grid.hair is not None:
            grid.hair = None
            grid.after()
        elif grid.zoomed:
            back = grid.visitor is not None
            grid.zoom(False)
            if back:
                self._open_table(self._family)
        elif self.choice.wishes.system:
            self._wish(system=False)
        else:
            return False
        return True

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if event.input.has_class("open"):
            self._wish(filter=event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        event.input.remove_class("open")
        self.focus_view()

    def on_chart_board_changed(self, event: ChartGrid.Changed) -> None:
        event.stop()
        if self.workspace is not None:
            if self._mark(self.workspace.run):
                self.grid.redraw()
            self._reframe()

    def on_chart_board_mark_chosen(self, event: ChartGrid.MarkChosen) -> None:
        event.stop()
        if self.workspace is not None:
            self.choose(cursor_of(self.workspace.run, event.mark, self.pane_id))
            self.app.notify(sanitise(event.mark.title[:300]), markup=False, timeout=3)

    def on_metric_list_sorted(self, event: MetricList.Sorted) -> None:
        event.stop()
        self.memory.keep()

    def on_rows_view_clicked(self, event: RowsView.Clicked) -> None:
        event.stop()
        self.action_detail()

    def _wish(self, **changes: object) -> None:
        self.choice.wishes = replace(self.choice.wishes, **changes)  # type: ignore[arg-type]
        self._plan()

    def _open_table(self, tile: Tile | None) -> None:
        """Show a family, or all that the filter keeps, as a table."""
        self._family = tile
        self.add_class("table")
        self._plan()
        self.list.focus()

    def _close_table(self) -> None:
        self._family = None
        self.remove_class("table")
        self._plan()
        self.grid.focus()

    def _show_row(self, name: str | None) -> None:
        """The chart of one row of the table; esc comes back."""
        if name is not None and any(name in run.series for run in self.choice.runs):
            self.remove_class("table")
            self.grid.zoom(True)
            self.grid.visitor = Tile(name, ((name, ""),))
            self.grid.focus()
            self.grid.after()

    def _plan(self) -> None:
        """Draw what the wishes and the runs come to."""
        grid, choice = self.grid, self.choice
        if self.in_table:
            names = self._family.members if self._family is not None else [(n, "") for n in choice.chosen_names()]
            self.list.entries, self.list.heads = choice.entries_for(names), choice.heads()
            self.list.redraw()
        else:
            grid.tiles = choice.tiles()
            grid.heads, grid.favourites = choice.wishes.heads, frozenset(choice.wishes.favourites)
            grid.empty_text = choice.why_empty(self.workspace.run if self.workspace is not None else None)
            grid.redraw()
        self._reframe()

    def _mark(self, run: RunState) -> bool:
        """Put what happened on the x axis; whether that changed anything."""
        grid = self.grid
        marks = marks_of(run, grid.look.axis)
        if marks == grid.look.marks:
            return False
        grid.look = replace(grid.look, marks=marks)
        return True

    def _set_frame(self, note: str, status: str) -> None:
        super()._set_frame(note, status)
        grid, choice = self.grid, self.choice
        seen = choice.wishes.filter or choice.wishes.system or grid.range_words or choice.letters
        told = seen or any(look_words(grid.look, grid.window, grid.hair))
        self.line.say(self, note if told else "", status)

    def _on_layout(self, note: str) -> None:
        """The kept layout arrived, or cannot be used."""
        if note:
            self.app.notify(sanitise(note), severity="warning", markup=False, timeout=8)
        self._plan()

    def _reframe(self) -> None:
        if self.workspace is not None:
            self.memory.keep()
            self._set_frame(self.note(self.workspace.run), self.status(self.workspace.run))
