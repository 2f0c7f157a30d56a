"""A thread that polls some sources in turn, and the bell that wakes it early."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from lptui.engine.spare_memory import Spare
from lptui.model.events import Event, StatusSeen
from lptui.model.readings import SourceStatus
from lptui.sources import Source

EAGER_FOR = 2.0
"""Seconds after a change in which a fast source is polled at its own period; then it is left to the bell."""
RELAXED = 0.25
TRUSTED = 4
"""Changes of a source in a row of which the bell told first, after which it is left to the bell at once: where it
rings, eager polls find nothing. On a mount without events it never does."""
SETTLED = 1.0
STUCK_AFTER = 5.0
RETRY = 5.0
"""Seconds after which a source that raised is polled again."""
PATIENCE = 1.0
"""Seconds after which a poll is not waited for when all ends."""
log = logging.getLogger(__name__)

Sink = Callable[[Sequence[Event]], None]


class Lane:
    """Polls its sources in one thread of its own and hands what they saw to `sink`.

    `clock` gives unix time. A source that raises is fenced: it becomes a failed status and is tried again later.
    """

    def __init__(self, name: str, clock: Callable[[], float], sink: Sink) -> None:
        self.name, self._clock, self._sink = name, clock, sink
        self._sources: list[Source] = []
        self._due: dict[int, float] = {}
        self._polled: dict[int, float] = {}
        self._active: dict[int, float] = {}
        self._told: dict[int, StatusSeen] = {}
        self._fenced: set[int] = set()
        self._first_rung: dict[int, int] = {}
        self._heard: set[int] = set()
        self._jobs: list[Callable[[], None]] = []
        self._spare = Spare()
        self._wake = threading.Event()
        self._rung: set[str] = set()
        """Folders; no list of every change, for a poll that hangs lets them pile up."""
        self._stopping = False
        self._thread: threading.Thread | None = None
        self.settled = False
        self.rest = 0.0
        """Seconds between two polls of a source at least, unless it has more in hand: what is shown changes no more
        often, and what is read later is newer when it is shown."""
        self.polling: tuple[str, float] | None = None
        """The source that is being polled and since when: a stuck mount is told from here."""

    def add(self, sources: Iterable[Source]) -> None:
        """More sources, polled from the next turn on."""
        self._sources = [*self._sources, *sources]
        self.ring()

    def drop(self, source: Source) -> None:
        """Poll `source` no more, and close it. In this lane's own thread only: in a job."""
        self._sources = [other for other in self._sources if other is not source]
        source.close()

    @property
    def sources(self) -> tuple[Source, ...]:
        return tuple(self._sources)

    def submit(self, job: Callable[[], None]) -> None:
        """Run `job` once in this lane's thread, before its next turn."""
        self._jobs.append(job)
        self._wake.set()

    def start(self) -> None:
        """Begin to poll; a second call does nothing."""
        if self._thread is not None:
            return
        self._thread = threading.Thread(target=self._run, name=f"lptui {self.name}", daemon=True)
        self._thread.start()

    def ring(self, folder: str = "") -> None:
        """Something changed in `folder`, or anywhere: poll early who watches it."""
        self._rung.add(folder)
        self._wake.set()

    def stop(self, timeout: float = 1.0) -> None:
        """End the thread; one that hangs in a dead mount or driver is left behind (it is a daemon)."""
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            polling = self.polling
            hangs = polling is not None and self._clock() - polling[1] > PATIENCE
            self._thread.join(0.0 if hangs else timeout)
        if self._thread is None or not self._thread.is_alive():
            for source in self._sources:
                source.close()

    def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            self._run_jobs()
            wait = self.turn()
            if wait > 0 and not self._stopping:
                self._wake.wait(wait)

    def _run_jobs(self) -> None:
        while self._jobs:
            try:
                self._jobs.pop(0)()
            except Exception:
                log.exception("job in lane %s", self.name)

    def _hear_bell(self) -> None:
        rung: set[str] = set()
        while self._rung:
            rung.add(self._rung.pop())
        for source in self._sources if rung else ():
            if "" in rung or not rung.isdisjoint(source.watched()):
                key = id(source)
                self._due[key] = min(self._due.get(key, 0.0), self._polled.get(key, 0.0) + self.rest)
                if "" not in rung:
                    self._heard.add(key)

    def turn(self) -> float:
        """Poll what is due; seconds until something is due again."""
        self._hear_bell()
        now = self._clock()
        # While it rests, what is due soon is looked at with what is due now: one picture instead of two.
        ahead = self.rest / 2 if any(self._due.get(id(s), 0.0) <= now for s in self._sources) else 0.0
        for source in self._sources:
            key = id(source)
            if self._stopping:
                break
            if source.pending or self._due.get(key, 0.0) <= now + ahead:
                self._polled[key] = now
                events = self.poll(source, now)
                if events:
                    self._active[key] = now
                    self._first_rung[key] = self._first_rung.get(key, 0) + 1 if key in self._heard else 0
                    self._sink(events)
                self._heard.discard(key)
                now = self._clock()
                wait = RETRY if key in self._fenced else self._interval(source, now)
                self._due[key] = max(self._polled[key] + self.rest, now + wait)
        if any(source.pending for source in self._sources):
            return 0.0
        return max(0.001, min((self._due.get(id(s), 0.0) for s in self._sources), default=now + 0.5) - now)

    def _interval(self, source: Source, now: float) -> float:
        eager = now - self._active.get(id(source), 0.0) <= EAGER_FOR
        if eager and self.rest and source.watched():
            return min(source.period, self.rest)  # no bell rings then
        if eager and self._first_rung.get(id(source), 0) < TRUSTED:
            return source.period
        return max(source.period, SETTLED if self.settled else RELAXED)

    def poll(self, source: Source, now: float) -> list[Event]:
        """What `source` saw, fenced: what it saw before it raised counts, and its own status is told again once it
        does so no more."""
        key, events, raised = id(source), list[Event](), ""
        self.polling = (source.name, now)
        try:
            events.extend(source.poll(now))
        except Exception as error:
            raised = f"lptui: {type(error).__name__}: {error}"
            log.exception("source %s", source.name)
            source.pending = False
        finally:
            self.polling = None
            self._spare.note(pending=any(s.pending for s in (source, *self._sources)))
        own = [e for e in events if isinstance(e, StatusSeen) and e.status.source == source.name]
        if own:
            self._told[key] = own[-1]
        elif not raised and key in self._fenced and key in self._told:
            events.append(replace(self._told[key], seen_at=now))
        self._fenced.discard(key)
        if raised:
            self._fenced.add(key)
            status = SourceStatus(source.name, "failed", raised, now, now + RETRY)
            events.append(StatusSeen(seen_at=now, status=status))
        return events
