"""Where the screen meets the engine: the only place that imports both."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lptui.cloud.names import SCHEME, read_name
from lptui.config.rules import find_rule_files
from lptui.config.settings import Settings
from lptui.engine.engine import Engine
from lptui.engine.host import HostEngine
from lptui.model.run import RunInfo
from lptui.model.summary import RunBoard
from lptui.run import discover
from lptui.run.lookup import usual_roots
from lptui.tui.app import LptuiApp

if TYPE_CHECKING:
    from lptui.engine.cloud_list import CloudList
    from lptui.engine.config_differences import ConfigTable
    from lptui.engine.run_list import RunList


def make_app(
    chosen: Sequence[tuple[RunInfo, Callable[[], RunInfo]]],
    settings: Settings,
    first_rows: Callable[[], Sequence[str]] = tuple[str, ...],
    roots: tuple[str, ...] = (),
    project: str = "",
) -> LptuiApp:
    """The app on some runs, or without any on the list of those below `roots`, or of a W&B `project`; not yet running.

    `chosen`: each run, and how to look it up again.
    """
    station = Station(settings, roots, project)
    monitors = [station.engine(run, find) for run, find in chosen]
    return LptuiApp(monitors, settings, first_rows=first_rows, catalogue=station)


def make_browser(run: RunInfo, settings: Settings, file: str = "") -> LptuiApp:
    """The app on the checkpoints of a run or folder only, not yet running; with `file` on that one."""
    from lptui.tui.screens.checkpoints import CheckpointsScreen

    is_run = bool(run.logs or run.wandb or run.event_files)
    engine = Station(settings).engine(run, lambda: discover(run.path) if is_run else run)
    return LptuiApp(engine, settings, opening=lambda: CheckpointsScreen(file, is_run=is_run))


class Station:
    """Makes the engines of runs, which share one engine of the machine, and the list of runs."""

    def __init__(self, settings: Settings, roots: tuple[str, ...] = (), project: str = "") -> None:
        self._settings, self._roots, self._project = settings, roots, project
        self._host = HostEngine()
        self._list: RunList | CloudList | None = None

    def engine(self, run: RunInfo, find: Callable[[], RunInfo] | None = None) -> Engine:
        """An engine of `run`, not yet started."""
        rules = find_rule_files(os.environ, os.getcwd(), run.path)
        return Engine(run, find=find, slow_link=self._settings.low_bandwidth, rules=rules, host=self._host)

    def open(self, path: str) -> Engine:
        """An engine of the run at `path`, a folder or an address of the W&B server, not yet started."""
        name = read_name(path) if path.startswith(SCHEME) else ""
        run = RunInfo(name.rpartition("/")[2], path, "generic", cloud=name) if name else discover(path)
        return self.engine(run)

    def start(self, on_board: Callable[[RunBoard], None]) -> None:
        """Begin to list the runs."""
        if self._project:
            from lptui.engine.cloud_list import CloudList

            self._list = CloudList(self._project)
        else:
            from lptui.engine.run_list import RunList

            self._list = RunList(self._roots) if self._roots else self._list_usual()
        self._list.start(on_board)

    def _list_usual(self) -> RunList:
        """The list below the usual places; trackers' stores are looked for where a disk that hangs holds up nobody."""
        from lptui.engine.run_list import RunList
        from lptui.run.tracker_places import list_stores

        here = os.getcwd()
        roots = usual_roots(self._settings.roots, os.environ, here)
        return RunList(roots, find_more=lambda: list_stores(roots, os.environ, here))

    def prefer(self, paths: Sequence[str]) -> None:
        """Look at these runs first; the server's list has looked at all."""
        from lptui.engine.run_list import RunList

        if isinstance(self._list, RunList):
            self._list.prefer(paths)

    def stop(self) -> None:
        """End the list."""
        if self._list is not None:
            self._list.stop()

    def compare(self, paths: Sequence[str]) -> ConfigTable:
        """The configurations of runs side by side."""
        from lptui.engine.cloud_list import CloudList
        from lptui.engine.config_differences import compare_configs

        if isinstance(self._list, CloudList):
            return self._list.compare(paths)
        return compare_configs(paths)
