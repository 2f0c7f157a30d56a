"""A queue of requests with a thread of its own, which begins with the first of them: most runs are asked few kinds."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

log = logging.getLogger(__name__)
T = TypeVar("T")


class Desk(Generic[T]):
    """`answer` is called in its thread with one request after the other; one that it raises at ends none after it."""

    def __init__(self, name: str, answer: Callable[[T], None]) -> None:
        self._name, self._answer = name, answer
        self._box: queue.SimpleQueue[tuple[T] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._open = self._busy = False

    def start(self) -> None:
        """Begin to answer, also what came before."""
        with self._lock:
            self._open = True
            if not self._box.empty():
                self._begin()

    def put(self, request: T) -> None:
        """Queue a request."""
        with self._lock:
            self._box.put((request,))
            if self._open:
                self._begin()

    def stop(self) -> None:
        """End the thread after what it answers now and what waits."""
        with self._lock:
            self._open = False
            self._box.put(None)

    def _begin(self) -> None:
        if not self._busy:
            self._busy = True
            threading.Thread(target=self._run, name=f"lptui {self._name}", daemon=True).start()

    def _run(self) -> None:
        while (item := self._box.get()) is not None:
            try:
                self._answer(item[0])
            except Exception:  # a reader must outlive one bad request
                log.exception("request %r", item[0])
