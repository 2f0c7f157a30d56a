"""The theme files there are, each read when it is first used."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Protocol

FIRST = "night"
"""The theme of `theme: auto`."""


class ThemeShelf(Protocol):
    """Where themes come from: their names without reading them, and the fields of one (ValueError: why not)."""

    def names(self) -> Sequence[str]: ...
    def read(self, name: str) -> Mapping[str, object]: ...


class FileShelf:
    """Ours and the user's theme files; a user's file replaces ours of the same name."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self._paths: dict[str, str] | None = None

    def names(self) -> Sequence[str]:
        return sorted(self._known(), key=lambda name: (name != FIRST, name))

    def read(self, name: str) -> Mapping[str, object]:
        from lptui.config.settings import SettingsError
        from lptui.config.themes import load_theme

        found = load_theme(self._known()[name])
        if isinstance(found, SettingsError):
            raise ValueError(f"{found.title}: {found.message}")
        return found

    def _known(self) -> dict[str, str]:
        if self._paths is None:
            from lptui.config.themes import theme_files

            paths = theme_files(self._env)
            self._paths = {os.path.basename(path).rpartition(".")[0]: path for path in paths}
        return self._paths
