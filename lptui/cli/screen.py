"""Where the screen meets the engine: the only place that imports both."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from lptui.config.rules import find_rule_files
from lptui.config.settings import Settings
from lptui.engine.engine import Engine
from lptui.engine.host import HostEngine
from lptui.model.run import RunInfo
from lptui.tui.app import LptuiApp


def make_app(
    chosen: Sequence[tuple[RunInfo, Callable[[], RunInfo]]], settings: Settings, first_rows: Sequence[str] = ()
) -> LptuiApp:
    """The app on some runs, not yet running. `chosen`: each run, and how to look it up again."""
    station = Station(settings)
    return LptuiApp([station.open(run, find) for run, find in chosen], settings, first_rows=first_rows)


def make_browser(run: RunInfo, settings: Settings, file: str = "") -> LptuiApp:
    """The app on the checkpoints of a run or folder only, not yet running; with `file` on that one."""
    from lptui.run import discover
    from lptui.tui.screens.checkpoints import CheckpointsScreen

    is_run = bool(run.logs or run.wandb or run.event_files)
    engine = Station(settings).open(run, lambda: discover(run.path) if is_run else run)
    return LptuiApp(engine, settings, opening=lambda: CheckpointsScreen(file, is_run=is_run))


class Station:
    """Makes the engines of runs, which share one engine of the machine."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._host = HostEngine()

    def open(self, run: RunInfo, find: Callable[[], RunInfo]) -> Engine:
        """An engine of `run`, not yet started."""
        rules = find_rule_files(os.environ, os.getcwd(), run.path)
        return Engine(run, find=find, slow_link=self._settings.low_bandwidth, rules=rules, host=self._host)
