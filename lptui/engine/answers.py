"""The threads that answer requests: ranges of a log, searches, checkpoints. A newer search ends an older one."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

from lptui.engine.checkpoint_answers import CheckpointAnswers
from lptui.engine.search import search
from lptui.model.log import Chunk
from lptui.model.request import (
    Answer,
    Cancel,
    CheckpointRequest,
    ReadLog,
    Request,
    SearchLog,
)
from lptui.sources import Source
from lptui.sources.checkpoints import CheckpointSource
from lptui.sources.log import LogSource

log = logging.getLogger(__name__)
Reply = Callable[[Answer], None]


class Answers:
    """Short reads must not wait behind a search, nor either behind a checkpoint of some gigabytes."""

    def __init__(self, sources_of: Callable[[str], dict[str, Source]]) -> None:
        self._sources_of = sources_of
        self._reads: queue.SimpleQueue[tuple[Request, Reply] | None] = queue.SimpleQueue()
        self._searches: queue.SimpleQueue[tuple[Request, Reply] | None] = queue.SimpleQueue()
        self._checkpoints = CheckpointAnswers(self._checkpoint_sources)
        self._newest: SearchLog | None = None
        self._threads = [
            threading.Thread(target=self._run, args=(box,), name=f"lptui {name}", daemon=True)
            for box, name in ((self._reads, "reads"), (self._searches, "searches"))
        ]

    def start(self) -> None:
        """Begin to answer."""
        for thread in self._threads:
            thread.start()
        self._checkpoints.start()

    def ask(self, request: Request, reply: Reply) -> None:
        """Queue `request`."""
        if isinstance(request, SearchLog):
            self._newest = request
            self._searches.put((request, reply))
        elif isinstance(request, CheckpointRequest):
            self._checkpoints.ask(request, reply)
        elif isinstance(request, Cancel):
            self._checkpoints.cancel(request.request)
        else:
            self._reads.put((request, reply))

    def stop(self) -> None:
        """End the threads; a search or a deep pass that runs is cancelled."""
        self._newest = None
        self._checkpoints.stop()
        for box in (self._reads, self._searches):
            box.put(None)

    def _run(self, box: queue.SimpleQueue[tuple[Request, Reply] | None]) -> None:
        while (item := box.get()) is not None:
            request, reply = item
            try:
                self._answer(request, reply)
            except Exception:  # a reader must outlive one bad request
                log.exception("request %r", request)

    def _answer(self, request: Request, reply: Reply) -> None:
        if isinstance(request, ReadLog):
            source = self._log(request.file)
            none = Chunk(request.file, request.start, b"", "this log is not open")
            reply(source.read(request.start, request.length) if source else none)
        elif isinstance(request, SearchLog):
            source = self._log(request.file)
            if source is not None:
                for progress in search(request, source.view, source.read):
                    if self._newest is not request:
                        return
                    reply(progress)

    def _checkpoint_sources(self) -> list[CheckpointSource]:
        return [s for s in self._sources_of("checkpoints").values() if isinstance(s, CheckpointSource)]

    def _log(self, path: str) -> LogSource | None:
        source = self._sources_of("log").get(path)
        return source if isinstance(source, LogSource) else None
