"""Where runs are chosen: the list of runs as the app holds it, from the catalogue to its screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.app import App

from lptui.model.summary import RunBoard, RunSummary, board_order
from lptui.tui.attached import Attached, Monitor
from lptui.tui.catalogue import Catalogue
from lptui.tui.messages import BoardArrived

if TYPE_CHECKING:
    from lptui.engine.config_differences import ConfigTable
    from lptui.state.run_state import RunState
    from lptui.tui.screens.runs import RunsScreen


class Hall:
    """Starts the catalogue when its screen is first opened: nothing is listed that nobody asked for."""

    def __init__(self, app: App[int], catalogue: Catalogue | None) -> None:
        self._app, self._catalogue = app, catalogue
        self._screen: RunsScreen | None = None
        self._board = RunBoard()
        self._started = False
        self.mode = ""
        """The app's mode that the screen lives in, once it was opened."""

    @property
    def exists(self) -> bool:
        """Whether there is a catalogue to open."""
        return self._catalogue is not None

    def make_screen(self) -> RunsScreen:
        """The one screen of the list."""
        from lptui.tui.screens.runs import RunsScreen

        if self._screen is None:
            self._screen = RunsScreen(self._prefer)
        return self._screen

    def open(self, attached: Attached) -> None:
        """Begin to list, or show what is known."""
        if self._catalogue is not None and not self._started:
            self._started = True
            self._catalogue.start(self._post)
        self.take(self._board, attached)

    def _post(self, board: RunBoard) -> None:
        self._app.post_message(BoardArrived(board))

    def take(self, board: RunBoard, attached: Attached) -> None:
        """Show a board; what is attached is known better than any quick look tells."""
        self._board = board
        full = {state.run.path: _summarise(state) for state in attached.states.values()}
        rows = tuple(replace(full[r.path], size=r.size) if r.path in full else r for r in board.rows)
        if full:
            rows = board_order(rows, board.now)
        if self._screen is not None:
            self._screen.show(replace(board, rows=rows), frozenset(full))

    def _prefer(self, paths: Sequence[str]) -> None:
        if self._catalogue is not None and paths:
            self._catalogue.prefer(paths)

    def monitor(self, path: str) -> Monitor:
        """A monitor of a run of the list."""
        if self._catalogue is None:
            raise LookupError(path)
        return self._catalogue.open(path)

    def compare(self, paths: Sequence[str]) -> ConfigTable:
        """The configurations of runs of the list."""
        if self._catalogue is None:
            raise LookupError(", ".join(paths))
        return self._catalogue.compare(paths)

    def stop(self) -> None:
        """End the catalogue."""
        if self._catalogue is not None and self._started:
            self._catalogue.stop()


def _summarise(state: RunState) -> RunSummary:
    from lptui.engine.quick_look import summarise  # what is attached has loaded it already

    return summarise(state, "full")
