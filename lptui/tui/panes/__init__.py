"""Panes: one file each. A pane draws one part of the workspace and turns the reader's hand into messages.

`Pane` is the base; `PANES` is the registry in the order of their digit keys (a pane = one file and one line).
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, ClassVar, cast

from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from lptui.state.run_state import RunState
from lptui.tui.widgets.rows import Page, RowsView
from lptui.tui.widgets.strips import ASCII
from lptui.tui.workspace import Cursor, Workspace

PANES: tuple[tuple[str, str, str], ...] = (
    # pane_id, module, class: the order is that of the digit keys
    ("log", "lptui.tui.panes.log", "LogPane"),
    ("findings", "lptui.tui.panes.findings", "FindingsPane"),
    ("metrics", "lptui.tui.panes.metrics", "MetricsPane"),
    ("learning", "lptui.tui.panes.learning", "LearningPane"),
    ("machine", "lptui.tui.panes.machine", "MachinePane"),
    ("checkpoints", "lptui.tui.panes.checkpoints", "CheckpointsPane"),
    ("config", "lptui.tui.panes.config", "ConfigPane"),
    ("run", "lptui.tui.panes.runinfo", "RunInfoPane"),
)


EAGER_DRAWS = 8
"""How often a calm pane follows every state after its start, so that history fills it at once."""


class Pane(Widget):
    """Base of all panes: a framed container. Subclasses set `pane_id` and `title`, compose their views, and
    override `show` (draw `workspace`) and, where it pays, `part`, `status`, `note`, `copied` and the actions.

    The screen assigns `workspace` only while the pane is displayed.
    """

    pane_id: ClassVar[str] = ""
    title: ClassVar[str] = ""
    short: ClassVar[str] = ""
    """The title where there is little room."""
    sources: ClassVar[tuple[str, ...]] = ()
    """Names (or beginnings of names) of the sources whose condition is this pane's border subtitle."""
    calm: ClassVar[bool] = True
    """Whether once a second is often enough, after the first few times: nobody reads a chart ten times a second."""
    fenced: ClassVar[bool] = True
    """Whether a pane that raises says so in its border instead of ending the screen (off in tests)."""

    workspace: reactive[Workspace | None] = reactive[Workspace | None](
        None, always_update=True, init=False, repaint=False
    )

    class CursorChosen(Message):
        """The reader chose a moment here: all panes follow."""

        def __init__(self, cursor: Cursor) -> None:
            super().__init__()
            self.cursor = cursor

    class DetailWanted(Message):
        """The reader wants all of one thing: `kind` is finding, checkpoint, config or zoom; `key` names it, and
        `other` what to compare it with."""

        def __init__(self, kind: str, key: str, other: str = "") -> None:
            super().__init__()
            self.kind = kind
            self.key = key
            self.other = other

    def __init__(self) -> None:
        super().__init__(id=f"pane-{self.pane_id}", classes="pane")
        self._frame = ("", "")
        self._drawn: Workspace | None = None
        self._draws = 0

    def compose(self) -> ComposeResult:
        raise NotImplementedError

    @property
    def digit(self) -> str:
        """The key that jumps here."""
        return str([pane_id for pane_id, _, _ in PANES].index(self.pane_id) + 1)

    @property
    def heading(self) -> str:
        """The beginning of the frame's title."""
        return f"{self.digit} {self.title}"

    @property
    def ascii(self) -> bool:
        """Whether only ASCII glyphs may be drawn."""
        return bool(getattr(self.app, "ascii", False))

    def part(self, workspace: Workspace) -> tuple[object, ...]:
        """What is drawn of the workspace; `show` is called when any of these is another object."""
        return (workspace.run, workspace.cursor)

    def show(self, workspace: Workspace) -> None:
        """Draw `workspace`."""
        raise NotImplementedError

    def status(self, state: RunState) -> str:
        """The border subtitle: how this pane's sources are, in words; empty when all is well."""
        from lptui.tui.conditions import describe_sources

        return describe_sources(state, self.sources)

    def note(self, state: RunState) -> str:
        """A few words after the title, e.g. a count."""
        return ""

    def focus_view(self) -> None:
        """Give the keyboard to the view inside."""
        for child in self.query("*"):
            if child.focusable:
                child.focus()
                return

    def watch_workspace(self, old: Workspace | None, new: Workspace | None) -> None:
        if new is None:
            return
        drawn = self._drawn
        if old is not None and drawn is not None:
            if _same(self.part(drawn), self.part(new)):
                return
            if self.calm and self._draws > EAGER_DRAWS and _same_second(drawn, new):
                return
        self.draw()

    def draw(self) -> None:
        """Draw the present workspace, with a fence around what may raise."""
        workspace = self.workspace
        if workspace is None or not self.is_attached:
            return
        self._drawn, self._draws = workspace, self._draws + 1
        try:
            self.show(workspace)
            self._set_frame(self.note(workspace.run), self.status(workspace.run))
        except Exception as error:
            if not self.fenced:
                raise
            self._set_frame("", _failure(error))

    def ask(self, request: Any, on_answer: Any) -> None:
        """Ask the engine; `on_answer(answer)` is called on the screen's thread."""
        cast(Any, self.app).ask(request, on_answer)

    def choose(self, cursor: Cursor) -> None:
        """Set the time cursor of all panes."""
        self.post_message(self.CursorChosen(cursor))

    def action_search(self) -> None:
        self.app.notify(f"nothing to search in {self.title}", markup=False, timeout=3)

    def action_filter(self) -> None:
        self.app.notify(f"nothing to filter in {self.title}", markup=False, timeout=3)

    def action_detail(self) -> None:
        """Open all of what is selected."""
        self.post_message(self.DetailWanted("zoom", self.pane_id))

    def copied(self) -> tuple[str, str]:
        """What `y` copies here and what to call it; empty text when there is nothing."""
        return "", ""

    def close(self) -> bool:
        """`escape`: close what is open inside (a search, a filter); True if there was something."""
        return False

    def _set_frame(self, note: str, status: str) -> None:
        if (note, status) == self._frame:
            return
        old, self._frame = self._frame, (note, status)
        if note != old[0] or not self.border_title:
            self.border_title = self._words(self.heading + (f" · {note}" if note else ""))
        if status != old[1]:
            self.border_subtitle = self._words(status) if status else None

    def _words(self, text: str) -> Content:
        """Plain content: a string would be read as markup."""
        return Content(text.translate(ASCII) if self.ascii else text)

    def on_mount(self) -> None:
        self.border_title = self._words(self.heading)


