"""Who answers a request: those of a log, of checkpoints and of layouts have threads of their own."""

from __future__ import annotations

from collections.abc import Callable

from lptui.engine.checkpoint_answers import CheckpointAnswers
from lptui.engine.layout_answers import LayoutAnswers
from lptui.engine.log_answers import LogAnswers, Reply
from lptui.model.request import Cancel, CheckpointRequest, LayoutRequest, LogRequest, Request
from lptui.sources import Source
from lptui.sources.checkpoints import CheckpointSource
from lptui.sources.log import LogSource
from lptui.sources.merged_log import MergedLog


class Answers:
    """`sources_of(kind)` gives the sources to ask, `run` is the folder in which nothing may be written."""

    def __init__(self, sources_of: Callable[[str], dict[str, Source]], run: str) -> None:
        self._sources_of = sources_of
        self._logs = LogAnswers(self._log, run)
        self._checkpoints = CheckpointAnswers(self._checkpoint_sources)
        self._layouts = LayoutAnswers(run)

    def start(self) -> None:
        """Begin to answer."""
        self._logs.start()
        self._checkpoints.start()

    def ask(self, request: Request, reply: Reply) -> None:
        """Have `request` answered; a newer search ends an older one."""
        if isinstance(request, LogRequest):
            self._logs.ask(request, reply)
        elif isinstance(request, CheckpointRequest):
            self._checkpoints.ask(request, reply)
        elif isinstance(request, LayoutRequest):
            self._layouts.ask(request, reply)
        elif isinstance(request, Cancel):
            self._checkpoints.cancel(request.request)

    def stop(self) -> None:
        """End the threads; a search or a deep pass that runs is cancelled."""
        self._logs.stop()
        self._checkpoints.stop()
        self._layouts.stop()

    def _checkpoint_sources(self) -> list[CheckpointSource]:
        return [s for s in self._sources_of("checkpoints").values() if isinstance(s, CheckpointSource)]

    def _log(self, path: str) -> LogSource | MergedLog | None:
        source = self._sources_of("log").get(path)
        if source is None:  # a run of the W&B server has its console from there
            consoles = (getattr(other, "console", None) for other in self._sources_of("cloud").values())
            source = next((c for c in consoles if isinstance(c, LogSource) and c.path == path), None)
        return source if isinstance(source, LogSource | MergedLog) else None
