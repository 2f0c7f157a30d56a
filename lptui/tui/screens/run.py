"""The run screen: header, tabs, panes, footer; what the keys do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.css.query import NoMatches
from textual.geometry import NULL_SPACING, Offset, Region, Size
from textual.layout import Layout, WidgetPlacement
from textual.screen import Screen
from textual.widget import Widget

from lptui.model.finding import Finding
from lptui.model.request import Acknowledge
from lptui.tui.bindings import SCREEN_BINDINGS, footer_bindings
from lptui.tui.layout import SizeClass, classify, is_visitor, plan
from lptui.tui.moments import finding_cursor, fix_command, order_findings
from lptui.tui.panes import PANES, Pane, load_pane
from lptui.tui.widgets.header import Header, sentence
from lptui.tui.widgets.rows import LinesView
from lptui.tui.widgets.spans import Row, clean, wrap
from lptui.tui.widgets.tabs import Footer, Tabs
from lptui.tui.workspace import Workspace

if TYPE_CHECKING:
    from lptui.tui.app import LptuiApp


class Sentence(LinesView):
    """The whole screen in one sentence, for a window too small for panes."""

    def __init__(self) -> None:
        super().__init__(id="sentence")
        self._text = ""

    def show(self, text: str) -> None:
        """Draw `text`, wrapped."""
        self._text = text
        self.redraw()

    def lines(self, width: int, height: int) -> Sequence[Row]:
        rows = [((line, "value"),) for line in wrap(self._text, width)]
        return [*rows, (("enlarge the window for more", "dim"),)] if len(rows) < height else rows


class Boxes(Layout):
    """Places the displayed panes of a stage in the boxes of its plan."""

    name = "boxes"

    def arrange(self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True) -> list[WidgetPlacement]:
        boxes = cast(Stage, parent).boxes(size)
        return [
            WidgetPlacement(Region(*boxes[child.pane_id]), Offset(0, 0), NULL_SPACING, child)
            for child in children
            if isinstance(child, Pane) and child.pane_id in boxes
        ]


class Stage(Widget):
    """Holds all panes; shows those of the plan."""

    def __init__(self) -> None:
        super().__init__(id="stage")
        self._boxes = Boxes()
        self.size_class: SizeClass = "sentence"
        self.recent: list[str] = [pane_id for pane_id, _, _ in PANES]
        self.zoomed = False
        self.visitor = ""

    @property
    def layout(self) -> Layout:
        return self._boxes

    def compose(self) -> ComposeResult:
        for pane_id, _, _ in PANES:
            pane = load_pane(pane_id)
            pane.display = False
            yield pane

    def boxes(self, size: Size) -> dict[str, tuple[int, int, int, int]]:
        """Where the displayed panes are in a stage of `size`."""
        return plan(
            self.size_class, size.width, size.height, self.recent, zoomed=self.zoomed, visitor=self.visitor
        ).boxes

    def rearrange(self) -> frozenset[str]:
        """Display exactly the panes of the plan; returns their ids."""
        names = frozenset(self.boxes(Size(100, 40)))
        for pane in self.query_children(Pane):
            pane.display = pane.pane_id in names
        self.refresh(layout=True)
        return names


class RunScreen(Screen[None]):
    """All there is about one run."""

    BINDINGS: ClassVar[list[BindingType]] = [*SCREEN_BINDINGS]
    BINDING_GROUP_TITLE = "In every pane"
    AUTO_FOCUS = None

    def __init__(self) -> None:
        super().__init__()
        self._workspace: Workspace | None = None
        self._visible: frozenset[str] = frozenset()
        self._tabs = Tabs()
        self._header = Header()
        self._footer = Footer()
        self._stage = Stage()
        self._sentence = Sentence()

    def compose(self) -> ComposeResult:
        yield self._header
        yield self._tabs
        yield self._stage
        yield self._footer
        yield self._sentence

    @property
    def current(self) -> Pane:
        """The pane that keys go to."""
        return self.pane(self._stage.recent[0])

    def pane(self, pane_id: str) -> Pane:
        """A pane by its id."""
        return self._stage.query_one(f"#pane-{pane_id}", Pane)

    def on_mount(self) -> None:
        self._arrange()
        self.call_after_refresh(self._focus_current)

    def on_resize(self, _event: events.Resize) -> None:
        self._arrange()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        for node in event.widget.ancestors_with_self:
            if isinstance(node, Pane):
                self._remember(node.pane_id)
                break
        self._show_keys()

    def show(self, workspace: Workspace) -> None:
        """Hand a new workspace to everything that is displayed."""
        self._workspace = workspace
        if not self.is_mounted or not workspace.runs:
            return
        self._header.show(workspace)
        if self._stage.size_class == "sentence":
            self._sentence.show(sentence(workspace))
            return
        self._show_tabs()
        for pane_id in self._visible:
            self.pane(pane_id).workspace = workspace

    @on(Pane.CursorChosen)
    def _follow(self, event: Pane.CursorChosen) -> None:
        self._app.point_at(event.cursor)

    @on(Pane.DetailWanted)
    def _open_detail(self, event: Pane.DetailWanted) -> None:
        from lptui.tui.screens.detail import open_detail

        if event.kind == "zoom":
            self.action_zoom()
        elif self._workspace is not None and self._workspace.runs:
            screen = open_detail(self._workspace.run, event.kind, event.key, plain=self._app.ascii)
            if screen is not None:
                self.app.push_screen(screen)

    @on(Tabs.Clicked)
    def _jump_to_tab(self, event: Tabs.Clicked) -> None:
        self.action_jump(event.pane_id)

    def action_jump(self, pane_id: str) -> None:
        self._remember(pane_id)
        if is_visitor(pane_id):
            self._stage.visitor = pane_id
        self._arrange()
        self.current.focus_view()
        self._show_keys()

    def action_cycle(self, by: int) -> None:
        order = [pane_id for pane_id, _, _ in PANES]
        if len(self._visible) > 1:
            order = [pane_id for pane_id in order if pane_id in self._visible]
        place = order.index(self._stage.recent[0]) if self._stage.recent[0] in order else 0
        self.action_jump(order[(place + by) % len(order)])

    def action_zoom(self) -> None:
        self._stage.zoomed = not self._stage.zoomed
        self._arrange()

    def action_back(self) -> None:
        stage = self._stage
        if self.current.close():
            self.current.focus_view()
        elif stage.zoomed:
            self.action_zoom()
        elif stage.visitor and stage.size_class == "wide":
            gone, stage.visitor = stage.visitor, ""
            stage.recent = [*(p for p in stage.recent if p != gone), gone]
            self.action_jump(stage.recent[0] if not is_visitor(stage.recent[0]) else "log")
        elif self._workspace is not None and self._workspace.cursor is not None:
            self._app.point_at(None)

    def action_detail(self) -> None:
        self.current.action_detail()

    def action_search(self) -> None:
        self.current.action_search()

    def action_filter(self) -> None:
        self.current.action_filter()

    def action_freeze(self) -> None:
        self._app.toggle_freeze()

    def action_finding(self, by: int) -> None:
        space = self._workspace
        findings = [f for f, _ in order_findings(space.run.findings)] if space and space.runs else []
        if not findings:
            self.notify("no findings", markup=False, timeout=2)
            return
        here = self._chosen_finding()
        place = findings.index(here) + by if here in findings else (0 if by > 0 else -1)
        finding = findings[place % len(findings)]
        if not self._visible & {"findings", "log"}:
            self.action_jump("findings")
        self._app.point_at(finding_cursor(finding))

    def action_copy(self) -> None:
        text, name = self.current.copied()
        if not text and self._workspace is not None and self._workspace.runs:
            finding = self._chosen_finding() or self._workspace.run.worst
            text, name = fix_command(finding), "fix"
        if not text:
            self.notify("nothing to copy: no fix with a command is known here", markup=False, timeout=3)
            return
        self.app.copy_to_clipboard(text)
        self.notify(clean(text), title=f"copied ({name})", markup=False, timeout=4)

    def action_acknowledge(self) -> None:
        if self._workspace is None or not self._workspace.runs:
            return
        finding = self._chosen_finding() or self._workspace.run.worst
        if finding is None:
            self.notify("nothing to acknowledge", markup=False, timeout=2)
            return
        self._app.ask(Acknowledge(finding.id), lambda _answer: None)
        self.notify(clean(finding.title), title="acknowledged", markup=False, timeout=3)

    @property
    def _app(self) -> LptuiApp:
        return cast("LptuiApp", self.app)

    def _chosen_finding(self) -> Finding | None:
        space = self._workspace
        if space is None or space.cursor is None:
            return None
        return next((f for f in space.run.findings if f.id == (space.cursor and space.cursor.finding_id)), None)

    def _remember(self, pane_id: str) -> None:
        recent = self._stage.recent
        self._stage.recent = [pane_id, *(p for p in recent if p != pane_id)]

    def _focus_current(self) -> None:
        if self.focused is None and self._stage.size_class != "sentence":
            self.current.focus_view()

    def _arrange(self) -> None:
        """Fit everything to the window and to what was chosen."""
        if not self.size:
            return
        size = classify(*self.size)
        self._stage.size_class = size
        for name in ("wide", "medium", "narrow", "tiny", "sentence"):
            self.set_class(name == size, f"-{name}")
        self.set_class(self._stage.zoomed, "-zoomed")
        try:
            self._visible = self._stage.rearrange()
        except NoMatches:
            return
        if self._workspace is not None:
            self.show(self._workspace)
        self._show_tabs()
        self._show_keys()

    def _show_tabs(self) -> None:
        findings = self._workspace.run.findings if self._workspace and self._workspace.runs else ()
        count = sum(1 for f in findings if f.active)
        labels: list[tuple[str, str]] = []
        for pane in self._stage.query_children(Pane):
            label = pane.short or pane.title
            labels.append((pane.pane_id, f"{label} {count}" if pane.pane_id == "findings" and count else label))
        self._tabs.show(tuple(labels), self._stage.recent[0], self._visible)

    def _show_keys(self) -> None:
        pane = self.current
        mine = (pane, *pane.query("*"))
        self._footer.show(footer_bindings(self.active_bindings, mine))
