"""All checkpoints of a run or a folder in the whole window: what `lptui ckpt PATH` opens."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from lptui.tui.bindings import footer_bindings
from lptui.tui.panes import Pane
from lptui.tui.panes.checkpoints import CheckpointsPane
from lptui.tui.screens.checkpoint import CheckpointScreen
from lptui.tui.screens.live import LiveScreen
from lptui.tui.widgets.header import Header
from lptui.tui.widgets.spans import clean
from lptui.tui.widgets.tabs import Footer
from lptui.tui.workspace import Workspace

if TYPE_CHECKING:
    from lptui.tui.app import LptuiApp


class CheckpointsScreen(LiveScreen):
    """The pane alone; above it the run's header, if the folder is a run. `file` is opened at once."""

    BINDING_GROUP_TITLE = "List of checkpoints"
    AUTO_FOCUS = None
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "detail", "Browse", id="checkpoints.detail", tooltip="All there is about the selected one"),
        Binding("y", "copy", "Copy", id="checkpoints.copy", tooltip="Copy what resumes the run, or the path"),
        Binding("space", "freeze", "Freeze", show=False, id="checkpoints.freeze", tooltip="Hold the list still"),
        Binding("escape", "back", "Back", show=False, id="checkpoints.back", tooltip="Take back the mark"),
    ]

    def __init__(self, file: str = "", *, is_run: bool = True) -> None:
        super().__init__(classes="-ckpt")
        self._file = file
        self._header = Header() if is_run else None
        self._pane = CheckpointsPane(alone=True)
        self._footer = Footer()

    def compose(self) -> ComposeResult:
        if self._header is not None:
            yield self._header
        yield self._pane
        yield self._footer

    def on_mount(self) -> None:
        self.bindings_updated_signal.subscribe(self, self._on_bindings_updated)
        self._pane.focus_view()
        self.show(self._app.workspace)
        if self._file:
            self.app.push_screen(CheckpointScreen(self._file))

    def _on_bindings_updated(self, _screen: object) -> None:
        self._show_keys()

    def _show_keys(self) -> None:
        self._footer.show(footer_bindings(self.active_bindings, (self._pane, *self._pane.query("*"))))

    def show(self, workspace: Workspace) -> None:
        if not self.is_mounted or not workspace.runs:
            return
        if self._header is not None:
            self._header.show(workspace)
        self._pane.workspace = workspace
        self._show_keys()

    @on(Pane.CursorChosen)
    def _follow(self, event: Pane.CursorChosen) -> None:
        self._app.point_at(event.cursor)

    @on(Pane.DetailWanted)
    def _open_detail(self, event: Pane.DetailWanted) -> None:
        if event.kind == "checkpoint":
            sheet = "difference" if event.other else "tensors"
            self.app.push_screen(CheckpointScreen(event.key, sheet=sheet, partner=event.other))

    def action_detail(self) -> None:
        self._pane.action_detail()

    def action_freeze(self) -> None:
        self._app.toggle_freeze()

    def action_back(self) -> None:
        self._pane.close()

    def action_copy(self) -> None:
        text, what = self._pane.copied()
        if text:
            self.app.copy_to_clipboard(text)
            self.notify(clean(text), title=f"copied ({what})", markup=False, timeout=4)

    @property
    def _app(self) -> LptuiApp:
        return cast("LptuiApp", self.app)
