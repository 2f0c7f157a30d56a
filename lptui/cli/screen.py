"""Where the screen meets the engine: the only place that imports both."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from lptui.config.rules import find_rule_files
from lptui.config.settings import Settings
from lptui.engine.engine import Engine
from lptui.model.run import RunInfo
from lptui.tui.app import LptuiApp


def make_app(run: RunInfo, find: Callable[[], RunInfo], settings: Settings, first_rows: Sequence[str] = ()) -> LptuiApp:
    """The app on a run, not yet running."""
    rules = find_rule_files(os.environ, os.getcwd(), run.path)
    engine = Engine(run, find=find, slow_link=settings.low_bandwidth, rules=rules)
    return LptuiApp(engine, settings, first_rows=first_rows)
