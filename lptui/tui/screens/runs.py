"""The runs screen: all runs below the roots, what needs attention first; choose, mark, compare, attach."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from lptui.model.summary import UNLOOKED, RunBoard, RunSummary
from lptui.run.selection import Selection, read_selection
from lptui.text import plural
from lptui.tui.bindings import footer_bindings
from lptui.tui.thrift import ThriftyScreen
from lptui.tui.widgets.rows import LinesView, Page, RowsView
from lptui.tui.widgets.runorder import Order
from lptui.tui.widgets.runtable import Choice, RunRows, board_words, run_page, tell_run
from lptui.tui.widgets.spans import Row, clean, crop, spread, wrap
from lptui.tui.widgets.tabs import Footer

if TYPE_CHECKING:
    from lptui.tui.app import LptuiApp

MOST_TOGETHER, MOST_COMPARED = 8, 32
"""Runs that are attached together, and runs whose configurations are compared."""
_EXAMPLES = "words, a glob, state:running, reward>0.5, age<2h, -finding:oom"


def _bind(key: str, action: str, word: str, name: str, tooltip: str, *, show: bool = True) -> Binding:
    return Binding(key, action, word, show=show, id=f"runs.{name}", tooltip=tooltip)


class RunsScreen(ThriftyScreen):
    """Paints at once with what is known and fills in as boards arrive."""

    BINDINGS: ClassVar[list[BindingType]] = [
        _bind("enter", "attach", "Attach", "attach", "Watch the marked runs together, or the chosen one"),
        _bind("space", "mark", "Mark", "mark", "Mark this run, or take the mark away"),
        _bind("c", "compare", "Compare", "compare", "In what the configurations of the marked runs differ"),
        _bind(
            "slash,f",
            "filter",
            "Filter",
            "filter",
            "Only runs that match: words, globs, state:running, reward>0.5",
        ),
        _bind("s", "sort", "Sort", "sort", "Sort by the next column; at the end by what needs attention again"),
        _bind("S", "turn", "Turn", "turn", "Sort the other way round", show=False),
        _bind("A", "mark_all", "Mark all", "mark-all", "Mark all runs that are shown, or none", show=False),
        _bind("escape", "back", "Back", "back", "Drop the filter, then the marks; then back to the run", show=False),
    ]
    BINDING_GROUP_TITLE = "Runs"
    AUTO_FOCUS = ""

    def __init__(self, prefer: Callable[[Sequence[str]], None] = lambda _paths: None) -> None:
        """`prefer`: told which runs are in view and not looked at yet."""
        super().__init__()
        self._prefer = prefer
        self._board = RunBoard()
        self._choice = Choice()
        self._filter = ""
        self._selection = Selection()
        self._filling = True
        self._page_kept: tuple[tuple[int, bool], Page] | None = None
        self._view = RowsView(self._page, id="runs-table")
        self._head = _Head(self)
        self._detail = _Detail(self)
        self._footer = Footer()

    def compose(self) -> ComposeResult:
        yield self._head
        yield self._view
        yield Input(
            placeholder="words, a glob, state:running, reward>0.5, age<2h, -finding:oom", id="runs-filter", compact=True
        )
        yield self._detail
        yield self._footer

    def on_mount(self) -> None:
        self._view.focus()
        self.bindings_updated_signal.subscribe(self, self._show_keys)
        self._show_keys(self)

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.height < 20, "-low")

    def show(self, board: RunBoard, attached: frozenset[str]) -> None:
        """Draw a new board; the chosen row and the marks stay with their runs."""
        if self._filling and not self._view.picked:
            self._view.selected = None  # rows find their places yet: the first one stays chosen
        self._board, self._filling = board, not board.listed or board.looked < len(board.rows)
        known = frozenset(run.path for run in board.rows)
        marked = self._choice.marked & known if board.listed else self._choice.marked
        self._arrange(marked, attached)

    @property
    def chosen(self) -> RunSummary | None:
        """The run of the row that is chosen."""
        return next((run for run in self._choice.rows if run.path == self._view.selected), None)

    def head_rows(self, width: int) -> Sequence[Row]:
        """The counts, and the roots or the filter."""
        words = board_words(self._board, len(self._choice.rows), len(self._choice.marked))
        where = " below " + ", ".join(clean(root, 200) for root in self._board.where) if self._board.where else ""
        second: Row = ((where, "dim"),)
        if self._filter:
            second = ((" filter ", "dim"), (clean(self._filter, 200), "accent"), ("  esc drops it", "dim"))
        if order := self._choice.order.tell():
            second = (*second, (f"  {order}", "accent"))
        if self._selection.error:
            second = (*second, (f"  {clean(self._selection.error, 200)}", "warn"))
        name: Row = ((" lptui runs ", "chip"),)
        return [spread((*name, *words), (), width), crop(second, width)]

    def detail_rows(self, width: int) -> Sequence[Row]:
        """The chosen run in words."""
        return tell_run(self.chosen, self._board, width)

    def action_mark(self) -> None:
        run = self.chosen
        if run is not None:
            self._arrange(self._choice.marked ^ {run.path}, self._choice.attached)
            self._view.action_move(1)

    def action_mark_all(self) -> None:
        shown = frozenset(run.path for run in self._choice.rows)
        marked = self._choice.marked
        self._arrange(marked - shown if shown <= marked else marked | shown, self._choice.attached)

    def action_sort(self) -> None:
        self._set_order(self._choice.order.next())

    def action_turn(self) -> None:
        self._set_order(self._choice.order.turn())

    def action_attach(self) -> None:
        paths = self._marked_paths() or ([self.chosen.path] if self.chosen is not None else [])
        if len(paths) > MOST_TOGETHER:
            self.notify(f"{len(paths)} are marked; one screen holds {MOST_TOGETHER} runs", markup=False, timeout=4)
        elif paths:
            self._app.attach(paths)

    def action_compare(self) -> None:
        paths = self._marked_paths()
        if len(paths) < 2:
            self.notify("mark two or more runs with space to compare their configurations", markup=False, timeout=4)
        elif len(paths) > MOST_COMPARED:
            self.notify(f"{len(paths)} are marked; {MOST_COMPARED} can be compared", markup=False, timeout=4)
        else:
            from lptui.tui.screens.differences import DifferencesScreen

            self.app.push_screen(DifferencesScreen(lambda: self._app.compare(paths), plural(len(paths), "run")))

    def action_filter(self) -> None:
        entry = self.query_one(Input)
        entry.add_class("open")
        entry.value = self._filter
        entry.focus()

    def action_back(self) -> None:
        entry = self.query_one(Input)
        if entry.has_class("open") or self._filter:
            entry.remove_class("open")
            self._set_filter("")
            self._view.focus()
        elif self._choice.marked:
            self._arrange(frozenset(), self._choice.attached)
        else:
            self._app.show_front()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if event.input.has_class("open"):
            self._set_filter(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        event.input.remove_class("open")
        self._view.focus()

    def on_rows_view_highlighted(self, event: RowsView.Highlighted) -> None:
        event.stop()
        self._detail.redraw()
        self._ask_for_shown()

    def on_rows_view_clicked(self, event: RowsView.Clicked) -> None:
        event.stop()
        self.action_attach()

    def _marked_paths(self) -> list[str]:
        """In the order of the list; those that the filter hides count too."""
        return [run.path for run in self._board.rows if run.path in self._choice.marked]

    def _set_filter(self, text: str) -> None:
        self._filter, self._selection = text, read_selection(text)
        self._arrange(self._choice.marked, self._choice.attached)

    def _set_order(self, order: Order) -> None:
        self._choice = replace(self._choice, order=order)
        self._arrange(self._choice.marked, self._choice.attached)
        if self._choice.rows:  # what is first now is what was asked for
            self._view.select(self._choice.rows[0].path)

    def _arrange(self, marked: frozenset[str], attached: frozenset[str]) -> None:
        rows = self._board.rows
        if self._filter:
            rows = tuple(run for run in rows if self._selection.has(run, self._board.now))
        order = self._choice.order
        self._choice = Choice(order.sort(rows), marked, attached, order)
        self._page_kept = None
        if self.is_mounted:
            for part in (self._view, self._head, self._detail):
                part.redraw()
            self._ask_for_shown()

    def _ask_for_shown(self) -> None:
        """What is in view is looked at before the rest."""
        page = self._page_kept[1].rows if self._filling and self._page_kept is not None else ()
        if isinstance(page, RunRows):
            self._prefer([run.path for run in page.drawn if run.looked in UNLOOKED])

    def _page(self, width: int) -> Page:
        if not self._choice.rows:
            words = wrap(self._why_empty(), max(20, width - 4))
            return Page([((f"  {line}", "dim"),) for line in words])
        plain = self._view.plain
        if self._page_kept is None or self._page_kept[0] != (width, plain):  # a page of thousands that is only scrolled
            self._page_kept = ((width, plain), run_page(self._board, self._choice, width, plain=plain))
        return self._page_kept[1]

    def _why_empty(self) -> str:
        board = self._board
        if board.rows:
            return f"no run matches '{clean(self._filter, 100)}' · esc shows all {len(board.rows)}"
        if not board.listed:
            return "looking for runs …"
        if board.where and all(root.startswith("wandb://") for root in board.where):
            return clean(board.notes[0], 600) if board.notes else "this project has no runs on the W&B server"
        return "no runs here; a run is a folder with logs, checkpoints or W&B files: lptui runs FOLDER"

    def _show_keys(self, _screen: object) -> None:
        self._footer.show(footer_bindings(self.active_bindings, (self, self._view)))

    @property
    def _app(self) -> LptuiApp:
        return cast("LptuiApp", self.app)


class _Head(LinesView):
    def __init__(self, screen: RunsScreen) -> None:
        super().__init__(id="runs-head")
        self._of = screen

    def lines(self, width: int, height: int) -> Sequence[Row]:
        return self._of.head_rows(width)


class _Detail(LinesView):
    def __init__(self, screen: RunsScreen) -> None:
        super().__init__(id="runs-detail")
        self._of = screen

    def lines(self, width: int, height: int) -> Sequence[Row]:
        return self._of.detail_rows(width)
