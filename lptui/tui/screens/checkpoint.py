"""The browser of one checkpoint: its tensors, what else it holds, how it differs from another, how weights moved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from lptui import __version__
from lptui.model.readings import CheckpointReading
from lptui.model.request import Answer, Request
from lptui.state.saving import readiness
from lptui.tui.bindings import footer_bindings
from lptui.tui.checkpointseries import find_partner, find_series, report_line, resume_command
from lptui.tui.checkpointwork import CheckpointWork
from lptui.tui.screens.live import LiveScreen
from lptui.tui.widgets.checkpointhead import CheckpointHead, Standing, judge, progress_row, standing_rows
from lptui.tui.widgets.checkpointsheets import SHEETS, CheckpointSheets
from lptui.tui.widgets.rows import RowsView
from lptui.tui.widgets.spans import Row, clean, wrap
from lptui.tui.widgets.tabs import Footer, Tabs
from lptui.tui.workspace import Workspace

if TYPE_CHECKING:
    from lptui.tui.app import LptuiApp


def _bind(key: str, action: str, word: str, name: str, tooltip: str, *, show: bool = True) -> Binding:
    return Binding(key, action, word, show=show, id=f"checkpoint.{name}", tooltip=tooltip)


class CheckpointScreen(LiveScreen):
    """Opened with `enter` on a checkpoint, or by `lptui ckpt FILE`."""

    BINDING_GROUP_TITLE = "Checkpoint browser"
    AUTO_FOCUS = None
    BINDINGS: ClassVar[list[BindingType]] = [
        _bind("enter", "turn", "Fold", "turn", "Fold or unfold a group of tensors"),
        _bind("right", "fold(True)", "Unfold", "unfold", "Unfold the group", show=False),
        _bind("left,h", "fold(False)", "Fold", "fold", "Fold the group, or go to the one above", show=False),
        _bind("x", "fold_all", "Fold all", "fold-all", "Unfold all groups, or fold them all", show=False),
        _bind("slash,f", "filter", "Filter", "filter", "Only names that hold a text, or match a glob (*.weight)"),
        _bind("s", "sort", "Sort", "sort", "Next order: file, name, size, norm, NaN"),
        _bind("l", "flatten", "Flat list", "flat", "One flat list without groups, or the tree", show=False),
        _bind("v", "verify", "Verify", "verify", "Read every byte: checksums, norms, NaN, zeros"),
        _bind("n", "broken", "Next NaN", "broken", "The next tensor with NaN or infinity", show=False),
        _bind("d", "compare", "Diff", "diff", "What differs from the checkpoint before (or the marked one)"),
        _bind("m", "measure", "Measure", "measure", "By how much each tensor differs: reads both files"),
        _bind("left_square_bracket", "partner(-1)", "Older", "older", "Compare with the one before that", show=False),
        _bind("right_square_bracket", "partner(1)", "Newer", "newer", "Compare with the one after that", show=False),
        _bind("r", "drift", "Drift", "drift", "How each layer moved over the run: reads all checkpoints"),
        _bind("b", "bisect", "First NaN", "first-nan", "Find the first checkpoint with NaN by reading a few"),
        _bind("y", "copy", "Copy", "copy", "Copy the command that resumes from it, or a line for an issue"),
        _bind("Y", "copy_report", "Copy line", "report", "Copy a line about it for an issue", show=False),
        _bind("tab", "next(1)", "Next page", "next", "The next page", show=False),
        _bind("shift+tab", "next(-1)", "Page before", "before", "The page before", show=False),
        *(
            _bind(str(i), f"sheet('{name}')", title, name, f"Go to {title.lower()}", show=False)
            for i, (name, title) in enumerate(SHEETS, 1)
        ),
        _bind("escape,q", "back", "Back", "back", "Stop what runs, end the filter, or go back"),
    ]

    def __init__(self, path: str, *, sheet: str = "tensors", partner: str = "") -> None:
        super().__init__()
        self._path = path
        self._partner = partner
        self._reading: CheckpointReading | None = None
        self._gone = False
        self._workspace: Workspace | None = None
        self._head, self._tabs, self._footer = CheckpointHead(), Tabs(), Footer()
        self._work = CheckpointWork(path, self._ask, self._draw)
        self._sheets = CheckpointSheets(self._work, sheet)
        self._input = Input(placeholder="part of a name, or a glob: *.weight", compact=True, id="checkpoint-filter")
        self._input.display = False

    def compose(self) -> ComposeResult:
        yield self._head
        yield self._tabs
        yield self._sheets
        yield self._input
        yield self._footer

    def on_mount(self) -> None:
        self.bindings_updated_signal.subscribe(self, self._on_bindings_updated)
        self.show(self._app.workspace)
        self._work.look()
        self.action_sheet(self._sheets.current)

    def _on_bindings_updated(self, _screen: object) -> None:
        self._show_keys()

    def on_unmount(self) -> None:
        self._work.close()

    def on_resize(self) -> None:
        self._draw()

    def show(self, workspace: Workspace) -> None:
        self._workspace = workspace
        if not workspace.runs:
            return
        before, rows = self._reading, workspace.run.checkpoints
        found = next((c for c in rows if c.path == self._path), None)
        self._gone = found is None and before is not None
        self._reading = found if found is not None else before
        self._sheets.reading, self._sheets.checkpoints = self._reading, rows
        if workspace.run.checkpoints:
            self._sheets.ready = readiness(workspace.run)
        if found is not None and before is not None and _rewritten(before, found):
            self._work.look()
        alone = self._sheets.current == "difference" and not self._partner
        if alone and find_partner(rows, self._path):  # it was asked for before the list was read
            self.action_sheet("difference")
        elif found is not before:
            self._draw()

    @property
    def name_shown(self) -> str:
        return self._reading.name if self._reading is not None else self._path.rpartition("/")[2]

    @property
    def standing(self) -> Standing:
        """The verdict as it is shown."""
        return judge(self._reading, self._work.contents, self._work.measured, gone=self._gone)

    def _draw(self) -> None:
        if not self.is_attached or not self.size.width:
            return
        width, room = self.size.width, max(2, self.size.height // 4)
        work, plain = self._work, self._app.ascii
        rows: list[Row] = standing_rows(self.standing, self.name_shown, self._reading, width, room, plain=plain)
        if work.running is not None:
            rows.append(progress_row(work.doing, work.done, work.total, width, plain=plain))
        elif work.error:
            rows += [((line, "error"),) for line in wrap(clean(work.error), width, 2)]
        self._head.show(rows)
        self._sheets.draw()
        labels = tuple((name, self._sheets.label(name, title)) for name, title in SHEETS)
        self._tabs.show(labels, self._sheets.current, frozenset())
        self._show_keys()

    def _show_keys(self) -> None:
        self._footer.show(footer_bindings(self.active_bindings, (self,), self._sheets.idle()))

    @on(Tabs.Clicked)
    def _jump_to_tab(self, event: Tabs.Clicked) -> None:
        event.stop()
        self.action_sheet(event.pane_id)

    @on(RowsView.Clicked)
    def _toggle_clicked(self, event: RowsView.Clicked) -> None:
        event.stop()
        self.action_turn()

    def action_sheet(self, name: str) -> None:
        self._sheets.go(name)
        if name == "difference" and self._work.difference is None and self._work.running is None:
            self._compare(measure=False)
        self._draw()

    def action_next(self, by: int) -> None:
        names = [name for name, _ in SHEETS]
        self.action_sheet(names[(names.index(self._sheets.current) + by) % len(names)])

    def action_turn(self) -> None:
        self._sheets.fold(None)

    def action_fold(self, opened: bool) -> None:
        self._sheets.fold(opened)

    def action_fold_all(self) -> None:
        self._sheets.fold_all()

    def action_flatten(self) -> None:
        self._sheets.flatten()

    def action_sort(self) -> None:
        self._sheets.sort()
        self._draw()

    def action_broken(self) -> None:
        told = self._sheets.next_broken()
        if told:
            self.notify(told, markup=False, timeout=3)
        self._draw()

    def action_verify(self) -> None:
        self._work.verify()

    def action_compare(self) -> None:
        self.action_sheet("difference")

    def action_measure(self) -> None:
        self._sheets.go("difference")
        self._compare(measure=True)

    def action_partner(self, by: int) -> None:
        self._sheets.go("difference")
        self._partner = find_partner(self._rows, self._path, self._partner, by)
        self._compare(measure=False)

    def _compare(self, *, measure: bool) -> None:
        self._partner = self._partner or find_partner(self._rows, self._path)
        if self._partner:
            self._work.compare(self._partner, measure=measure)
        else:
            self._sheets.say("difference", "There is no other checkpoint of this series: mark any with m in the list.")

    def action_drift(self) -> None:
        self._over_series(self._work.measure_drift)

    def action_bisect(self) -> None:
        self._over_series(self._work.find_first)

    def _over_series(self, begin: Callable[[Sequence[str]], None]) -> None:
        self._sheets.go("drift")
        paths = [c.path for c in find_series(self._rows, self._path)]
        if len(paths) < 2:
            self._sheets.say("drift", "There is no other checkpoint of this series to compare with.")
        else:
            begin(paths)
        self._draw()

    def action_filter(self) -> None:
        self._input.display = True
        self._input.focus()

    @on(Input.Changed)
    def _narrow(self, event: Input.Changed) -> None:
        event.stop()
        self._sheets.filter(event.value)
        self._draw()

    @on(Input.Submitted)
    def _take_filter(self, event: Input.Submitted) -> None:
        event.stop()
        self._input.display = bool(event.value)
        self._sheets.focus_view()

    def action_copy(self) -> None:
        space = self._workspace
        command = resume_command(readiness(space.run), self._path) if space is not None and space.runs else ""
        if command:
            self._copy(command, "command that resumes from it")
        else:
            self.action_copy_report()

    def action_copy_report(self) -> None:
        line = report_line(self.name_shown, self.standing, self._work.contents, __version__)
        self._copy(line, "line about it")

    def _copy(self, text: str, what: str) -> None:
        self.app.copy_to_clipboard(text)
        self.notify(clean(text), title=f"copied ({what})", markup=False, timeout=5)

    def action_back(self) -> None:
        if self._work.stop():
            self._draw()
        elif self._input.display or self._input.value:
            self._input.value, self._input.display = "", False
            self._sheets.focus_view()
        else:
            self.dismiss()

    def _ask(self, request: Request, on_answer: Callable[[Answer], None]) -> None:
        self._app.ask(request, on_answer)

    @property
    def _rows(self) -> Sequence[CheckpointReading]:
        return self._workspace.run.checkpoints if self._workspace is not None and self._workspace.runs else ()

    @property
    def _app(self) -> LptuiApp:
        return cast("LptuiApp", self.app)


def _rewritten(before: CheckpointReading, after: CheckpointReading) -> bool:
    """Whether other bytes lie there now, all of them."""
    changed = (before.size, before.modified_at) != (after.size, after.modified_at)
    return (changed or before.verdict == "being-written") and after.verdict != "being-written"
