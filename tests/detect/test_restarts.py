"""Attempts of one run: how each ended, crash loops, and attempts that began again from nothing."""

from __future__ import annotations

from array import array
from dataclasses import replace

import pytest

from lptui.detect.restarts import RESTARTS
from lptui.engine.core import advance_all
from lptui.model.events import Event, Points, Samples, Tick, WitnessSeen
from lptui.model.finding import Evidence, Finding
from lptui.model.log import LogSegment, LogView
from lptui.model.place import Anchor
from lptui.model.readings import CheckpointReading, SourceStatus
from lptui.model.run import RunInfo
from lptui.state.run_state import Milestone, RunState

LOG = "/r/a.log"
START = RunState(run=RunInfo("r", "/r", logs=(LOG,)), now=1000.0, statuses={"log": SourceStatus("log", "ok", path=LOG)})


def run(*events: Event, state: RunState = START) -> RunState:
    return advance_all(state, events, (RESTARTS,))


class TestRestarts:
    @staticmethod
    def attempts(count: int, deaths: int) -> RunState:
        marks = tuple(Milestone(LOG, i * 100, "started", "m", 10.0 * i) for i in range(count))
        findings = tuple(
            Finding(
                f"x{i}",
                "env-crash",
                "error",
                "boom",
                attempt=i + 1,
                evidence=(Evidence("b", anchor=Anchor(LOG, 0, i)),),
            )
            for i in range(deaths)
        )
        view = LogView(LOG, (LogSegment(0, 0, 1),), modified_at=999.0)
        return replace(START, logs={LOG: view}, milestones=marks, findings=findings)

    def test_one_restart_is_information(self) -> None:
        after = run(Tick(now=1000.0), state=self.attempts(2, 0))
        assert [(f.cls, f.severity) for f in after.findings] == [("restarted", "info")]

    def test_the_same_death_again_and_again_is_a_loop(self) -> None:
        after = run(Tick(now=1000.0), state=self.attempts(4, 4))
        loop = next(f for f in after.findings if f.cls == "restart-loop")
        assert (loop.severity, loop.count) == ("error", 4)
        assert "about 10s" in loop.title

    def test_a_first_attempt_says_nothing(self) -> None:
        assert run(Tick(now=1000.0), state=self.attempts(1, 0)).findings == ()


def attempt_log(*rows: tuple[float, str, str]) -> RunState:
    """(time, kind, value) of the lines of one log, in its order."""
    marks = tuple(Milestone(LOG, i * 10, kind, value, at) for i, (at, kind, value) in enumerate(rows))
    return replace(START, logs={LOG: LogView(LOG, (LogSegment(0, 0, 999),), modified_at=999.0)}, milestones=marks)


def steps(*points: tuple[float, float]) -> Samples:
    times, values = array("d", [t for t, _ in points]), array("d", [s for _, s in points])
    return Samples(source="wandb", points=(Points("loss", values, times, array("d", [1.0] * len(points))),))


SAVED = (CheckpointReading("v40", "/r/c/v40", "policy", 1, 150.0, step=4000, verdict="ok"),)
TORN = (*SAVED, CheckpointReading("v50", "/r/c/v50", "policy", 1, 170.0, step=5000, verdict="truncated"))
AGAIN = ((100.0, "started", "m"), (150.0, "saved", "40"), (200.0, "started", "m"))


@pytest.mark.parametrize(
    ("expected", "rows", "points", "checkpoints"),
    [
        (True, AGAIN, ((110.0, 100.0), (190.0, 5000.0), (210.0, 10.0)), TORN),
        (False, AGAIN, ((110.0, 100.0), (190.0, 5000.0), (210.0, 4010.0)), TORN),  # resumed well
        (False, (*AGAIN, (205.0, "resumed", "4000")), ((110.0, 100.0), (190.0, 5000.0), (210.0, 10.0)), TORN),
        (False, (AGAIN[0], AGAIN[2]), ((110.0, 100.0), (140.0, 500.0), (210.0, 10.0)), ()),  # nothing was saved
        (True, (*AGAIN, (205.0, "from_scratch", "")), (), SAVED),
        (False, ((100.0, "started", "m"), (105.0, "from_scratch", "")), (), ()),  # a first attempt
        (False, AGAIN, (), SAVED),  # it has not said yet
    ],
)
def test_an_attempt_that_begins_again_although_one_had_saved(
    expected: bool,
    rows: tuple[tuple[float, str, str], ...],
    points: tuple[tuple[float, float], ...],
    checkpoints: tuple[CheckpointReading, ...],
) -> None:
    state = replace(attempt_log(*rows), checkpoints=checkpoints)
    after = run(*([steps(*points)] if points else []), Tick(now=1000.0), state=state)
    found = [f for f in after.findings if f.cls == "resumed-from-scratch"]
    assert [f.id for f in found] == (["resumed-from-scratch:2"] if expected else [])
    if found:
        assert found[0].fix is not None
        assert "resume from v40, step 4,000" in found[0].fix.what  # and not from the torn one


def test_the_first_step_of_the_new_attempt_may_come_later() -> None:
    state = replace(attempt_log(*AGAIN), checkpoints=SAVED)
    before = run(steps((110.0, 100.0), (190.0, 5000.0)), Tick(now=205.0), state=state)
    assert [f.cls for f in before.findings] == ["restarted"]
    late = Samples(source="wandb", points=steps((210.0, 10.0)).points, order=9.0)
    after = run(late, Tick(now=211.0), state=before)
    assert "resumed-from-scratch" in [f.cls for f in after.findings]


def test_attempts_are_told_with_their_life_and_their_steps() -> None:
    after = run(steps((110.0, 100.0), (190.0, 5000.0), (210.0, 4010.0)), Tick(now=1000.0), state=attempt_log(*AGAIN))
    (finding,) = after.findings
    assert "lived 1m 30s, steps 100 to 5,000" in finding.evidence[0].text
    assert "steps 4,010 to 4,010" in finding.evidence[1].text


def death(number: int, mark: str = "0000aaaa", frame: str = "/a/t.py:9 in f") -> Finding:
    evidence = (Evidence("KeyError: 'x'", anchor=Anchor(LOG, 0, number)), Evidence(f"raised in {frame}"))
    key = f"log:uncaught-exception:{number}:{mark}"
    return Finding(key, "uncaught-exception", "error", "KeyError: 'x'", attempt=number, evidence=evidence)


def loop_title(*deaths: Finding) -> str:
    rows = [(100.0 * n, "started", "m") for n in range(1, 5)]
    state = replace(attempt_log(*rows), findings=deaths)
    found = run(steps((140.0, 7.0), (240.0, 7.0), (340.0, 7.0), (440.0, 7.0)), Tick(now=999.0), state=state).findings
    return next((f.title for f in found if f.cls == "restart-loop"), "")


def test_a_loop_names_the_line_and_the_time() -> None:
    title = loop_title(death(1), death(2), death(3))
    assert "3 attempts in a row died at the same line (/a/t.py:9 in f), each about 40s after its start" in title
    assert "none got further" in title
    assert "of the same failure" in loop_title(death(1), death(2, frame="/b.py:1 in g"), death(3))


def test_different_exceptions_are_no_loop() -> None:
    assert loop_title(death(1), death(2, "0000bbbb"), death(3)) == ""


def test_attempts_of_a_launcher_are_counted() -> None:
    told = WitnessSeen(source="torchrun", name="elastic_restarts", value="2", at=5.0)
    after = run(told, Tick(now=1000.0), state=attempt_log())
    assert [(f.cls, f.attempt) for f in after.findings] == [("restarted", 3)]
