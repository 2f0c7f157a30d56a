"""The metrics pane: a page of charts in a useful order, a filter, one chart in full, the time cursor."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from lptui.state.run_state import RunState
from lptui.text import sanitise
from lptui.text.width import cut
from lptui.tui.moments import checkpoint_cursor, finding_cursor
from lptui.tui.panes import Pane
from lptui.tui.widgets.chartgrid import ChartGrid
from lptui.tui.widgets.chartlines import Line, RunSeries, family_lines, run_lines
from lptui.tui.widgets.chartmarks import marks_of
from lptui.tui.widgets.chartplan import Tile, plan_tiles
from lptui.tui.widgets.chartplot import Mark
from lptui.tui.widgets.chartwindow import window_words
from lptui.tui.widgets.frameline import FrameLine
from lptui.tui.widgets.metricorder import arrange, filter_names
from lptui.tui.workspace import Cursor, Workspace


def _key(key: str, action: str, word: str, name: str, tooltip: str) -> Binding:
    return Binding(key, action, word, show=False, id=f"metrics.{name}", tooltip=tooltip)


class MetricsPane(Pane):
    """Every series of the run, headline metrics first."""

    pane_id = "metrics"
    title = "Metrics"
    sources = ("wandb", "events", "jsonl", "series")
    BINDING_GROUP_TITLE = "Metrics"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "e", "expectations", "Expected", id="metrics.expectations", tooltip="What each metric should do, and does"
        ),
        _key("F", "favourite", "Favourite", "favourite", "Keep this metric near the front, or let it go"),
        _key("b", "together", "Together", "together", "Train and validation in one chart, or apart"),
        _key("u", "sections", "Sections", "sections", "Group the charts by the prefix of their names; enter folds one"),
    ]

    DEFAULT_CSS = """
    MetricsPane { layout: vertical; }
    MetricsPane ChartGrid { height: 1fr; }
    MetricsPane #metrics-filter { height: 1; border: none; padding: 0; display: none; }
    MetricsPane #metrics-filter.open { display: block; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.grid = ChartGrid()
        self.grid.lines_of = self._lines_of
        self.line = FrameLine()
        self.favourites: tuple[str, ...] = ()
        self.together = True
        self._filter = ""
        self._ordered: list[str] = []
        self._urgent: frozenset[str] = frozenset()
        self._runs: tuple[RunSeries, ...] = ()
        self._front = 0
        self._planned_of: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        yield self.grid
        yield self.line
        yield Input(placeholder="part of a name, a glob such as *loss, or /regex/", id="metrics-filter", compact=True)

    def part(self, workspace: Workspace) -> tuple[object, ...]:
        run = workspace.run
        others = tuple(other.series for other in workspace.runs)
        return (
            run.series,
            run.findings,
            run.checkpoints,
            workspace.cursor,
            run.statuses,
            run.judged,
            len(others),
            *others,
        )

    def show(self, workspace: Workspace) -> None:
        run, cursor, grid = workspace.run, workspace.cursor, self.grid
        self._runs = tuple(RunSeries(one.run.name, one.series, one.axes) for one in workspace.runs)
        self._front = workspace.front
        self._order(workspace)
        grid.judged = {key: one.judgement for key, one in run.judged.items()}
        grid.growing = run.life.condition in ("running", "waiting")
        grid.moment = (cursor.step, cursor.at) if cursor is not None else (None, None)
        self._mark(run)
        self._plan()

    def note(self, state: RunState) -> str:
        grid, parts = self.grid, list[str]()
        if self._urgent:
            parts.append(f"{len(self._urgent)} violated")
        if grid.range_words:
            parts.append(grid.range_words)
        elif grid.tiles and not grid.zoomed:
            parts.append(f"{len(grid.tiles)}" + (f" of {len(self._ordered)}" if self._filter else ""))
        if self._filter:
            parts.append(f"filter '{cut(sanitise(self._filter), 20)}'")
        words = ", ".join(parts)
        look = grid.look
        told = {"time": "wall time", "since": "since start", "epoch": "epochs"}.get(look.axis, "")
        smooth = look.smooth
        weight = f"smooth {smooth.amount:g}" if smooth.kind == "weight" else f"smooth {smooth.amount:g}s"
        for word in (
            told, window_words(grid.window, look.axis), "log y" if look.log else "",
            "" if look.clip else "outliers shown", "" if smooth.off else weight,
        ):  # fmt: skip
            words += f" · {word}" if word else ""
        return words.removeprefix(" · ")

    def focus_view(self) -> None:
        self.grid.focus()

    def action_filter(self) -> None:
        entry = self.query_one(Input)
        entry.add_class("open")
        entry.value = self._filter
        entry.focus()

    def action_search(self) -> None:
        self.action_filter()

    def action_detail(self) -> None:
        """Let the chosen chart fill the pane, or fold a section; with the crosshair: set the time cursor there."""
        grid = self.grid
        section = grid.chosen_section
        if section is not None and not grid.zoomed:
            grid.folded ^= {section}
            grid.after()
            return
        spot = grid.probed()
        if spot is not None:
            self.choose(Cursor(at=spot.time, step=spot.step, origin=self.pane_id))
        else:
            grid.zoom(not grid.zoomed)

    def action_expectations(self) -> None:
        self.post_message(self.DetailWanted("expectations", ""))

    def action_favourite(self) -> None:
        tile = self.grid.chosen
        if tile is not None:
            kept = [name for name in self.favourites if name != tile.name]
            self.favourites = tuple(kept) if tile.name in self.favourites else (*kept, tile.name)
            self._planned_of = ()
            self._plan()

    def action_together(self) -> None:
        self.together = not self.together
        self._plan()

    def action_sections(self) -> None:
        self.grid.heads = not self.grid.heads
        self._plan()

    def close(self) -> bool:
        entry, grid = self.query_one(Input), self.grid
        if grid.hair is not None:
            grid.hair = None
            grid.after()
        elif grid.zoomed:
            grid.zoom(False)
        elif entry.has_class("open") or self._filter:
            entry.remove_class("open")
            self._filter = ""
            grid.focus()
            self._plan()
        else:
            return False
        return True

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if event.input.has_class("open"):
            self._filter = event.value
            self._plan()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        event.input.remove_class("open")
        self.grid.focus()

    def on_chart_board_changed(self, event: ChartGrid.Changed) -> None:
        event.stop()
        if self.workspace is not None:
            if self._mark(self.workspace.run):
                self.grid.redraw()
            self._reframe()

    def on_chart_board_mark_chosen(self, event: ChartGrid.MarkChosen) -> None:
        event.stop()
        if self.workspace is None:
            return
        run, mark = self.workspace.run, event.mark
        self.choose(_cursor_of(run, mark, self.pane_id))
        self.app.notify(sanitise(mark.title[:300]), markup=False, timeout=3)

    def _order(self, workspace: Workspace) -> None:
        """Put the names in order again if there are others, or others are urgent."""
        run = workspace.run
        urgent = frozenset(k for k, j in run.judged.items() if j.judgement.status == "violated")
        names = run.series.keys() if len(self._runs) < 2 else dict.fromkeys(k for r in self._runs for k in r.series)
        if len(self._ordered) == len(names) and urgent == self._urgent and all(n in names for n in self._ordered):
            return
        per_task = {name for name, cell in run.cells.items() if cell is not None}
        self._ordered, self._urgent = arrange(names, per_task, urgent), urgent

    def _plan(self) -> None:
        """Lay out the tiles again if what they follow from has changed; draw."""
        grid = self.grid
        several = len(self._runs) > 1
        made_of = (self._ordered, self._filter, self.favourites, self.together and not several, grid.heads)
        if not self._planned_of or any(a is not b and a != b for a, b in zip(self._planned_of, made_of, strict=True)):
            names = filter_names(self._ordered, self._filter)
            front = {*self._urgent, *self.favourites}
            names = [n for n in names if n in front] + [n for n in names if n not in front] if front else names
            names.sort(key=lambda n: n not in self._urgent)
            grid.tiles = plan_tiles(names, together=made_of[3], tables=False, sections=grid.heads, urgent=self._urgent)
            grid.favourites = frozenset(self.favourites)
            self._planned_of = made_of
        grid.empty_text = self._why_empty()
        grid.redraw()
        self._reframe()

    def _lines_of(self, tile: Tile) -> tuple[Line, ...]:
        """The lines of a chart now: of each run, or of each kind of data."""
        if len(self._runs) > 1:
            lines = run_lines(tile.name, self._runs)
            mine = self._runs[self._front].label
            return tuple(sorted(lines, key=lambda line: line.label != mine))
        if not self._runs:
            return ()
        if len(tile.members) > 1:
            return family_lines(tile.members, self._runs[0])
        return run_lines(tile.name, self._runs)

    def _mark(self, run: RunState) -> bool:
        """Put what happened on the x axis; whether that changed anything."""
        grid = self.grid
        marks = marks_of(run, grid.look.axis)
        if marks == grid.look.marks:
            return False
        grid.look = replace(grid.look, marks=marks)
        return True

    def _why_empty(self) -> str:
        if self._ordered:
            return f"no metric matches '{sanitise(self._filter)}' · esc shows all {len(self._ordered)}"
        state = self.workspace.run if self.workspace is not None else None
        found = state is not None and state.run.records
        return (
            "no metric has been logged yet"
            if found
            else "no metrics found: no W&B or TensorBoard file, CSV or JSON with steps, nor numbers in the log"
        )

    def _set_frame(self, note: str, status: str) -> None:
        super()._set_frame(note, status)
        self.line.say(self, note if self._filter or self.grid.range_words else "", status)

    def _reframe(self) -> None:
        if self.workspace is not None:
            self._set_frame(self.note(self.workspace.run), self.status(self.workspace.run))


def _cursor_of(run: RunState, mark: Mark, origin: str) -> Cursor:
    """The moment of a mark."""
    finding = next((f for f in run.findings if mark.kind == "finding" and f.id == mark.key), None)
    saved = next((c for c in run.checkpoints if mark.kind == "checkpoint" and c.path == mark.key), None)
    if finding is not None:
        return finding_cursor(finding, origin)
    if saved is not None:
        return checkpoint_cursor(saved, origin)
    return Cursor(at=mark.moment[1], step=mark.moment[0], origin=origin)
