"""The run screen: header, tabs, panes, footer; what the keys do."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.css.query import NoMatches

from lptui.model.finding import Finding
from lptui.model.request import Acknowledge, Request, Wake
from lptui.tui.bindings import SCREEN_BINDINGS, footer_bindings
from lptui.tui.idle import idle_bindings
from lptui.tui.layout import classify, is_visitor
from lptui.tui.moments import finding_cursor, fix_command, order_findings
from lptui.tui.panes import PANES, Pane
from lptui.tui.screens.live import LiveScreen
from lptui.tui.screens.stage import Curtain, Sentence, Stage, is_open
from lptui.tui.widgets.header import Header, sentence
from lptui.tui.widgets.spans import clean
from lptui.tui.widgets.tabs import Footer, Tabs
from lptui.tui.workspace import Workspace

if TYPE_CHECKING:
    from lptui.tui.app import LptuiApp


class RunScreen(LiveScreen):
    """All there is about one run."""

    BINDINGS: ClassVar[list[BindingType]] = [*SCREEN_BINDINGS]
    BINDING_GROUP_TITLE = "In every pane"
    AUTO_FOCUS = ""

    def __init__(self) -> None:
        super().__init__(classes="-opening")
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
        yield Curtain()

    @property
    def current(self) -> Pane:
        """The pane that keys go to."""
        return self.pane(self._stage.recent[0])

    def pane(self, pane_id: str) -> Pane:
        """A pane by its id."""
        return self._stage.query_one(f"#pane-{pane_id}", Pane)

    def on_mount(self) -> None:
        self.bindings_updated_signal.subscribe(self, self._on_bindings_updated)
        self._arrange()

    def on_resize(self, _event: events.Resize) -> None:
        self._arrange()

    def _on_bindings_updated(self, _screen: object) -> None:
        self._show_keys()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        for node in event.widget.ancestors_with_self:
            if isinstance(node, Pane):
                self._remember(node.pane_id)
                break
        self._show_keys()

    def resemble(self, other: RunScreen) -> None:
        """Lay this run out as the reader laid out another one."""
        mine, theirs = self._stage, other._stage
        mine.recent, mine.zoomed, mine.visitor = [*theirs.recent], theirs.zoomed, theirs.visitor
        if self.is_mounted:
            self._arrange()
            self.call_after_refresh(self.current.focus_view)

    def show(self, workspace: Workspace) -> None:
        """Hand a new workspace to everything that is displayed."""
        old, self._workspace = self._workspace, workspace
        if not self.is_mounted or not workspace.runs:
            return
        if self.has_class("-opening") and is_open(workspace.run):
            self.remove_class("-opening")
            self.call_after_refresh(self._focus_current)
        self._header.show(workspace)
        if self._stage.size_class == "sentence":
            self._sentence.show(sentence(workspace))
            return
        self._stage.make_room(len(workspace.run.findings), len(gpu.devices) if (gpu := workspace.run.gpu) else 0)
        before = old.run if old is not None and old.runs else None
        now = workspace.run
        if before is None or before.findings is not now.findings:
            self._show_tabs()
        if before is None or before.findings is not now.findings or before.seen is not now.seen:
            self._show_keys()
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
            run, plain = self._workspace.run, self._app.ascii
            screen = open_detail(run, event.kind, event.key, plain=plain, other=event.other)
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

    def action_next_run(self, by: int) -> None:
        if self._workspace is None or self._workspace.attached < 2:
            self.notify("no other run is attached: `lptui attach A B`", markup=False, timeout=3)
        else:
            self._app.bring_next(by)

    def action_runs(self) -> None:
        self._app.show_runs()

    def action_server(self) -> None:
        from lptui.tui.screens.server import press_server

        if self._workspace is not None and self._workspace.runs:
            press_server(self._app, self._workspace.run)

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
        finding = self._meant_finding()
        if finding is not None and finding.acknowledged:
            self._care(finding, Wake(finding.id), "alarms again")
        elif finding is not None:
            self._care(finding, Acknowledge(finding.id), "acknowledged until it comes again")

    def action_snooze(self) -> None:
        from lptui.tui.screens.snooze import SnoozeScreen

        finding = self._meant_finding()
        if finding is not None:
            self.app.push_screen(SnoozeScreen(finding, lambda request, words: self._care(finding, request, words)))

    def _care(self, finding: Finding, request: Request, words: str) -> None:
        self._app.ask(request, lambda _answer: None)
        self.notify(clean(finding.title), title=words, markup=False, timeout=3)

    def _meant_finding(self) -> Finding | None:
        """The chosen finding, or the worst; says so if there is none."""
        if self._workspace is None or not self._workspace.runs:
            return None
        finding = self._chosen_finding() or self._workspace.run.worst
        if finding is None:
            self.notify("nothing to silence: choose a finding first", markup=False, timeout=2)
        return finding

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
        self.call_after_refresh(self._focus_current)  # a window too small for panes took the keys from them

    def _show_tabs(self) -> None:
        run = self._workspace.run if self._workspace and self._workspace.runs else None
        labels: list[tuple[str, str]] = []
        for pane in self._stage.query_children(Pane):
            label = pane.short or pane.title
            count = pane.note(run) if run is not None and pane.pane_id == "findings" else ""
            labels.append((pane.pane_id, f"{label} ({count})" if count else label))
        self._tabs.show(tuple(labels), self._stage.recent[0], self._visible)

    def _show_keys(self) -> None:
        pane = self.current
        mine = (pane, *pane.query("*"))
        keys = footer_bindings(self.active_bindings, mine, idle_bindings(pane, self._workspace))
        if self._stage.size_class == "wide":
            keys += [(p.digit, p.title) for p in self._stage.query_children(Pane) if is_visitor(p.pane_id)]
        self._footer.show(keys)
