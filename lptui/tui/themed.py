"""An app whose themes are files: it takes them from a shelf, and says so when one cannot be had."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches

from textual.app import App, SystemCommand

from lptui.tui.shelf import FIRST, ThemeShelf
from lptui.tui.theme import frame_colors, series_of_sixteen, theme_from


class ThemedApp(App[int]):
    """Knows the themes of `shelf` by their names."""

    def __init__(self, shelf: ThemeShelf) -> None:
        super().__init__()
        self._themes = shelf

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return frame_colors(self.current_theme)

    def get_css_variables(self) -> dict[str, str]:
        variables = super().get_css_variables()
        if self.console.color_system == "standard":
            self.theme_variables = {**self.theme_variables, **series_of_sixteen(dark=self.current_theme.dark)}
        return variables

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

    def theme_commands(self) -> Iterable[SystemCommand]:
        """An entry of the command palette for each theme."""
        for name in self.theme_names():
            yield SystemCommand(f"Theme: {name}", "Use this colour theme", self._theme_setter(name))

    def _theme_setter(self, name: str) -> Callable[[], None]:
        def use_it() -> None:
            self.use_theme(name)

        return use_it

    def begin_theme(self, wanted: str) -> str:
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
