"""Where the screen meets the engine: the only place that imports both."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lptui.config.settings import Settings
from lptui.engine.engine import Engine
from lptui.model.run import RunInfo
from lptui.tui.app import LptuiApp


def make_app(run: RunInfo, find: Callable[[], RunInfo], settings: Settings, first_rows: Sequence[str] = ()) -> LptuiApp:
    """The app on a run, not yet running."""
    return LptuiApp(Engine(run, find=find, slow_link=settings.low_bandwidth), settings, first_rows=first_rows)
