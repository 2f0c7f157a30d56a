"""Saving over time: stopped, filling the disk, begun anew on disk; and whether a restart went on."""

from __future__ import annotations

from array import array
from dataclasses import replace

import pytest

from lptui.detect import Detector
from lptui.detect.resumption import RESUMPTION
from lptui.detect.saving import SAVING
from lptui.engine.core import advance_all
from lptui.model.events import CheckpointsSeen, Event, HostSeen, Points, Samples, Tick
from lptui.model.finding import Evidence, Finding
from lptui.model.log import LogSegment, LogView
from lptui.model.readings import CheckpointReading, HostReading, ProcessReading, SourceStatus
from lptui.model.run import RunInfo
from lptui.state.run_state import Life, Milestone, Progress, RunState

LOG, HOUR, T0 = "/r/a.log", 3600.0, 1e9
ALIVE = RunState(
    run=RunInfo("r", "/r", logs=(LOG,)),
    now=T0,
    life=Life("running"),
    statuses={"log": SourceStatus("log", "ok", path=LOG)},
)


def run(detector: Detector, *events: Event, state: RunState = ALIVE) -> RunState:
    return advance_all(state, events, (detector,))


def saves(*steps: int, size: int = 1000, every: float = HOUR) -> tuple[CheckpointReading, ...]:
    return tuple(
        CheckpointReading(f"e={s // 100}-step={s}.ckpt", f"/r/e={s // 100}-step={s}.ckpt", "full", size, T0 + i * every,
                          step=s, verdict="ok")
        for i, s in enumerate(steps)
    )  # fmt: skip


def seen(*rows: CheckpointReading, at: float = T0) -> CheckpointsSeen:
    return CheckpointsSeen(checkpoints=rows, seen_at=at)


def classes(state: RunState) -> list[str]:
    return [f.cls for f in state.findings]


def judge(rows: tuple[CheckpointReading, ...], hours: float, state: RunState = ALIVE) -> RunState:
    """The state `hours` after T0, without the judgement of life (which needs witnesses)."""
    now = T0 + hours * HOUR
    return run(SAVING, seen(*rows, at=now), state=replace(state, now=now))


class TestStale:
    ROWS = saves(100, 200, 300, 400)

    def test_nothing_is_said_within_three_intervals(self) -> None:
        assert classes(judge(self.ROWS, 5.9)) == []

    def test_saves_that_stopped_are_the_most_valuable_alarm(self) -> None:
        (found,) = judge(self.ROWS, 6.2).findings
        assert (found.cls, found.severity) == ("checkpoint-stale", "warning")
        assert "every 1h" in found.title
        assert found.evidence[0].step == 400
        assert judge(self.ROWS, 14).findings[0].severity == "error"

    def test_the_log_and_the_disk_say_why(self) -> None:
        line = Finding("log:x", "checkpoint-saving-fails", "error", "saving fails", last_seen=T0 + 4 * HOUR,
                       evidence=(Evidence("Component checkpointer failed: No space left", file=LOG),))  # fmt: skip
        state = replace(
            ALIVE, findings=(line,), host=HostReading("h", T0, disk_path="/d", disk_total=10**6, disk_free=10)
        )
        found = next(f for f in judge(self.ROWS, 6.2, state).findings if f.cls == "checkpoint-stale")
        assert found.severity == "error"
        assert [e.text for e in found.evidence[1:]] == [
            "Component checkpointer failed: No space left",
            "/d: 10 B free, no save fits any more",
        ]
        assert found.fix is not None
        assert "saving fails" in found.fix.what
        assert (found.role, found.incident) == ("follow-up", "log:x"), "one incident, led by the line that says why"

    def test_an_older_error_explains_nothing(self) -> None:
        line = Finding("log:x", "disk-full", "error", "full", last_seen=T0 + HOUR, evidence=(Evidence("old"),))
        found = judge(self.ROWS, 6.2, replace(ALIVE, findings=(line,))).findings
        assert all(e.text != "old" for f in found if f.cls == "checkpoint-stale" for e in f.evidence)

    @pytest.mark.parametrize("condition", ["crashed", "finished", "stalled", "unknown"])
    def test_only_a_living_run_can_be_stale(self, condition: str) -> None:
        state = replace(ALIVE, life=Life(condition))  # pyright: ignore[reportArgumentType]
        assert classes(judge(self.ROWS, 30, state)) == []

    def test_a_save_in_progress_has_more_time(self) -> None:
        writing = CheckpointReading("e=5-step=500.ckpt", "/r/e=5-step=500.ckpt", "full", 5, T0 + 6 * HOUR, step=500,
                                    verdict="being-written")  # fmt: skip
        assert classes(judge((*self.ROWS, writing), 6.2)) == []

    def test_a_new_save_clears_it(self) -> None:
        stale = judge(self.ROWS, 7)
        after = run(SAVING, seen(*saves(100, 200, 300, 400), at=T0), state=stale)
        assert classes(after) == ["checkpoint-stale"]
        fresh = replace(self.ROWS[-1], name="e=5-step=500.ckpt", path="/r/e=5-step=500.ckpt", step=500,
                        modified_at=T0 + 7 * HOUR)  # fmt: skip
        assert classes(run(SAVING, seen(*self.ROWS, fresh, at=T0 + 7 * HOUR), state=stale)) == []


