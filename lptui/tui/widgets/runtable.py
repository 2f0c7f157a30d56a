"""The table of runs: a row each, the columns that fit, the filter, the marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import overload

from lptui.model.summary import UNLOOKED, RunBoard, RunSummary
from lptui.state.run_state import Condition
from lptui.text import format_value, plural, short_age, short_bytes, short_number
from lptui.text.width import cut, shorten_middle
from lptui.tui.glyphs import condition_glyph, severity_glyph
from lptui.tui.widgets.rows import Page
from lptui.tui.widgets.runcolumns import fit_columns
from lptui.tui.widgets.runorder import BY_ATTENTION, Order
from lptui.tui.widgets.spans import Row, Span, clean, columns, crop

Cell = tuple[str, str]
_GLYPHS: dict[str, Condition] = {
    "running": "running", "stalled": "stalled", "crashed": "crashed", "finished": "finished", "waiting": "waiting",
    "failed": "crashed", "killed": "crashed", "pending": "waiting", "preempting": "running",
}  # fmt: skip
"""What a run does, as we or the W&B server call it -> the condition whose glyph it has."""
_FRESH = 60.0


def condition_cell(run: RunSummary, *, plain: bool) -> Cell:
    """Glyph and word of what a run does."""
    if run.looked in UNLOOKED and run.condition == "unknown":
        return "looking", "faint"
    glyph, style = condition_glyph(_GLYPHS.get(run.condition, "unknown"), plain=plain)
    return f"{glyph} {clean(run.condition, 20)}", style


def _age(run: RunSummary, now: float) -> Cell:
    if run.modified_at is None:
        return "-", "dim"
    age = now - run.modified_at
    alive = run.condition == "running"
    return short_age(age), "ok" if alive and age < _FRESH else "warn" if alive and age > 600 else "dim"


def _cut_age(cell: Cell, room: int) -> Cell:
    """Days alone, where hours do not fit."""
    text, style = cell
    return (text if len(text) <= room else text.partition(" ")[0]), style


def _step(run: RunSummary) -> Cell:
    if run.step is None:
        return ("-", "faint") if run.epoch is None else (f"ep {short_number(run.epoch)}", "value")
    total = f"/{short_number(run.total)}" if run.total else ""
    return f"{short_number(run.step)}{total}", "value"


def _share(run: RunSummary) -> Cell:
    return ("", "") if run.share is None else (f"{min(999, int(100 * run.share))} %", "value")


def _metric(run: RunSummary, room: int) -> Cell:
    """Name and value; where both are too long it is the name that is cut."""
    if not run.metric:
        return "", ""
    name = clean(run.metric, 200).rpartition("/")[2]
    style = "error" if run.value is None or run.value != run.value or abs(run.value) == float("inf") else "value"
    value = format_value(run.value) if run.value is not None else "-"
    return f"{cut(name, max(1, room - 1 - len(value)))} {value}", style


def _finding(run: RunSummary, *, plain: bool) -> Cell:
    if run.looked in UNLOOKED:
        return "..." if plain else "…", "faint"
    if run.severity is None:
        return "", ""
    _glyph, style = severity_glyph(run.severity, plain=plain)
    more = f" (+{run.findings - 1})" if run.findings > 1 else ""
    return f"{clean(run.finding, 300)}{more}", style


def _restarts(run: RunSummary) -> Cell:
    return (str(run.restarts), "warn") if run.restarts else ("", "")


@dataclass(frozen=True, slots=True)
class Choice:
    """The rows that the filter leaves, in their order; which of them are marked, and which are attached (paths)."""

    rows: tuple[RunSummary, ...] = ()
    marked: frozenset[str] = frozenset()
    attached: frozenset[str] = frozenset()
    order: Order = BY_ATTENTION


class RunRows(Sequence[Row]):
    """The table's rows, each made when it is first looked at: of a thousand runs a screenful is shown."""

    def __init__(self, choice: Choice, now: float, width: int, *, plain: bool) -> None:
        self._choice, self._now, self._width, self._plain = choice, now, width, plain
        self._columns = fit_columns(width, max((len(run.name) for run in choice.rows), default=8))
        self._sizes = {column.title: column.size for column in self._columns}
        self._made: dict[int, Row] = {}

    def __len__(self) -> int:
        return len(self._choice.rows) + 1

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | Sequence[Row]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if index not in self._made:
            self._made[index] = self._make(index)
        return self._made[index]

    @property
    def drawn(self) -> list[RunSummary]:
        """The runs whose rows were made, as they were in view."""
        return [self._choice.rows[index - 1] for index in self._made if index]

    def _make(self, index: int) -> Row:
        if index == 0:
            return crop(
                columns([(*self._title(t, size), size, align) for t, size, align in self._columns]), self._width
            )
        run = self._choice.rows[index - 1]
        cells = _cells(run, self._sizes, self._now, self._choice, plain=self._plain)
        return columns([(*cells[title], size, align) for title, size, align in self._columns])

    def _title(self, title: str, size: int) -> Cell:
        order = self._choice.order
        if title != order.column:
            return title, "dim"
        arrow = order.arrow if not self._plain else "v" if order.falling else "^"
        return f"{title}{arrow}"[: max(size, len(title))], "accent"


