"""The threads that answer requests: ranges of a log, searches, deep passes. A newer search ends an older one."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

from lptui.engine.search import search
from lptui.model.log import Chunk
from lptui.model.request import Answer, InspectCheckpoint, ReadLog, Request, SearchLog, VerifyCheckpoint
from lptui.sources import Source
from lptui.sources.checkpoints import CheckpointSource
from lptui.sources.log import LogSource

log = logging.getLogger(__name__)
Reply = Callable[[Answer], None]


class Answers:
    """Three threads: short reads must not wait behind a search, nor that behind a checkpoint of some gigabytes."""

    def __init__(self, sources_of: Callable[[str], dict[str, Source]]) -> None:
        self._sources_of = sources_of
        self._reads: queue.SimpleQueue[tuple[Request, Reply] | None] = queue.SimpleQueue()
        self._searches: queue.SimpleQueue[tuple[Request, Reply] | None] = queue.SimpleQueue()
        self._passes: queue.SimpleQueue[tuple[Request, Reply] | None] = queue.SimpleQueue()
        self._newest: SearchLog | None = None
        self._threads = [
            threading.Thread(target=self._run, args=(box,), name=f"lptui {name}", daemon=True)
            for box, name in ((self._reads, "reads"), (self._searches, "searches"), (self._passes, "passes"))
        ]

    def start(self) -> None:
        """Begin to answer."""
        for thread in self._threads:
            thread.start()

    def ask(self, request: Request, reply: Reply) -> None:
        """Queue `request`."""
        if isinstance(request, SearchLog):
            self._newest = request
            self._searches.put((request, reply))
        elif isinstance(request, VerifyCheckpoint):
            self._passes.put((request, reply))
        else:
            self._reads.put((request, reply))

    def stop(self) -> None:
        """End the threads; a search that runs is cancelled, a deep pass is left behind with its process."""
        self._newest = None
        for box in (self._reads, self._searches, self._passes):
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
                for progress in search(request, source.tail.view, source.read):
                    if self._newest is not request:
                        return
                    reply(progress)
        elif isinstance(request, InspectCheckpoint | VerifyCheckpoint):
            self._look_into(request, reply)

    def _look_into(self, request: InspectCheckpoint | VerifyCheckpoint, reply: Reply) -> None:
        sources = [s for s in self._sources_of("checkpoints").values() if isinstance(s, CheckpointSource)]
        for source in sources:
            if isinstance(request, InspectCheckpoint):
                source.request(request.path)
            else:
                from lptui.engine.verification import verify

                verify(source, request, reply)

    def _log(self, path: str) -> LogSource | None:
        source = self._sources_of("log").get(path)
        return source if isinstance(source, LogSource) else None
