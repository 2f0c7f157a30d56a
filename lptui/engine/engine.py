"""The engine of one run: lanes -> queue -> fold and detect -> the newest state, published at a bounded rate."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from lptui.config.rules import RuleFile
from lptui.detect import Detector
from lptui.detect.registry import load_detectors
from lptui.engine.answers import Answers
from lptui.engine.bell import Bell
from lptui.engine.core import advance, advance_all, share_scan
from lptui.engine.host import HostEngine
from lptui.engine.keeper import Keeper, entry_for
from lptui.engine.lane import Lane
from lptui.engine.pace import ASIDE, Pace
from lptui.engine.stuck import StuckSources
from lptui.model.care import CareEntry
from lptui.model.events import CareTaken, CareWanted, Event, FindingsChanged, RunSeen, StatusSeen, Tick
from lptui.model.finding import Change, Finding
from lptui.model.merged import MergeLogs
from lptui.model.readings import SourceStatus
from lptui.model.request import Answer, CareRequest, Request
from lptui.model.run import RunInfo
from lptui.model.server_request import AskServer, ServerRequest
from lptui.run import discover
from lptui.sources import Source
from lptui.sources.merged_log import MergedLog
from lptui.sources.registry import SOURCES, sources_of
from lptui.state.fold import fold
from lptui.state.run_state import RunState

log = logging.getLogger(__name__)

QUEUE = 32
"""Batches that may wait for the fold: history then waits in its source instead of in memory."""
READINGS = 256
"""Readings of the machine that may wait for the fold; older ones are forgotten, since newer ones take their place."""
TICK = 1.0
LOOK_AGAIN = 3.0

Listener = Callable[[RunState], None]
OnFailure = Callable[[Exception], None]


class Engine:
    """Watches one run. `start`, read `state` or be told of each new one, `ask`, `stop`.

    `find` looks the run up again (for files that came later); `slow_link` publishes 4 times a second instead of 10-20;
    `rules` are those of the user's own; `host` is the engine of the machine where several runs share one.
    """

    def __init__(
        self,
        run: RunInfo,
        *,
        find: Callable[[], RunInfo] | None = None,
        clock: Callable[[], float] = time.time,
        slow_link: bool = False,
        rules: tuple[RuleFile, ...] = (),
        host: HostEngine | None = None,
    ) -> None:
        self.state = RunState(run=run, now=clock(), began=clock(), rules=rules)
        self._clock, self._pace = clock, Pace(slow_link=slow_link)
        self._find = (lambda: run) if run.remote else find or (lambda: discover(run.path))
        self._queue: queue.Queue[Sequence[Event]] = queue.Queue(QUEUE)
        self._lanes = {name: Lane(name, clock, self._put) for name in ("log", "files")}
        self._host = host or HostEngine(clock)
        self._joined = run
        self._cloud = run.cloud
        self._readings: deque[Event] = deque(maxlen=READINGS)
        self._known: dict[tuple[str, str], Source] = {}
        self._merged = MergedLog(run.path, lambda: self._sources_of("log"))
        self._known["log", self._merged.file] = self._merged
        self._lanes["merge"] = Lane("merge", clock, self._hear)  # started when somebody asks for it
        self._lanes["merge"].add([self._merged])
        self._listener: Listener | None = None
        self._on_failure: OnFailure | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lptui fold", daemon=True)
        self._answers = Answers(self._sources_of, run.own_folder)
        self._bell = Bell(self._ring)
        self._keeper = Keeper(run.path, self._tell_unkept)
        self._wanted: queue.SimpleQueue[CareEntry] = queue.SimpleQueue()
        self._looked_at = 0.0
        self._stuck = StuckSources()

    def start(self, on_state: Listener | None = None, on_failure: OnFailure | None = None) -> None:
        """Begin to watch; `on_state` is called from an engine thread with each published state, `on_failure` when
        there can be no more of them: what is shown would then grow old without a word."""
        self._listener, self._on_failure = on_state, on_failure
        run = self._joined
        self._bell.muted = not self._pace.close
        self._add_sources(run)
        for name in ("log", "files"):
            self._lanes[name].start()
        if not run.remote:  # this machine is not the run's
            self._host.join(run, self._hear)
        self._answers.start()
        self._thread.start()

    def follow(self, *, closely: bool) -> None:
        """A run that is not in view is looked at and published every 2 s, by the clock alone; once it is, at once. From
        any thread, also before `start`."""
        self._pace.close = closely
        for lane in self._lanes.values():
            lane.rest = self._pace.rest
            if closely:
                lane.ring()
        self._wake()

    def ask(self, request: Request, on_answer: Callable[[Answer], None]) -> None:
        """Have `request` answered; `on_answer` is called from an engine thread, several times for a search."""
        if isinstance(request, CareRequest):
            self._wanted.put(entry_for(request, self._clock()))
            self._wake()
        elif isinstance(request, MergeLogs):
            self._merged.wanted = request.on
            self._lanes["merge"].start()
            self._lanes["merge"].ring()
        elif isinstance(request, ServerRequest):
            self._lanes["files"].submit(lambda: self._change_server(request))
        else:
            self._answers.ask(request, on_answer)

    def stop(self) -> None:
        """End all threads that can be ended; a stuck one is left behind."""
        self._stopping.set()
        self._wake()
        self._host.leave(self._joined)
        self._bell.stop()
        self._answers.stop()
        self._keeper.stop()
        for lane in self._lanes.values():
            lane.stop(timeout=0.5)
        if self._thread.is_alive():
            self._thread.join(1.0)

    def _sources_of(self, kind: str) -> dict[str, Source]:
        return {key: source for (of, key), source in self._known.items() if of == kind}

    def _put(self, events: Sequence[Event]) -> None:
        while not self._stopping.is_set():
            try:
                self._queue.put(events, timeout=0.2)
            except queue.Full:
                continue
            return

    def _hear(self, events: Sequence[Event]) -> None:
        """Readings that wait for nobody: of the machine, since other runs are told by the same thread; of the merged
        log, since a reader waits for it while history is read."""
        self._readings.extend(events)
        self._wake()

    def _wake(self) -> None:
        with suppress(queue.Full):  # then it is awake anyway
            self._queue.put_nowait(())

    def _ring(self, folder: str) -> None:
        for lane in self._lanes.values():
            lane.ring(folder)

    def _add_sources(self, run: RunInfo) -> None:
        for registered in sources_of(run, SOURCES):
            made = registered.make(run)
            fresh = {key: s for key, s in made.items() if (registered.kind, key) not in self._known}
            for source in (s for key, s in made.items() if key not in fresh):
                source.close()
            self._known.update({(registered.kind, key): s for key, s in fresh.items()})
            share_scan(fresh.values(), self.state.rules)
            if fresh:
                self._lanes[registered.lane].add(fresh.values())
        self._bell.watch({folder for s in self._known.values() for folder in s.watched()})

    def _run(self) -> None:
        """The folding thread: the only one that makes states."""
        try:
            self._watch()
        except Exception as error:
            log.exception("fold")
            if self._on_failure is not None:
                self._on_failure(error)

    def _watch(self) -> None:
        detectors = load_detectors()
        self.state = fold(self.state, CareTaken(entries=self._keeper.load(), seen_at=self._clock()))
        next_tick = published_at = 0.0
        published = self.state
        while not self._stopping.is_set():
            now = self._clock()
            wait = max(
                0.0, min(next_tick, self._pace.due(self.state, published, published_at, self._queue.qsize())) - now
            )
            state = self.state
            try:
                batch = self._queue.get(timeout=max(wait, 0.001))
                state = advance_all(state, batch, detectors)
            except queue.Empty:
                pass
            state = self._take_care(self._take_readings(state, detectors))
            now = self._clock()
            if now >= next_tick:
                next_tick = now + (TICK if self._pace.close else ASIDE)
                state = self._tick(state, now)
            self._keeper.keep(self.state.care, state.care)
            self.state = state
            self._pace.see(state)
            if now >= self._pace.due(state, published, published_at, self._queue.qsize()):
                published, published_at = state, now
                if self._listener is not None:
                    self._listener(state)

    def _tick(self, state: RunState, now: float) -> RunState:
        self._pace.measure(state, TICK if self._pace.close else ASIDE)
        state = advance(state, Tick(now=now, seen_at=now), load_detectors())
        state = self._stuck.tell(state, (lane.polling for lane in self._all_lanes()), now)
        ended = state.life.condition in ("finished", "crashed")
        for lane in self._lanes.values():
            lane.settled = ended
            lane.rest = self._pace.rest
        if self._pace.quiet != self._bell.muted:
            self._lanes["files"].submit(lambda: self._bell.mute(self._pace.quiet))
        self._host.settle(self._joined, ended)
        remote = self._joined.remote  # it has no files, and its name came from the server
        if not remote and now - self._looked_at >= LOOK_AGAIN * (10 if ended else 1):
            self._looked_at = now
            self._lanes["files"].submit(self._look_again)
        return state

    def _look_again(self) -> None:
        """Files that came after the start: run in the lane for files, since a folder may hang too."""
        begun = self._clock()
        run = replace(self._find(), cloud=self._cloud)
        if run.store is not None:  # its name came from the database
            run = replace(run, name=self.state.run.name)
        # A huge tree must not be walked all the time: 50 times what a look costs passes before the next one.
        self._looked_at = self._clock() + 50 * max(0.0, self._clock() - begun)
        if _parts(run) != _parts(self.state.run):
            self._put((RunSeen(run=run, seen_at=self._clock()),))  # before anything that its new files say
            self._add_sources(run)

    def _change_server(self, request: ServerRequest) -> None:
        """Begin or cease to ask the W&B server: in the lane that polls it."""
        now, old = self._clock(), self._cloud
        self._cloud = request.path if isinstance(request, AskServer) else ""
        if self._joined.remote or self._cloud == old:
            return
        run = replace(self.state.run, cloud=self._cloud)
        if (source := self._known.pop(("cloud", old), None)) is not None:
            self._lanes["files"].drop(source)
            words = "not asked any more; what it said stays in the charts"
            self._put((StatusSeen(seen_at=now, status=SourceStatus(source.name, "absent", words, now)),))
        self._put((RunSeen(run=run, seen_at=now),))
        self._add_sources(run)

    def _all_lanes(self) -> tuple[Lane, ...]:
        return (*self._lanes.values(), self._host.lane)

    def _take_readings(self, state: RunState, detectors: Sequence[Detector]) -> RunState:
        fresh: list[Event] = []
        while self._readings:
            fresh.append(self._readings.popleft())
        return advance_all(state, fresh, detectors) if fresh else state

    def _take_care(self, state: RunState) -> RunState:
        while not self._wanted.empty():
            entry = self._wanted.get()
            state = fold(state, CareWanted(entry=entry, seen_at=entry.at))
        return state

    def _tell_unkept(self, cause: str) -> None:
        finding = Finding(
            id="lptui-care",
            cls="lptui-error",
            severity="info",
            title=f"lptui: what you acknowledge is forgotten when you leave: {cause}",
        )
        self._put((FindingsChanged(changes=(Change.raised(finding),), seen_at=self._clock()),))


def _parts(run: RunInfo) -> RunInfo:
    """What a run consists of, without what differs at every look."""
    return replace(run, modified_at=None, looked=())
