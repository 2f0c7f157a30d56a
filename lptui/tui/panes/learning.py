"""Learning progress: the task table of the curriculum, and whether it still teaches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.binding import Binding, BindingType

from lptui.curriculum.signals import VOID_SIGNALS, Signals
from lptui.state.run_state import Curriculum, RunState, TaskRow
from lptui.text import cell_width, format_value, plural
from lptui.text.width import cut
from lptui.tui.glyphs import level_glyph
from lptui.tui.panes import RowsPane
from lptui.tui.widgets.rows import Page
from lptui.tui.widgets.spans import Row, bar, clean, columns, row_width, wrap
from lptui.tui.workspace import Workspace

_SORTS = ("probability", "result", "progress", "completions", "name")
_EMPTY = (
    "No task of a curriculum has been reported.",
    "This pane fills from the metrics env_curriculum_task_probs/TASK, env_per_label_rewards/TASK, "
    "curriculum/TASK_prob, curriculum/TASK_success_rate, curriculum/TASK_lp, and lp/… ; "
    "in Metta runs they are written to W&B, so its local files must be there.",
)


class LearningPane(RowsPane):
    """Signals first, then one row a task."""

    pane_id: ClassVar[str] = "learning"
    title: ClassVar[str] = "Learning progress"
    short: ClassVar[str] = "Learning"
    sources: ClassVar[tuple[str, ...]] = ("wandb", "events", "metrics", "jsonl", "csv")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "sort", "Sort", id="learning.sort", tooltip="Sort the tasks by the next column")
    ]

    def __init__(self) -> None:
        super().__init__()
        self._sort = 0

    def part(self, workspace: Workspace) -> tuple[object, ...]:
        return (workspace.run.curriculum, workspace.run.statuses)

    def note(self, state: RunState) -> str:
        count = len(state.curriculum.rows)
        return plural(count, "task") if count else ""

    def page(self, state: RunState, width: int) -> Page:
        table = state.curriculum
        if not table.rows and not table.stats:
            return Page([*((((line, "dim"),)) for text in _EMPTY for line in wrap(text, width))])
        top = [*signal_rows(table, width, plain=self.ascii), head_row(table, width, _SORTS[self._sort])]
        tasks = sort_tasks(table.rows, _SORTS[self._sort])
        rows = [task_row(row, table, width, plain=self.ascii) for row in tasks]
        # where the signals would fill the view they scroll with the rest
        head = len(top) if len(top) * 2 <= self.view.size.height else 0
        return Page([*top, *rows], [*[None] * len(top), *(r.task for r in tasks)], head)

    def action_sort(self) -> None:
        self._sort = (self._sort + 1) % len(_SORTS)
        self.view.redraw()

    def action_detail(self) -> None:
        if self.view.selected:
            self.post_message(self.DetailWanted("task", self.view.selected))


def sort_tasks(rows: tuple[TaskRow, ...], by: str) -> list[TaskRow]:
    """Largest first (names: A first); rows without a value last."""
    if by == "name":
        return sorted(rows, key=lambda r: r.name)

    def value(row: TaskRow) -> float | None:
        if by == "result":
            return row.success_rate if row.success_rate is not None else row.reward
        if by == "progress":
            return row.learning_progress
        return row.completions if by == "completions" else row.probability

    def key(row: TaskRow) -> tuple[bool, float, str]:
        number = value(row)
        known = number is not None and number == number
        return (not known, -(number or 0.0) if known else 0.0, row.name)

    return sorted(rows, key=key)


def signal_rows(table: Curriculum, width: int, *, plain: bool) -> list[Row]:
    """Each signal as glyph, name and value; flowing over as few lines as fit."""
    items: list[Row] = []
    if table.signals is not None:
        for level, name, value in signal_items(table.signals, {row.task: row.name for row in table.rows}):
            glyph, style = level_glyph(level, plain=plain)
            items.append(((f"{glyph} ", style), (f"{name} ", "dim"), (value, "value" if level == "ok" else style)))
    rows: list[Row] = []
    line: Row = ()
    for item in items:
        if line and row_width(line) + 3 + row_width(item) > width:
            rows.append(line)
            line = ()
        line = (*line, *([("   ", "")] if line else []), *item)
    rows += [line] if line else []
    void = [name for name, _ in table.stats if name in VOID_SIGNALS]
    if void:
        names = ", ".join(name.removeprefix("lp/") for name in void)
        words = f"no signal: {names}"
        hint = " (enter: why)" if cell_width(words) + 13 <= width else ""
        rows.append(((cut(words + hint, width), "dim"),))
    return rows


def signal_items(signals: Signals, names: Mapping[str, str] | None = None) -> list[tuple[str, str, str]]:
    """(level, name, value) of each signal that is known. `names`: how the table calls the tasks."""
    names = names or {}
    items: list[tuple[str, str, str]] = []
    if signals.zero_probability is not None:
        count = len(signals.zero_probability)
        items.append(("watch" if count else "ok", "never sampled", _tasks(signals.zero_probability, names)))
    if signals.largest_probability is not None:
        high = signals.largest_probability > 0.5 and signals.n_tasks > 2
        task = f" {_called(signals.largest_task or '', names)}" if high else ""
        items.append(("watch" if high else "ok", "largest p", f"{format_value(signals.largest_probability)}{task}"))
    if signals.effective_tasks is not None:
        few = signals.n_tasks > 2 and signals.effective_tasks < max(1.5, signals.n_tasks / 8)
        words = f"{signals.effective_tasks:.1f} of {signals.n_tasks}"
        items.append(("watch" if few else "ok", "effective tasks", words))
    if signals.entropy is not None:
        items.append(("ok", "entropy", f"{signals.entropy:.2f} nats"))
    if signals.uniform:
        items.append(("watch", "distribution", "uniform: nothing is preferred"))
    if signals.all_progress_zero:
        items.append(("watch", "progress", "0 on every task"))
    if signals.starved:
        items.append(("watch", "no completions", _tasks(signals.starved, names)))
    if signals.saturated:
        items.append(("watch", "reward above 1 (clipped)", _tasks(signals.saturated, names)))
    if signals.probability_sum is not None and signals.entropy is None:
        items.append(("unknown", "distribution", f"in part: sums to {signals.probability_sum:.2f}"))
    return items


def _tasks(tasks: tuple[str, ...], names: Mapping[str, str]) -> str:
    if not tasks:
        return "none"
    return _called(tasks[0], names) if len(tasks) == 1 else f"{len(tasks)} tasks"


def _called(task: str, names: Mapping[str, str]) -> str:
    """A task as the table calls it; the end is kept, since ids differ there."""
    return _tail(clean(names.get(task) or task.rpartition("/")[2] or task), 24)


def _tail(text: str, width: int) -> str:
    return text if cell_width(text) <= width else "…" + cut(text[::-1], width - 1, "")[::-1]


def _widths(width: int) -> tuple[int, int, bool, bool]:
    """Cells of the name and of the bar; whether progress and completions have room."""
    progress, done = width >= 40, width >= 50
    fixed = 7 + 8 + (9 if progress else 0) + (9 if done else 0)
    meter = max(0, min(14, (width - fixed) // 3 - 1)) if width >= 36 else 0
    return max(6, width - fixed - (meter + 1 if meter else 0)), meter, progress, done


def _uses_success(table: Curriculum) -> bool:
    return any(row.success_rate is not None for row in table.rows)


def head_row(table: Curriculum, width: int, sort: str) -> Row:
    """Column titles; the one that sorts is accented."""
    name, meter, progress, done = _widths(width)
    result = "success" if _uses_success(table) else "reward"

    def style(column: str) -> str:
        return "accent bold" if column == sort else "dim"

    cells = [("task", style("name"), name, "<")]
    if meter:
        cells.append(("", "", meter, "<"))
    cells += [("prob", style("probability"), 6, ">"), (result, style("result"), 7, ">")]
    if progress:
        cells.append(("progress", style("progress"), 8, ">"))
    if done:
        cells.append(("done", style("completions"), 8, ">"))
    return columns(cells)


def task_row(row: TaskRow, table: Curriculum, width: int, *, plain: bool) -> Row:
    """One task; '-' where no source tells a value."""
    name, meter, progress, done = _widths(width)
    never = row.probability is not None and row.probability <= 1e-9
    label = clean(row.name or row.task)
    cells: list[tuple[str, str, int, str]] = [(_tail(label, name), "warn" if never else "value", name, "<")]
    if meter:
        share = min(1.0, (row.probability or 0.0) / _scale(table))
        cells.append((bar(share, meter, ascii_only=plain), "primary", meter, "<"))
    result = row.success_rate if _uses_success(table) else row.reward
    cells += [
        (_share(row.probability), "warn" if never else "value", 6, ">"),
        (_short(result), "value", 7, ">"),
    ]
    if progress:
        cells.append((_short(row.learning_progress), "value", 8, ">"))
    if done:
        cells.append((_short(row.completions), "dim", 8, ">"))
    return columns(cells)


def _scale(table: Curriculum) -> float:
    """The largest probability fills the bar: among many tasks all bars would be slivers."""
    return max([r.probability or 0.0 for r in table.rows], default=0.0) or 1.0


def _share(value: float | None) -> str:
    if value is None:
        return "-"
    return "0" if value <= 1e-9 else f"{value:.3f}" if value >= 0.0005 else "<.001"


def _short(value: float | None) -> str:
    text = format_value(value)
    return text if len(text) <= 7 else f"{value:.3g}"[:8]


def facts(row: TaskRow) -> list[tuple[str, str]]:
    """All that is known of one task, for the detail view."""
    names: list[tuple[str, float | None]] = [
        ("probability", row.probability),
        ("success rate", row.success_rate),
        ("reward", row.reward),
        ("learning progress", row.learning_progress),
        ("completions", row.completions),
        ("score", row.score),
        ("staleness", row.staleness),
        ("updated at step", row.updated_step),
    ]
    return [
        ("task", clean(row.task)),
        *((name, format_value(value)) for name, value in names if value is not None),
    ]