def run_page(board: RunBoard, choice: Choice, width: int, *, plain: bool) -> Page:
    """The rows at `width` cells, under a line of column titles. Keys are the runs' paths."""
    rows = RunRows(choice, board.now, width, plain=plain)
    return Page(rows, [None, *(run.path for run in choice.rows)], 1)


def _cells(run: RunSummary, sizes: Mapping[str, int], now: float, choice: Choice, *, plain: bool) -> dict[str, Cell]:
    mark = " "
    if run.path in choice.marked:
        mark = "*" if plain else "◆"
    elif run.path in choice.attached:
        mark = "+" if plain else "▸"
    return {
        "": (mark, "accent bold"),
        "run": (shorten_middle(clean(run.name, 400), sizes["run"]), "title" if mark != " " else "value"),
        "!": severity_glyph(run.severity, plain=plain) if run.severity is not None else ("", ""),
        "state": condition_cell(run, plain=plain),
        "age": _cut_age(_age(run, now), sizes.get("age", 0)),
        "step": _step(run),
        "done": _share(run),
        "metric": _metric(run, sizes.get("metric", 0)),
        "starts": _restarts(run),
        "size": (short_bytes(run.size), "dim") if run.size is not None else ("", ""),
        "ckpts": (str(run.checkpoints), "dim") if run.checkpoints else ("", ""),
        "finding": _finding(run, plain=plain),
    }


def board_words(board: RunBoard, shown: int, marked: int) -> Row:
    """How many runs there are, how far the look at them is, what the list leaves out."""
    total = len(board.rows)
    row: list[Span] = [(f" {plural(total, 'run')}", "title")]
    if shown != total:
        row.append((f", {shown} shown", "accent"))
    counts: dict[str, int] = {}
    for run in board.rows:
        if run.looked not in UNLOOKED or run.condition != "unknown":
            counts[run.condition] = counts.get(run.condition, 0) + 1
    styles = {"running": "ok", "stalled": "warn", "crashed": "error"}
    ordered = sorted(counts, key=lambda c: (c not in styles, c))
    row += [(f"  {counts[c]} {clean(c, 20)}", styles.get(c, "dim")) for c in ordered]
    if marked:
        row.append((f"  {marked} marked", "accent bold"))
    if not board.listed:
        row.append(("  looking for runs …", "dim"))
    elif board.looked < total:
        row.append((f"  looked at {board.looked} of {total} …", "dim"))
    return (*row, *((f"  ! {clean(note, 160)}", "warn") for note in board.notes[:2]))


def tell_run(run: RunSummary | None, board: RunBoard, width: int) -> list[Row]:
    """The chosen run in words: where it is, why it is called what it is called, and what is wrong with it."""
    if run is None:
        return []
    how = {
        "listed": "not looked at yet",
        "glance": "a glance at its last lines; not yet looked at for failures",
        "quick": "a quick look: the ends of its log and W&B file; attach (enter) for the whole verdict",
        "full": "read in full: it is attached",
        "server": "as the W&B server says",
    }[run.looked]
    first = [clean(run.path, 400)]
    if run.steps_per_second:
        first.append(f"{short_number(run.steps_per_second)} steps/s")
    rows: list[Row] = [((f" {' · '.join(first)}", "dim"),)]
    if run.severity is not None:
        text = f" {run.severity}: {clean(run.finding, 400)} "
        rows.append(((text, "error" if run.severity == "error" else "warn"), (f" {clean(run.reason, 300)}", "dim")))
    else:
        rows.append(((f" {clean(run.reason, 400)}", "dim"),))
    rows.append(((f" {how}", "faint"),))
    return [crop(row, width) for row in rows]
