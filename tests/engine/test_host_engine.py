"""One engine of the machine for several runs: who is told what, and how often the machine is asked."""

from __future__ import annotations

import queue
from collections.abc import Iterable, Sequence

import pytest

import lptui.engine.engine as engine_module
import lptui.engine.host as host_module
from lptui.engine.engine import Engine
from lptui.engine.host import HostEngine
from lptui.model.events import Event, GpuSeen, HostSeen, StatusSeen
from lptui.model.place import Place
from lptui.model.readings import GpuSweep, HostReading, SourceStatus
from lptui.model.run import RunInfo
from lptui.sources.registry import Registered
from lptui.state.run_state import RunState

A, B = RunInfo("a", "/runs/a"), RunInfo("b", "/runs/b")


class Machine:
    """A machine that says its status once, and a disk for each run."""

    name, period, pending = "host", 0.01, False

    def __init__(self, path: str) -> None:
        self.paths, self.polls, self.closed = [path], 0, False

    def add_run(self, path: str) -> None:
        self.paths = [*self.paths, path]

    def drop_run(self, path: str) -> None:
        self.paths = [p for p in self.paths if p != path]

    def poll(self, now: float) -> Iterable[Event]:
        self.polls += 1
        if self.polls == 1:
            yield StatusSeen(status=SourceStatus("host", "ok"))
            yield GpuSeen(sweep=GpuSweep((), driver="550"))
        for path in self.paths:
            yield HostSeen(place=Place(run=path), host=HostReading("box", now, disk_path=path))

    def watched(self) -> tuple[str, ...]:
        return ()

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def machines(monkeypatch: pytest.MonkeyPatch) -> list[Machine]:
    made: list[Machine] = []

    def make(run: RunInfo) -> dict[str, Machine]:
        made.append(Machine(run.path))
        return {"host": made[-1]}

    monkeypatch.setattr(host_module, "HOST_SOURCES", (Registered("host", "machine", make),))
    monkeypatch.setattr(engine_module, "SOURCES", ())
    return made


class Ear:
    def __init__(self) -> None:
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()

    def hear(self, events: Sequence[Event]) -> None:
        for event in events:
            self.events.put(event)

    def next(self, kind: type[Event]) -> Event:
        while True:
            event = self.events.get(timeout=20)
            if isinstance(event, kind):
                return event


def test_each_run_is_told_of_its_own_disk_and_of_the_one_machine(machines: list[Machine]) -> None:
    host = HostEngine()
    one, two = Ear(), Ear()
    host.join(A, one.hear)
    host.join(B, two.hear)
    for ear, run in ((one, A), (two, B)):
        seen = ear.next(HostSeen)
        assert isinstance(seen, HostSeen)
        assert seen.host.disk_path == run.path
    host.leave(A)
    host.leave(B)
    assert machines[0].polls >= 1
    assert machines[0].closed
    assert machines[1].closed  # it was made to be compared, and the machine is asked once
    assert machines[1].polls == 0


def test_who_joins_later_is_told_what_was_told_before(machines: list[Machine]) -> None:
    host = HostEngine()
    first, late = Ear(), Ear()
    host.join(A, first.hear)
    first.next(HostSeen)
    host.join(B, late.hear)
    told = late.next(StatusSeen)
    assert isinstance(told, StatusSeen)
    assert told.status.source == "host"
    assert isinstance(late.next(GpuSeen), GpuSeen)
    seen = late.next(HostSeen)
    assert isinstance(seen, HostSeen)
    assert seen.host.disk_path == B.path  # never the disk of another run
    host.leave(A)
    host.leave(B)


def test_who_left_is_told_no_more(machines: list[Machine]) -> None:
    host = HostEngine()
    one, two = Ear(), Ear()
    host.join(A, one.hear)
    host.join(B, two.hear)
    one.next(HostSeen)
    host.leave(A)
    polls = machines[0].polls
    while machines[0].polls < polls + 2:  # whatever was under way is told by then
        two.next(HostSeen)
    heard = one.events.qsize()
    while machines[0].polls < polls + 5:
        two.next(HostSeen)
    assert one.events.qsize() == heard
    assert machines[0].paths == [B.path]
    host.leave(B)
    assert machines[0].closed
    host.join(A, one.hear)  # and begins anew, with a machine of its own
    assert isinstance(one.next(StatusSeen), StatusSeen)
    host.leave(A)


def test_the_machine_is_settled_once_every_run_is_over(machines: list[Machine]) -> None:
    host = HostEngine()
    host.join(A, Ear().hear)
    host.join(B, Ear().hear)
    host.settle(A, True)
    assert not host.lane.settled
    host.settle(B, True)
    assert host.lane.settled
    host.leave(B)
    host.settle(B, False)  # a last word of one that left counts no more
    assert host.lane.settled
    host.leave(A)


def test_two_engines_fold_the_readings_of_one_machine(machines: list[Machine]) -> None:
    host = HostEngine()
    states: dict[str, queue.SimpleQueue[RunState]] = {run.path: queue.SimpleQueue() for run in (A, B)}
    engines = [Engine(run, find=lambda run=run: run, host=host) for run in (A, B)]
    for engine, run in zip(engines, (A, B), strict=True):
        engine.start(states[run.path].put)
    for run in (A, B):
        while True:
            state = states[run.path].get(timeout=20)
            if state.host is not None and state.gpu is not None:
                break
        assert state.host.disk_path == run.path
        assert state.gpu.driver == "550"
        assert state.statuses["host"].condition == "ok"
    for engine in engines:
        engine.stop()
    assert sum(machine.polls > 0 for machine in machines) == 1
