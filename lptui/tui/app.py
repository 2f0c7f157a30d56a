"""The application: it meets the engine, holds the one workspace, and knows the themes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from threading import Thread
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import SystemCommand
from textual.binding import BindingType
from textual.reactive import reactive
from textual.screen import Screen

from lptui.config.settings import Settings
from lptui.model.finding import Finding
from lptui.model.request import Answer, Request
from lptui.tui.attached import Attached, Monitor, OnAnswer
from lptui.tui.bindings import APP_BINDINGS
from lptui.tui.catalogue import Catalogue
from lptui.tui.fenced import FencedApp
from lptui.tui.hall import Hall
from lptui.tui.keyorder import OrderedApp
from lptui.tui.messages import AnswerArrived, BoardArrived, EngineFailed, StateArrived
from lptui.tui.shelf import FileShelf, ThemeShelf
from lptui.tui.themed import ThemedApp
from lptui.tui.toasts import toasts_for
from lptui.tui.widgets.spans import clean
from lptui.tui.workspace import Cursor, Workspace

if TYPE_CHECKING:
    from lptui.engine.config_differences import ConfigTable
    from lptui.tui.screens.run import RunScreen


class LptuiApp(FencedApp, ThemedApp, OrderedApp):
    """A screen for each run, one in front. `first_rows()` ends what was painted and tells it; `opening`
    makes another first screen."""

    TITLE = "lptui"
    CSS_PATH = "lptui.tcss"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [*APP_BINDINGS]
    BINDING_GROUP_TITLE = "Everywhere"
    DEFAULT_MODE = "start"  # of Textual's modes: each run has one, which keeps its screen and its dialogs

    workspace: reactive[Workspace] = reactive(Workspace(), always_update=True, init=False, repaint=False)
    # repaint=False: the panes refresh the cells that changed, the rest stays

    def __init__(
        self,
        monitors: Monitor | Sequence[Monitor],
        settings: Settings,
        *,
        themes: ThemeShelf | None = None,
        first_rows: Callable[[], Sequence[str]] = tuple[str, ...],
        opening: Callable[[], Screen[None]] | None = None,
        catalogue: Catalogue | None = None,
    ) -> None:
        super().__init__(themes if themes is not None else FileShelf(dict(os.environ)))
        self._attached = Attached()
        self._screens: dict[int, RunScreen] = {}
        self._modes_of: dict[int, str] = {}
        self._opening = opening
        self._paths: dict[int, str] = {}
        self._hall = Hall(self, catalogue)
        for monitor in monitors if isinstance(monitors, Sequence) else (monitors,):
            self._add(monitor)
        if not self._attached:
            self._hall.mode = self.DEFAULT_MODE
            self.add_mode(self.DEFAULT_MODE, self._hall.make_screen)
        self._settings = settings
        self.ascii = settings.ascii
        self._hand_over, self.first_rows = first_rows, tuple[str, ...]()
        self._theme_problem = self.begin_theme("" if settings.theme == "auto" else settings.theme)
        self.animation_level = "none"  # every frame of an animation is bytes on the wire

    def on_load(self) -> None:
        self.first_rows = tuple(self._hand_over())  # from here on the terminal is ours

    def on_mount(self) -> None:
        self.set_class(self.ascii, "-ascii")
        if self._theme_problem:
            self.notify(self._theme_problem, severity="warning", markup=False)
        if self._settings.keys:
            self.set_keymap(self._settings.keys)
        # Back from ctrl+z: the shell has written over what we think is shown.
        self.app_resume_signal.subscribe(self, self.action_draw_anew)
        self.call_after_refresh(self._start)

    def action_draw_anew(self, _app: object = None) -> None:
        """Send all of the screen, whatever the terminal shows."""
        self.screen.refresh()

    def on_unmount(self) -> None:
        self._hall.stop()
        self._attached.stop()

    def on_state_arrived(self, message: StateArrived) -> None:
        state = message.state
        if message.slot not in self._attached.monitors:
            return  # the last word of one that is watched no more
        fresh = self._attached.take(message.slot, state)
        self._announce(fresh, "" if message.slot == self._attached.front else state.run.name)
        space = self.workspace
        now = max(space.now, state.now)
        if message.slot != self._attached.front and len(space.runs) == len(self._attached.states):
            return  # it is shown with the next state of the run in front, at most a second from now
        if space.frozen_at is not None:
            self.workspace = replace(space, now=now)
        else:
            self.workspace = self._gather(replace(space, now=now))

    def _gather(self, space: Workspace) -> Workspace:
        runs, front = self._attached.gather()
        return replace(space, runs=runs, front=front, attached=len(self._attached))

    def _announce(self, findings: Sequence[Finding], run: str) -> None:
        """A toast for each finding that was not there before; the bell only for who wants it."""
        for toast in toasts_for(findings):
            severity = "error" if toast.severity == "error" else "warning"
            title = f"{clean(run)}: {toast.title}" if run else toast.title
            self.notify(toast.text, title=title, severity=severity, markup=False, timeout=10)
        if findings and self._settings.bell:
            self.bell()

    def on_engine_failed(self, message: EngineFailed) -> None:
        raise message.error  # the screen would go on showing what was true: better none than that

    def on_board_arrived(self, message: BoardArrived) -> None:
        self._hall.take(message.board, self._attached)

    def on_answer_arrived(self, message: AnswerArrived) -> None:
        message.on_answer(message.answer)

    def watch_workspace(self, _old: Workspace, new: Workspace) -> None:
        from lptui.tui.screens.live import LiveScreen

        for screen in self.screen_stack:
            if isinstance(screen, LiveScreen):
                screen.show(new)

    def bring_next(self, by: int) -> None:
        """Show the next of the runs that are watched."""
        self._bring(self._attached.step(by))

    def show_runs(self) -> None:
        """Show the list of all runs."""
        if not self._hall.exists:
            self.notify("no list of runs here: `lptui runs` opens one", markup=False, timeout=3)
            return
        if not self._hall.mode:
            self._hall.mode = "runs"
            self.add_mode("runs", self._hall.make_screen)
        self.switch_mode(self._hall.mode)
        self._hall.open(self._attached)

    def show_front(self) -> None:
        """From the list back to the run that was shown, if there is one."""
        if self._attached:
            self._bring(self._attached.front)

    def attach(self, paths: Sequence[str]) -> None:
        """Watch exactly the runs at `paths`, those that are watched already as they are."""
        fresh = [path for path in paths if path not in self._slots_by_path()]
        if fresh:
            self._open_all(paths, fresh)
        else:
            self._attach_opened(paths, {})

    @work(thread=True, exclusive=True, group="attach")
    def _open_all(self, paths: Sequence[str], fresh: Sequence[str]) -> None:
        """In a thread: what belongs to a run is looked for first, and its mount may be slow."""
        opened = {path: self._hall.monitor(path) for path in fresh}
        self.call_from_thread(self._attach_opened, paths, opened)

    def _attach_opened(self, paths: Sequence[str], opened: Mapping[str, Monitor]) -> None:
        known = self._slots_by_path()
        for slot in [slot for slot in self._attached.slots if slot not in {known.get(path) for path in paths}]:
            self._forget(slot)
        for path, monitor in opened.items():
            if path not in known:  # it is where enter was pressed twice
                slot = known[path] = self._add(monitor)
                self._paths[slot] = path
                self._watch(slot)
        slots = [known[path] for path in paths]
        self._attached.sort(slots)
        self.workspace = Workspace(now=self.workspace.now)
        self._bring(slots[0])

    def _slots_by_path(self) -> dict[str, int]:
        known = {state.run.path: slot for slot, state in self._attached.states.items()}
        return {**known, **{path: slot for slot, path in self._paths.items() if slot in self._attached.monitors}}

    def compare(self, paths: Sequence[str]) -> ConfigTable:
        """The configurations of runs side by side. Reads files: not for the screen's thread."""
        return self._hall.compare(paths)

    def _forget(self, slot: int) -> None:
        monitor = self._attached.drop(slot)
        Thread(target=monitor.stop, name="lptui detach", daemon=True).start()  # it may wait for a stuck mount
        self._screens.pop(slot, None)
        self._paths.pop(slot, None)
        self.remove_mode(self._modes_of.pop(slot))

    def _bring(self, slot: int) -> None:
        """Show the run of `slot`; the layout and the step of the cursor stay, what belongs to another run does not."""
        old = self._screens.get(self._attached.front)
        self._attached.bring(slot)
        screen = self._screen_of(slot)
        step = self.workspace.cursor.step if self.workspace.cursor is not None else None
        cursor = Cursor(step=step) if step is not None else None
        space = replace(self.workspace, cursor=cursor)
        if space.frozen_at is not None and slot in self._attached.states:
            frozen = {state.run.path: state for state in space.runs}
            runs, front = self._attached.gather()
            held = tuple(frozen.get(state.run.path, state) for state in runs)
            space = replace(space, runs=held, front=front)
        else:
            space = self._gather(space)
        if old is not None and old is not screen:
            screen.resemble(old)
        self.first_rows = ()  # they were the first run's
        self.switch_mode(self._modes_of[slot])
        self.workspace = space

    def ask(self, request: Request, on_answer: OnAnswer) -> None:
        """Ask the engine; `on_answer(answer)` is called on the screen's thread."""
        self._attached.ask(request, lambda answer: self._post_answer(on_answer, answer))

    def point_at(self, cursor: Cursor | None) -> None:
        """Set the time cursor of all panes."""
        self.workspace = replace(self.workspace, cursor=cursor)

    def toggle_freeze(self) -> None:
        """Hold the view still, or follow again; the engine goes on either way."""
        space = self.workspace
        if space.frozen_at is None:
            self.workspace = replace(space, frozen_at=space.now)
        else:
            self.workspace = self._gather(replace(space, frozen_at=None))

    def action_help(self) -> None:
        from lptui.tui.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen())

    def action_help_quit(self) -> None:
        """ctrl+c: a habit of the hand that ends other programs; here it says what does."""
        from lptui.tui.bindings import key_word

        bound = self.screen_stack[0].active_bindings.items()
        keys = [key_word(key) for key, active in bound if active.binding.id == "quit"]
        self.notify(f"{keys[0] if keys else 'ctrl+q'} leaves lptui; the run goes on", markup=False, timeout=3)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        from lptui.tui.bindings import key_word

        for key, active in screen.active_bindings.items():
            if active.enabled and active.binding.description and active.binding.id not in ("palette", None):
                title = f"{active.binding.description} ({key_word(key)})"
                yield SystemCommand(title, active.binding.tooltip, self._runner(active.binding.action, active.node))
        yield from self.theme_commands()

    def _runner(self, action: str, node: object) -> Callable[[], None]:
        def run_it() -> None:
            self.call_later(self.run_action, action, node)

        return run_it

    def _start(self) -> None:
        if self._hall.mode:
            self._hall.open(self._attached)
        for slot in self._attached.slots:
            self._watch(slot)

    def _add(self, monitor: Monitor) -> int:
        """One more run, with a screen and a mode of its own."""
        slot = self._attached.add(monitor)
        self._modes_of[slot] = f"run-{slot}" if self.DEFAULT_MODE in self._modes else self.DEFAULT_MODE
        self.add_mode(self._modes_of[slot], self._opening or (lambda: self._screen_of(slot)))
        return slot

    def _watch(self, slot: int) -> None:
        self._attached.watch(slot, self.post_message)

    def _screen_of(self, slot: int) -> RunScreen:
        """The screen of a run, kept while it is watched: it remembers where its reader was."""
        from lptui.tui.screens.run import RunScreen

        if slot not in self._screens:
            self._screens[slot] = RunScreen()
        return self._screens[slot]

    def _post_answer(self, on_answer: OnAnswer, answer: Answer) -> None:
        self.post_message(AnswerArrived(on_answer, answer))
