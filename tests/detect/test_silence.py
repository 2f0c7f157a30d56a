"""A run that hangs, stands stopped, or died without a word; and runs that are only quiet."""

from __future__ import annotations

from array import array
from dataclasses import replace

import pytest

from lptui.detect.silence import SILENCE
from lptui.engine.core import advance, advance_all
from lptui.model.events import Event, Points, ProcessesSeen, Samples, Tick
from lptui.model.finding import Evidence, Finding
from lptui.model.log import LogSegment, LogView
from lptui.model.place import Anchor
from lptui.model.readings import ProcessReading, SourceStatus
from lptui.model.run import RunInfo
from lptui.state.run_state import Milestone, RunState

LOG = "/r/a.log"
START = RunState(
    run=RunInfo("r", "/r", logs=(LOG,)),
    now=1000.0,
    statuses={"log": SourceStatus("log", "ok", path=LOG)},
    processes_reason="",
)


def view(at: float) -> dict[str, LogView]:
    return {LOG: LogView(LOG, (LogSegment(0, 0, 1),), modified_at=at)}


def train(cpu: float | None = 0.0, status: str = "sleeping") -> tuple[ProcessReading, ...]:
    return (ProcessReading(7, 1, "python", "train", cpu_percent=cpu, status=status),)


STALLED = replace(START, logs=view(100.0), processes=train())


def run(*events: Event, state: RunState = START) -> RunState:
    return advance_all(state, events, (SILENCE,))


def tick(now: float) -> Tick:
    return Tick(now=now, seen_at=now)


def watched(interval: float, count: int, until: float, cpu: float | None = None) -> RunState:
    """A run that recorded a metric every `interval` seconds while we looked, and then nothing until `until`."""
    state = replace(RunState(RunInfo("r", "/r")), processes=train(cpu))
    for i in range(count):
        at = 1000.0 + interval * i
        points = Points("charts/anything", array("d", [i]), array("d", [at]), array("d", [1.0]))
        state = advance(state, Samples(source="wandb", points=(points,), order=float(i)), (SILENCE,))
        state = advance(state, tick(at), (SILENCE,))
    return advance(state, tick(1000.0 + interval * (count - 1) + until), (SILENCE,))


@pytest.mark.parametrize(
    ("expected", "state"),
    [
        (["hung-no-progress"], watched(10.0, 100, 125.0)),
        ([], watched(10.0, 100, 80.0)),  # a resume with a pause of seven intervals
        (["hung-no-progress"], watched(0.5, 300, 11.0, 0.0)),
        ([], watched(0.5, 100, 40.0, 0.0)),  # too short a history to alarm within the minute
        ([], watched(10.0, 100, 125.0, 150.0)),  # it works: perhaps an evaluation
        (["hung-no-progress"], watched(10.0, 100, 400.0, 150.0)),
        ([], watched(10.0, 4, 290.0, 0.0)),
    ],
)
def test_silence_is_measured_by_the_runs_own_pace(expected: list[str], state: RunState) -> None:
    assert [f.cls for f in state.findings if f.active] == expected, state.life.reason


def test_a_hang_names_the_witnesses_the_pace_and_the_pid() -> None:
    (finding,) = watched(10.0, 100, 300.0, 0.0).findings
    assert finding.severity == "error"
    assert "metrics is silent (usually every 10s), and its process lives; pid 7 uses no CPU" in finding.title
    assert finding.fix is not None
    assert finding.fix.command == "py-spy dump --pid 7"
    (finding,) = run(tick(1000.0), state=STALLED).findings
    assert any("log: silent since" in e.text for e in finding.evidence)


def test_a_run_that_writes_nothing_but_works_is_no_stall() -> None:
    """A progress table that goes only to a terminal."""
    quiet = replace(STALLED, processes=train(180.0))
    after = run(tick(9000.0), state=quiet)
    assert (after.findings, after.life.condition) == ((), "running")
    assert "its processes work" in after.life.reason


def test_it_is_said_once_and_is_past_when_the_log_grows_again() -> None:
    after = run(tick(1000.0), tick(1001.0), state=STALLED)
    first = after.findings[0]
    later = run(tick(1002.0), state=after)
    assert later.findings[0] is first
    grown = replace(later, logs=view(1003.0))
    assert [(f.past, f.past_reason) for f in run(tick(1004.0), state=grown).findings] == [
        (True, "the run is running again")
    ]


def test_a_stall_stays_one_when_the_processes_stir() -> None:
    after = run(tick(1000.0), state=STALLED)
    stirred = run(ProcessesSeen(processes=train(60.0)), tick(1002.0), state=after)
    assert [f.past for f in stirred.findings] == [False]


def test_a_stopped_process_is_said_at_once_and_the_remedy_is_to_go_on() -> None:
    fresh = replace(START, logs=view(999.0), processes=train(0.0, "stopped"))
    (finding,) = run(tick(1000.0), state=fresh).findings
    assert finding.fix is not None
    assert finding.fix.command == "kill -CONT 7"
    assert "stopped by a signal" in finding.title
    going = run(ProcessesSeen(processes=train(90.0)), tick(1001.0), state=run(tick(1000.0), state=fresh))
    assert [f.past for f in going.findings] == [True]


def test_processes_that_were_seen_only_once_are_looked_at_again_first() -> None:
    once = replace(STALLED, processes=train(None))
    early = run(tick(1000.0), tick(1002.0), state=once)
    assert early.findings == ()
    known = run(ProcessesSeen(processes=train(0.0)), tick(1002.5), state=early)
    assert [f.cls for f in known.findings] == ["hung-no-progress"]


def test_a_log_that_grows_without_a_step_is_a_warning() -> None:
    state = replace(watched(10.0, 100, 1.0, 90.0), statuses=START.statuses)
    last = 1000.0 + 990.0
    babbling = replace(state, logs=view(last + 2000.0))
    (finding,) = run(tick(last + 2001.0), state=babbling).findings
    assert (finding.severity, finding.role) == ("warning", "symptom")
    assert "no progress was recorded" in finding.title
    said = replace(babbling, milestones=(Milestone(LOG, 5, "evaluating", "", last + 5.0),))
    assert [f for f in run(tick(last + 2002.0), state=said).findings if f.active] == []


def test_a_clock_that_is_not_ours_proves_no_standstill() -> None:
    """Records dated in another zone are hours old at once."""
    state = replace(START, processes=train(90.0))
    times = array("d", [1000.0 + i for i in range(50)])
    points = Points("loss", array("d", range(50)), times, array("d", [1.0] * 50))
    state = run(Samples(source="log a.log", points=(points,)), state=state)
    assert run(tick(9000.0), state=replace(state, logs=view(8999.0))).findings == ()


def test_a_death_that_another_finding_explains_is_not_told_twice() -> None:
    dead = replace(STALLED, processes=(), milestones=(Milestone(LOG, 0, "started"), Milestone(LOG, 1, "failed", "x")))
    assert [f.cls for f in run(tick(1000.0), state=dead).findings] == ["worker-process-died"]
    cause = Finding("oom", "cuda-oom", "error", "OOM", evidence=(Evidence("x", anchor=Anchor(LOG, 0, 0)),))
    explained = replace(dead, findings=(cause,))
    assert [f.cls for f in run(tick(1000.0), state=explained).findings] == ["cuda-oom"]
