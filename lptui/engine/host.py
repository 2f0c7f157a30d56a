"""The engine of the machine: NVML and the host are polled once, however many runs are watched.

What it reads is handed to each run's engine, which folds it into that run's state.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from lptui.engine.lane import Lane
from lptui.model.events import Event, StatusSeen
from lptui.model.run import RunInfo
from lptui.sources import SharedSource, Source
from lptui.sources.registry import HOST_SOURCES

Hear = Callable[[Sequence[Event]], None]


class HostEngine:
    """Runs `join` with a function that takes events (called from the machine's thread) and `leave`. It polls while
    there is any run."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self.lane = Lane("machine", clock, self._spread)
        self._lock = threading.Lock()
        self._sources: dict[tuple[str, str], Source] = {}
        self._hearers: dict[str, Hear] = {}
        self._ended: dict[str, bool] = {}
        self._told: dict[object, Event] = {}
        """The newest event of each kind and run: who joins later needs what was told once."""

    def join(self, run: RunInfo, hear: Hear) -> None:
        """Hand every reading to `hear` from now on, and at once what was told already."""
        with self._lock:
            first = not self._hearers
            self._hearers[run.path], self._ended[run.path] = hear, False
            self._add_sources(run)
            known = [event for event in self._told.values() if event.place.run in ("", run.path)]
        if first:
            self.lane.start()
        if known:
            hear(known)

    def leave(self, run: RunInfo) -> None:
        """Hand that run no more readings. After the last one the thread ends; one that hangs in a driver is left."""
        lane = self.lane
        with self._lock:
            if self._hearers.pop(run.path, None) is None:
                return
            self._ended.pop(run.path, None)
            self._told = {key: event for key, event in self._told.items() if event.place.run != run.path}
            for source in self._sources.values():
                if isinstance(source, SharedSource):
                    source.drop_run(run.path)
            last = not self._hearers
            if last:
                self._sources, self._told = {}, {}
                self.lane = Lane("machine", self._clock, self._spread)
        if last:
            lane.stop(timeout=0.5)

    def settle(self, run: RunInfo, ended: bool) -> None:
        """Say whether `run` is over: once all are, the machine is looked at less often."""
        with self._lock:
            if run.path in self._ended:
                self._ended[run.path] = ended
            self.lane.settled = all(self._ended.values())

    def _add_sources(self, run: RunInfo) -> None:
        for registered in HOST_SOURCES:
            made = registered.make(run)
            for key, source in made.items():
                known = self._sources.setdefault((registered.kind, key), source)
                if known is source:
                    self.lane.add([source])
                else:
                    source.close()
                    if isinstance(known, SharedSource):
                        known.add_run(run.path)

    def _spread(self, events: Sequence[Event]) -> None:
        with self._lock:
            for event in events:
                self._told[_kind_of(event)] = event
            hearers = list(self._hearers.items())
        for path, hear in hearers:
            mine = [event for event in events if event.place.run in ("", path)]
            if mine:
                hear(mine)


def _kind_of(event: Event) -> tuple[object, ...]:
    source = event.status.source if isinstance(event, StatusSeen) else ""
    return (type(event), event.place.run, source)