class TestFilling:
    def state(self, free: int, eta: float | None = None) -> RunState:
        host = HostReading("h", T0, disk_path="/d", disk_total=10**6, disk_free=free)
        return replace(ALIVE, host=host, progress=Progress(eta=eta))

    def test_full_in_so_many_hours(self) -> None:
        rows = saves(100, 200, 300, 400, 500, 600)
        (found,) = judge(rows, 5.1, self.state(9500)).findings
        assert (found.cls, found.title) == (
            "disk-filling",
            "the disk of the run is full in about 9 h at this pace of saves",
        )
        assert found.fix is not None
        assert "keeping the newest 5 would free 1000 B" in found.fix.what
        assert found.fix.command == "lptui ckpt ls /r --keep-last 5"

    def test_a_run_that_ends_before_has_room_enough(self) -> None:
        rows = saves(100, 200, 300)
        assert classes(judge(rows, 2.1, self.state(9500, eta=3600.0))) == []
        assert classes(judge(rows, 2.1, self.state(10**6))) == []

    def test_it_recovers_later_than_it_alarms(self) -> None:
        rows, state = saves(100, 200, 300), self.state(23_500)
        alarmed = judge(rows, 2.1, state)
        assert classes(alarmed) == ["disk-filling"]

        def with_free(free: int) -> list[str]:
            host = replace(state.host or HostReading("h", 0), disk_free=free)
            return classes(run(SAVING, HostSeen(host=host), state=alarmed))

        assert with_free(28_500) == ["disk-filling"]
        assert with_free(31_500) == []


class TestBegunAnew:
    def test_steps_that_fall_on_disk_are_a_restart_whatever_the_log_says(self) -> None:
        low = replace(saves(308)[0], modified_at=T0 + 9 * HOUR)
        (found,) = judge((*saves(20000, 40000, 60071), low), 9.1).findings
        assert (found.cls, found.severity) == ("resumed-from-scratch", "error")
        assert "step 308) was written after" in found.title

    def test_a_state_that_fell_below_itself(self) -> None:
        high = CheckpointReading(
            "trainer_state.pt", "/r/trainer_state.pt", "trainer_state", 1, T0, step=9000, verdict="ok"
        )
        low = replace(high, modified_at=T0 + HOUR, step=100)
        after = run(SAVING, seen(high), seen(low, at=T0 + HOUR))
        assert "held step 9,000, and holds 100 now" in after.findings[0].title

    def test_it_is_told_once(self) -> None:
        known = Finding("resumed-from-scratch:2", "resumed-from-scratch", "error", "again")
        low = replace(saves(308)[0], modified_at=T0 + 9 * HOUR)
        after = judge((*saves(20000, 40000, 60071), low), 9.1, replace(ALIVE, findings=(known,)))
        assert [f.id for f in after.findings] == ["resumed-from-scratch:2"]


class TestResumption:
    def restarted(self, *rows: tuple[float, str, str]) -> RunState:
        marks = [(T0, "started", "m"), (T0 + 200, "started", "m"), *((T0 + t, kind, value) for t, kind, value in rows)]
        found = tuple(Milestone(LOG, i * 10, kind, value, at) for i, (at, kind, value) in enumerate(marks))
        view = LogView(LOG, (LogSegment(0, 0, 999),), modified_at=T0)
        return replace(ALIVE, logs={LOG: view}, milestones=found, life=Life("running", attempts=2))

    @staticmethod
    def steps(*points: tuple[float, float]) -> Samples:
        times, counts = array("d", [T0 + t for t, _ in points]), array("d", [s for _, s in points])
        return Samples(source="wandb", points=(Points("loss", counts, times, array("d", [1.0] * len(points))),))

    def told(self, state: RunState, *points: tuple[float, float]) -> list[tuple[str, str]]:
        saved = CheckpointReading("v40", "/r/c/v40", "policy", 1, T0 + 150, step=4000, verdict="ok")
        process = ProcessReading(1, 0, "python", "python t.py")
        state = replace(state, processes=(process,), processes_reason="")
        after = run(RESUMPTION, seen(saved), self.steps(*points), Tick(now=T0 + 400), state=state)
        return [(f.cls, f.severity) for f in after.findings]

    def test_proven(self) -> None:
        state = self.restarted((205, "resumed", "4000"))
        assert self.told(state, (110, 100), (190, 5000), (210, 4000)) == [("resume-proven", "info")]

    def test_a_policy_without_its_state_begins_silently_at_0(self) -> None:
        state = self.restarted((205, "resumed", ""))  # "Loaded policy from ..." names no step
        assert self.told(state, (110, 100), (190, 5000), (210, 10)) == [("resumed-from-scratch", "error")]

    def test_what_the_log_says_is_not_enough(self) -> None:
        state = self.restarted((205, "resumed", "4000"))
        assert self.told(state, (110, 100), (190, 5000), (210, 10)) == [("resumed-from-scratch", "error")]
        assert self.told(state, (110, 100), (190, 5000)) == []

    def test_a_first_attempt_has_nothing_to_prove(self) -> None:
        state = replace(self.restarted(), life=Life("running", attempts=1))
        assert self.told(state, (110, 100)) == []
