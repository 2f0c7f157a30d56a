"""Attempts of one run: how each ended, crash loops, and attempts that began again from nothing."""

from __future__ import annotations

from dataclasses import replace

from lptui.detect.restarts import RESTARTS
from lptui.engine.core import advance_all
from lptui.model.events import Event, Tick
from lptui.model.finding import Evidence, Finding
from lptui.model.log import LogSegment, LogView
from lptui.model.place import Anchor
from lptui.model.run import RunInfo
from lptui.state.run_state import Milestone, RunState

LOG = "/r/a.log"
START = RunState(run=RunInfo("r", "/r", logs=(LOG,)), now=1000.0)


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
