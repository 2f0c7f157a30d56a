"""One question at a time, put to a thread of its own, so that a call which never returns blocks nobody."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

PATIENCE = 0.012
"""Seconds that a poll lends to an answer which is about to come."""


class Question(Generic[T]):
    """Asks `call` in a daemon thread; one that hangs keeps its thread, and no second is started meanwhile.

    Times are those that `ask` and `waiting` are given: no clock is read here. `error` is the OSError that the
    newest finished call ended with, in words.
    """

    def __init__(self, call: Callable[[], T], name: str) -> None:
        self._call = call
        self._name = name
        self._idle = threading.Event()
        self._idle.set()
        self._answer: T | None = None
        self.error = ""
        self.answered_at: float | None = None
        self._asked_at = 0.0

    def ask(self, now: float, patience: float = PATIENCE) -> T | None:
        """Ask, unless a call is still in flight; the newest answer there is after `patience` seconds."""
        if self._idle.is_set():
            self._asked_at = now
            self._idle.clear()
            threading.Thread(target=self._run, args=(now,), name=self._name, daemon=True).start()
        return self.hear(patience)

    def hear(self, patience: float = PATIENCE) -> T | None:
        """The newest answer there is after `patience` seconds, without asking again; None: none yet."""
        self._idle.wait(patience)
        return self._answer

    def waiting(self, now: float) -> float | None:
        """For how many seconds the call in flight has not answered; None when there is none."""
        return None if self._idle.is_set() else max(0.0, now - self._asked_at)

    def _run(self, asked_at: float) -> None:
        try:
            self._answer, self.error = self._call(), ""
            self.answered_at = asked_at
        except OSError as error:
            self._answer, self.error = None, error.strerror or str(error)
        finally:
            self._idle.set()
