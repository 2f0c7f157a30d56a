"""The engine: fences, publication, requests, stop. Sources are scripts; real threads, but nothing waits for a time."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

import lptui.engine.engine as engine_module
import lptui.engine.host as host_module
from lptui.detect import Detector
from lptui.engine.bell import Bell
from lptui.engine.core import advance
from lptui.engine.engine import Engine
from lptui.engine.lane import Lane
from lptui.engine.pace import Pace
from lptui.engine.reading import read_run
from lptui.engine.search import search
from lptui.model.events import Event, StatusSeen, Tick, WitnessSeen
from lptui.model.finding import Change, Finding
from lptui.model.log import Chunk, LogSegment, LogView
from lptui.model.readings import SourceStatus
from lptui.model.request import Acknowledge, Answer, ReadLog, SearchLog, SearchProgress
from lptui.model.run import RunInfo
from lptui.model.server_request import AskServer, LeaveServer
from lptui.run import discover
from lptui.sources.registry import Registered
from lptui.state.run_state import RunState


class Scripted:
    """A source that yields one prepared batch a poll."""

    name, period = "scripted", 0.01

    def __init__(self, *batches: Iterable[Event]) -> None:
        self.batches = list(batches)
        self.pending, self.closed = bool(batches), False

    def poll(self, now: float) -> Iterator[Event]:
        batch = self.batches.pop(0) if self.batches else ()
        self.pending = bool(self.batches)
        yield from batch

    def watched(self) -> tuple[str, ...]:
        return ()

    def close(self) -> None:
        self.closed = True


class Broken(Scripted):
    name = "broken"

    def poll(self, now: float) -> Iterator[Event]:
        raise ValueError("boom")
        yield


def status(name: str) -> StatusSeen:
    return StatusSeen(status=SourceStatus(name, "ok"))


def use(monkeypatch: pytest.MonkeyPatch, *sources: Scripted) -> None:
    made = {str(i): s for i, s in enumerate(sources)}
    monkeypatch.setattr(engine_module, "SOURCES", (Registered("scripted", "files", lambda run: dict(made)),))
    monkeypatch.setattr(host_module, "HOST_SOURCES", ())


class Watch:
    """Collects published states; waits for one that satisfies a condition."""

    def __init__(self, engine: Engine) -> None:
        self.states: queue.SimpleQueue[RunState] = queue.SimpleQueue()
        self.engine = engine
        engine.start(self.states.put)

    def until(self, condition: object) -> RunState:
        while True:
            state = self.states.get(timeout=20)
            if condition(state):  # type: ignore[operator]
                return state


@pytest.fixture
def run(tmp_path: Path) -> RunInfo:
    return RunInfo("r", str(tmp_path))


def test_what_sources_say_is_published_and_stop_closes_them(monkeypatch: pytest.MonkeyPatch, run: RunInfo) -> None:
    source = Scripted([status("a")], [status("b")])
    use(monkeypatch, source)
    watch = Watch(Engine(run, find=lambda: run))
    state = watch.until(lambda s: {"a", "b"} <= set(s.statuses))
    assert state.life.condition in ("waiting", "unknown")
    watch.engine.stop()
    assert source.closed
    assert not [t for t in threading.enumerate() if t.name in ("lptui fold", "lptui files")]


def test_a_source_that_raises_becomes_a_status_and_the_rest_go_on(
    monkeypatch: pytest.MonkeyPatch, run: RunInfo
) -> None:
    use(monkeypatch, Broken(), Scripted([status("fine")]))
    watch = Watch(Engine(run, find=lambda: run))
    state = watch.until(lambda s: "fine" in s.statuses and "broken" in s.statuses)
    assert state.statuses["broken"].condition == "failed"
    assert "boom" in state.statuses["broken"].detail
    watch.engine.stop()


def test_a_detector_that_raises_becomes_a_finding_and_the_rest_go_on() -> None:
    def fail(memory: object, event: Event, state: RunState) -> tuple[object, list[Change]]:
        raise KeyError("oops")

    def find(memory: object, event: Event, state: RunState) -> tuple[object, list[Change]]:
        return memory, [Change.raised(Finding("x", "c", "info", "x"))]

    detectors = (Detector("bad", None, fail, (Tick,)), Detector("good", None, find, (Tick,)))
    state = advance(RunState(run=RunInfo("r", "/r")), Tick(now=1.0), detectors)
    assert {f.id for f in state.findings} == {"lptui-detector-bad", "x"}


def test_a_hanging_source_is_failed_while_it_hangs_and_as_before_afterwards(
    monkeypatch: pytest.MonkeyPatch, run: RunInfo
) -> None:
    """A dead mount: the poll does not come back. The clock is ours, so nothing waits for real."""
    hang, entered, now = threading.Event(), threading.Event(), [100.0]

    class Hanging(Scripted):
        name = "mount"

        def poll(self, _now: float) -> Iterator[Event]:
            if not entered.is_set():
                entered.set()
                hang.wait(20)
            yield status("mount")

    use(monkeypatch, Hanging())
    watch = Watch(Engine(run, find=lambda: run, clock=lambda: now[0]))
    entered.wait(20)
    now[0] += 30
    state = watch.until(lambda s: "mount" in s.statuses)
    assert state.statuses["mount"].condition == "failed"
    assert "no answer for 30s" in state.statuses["mount"].detail
    hang.set()
    now[0] += 30
    watch.until(lambda s: s.statuses["mount"].condition == "ok")
    watch.engine.stop()


def test_acknowledging_silences_one_finding(monkeypatch: pytest.MonkeyPatch, run: RunInfo) -> None:
    use(monkeypatch, Broken())

    def find(memory: object, event: Event, state: RunState) -> tuple[object, list[Change]]:
        return memory, [Change.raised(Finding("x", "c", "error", "x"))]

    monkeypatch.setattr(engine_module, "load_detectors", lambda: (Detector("d", None, find, (Tick,)),))
    watch = Watch(Engine(run, find=lambda: run))
    watch.until(lambda s: s.worst is not None)
    watch.engine.ask(Acknowledge("x"), lambda answer: None)
    assert watch.until(lambda s: s.findings and s.findings[0].acknowledged).worst is None
    watch.engine.stop()


def test_files_that_come_later_are_found(tmp_path: Path) -> None:
    engine = Engine(discover(str(tmp_path)))
    watch = Watch(engine)
    watch.until(lambda s: s.life.condition == "waiting")
    (tmp_path / "train.log").write_bytes(b"step=1 loss=0.5\n")
    state = watch.until(lambda s: s.logs and "loss" in s.series)
    assert state.run.logs == (str(tmp_path / "train.log"),)
    engine.stop()


def test_ranges_and_searches_of_a_real_log_are_answered(tmp_path: Path) -> None:
    (tmp_path / "train.log").write_bytes(b"alpha\nbeta needle\ngamma\n" * 1000)
    engine = Engine(discover(str(tmp_path)))
    watch = Watch(engine)
    state = watch.until(lambda s: s.logs)
    file = next(iter(state.logs))
    answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
    engine.ask(ReadLog(file, 6, 4), answers.put)
    assert answers.get(timeout=20) == Chunk(file, 6, b"beta")
    engine.ask(SearchLog(file, "needle", 100), answers.put)
    found = answers.get(timeout=20)
    assert isinstance(found, SearchProgress)
    assert found.done
    assert found.hit == 102
    engine.stop()


def test_a_lane_fences_and_keeps_its_turn() -> None:
    seen: list[Event] = []
    lane = Lane("t", lambda: 1.0, seen.extend)
    assert [e.status.condition for e in lane.poll(Broken(), 1.0) if isinstance(e, StatusSeen)] == ["failed"]
    assert lane.polling is None


class Stumbling:
    """A source that tells its status once, raises in the midst of its second poll, and has nothing more to say."""

    name, pending, period = "stumbling", False, 0.02

    def __init__(self) -> None:
        self.polls = 0

    def poll(self, now: float) -> Iterator[Event]:
        self.polls += 1
        if self.polls == 1:
            yield status(self.name)
        if self.polls == 2:
            yield status("seen before it raised")
            raise OSError("the mount is gone")

    def watched(self) -> tuple[str, ...]:
        return ()

    def close(self) -> None:
        """Nothing is open."""


def test_a_source_that_raised_is_as_before_once_it_does_so_no_more() -> None:
    now, seen = [100.0], list[Event]()
    lane = Lane("t", lambda: now[0], seen.extend)
    lane.add([Stumbling()])
    for moment in (100.0, 101.0, 102.0, 107.0):  # the third is too early: it is tried again after five seconds
        now[0] = moment
        lane.turn()
    told = [(e.status.source, e.status.condition) for e in seen if isinstance(e, StatusSeen)]
    assert told == [
        ("stumbling", "ok"),
        ("seen before it raised", "ok"),
        ("stumbling", "failed"),
        ("stumbling", "ok"),
    ]


class Counting:
    """A source that notes when it was polled."""

    pending = False
    period = 0.02

    def __init__(self, name: str, *folders: str) -> None:
        self.name, self._folders = name, folders
        self.polled: list[float] = []

    def poll(self, now: float) -> list[Event]:
        self.polled.append(now)
        return [StatusSeen(seen_at=now, status=SourceStatus(self.name, "ok", "", now))]

    def watched(self) -> tuple[str, ...]:
        return self._folders

    def close(self) -> None: ...


class TestWhenALanePolls:
    def turn(self, lane: Lane, now: float) -> float:
        self.now = now
        return lane.turn()

    def lane(self, *sources: Counting) -> Lane:
        self.now = 0.0
        lane = Lane("t", lambda: self.now, lambda events: None)
        lane.add(sources)
        return lane

    def test_the_bell_wakes_those_that_watch_the_folder(self) -> None:
        log, processes = Counting("log", "/run"), Counting("processes")
        log.period = processes.period = 2.0
        lane = self.lane(log, processes)
        self.turn(lane, 10.0)
        lane.ring("/run")
        self.turn(lane, 10.5)
        lane.ring("/elsewhere")
        self.turn(lane, 10.6)
        assert (log.polled, processes.polled) == ([10.0, 10.5], [10.0])

    def test_changes_do_not_pile_up_while_a_poll_hangs(self) -> None:
        lane = self.lane(Counting("log", "/run"))
        for _ in range(1000):
            lane.ring("/run")
        assert len(lane._rung) == 1 + 1  # and the one of `add`, for all

    def test_while_it_rests_the_bell_does_not_hurry_it(self) -> None:
        log = Counting("log", "/run")
        lane = self.lane(log)
        lane.rest = 0.16
        for step in range(101):  # a write each 10 ms, for a second
            lane.ring("/run")
            self.turn(lane, 20.0 + step / 100)
        assert len(log.polled) == 7
        assert all(b - a >= 0.159 for a, b in pairwise(log.polled))

    def test_while_it_rests_two_logs_are_looked_at_together(self) -> None:
        one, two = Counting("one", "/run"), Counting("two", "/run")
        lane = self.lane(one)
        lane.rest = 0.16
        self.turn(lane, 10.0)
        lane.add([two])
        for step in range(101):
            self.turn(lane, 10.04 + step / 100)
        assert one.polled[2:] == two.polled[2:]

    def test_a_ring_is_answered_when_the_rest_is_over(self) -> None:
        log = Counting("log", "/run")
        log.period = 5.0
        lane = self.lane(log)
        lane.rest = 0.16
        self.turn(lane, 30.0)
        lane.ring("/run")
        assert self.turn(lane, 30.01) == pytest.approx(0.15)

    def test_what_has_more_in_hand_does_not_rest(self) -> None:
        log = Counting("log", "/run")
        log.pending = True
        lane = self.lane(log)
        lane.rest = 0.16
        assert self.turn(lane, 40.0) == 0.0
        assert self.turn(lane, 40.001) == 0.0
        assert len(log.polled) == 2


def test_a_muted_bell_is_silent_and_rings_again_later(tmp_path: Path) -> None:
    rung: queue.SimpleQueue[str] = queue.SimpleQueue()
    bell = Bell(rung.put)
    bell.watch({str(tmp_path)})
    (tmp_path / "a").write_text("1")
    assert rung.get(timeout=20) == str(tmp_path)
    bell.mute(True)
    while not rung.empty():
        rung.get()
    (tmp_path / "b").write_text("1")
    bell.mute(False)
    (tmp_path / "c").write_text("1")
    assert rung.get(timeout=20) == str(tmp_path)
    bell.stop()


class TestSearch:
    DATA = b"".join(b"row %05d %s\n" % (i, b"Needle" if i % 1000 == 7 else b"hay") for i in range(5000))
    VIEW = LogView("f", (LogSegment(0, 0, len(DATA)),))

    def find(self, pattern: str, start: int, *, backwards: bool = False) -> SearchProgress:
        def read(position: int, length: int) -> Chunk:
            return Chunk("f", position, self.DATA[position : position + length])

        return list(search(SearchLog("f", pattern, start, backwards), self.VIEW, read))[-1]

    def test_forwards_and_backwards_find_the_nearest_row(self) -> None:
        first = self.DATA.index(b"row 01007")
        assert self.find("needle", 200).hit == first
        assert self.find("needle", len(self.DATA), backwards=True).hit == self.DATA.index(b"row 04007")
        assert self.find("needle", first, backwards=True).hit == self.DATA.index(b"row 00007")

    def test_case_matters_only_with_an_upper_case_letter(self) -> None:
        assert self.find("Needle", 0).hit is not None
        assert self.find("NEEDLE", 0).hit is None

    def test_a_wrong_pattern_is_said_so(self) -> None:
        assert "not a pattern" in self.find("(", 0).error


def test_reading_without_threads_is_complete(tmp_path: Path) -> None:
    (tmp_path / "train.log").write_bytes(b"step=1 loss=0.5\n" * 100)
    state = read_run(discover(str(tmp_path)), patience=0.0)
    assert state.series["loss"].count == 100
    assert not [s for s in state.statuses.values() if s.source.startswith("log") and not s.complete]


def test_when_no_state_can_be_made_any_more_that_is_said(monkeypatch: pytest.MonkeyPatch, run: RunInfo) -> None:
    def broken() -> tuple[()]:
        raise ImportError("half an installation")

    use(monkeypatch)
    monkeypatch.setattr(engine_module, "load_detectors", broken)
    failures: queue.SimpleQueue[Exception] = queue.SimpleQueue()
    engine = Engine(run, find=lambda: run)
    engine.start(lambda _state: None, failures.put)
    assert isinstance(failures.get(timeout=20), ImportError)
    engine.stop()


def test_the_server_is_asked_from_the_request_on_and_no_more_after_the_next(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made: list[Scripted] = []

    def make(run: RunInfo) -> dict[str, Scripted]:
        if not run.cloud:
            return {}
        made.append(Scripted([WitnessSeen(source="W&B server", name="cloud_state", value="running", at=1.0)]))
        return {run.cloud: made[-1]}

    monkeypatch.setattr(engine_module, "SOURCES", (Registered("cloud", "files", make),))
    monkeypatch.setattr(host_module, "HOST_SOURCES", ())
    engine = Engine(RunInfo("r", str(tmp_path)))
    watch = Watch(engine)
    engine.ask(AskServer("lab/arena/r1"), lambda _answer: None)
    asked = watch.until(lambda state: "cloud_state" in state.seen)
    assert asked.run.cloud == "lab/arena/r1"
    engine.ask(LeaveServer(), lambda _answer: None)
    left = watch.until(lambda state: not state.run.cloud and "cloud_state" not in state.seen)
    assert left.statuses["scripted"].condition == "absent"
    assert made[0].closed
    engine.ask(AskServer("lab/arena/r1"), lambda _answer: None)
    watch.until(lambda state: "cloud_state" in state.seen)
    engine.stop()
    assert engine._known[("cloud", "lab/arena/r1")] is not made[0]


class TestPace:
    @staticmethod
    def pace(end: int, *, slow_link: bool = False) -> Pace:
        pace = Pace(slow_link=slow_link)
        for size in (1000, 1000 + end):
            view = LogView("f", (LogSegment(0, 0, size),))
            pace.measure(RunState(run=RunInfo("r", "/r", "generic"), logs={"f": view}), 1.0)
        return pace

    def test_who_waits_for_a_line_sees_it_soon_and_a_flood_is_drawn_seldom(self) -> None:
        assert [self.pace(size).seconds() for size in (0, 100_000, 4_000_000)] == [0.05, 0.1, 0.16]
        assert self.pace(0).seconds(waiting=9) == 0.1
        assert self.pace(4_000_000, slow_link=True).seconds() == 0.25
        assert [self.pace(size).rest for size in (0, 4_000_000)] == [0.0, 0.16]

    def test_in_a_flood_new_text_is_shown_at_once_and_takes_the_rest_along(self) -> None:
        shown = RunState(run=RunInfo("r", "/r", "generic"))
        other, text = replace(shown, now=2.0), replace(shown, logs={"f": LogView("f")})
        flood = self.pace(4_000_000)
        assert flood.due(shown, shown, 10.0) == float("inf")
        assert flood.due(text, shown, 10.0) == pytest.approx(10.08)
        assert flood.due(other, shown, 10.0) == pytest.approx(10.32)
        assert self.pace(0).due(text, shown, 10.0) == pytest.approx(10.05)

    def test_what_is_no_log_goes_with_the_next_line_or_a_little_later(self) -> None:
        shown = RunState(run=RunInfo("r", "/r", "generic"))
        other = replace(shown, now=2.0)
        assert self.pace(0).due(other, shown, 10.0) == pytest.approx(10.1)
        unread = replace(shown, run=replace(shown.run, logs=("/r/log",)))  # while it fills, nobody waits
        assert self.pace(0).due(replace(unread, now=2.0), unread, 10.0) == pytest.approx(10.05)

    def test_a_steady_stream_of_lines_is_shown_less_often_until_it_thins(self) -> None:
        pace = Pace()

        def second(lines: int) -> float:
            for _ in range(lines):
                pace.see(state := RunState(run=RunInfo("r", "/r", "generic"), logs={"f": LogView("f")}))
            pace.measure(state, 1.0)
            return pace.seconds()

        assert [second(lines) for lines in (5, 20, 6, 6, 3, 6)] == [0.05, 0.1, 0.1, 0.1, 0.05, 0.05]


def test_where_the_bell_rings_a_growing_file_is_left_to_it() -> None:
    now, fresh = 0.0, list[float]()

    class Log(Counting):
        def poll(self, now: float) -> list[Event]:
            events = super().poll(now) if fresh else []
            self.polled.append(now)
            fresh.clear()
            return events

    def polls(*, rings: bool) -> int:
        """How often one is looked at in four seconds in which a line is written each quarter of a second."""
        nonlocal now
        log = Log("log", "/run")
        lane = Lane("t", lambda: now, lambda events: None)
        lane.add([log])
        for step in range(1000):
            now = 50.0 + step / 100
            if step % 25 == 0:
                fresh.append(now)
                if rings:
                    lane.ring("/run")
            if step == 600:
                log.polled.clear()
            lane.turn()
        return len(set(log.polled))

    assert polls(rings=True) <= 33  # one for each line, and a few by the clock
    assert polls(rings=False) >= 130  # a mount without events: it is looked at all the time
