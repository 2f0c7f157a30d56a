"""Where the screen meets the engine: the only place that imports both."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lptui.config.settings import Settings, SettingsError
from lptui.config.themes import load_theme, theme_files
from lptui.engine.engine import Engine
from lptui.model.run import RunInfo
from lptui.tui.app import LptuiApp

DEFAULT_THEME = "night"


@dataclass(frozen=True, slots=True)
class ScreenSettings:
    """The settings that the screen itself reads."""

    theme: str
    ascii: bool
    keymap: Mapping[str, str]


class Themes:
    """The theme files there are: ours, then the user's (which win by name)."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._files = {os.path.splitext(os.path.basename(p))[0]: p for p in theme_files(env)}

    def names(self) -> Sequence[str]:
        return tuple(self._files)

    def read(self, name: str) -> Mapping[str, object]:
        theme = load_theme(self._files[name])
        if isinstance(theme, SettingsError):
            raise ValueError(theme.message)
        return theme


def make_app(run: RunInfo, find: Callable[[], RunInfo], settings: Settings) -> LptuiApp:
    """The app on a run, not yet running."""
    engine = Engine(run, find=find, slow_link=settings.low_bandwidth)
    theme = DEFAULT_THEME if settings.theme == "auto" else settings.theme
    return LptuiApp(engine, ScreenSettings(theme, settings.ascii, settings.keys), themes=Themes(os.environ))