class RowsPane(Pane):
    """A pane that is one scrolling table: subclasses give `page(state, width)`."""

    def __init__(self) -> None:
        super().__init__()
        self.view = RowsView(self._compute)

    def compose(self) -> ComposeResult:
        yield self.view

    def page(self, state: RunState, width: int) -> Page:
        """All rows at `width` cells."""
        raise NotImplementedError

    def show(self, workspace: Workspace) -> None:
        self.view.redraw()

    def on_rows_view_clicked(self, event: RowsView.Clicked) -> None:
        event.stop()
        self.action_detail()

    def _compute(self, width: int) -> Page:
        space = self.workspace
        if space is None or not space.runs:
            return Page()
        try:
            return self.page(space.run, width)
        except Exception as error:
            if not self.fenced:
                raise
            return Page([((_failure(error), "error"),)])


def _failure(error: Exception) -> str:
    return f"lptui: this pane failed ({type(error).__name__}); the others go on"


def _same_second(drawn: Workspace, new: Workspace) -> bool:
    """Whether only the run moved on between two ticks: not the cursor, the freezing, or what is attached."""
    if not drawn.runs or not new.runs or drawn.cursor is not new.cursor or drawn.frozen_at != new.frozen_at:
        return False
    before, after = drawn.run, new.run
    return before.now == after.now and (before.findings is after.findings or _told(before) == _told(after))


def _told(state: RunState) -> list[tuple[object, ...]]:
    """Which findings there are: one that only went on to a later step is no news."""
    return [(f.id, f.severity, f.active, f.acknowledged) for f in state.findings]


def _same(one: tuple[object, ...], two: tuple[object, ...]) -> bool:
    plain = (int, float, str)
    return all(a is b or (isinstance(a, plain) and a == b) for a, b in zip(one, two, strict=True))


def load_pane(pane_id: str) -> Pane:
    """A new pane by its id; its module is imported now."""
    for known, module, name in PANES:
        if known == pane_id:
            return cast(Pane, getattr(import_module(module), name)())
    raise KeyError(pane_id)
