"""What the screen needs of the list of runs. Callbacks may be called from any thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from lptui.model.summary import RunBoard
from lptui.tui.attached import Monitor

if TYPE_CHECKING:
    from lptui.engine.config_differences import ConfigTable


class Catalogue(Protocol):
    """All runs below some roots: published as they are found and looked at."""

    def start(self, on_board: Callable[[RunBoard], None]) -> None: ...
    def stop(self) -> None: ...

    def prefer(self, paths: Sequence[str]) -> None:
        """Look at these runs before the others: a reader sees their rows."""
        ...

    def open(self, path: str) -> Monitor:
        """A monitor of the run at `path`, not yet started. Reads folders."""
        ...

    def compare(self, paths: Sequence[str]) -> ConfigTable:
        """The configurations side by side; reads files."""
        ...
