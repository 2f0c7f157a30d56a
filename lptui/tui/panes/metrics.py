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
from lptui.tui.glyphs import severity_glyph
from lptui.tui.panes import Pane
from lptui.tui.widgets.chartgrid import ChartGrid
from lptui.tui.widgets.frameline import FrameLine
from lptui.tui.widgets.metricorder import arrange, filter_names
from lptui.tui.workspace import Cursor, Workspace


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
        self.line = FrameLine()
        self._filter = ""
        self._ordered: list[str] = []
        self._urgent: frozenset[str] = frozenset()

    def compose(self) -> ComposeResult:
        yield self.grid
        yield self.line
        yield Input(placeholder="part of a name, or a glob such as *loss", id="metrics-filter", compact=True)

    def part(self, workspace: Workspace) -> tuple[object, ...]:
        run = workspace.run
        return (run.series, run.findings, workspace.cursor, run.statuses, run.judged)

    def show(self, workspace: Workspace) -> None:
        run, cursor = workspace.run, workspace.cursor
        urgent = frozenset(k for k, j in run.judged.items() if j.judgement.status == "violated")
        changed = len(self._ordered) != len(run.series) or urgent != self._urgent
        if changed or any(name not in run.series for name in self._ordered):
            per_task = {name for name, cell in run.cells.items() if cell is not None}
            self._ordered, self._urgent = arrange(run.series, per_task, urgent), urgent
        grid = self.grid
        grid.judged = {key: one.judgement for key, one in run.judged.items()}
        grid.series = run.series
        grid.moment = (cursor.step, cursor.at) if cursor is not None else (None, None)
        grid.look = replace(grid.look, marks=_marks(run, grid.look.axis))
        self._apply_filter()

    def note(self, state: RunState) -> str:
        grid, parts = self.grid, list[str]()
        if self._urgent:
            parts.append(f"{len(self._urgent)} violated")
        if grid.range_words:
            parts.append(grid.range_words)
        elif grid.names and not grid.zoomed:
            parts.append(f"{len(grid.names)}" + (f" of {len(self._ordered)}" if self._filter else ""))
        if self._filter:
            parts.append(f"filter '{cut(sanitise(self._filter), 20)}'")
        words = ", ".join(parts)
        if grid.look.axis == "time":
            words += " · wall time"
        if grid.look.log:
            words += " · log y"
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
        """Let the chosen chart fill the pane; there, set the time cursor to the value that is read."""
        if not self.grid.zoomed:
            self.grid.zoom(True)
            return
        spot = self.grid.probed()
        if spot is None:
            self.grid.zoom(False)
        else:
            self.choose(Cursor(at=spot.time, step=spot.step, origin=self.pane_id))

    def action_expectations(self) -> None:
        self.post_message(self.DetailWanted("expectations", ""))

    def close(self) -> bool:
        entry = self.query_one(Input)
        if self.grid.zoomed:
            self.grid.zoom(False)
        elif entry.has_class("open") or self._filter:
            entry.remove_class("open")
            self._filter = ""
            self.grid.focus()
            self._apply_filter()
        else:
            return False
        return True

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if event.input.has_class("open"):
            self._filter = event.value
            self._apply_filter()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        event.input.remove_class("open")
        self.grid.focus()

    def on_chart_grid_changed(self, event: ChartGrid.Changed) -> None:
        event.stop()
        if self.workspace is not None:
            marks = _marks(self.workspace.run, self.grid.look.axis)
            if marks != self.grid.look.marks:
                self.grid.look = replace(self.grid.look, marks=marks)
                self.grid.redraw()
            self._reframe()

    def _apply_filter(self) -> None:
        self.grid.names = filter_names(self._ordered, self._filter)
        self.grid.empty_text = self._why_empty()
        self.grid.redraw()
        self._reframe()

    def _why_empty(self) -> str:
        if self._ordered:
            return f"no metric matches '{sanitise(self._filter)}' · esc shows all {len(self._ordered)}"
        state = self.workspace.run if self.workspace is not None else None
        found = state is not None and (state.run.wandb or state.run.event_files or state.run.metric_files)
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


def _marks(state: RunState, axis: str) -> tuple[tuple[float, str], ...]:
    """Where active findings lie on the x axis, with their style."""
    places: list[tuple[float, str]] = []
    for finding in state.findings:
        place = finding.step if axis == "step" else finding.first_seen
        if finding.active and place is not None:
            places.append((float(place), severity_glyph(finding.severity)[1]))
    return tuple(places[:50])
