"""The application: it meets the engine, holds the one workspace, and knows the themes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import ClassVar, Protocol

from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.reactive import reactive
from textual.screen import Screen

from lptui.config.settings import Settings
from lptui.model.finding import Finding
from lptui.model.request import Answer, Request
from lptui.state.run_state import RunState
from lptui.tui.bindings import APP_BINDINGS
from lptui.tui.messages import AnswerArrived, EngineFailed, StateArrived
from lptui.tui.shelf import FIRST, FileShelf, ThemeShelf
from lptui.tui.theme import frame_colors, theme_from
from lptui.tui.toasts import Told, find_toasts, toasts_for
from lptui.tui.workspace import Cursor, Workspace

OnState = Callable[[RunState], None]
OnAnswer = Callable[[Answer], None]
OnFailure = Callable[[Exception], None]


class Monitor(Protocol):
    """What the screen needs of the engine. All callbacks may be called from any thread."""

    def start(self, on_state: OnState, on_failure: OnFailure) -> None: ...
    def ask(self, request: Request, on_answer: OnAnswer) -> None: ...
    def stop(self) -> None: ...


class LptuiApp(App[int]):
    """One screen for one run. `first_rows` are log lines that were painted before the app took over."""

    TITLE = "lptui"
    CSS_PATH = "lptui.tcss"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [*APP_BINDINGS]
    BINDING_GROUP_TITLE = "Everywhere"

    workspace: reactive[Workspace] = reactive(Workspace(), always_update=True, init=False, repaint=False)
    # repaint=False: the panes refresh the cells that changed, the rest stays

    def __init__(
        self,
        monitor: Monitor,
        settings: Settings,
        *,
        themes: ThemeShelf | None = None,
        first_rows: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self._monitor = monitor
        self._settings = settings
        self._themes: ThemeShelf = themes if themes is not None else FileShelf(dict(os.environ))
        self._live: RunState | None = None
        self._told = Told()
        self.ascii = settings.ascii
        self.first_rows = tuple(first_rows)
        self._theme_problem = self._begin_theme("" if settings.theme == "auto" else settings.theme)
        self.animation_level = "none"  # every frame of an animation is bytes on the wire

    def get_default_screen(self) -> Screen[None]:
        from lptui.tui.screens.run import RunScreen

        return RunScreen()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return frame_colors(self.current_theme)

    def on_mount(self) -> None:
        self.set_class(self.ascii, "-ascii")
        if self._theme_problem:
            self.notify(self._theme_problem, severity="warning", markup=False)
        if self._settings.keys:
            self.set_keymap(self._settings.keys)
        self.app_resume_signal.subscribe(self, self._on_resumed)
        self.call_after_refresh(self._start)

    def _on_resumed(self, _app: object) -> None:
        # back from ctrl+z: the shell has written over what we think is shown
        self.screen.refresh()

    def on_unmount(self) -> None:
        self._monitor.stop()

    def on_state_arrived(self, message: StateArrived) -> None:
        self._live = state = message.state
        self._told, fresh = find_toasts(self._told, state)
        self._announce(fresh)
        if self.workspace.frozen_at is not None:
            self.workspace = replace(self.workspace, now=state.now)
        else:
            self.workspace = replace(self.workspace, runs=(state,), now=state.now)

    def _announce(self, findings: Sequence[Finding]) -> None:
        """A toast for each finding that was not there before; the bell only for who wants it."""
        for toast in toasts_for(findings):
            severity = "error" if toast.severity == "error" else "warning"
            self.notify(toast.text, title=toast.title, severity=severity, markup=False, timeout=10)
        if findings and self._settings.bell:
            self.bell()

    def on_engine_failed(self, message: EngineFailed) -> None:
        raise message.error  # the screen would go on showing what was true: better none than that

    def on_answer_arrived(self, message: AnswerArrived) -> None:
        message.on_answer(message.answer)

    def watch_workspace(self, _old: Workspace, new: Workspace) -> None:
        from lptui.tui.screens.run import RunScreen

        for screen in self.screen_stack:
            if isinstance(screen, RunScreen):
                screen.show(new)

    def ask(self, request: Request, on_answer: OnAnswer) -> None:
        """Ask the engine; `on_answer(answer)` is called on the screen's thread."""
        self._monitor.ask(request, lambda answer: self._post_answer(on_answer, answer))

    def point_at(self, cursor: Cursor | None) -> None:
        """Set the time cursor of all panes."""
        self.workspace = replace(self.workspace, cursor=cursor)

    def toggle_freeze(self) -> None:
        """Hold the view still, or follow again; the engine goes on either way."""
        space = self.workspace
        if space.frozen_at is None:
            self.workspace = replace(space, frozen_at=space.now)
        else:
            runs = (self._live,) if self._live is not None else space.runs
            self.workspace = replace(space, frozen_at=None, runs=runs)

    def use_theme(self, name: str) -> bool:
        """Switch to a theme by its name; says so and keeps the present one if it cannot be had."""
        problem = self._shelve(name)
        if problem:
            self.notify(problem, severity="warning", markup=False)
            return False
        self.theme = name
        return True

    def theme_names(self) -> list[str]:
        """The themes there are, in the order of `t`."""
        return list(self._themes.names())

    def action_cycle_theme(self) -> None:
        names = self.theme_names()
        if not names:
            self.notify("no theme files were found", markup=False)
            return
        place = names.index(self.theme) if self.theme in names else -1
        chosen = names[(place + 1) % len(names)]
        if self.use_theme(chosen):
            self.notify(f"theme: {chosen}", markup=False, timeout=2)

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
        for name in self.theme_names():
            yield SystemCommand(f"Theme: {name}", "Use this colour theme", self._theme_setter(name))

    def _runner(self, action: str, node: object) -> Callable[[], None]:
        def run_it() -> None:
            self.call_later(self.run_action, action, node)

        return run_it

    def _theme_setter(self, name: str) -> Callable[[], None]:
        def use_it() -> None:
            self.use_theme(name)

        return use_it

    @property
    def failure(self) -> Exception | None:
        """The exception that ended the app, or None: whoever ran the app tells of it."""
        return self._exception

    def panic(self, *renderables: object) -> None:
        """A part of Textual without an exception to hand on gave up, such as its reader of the terminal."""
        if self._exception is None:
            self._exception = RuntimeError("; ".join(map(_panic_text, renderables)) or "the screen gave up")
        self._return_code = 1
        self._close_messages_no_wait()

    def _fatal_error(self) -> None:
        # Textual would print a traceback with the values of all variables, which may hold secrets of the run.
        self._close_messages_no_wait()

    def _start(self) -> None:
        self._monitor.start(self._post_state, self._post_failure)

    def _post_state(self, state: RunState) -> None:
        self.post_message(StateArrived(state))

    def _post_failure(self, error: Exception) -> None:
        self.post_message(EngineFailed(error))

    def _post_answer(self, on_answer: OnAnswer, answer: Answer) -> None:
        self.post_message(AnswerArrived(on_answer, answer))

    def _begin_theme(self, wanted: str) -> str:
        """Set the theme before anything is drawn (later would draw all twice); what is wrong, or nothing."""
        problem = self._shelve(wanted) if wanted else ""
        name = FIRST if problem or not wanted else wanted
        second = self._shelve(name)
        if name in self.available_themes:
            self.set_reactive(App.theme, name)
            self.stylesheet.set_variables(self.get_css_variables())
        return problem or second

    def _shelve(self, name: str) -> str:
        """Make theme `name` known to Textual; what is wrong, or nothing."""
        if name in self.available_themes:
            return ""
        names = self.theme_names()
        if name not in names:
            near = get_close_matches(name, names, n=1)
            return f"no theme is called {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")
        try:
            self.register_theme(theme_from(name, self._themes.read(name)))
        except (ValueError, OSError, TypeError) as error:
            return f"theme {name} cannot be used: {error}"
        return ""


def _panic_text(renderable: object) -> str:
    """The last line of what Textual would have printed."""
    trace = getattr(renderable, "trace", None)  # of a rich Traceback
    if trace is None or not trace.stacks:
        return str(renderable)
    return f"{trace.stacks[0].exc_type}: {trace.stacks[0].exc_value}"
