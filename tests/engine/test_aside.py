"""A run that nobody looks at: polled and published seldom, without inotify, and awake at once when it is shown."""

from __future__ import annotations

import queue
import threading
from pathlib import Path

import pytest

import lptui.engine.engine as engine_module
import lptui.engine.host as host_module
from lptui.engine.desk import Desk
from lptui.engine.engine import Engine
from lptui.engine.pace import ASIDE, LIVELY, Pace
from lptui.model.log import LogSegment, LogView
from lptui.model.run import RunInfo
from lptui.run import discover
from lptui.state.run_state import RunState


def view(end: int) -> RunState:
    return RunState(run=RunInfo("r", "/r"), logs={"a": LogView("a", (LogSegment(0, 0, end),), b"", end, None, 0.0)})


@pytest.mark.parametrize("slow_link", [False, True])
@pytest.mark.parametrize("growth", [10, 10_000_000])
def test_the_pace_of_a_run_aside_is_that_of_the_clock_however_much_it_logs(growth: int, slow_link: bool) -> None:
    pace = Pace(slow_link=slow_link)
    pace.close = False
    pace.measure(view(1000), 1.0)
    pace.measure(view(1000 + growth), 1.0)
    assert pace.quiet
    assert (pace.rest, pace.due(view(1), view(0), 100.0)) == (ASIDE, 100.0 + ASIDE)
    pace.close = True
    assert pace.quiet == (growth > 1_000_000)
    assert pace.due(view(1), view(0), 100.0) < 101.0
    assert LIVELY < ASIDE


def test_an_engine_aside_keeps_its_lanes_slow_and_no_folder_watched_until_it_is_followed_closely(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "train.log").write_text("step=1 loss=0.5\n")
    monkeypatch.setattr(host_module, "HOST_SOURCES", ())
    states: queue.SimpleQueue[RunState] = queue.SimpleQueue()
    engine = Engine(discover(str(tmp_path)))
    engine.follow(closely=False)
    engine.start(states.put)
    while (state := states.get(timeout=20)).progress.step != 1:
        pass
    assert {lane.rest for lane in engine._lanes.values()} == {ASIDE}
    assert engine._bell.muted
    assert engine._bell._observer is None
    assert str(tmp_path) in engine._bell._waiting
    engine.follow(closely=True)
    (tmp_path / "train.log").write_text("step=1 loss=0.5\nstep=2 loss=0.4\n")
    while (state := states.get(timeout=20)).progress.step != 2:
        pass
    assert {lane.rest for lane in engine._lanes.values()} == {0.0}
    engine.stop()
    assert state.progress.step == 2


def test_threads_that_answer_begin_with_what_they_are_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(engine_module, "SOURCES", ())
    monkeypatch.setattr(host_module, "HOST_SOURCES", ())
    before = set(threading.enumerate())
    engine = Engine(RunInfo("r", str(tmp_path)))
    engine.follow(closely=False)
    engine.start(lambda _state: None)
    begun = {thread.name for thread in set(threading.enumerate()) - before}
    assert begun == {"lptui log", "lptui files", "lptui fold", "lptui machine"}
    engine.stop()


def test_a_desk_answers_in_order_what_came_before_it_opened_and_after_what_it_failed_at() -> None:
    answers: queue.SimpleQueue[int] = queue.SimpleQueue()

    def answer(number: int) -> None:
        if number == 2:
            raise ValueError(number)
        answers.put(number)

    desk = Desk[int]("test", answer)
    for number in (1, 2, 3):
        desk.put(number)
    assert not [thread for thread in threading.enumerate() if thread.name == "lptui test"]
    desk.start()
    assert [answers.get(timeout=20), answers.get(timeout=20)] == [1, 3]
    desk.put(4)
    assert answers.get(timeout=20) == 4
    desk.stop()
