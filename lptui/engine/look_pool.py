"""Processes that look at many runs at once: looks are work for a processor, and threads share one."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from lptui.child import Child, ChildError
from lptui.run.listing import Listing
from lptui.sources.writers import Writers

log = logging.getLogger(__name__)

MOST = 4
"""Processes at once, on a machine with as many processors."""
MANY = 48
"""Runs to look at that are worth their start (0.2 s of work each)."""
_DEADLINE = 60.0
_LONGEST_ANSWER = 16 << 20
_PROGRAM = "from lptui.engine.look_worker import serve; serve()"


class OwnHand:
    """Looks in the thread that asks, where there are few runs or no processes."""

    glances, chunk = 32, 1
    clock = staticmethod(time.thread_time)
    """Seconds that looks cost: here of a processor, whoever else wants it."""

    def __init__(self, writers: Writers, listing: Listing) -> None:
        self._writers, self._listing = writers, listing

    def look(self, paths: Sequence[str], now: float) -> list[dict[str, Any]]:
        """As LookHand's."""
        from lptui.engine.look_worker import look  # loaded where it is needed: most lists are kept, or hands look

        return [look(path, self._writers, now, self._listing) for path in paths]

    def glance(self, paths: Sequence[str], listed: Sequence[float], now: float) -> list[dict[str, Any]]:
        """As LookHand's."""
        from lptui.engine.look_worker import glance

        return [glance(path, at, self._writers, now, self._listing) for path, at in zip(paths, listed, strict=True)]


class LookHand:
    """One process that looks at runs; started anew after one that died of a run. For one thread, but `kill`."""

    glances, chunk = 32, 8
    """Runs that it is given at once, to glance at and to look at."""
    clock = staticmethod(time.monotonic)

    def __init__(self, writers: Writers, budget: int) -> None:
        self._child, self._new = Child(_LONGEST_ANSWER), True
        self._known = {"writers": [writers.files, writers.folders, writers.reason], "budget": budget}

    def start(self) -> None:
        """OSError if there is no interpreter to start."""
        # -S and all of our path: a start without site; -P: no module from the working directory
        path = os.pathsep.join(os.path.abspath(place) for place in sys.path if place)
        self._child.start((sys.executable, "-S", "-P", "-c", _PROGRAM), {**os.environ, "PYTHONPATH": path})
        self._new = True

    def look(self, paths: Sequence[str], now: float) -> list[dict[str, Any]]:
        """What `look_worker.look` tells of each; {} for a run that the process died of."""
        try:
            return self._ask(paths, now)
        except (ChildError, OSError, ValueError):
            self._child.end()
        if len(paths) == 1:
            return [{}]
        return [row for path in paths for row in self.look((path,), now)]

    def glance(self, paths: Sequence[str], listed: Sequence[float], now: float) -> list[dict[str, Any]]:
        """What `look_worker.glance` tells of each, whose folders were written when `listed`; {} where it died."""
        try:
            return self._ask(paths, now, {"listed": list(listed)})
        except (ChildError, OSError, ValueError):
            self._child.end()
            return [{} for _ in paths]

    def kill(self) -> None:
        """End it at once, from any thread."""
        self._child.kill()

    def end(self) -> None:
        """End it."""
        self._child.end()

    def _ask(self, paths: Sequence[str], now: float, more: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        if not self._child.running:
            self.start()
        known = {**self._known, "here": os.getcwd()} if self._new else {}
        self._new = False
        answer = self._child.ask(
            {**known, **(more or {}), "paths": list(paths), "now": now}, time.monotonic() + _DEADLINE
        )
        rows: list[dict[str, Any]] = answer["rows"]
        if len(rows) != len(paths):
            raise ChildError("it answered another question")
        return rows


def start_hands(most: int, writers: Writers, budget: int) -> list[LookHand]:
    """So many, or as many as there can be."""
    hands: list[LookHand] = []
    for _ in range(most):
        hand = LookHand(writers, budget)
        try:
            hand.start()
        except OSError:  # no interpreter, or no more processes: threads do it
            log.exception("look")
            break
        hands.append(hand)
    return hands


def count_hands() -> int:
    """How many processes are worth having here; 0 where one alone would only cost its start."""
    count = min(MOST, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    return count if count > 1 and sys.executable else 0
