"""The state of a run from its witnesses: a table of situations, each with its time given."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lptui.model.log import LogSegment, LogView
from lptui.model.readings import CheckpointReading, ProcessReading, SourceStatus
from lptui.model.run import RunInfo
from lptui.state.life import judge
from lptui.state.run_state import Milestone, RunState, Seen

NOW = 10_000.0
LOG = "/r/logs/script.log"
ALIVE = (ProcessReading(pid=7, parent=1, name="python", command="python train.py", cpu_percent=0.0),)


def state(
    log_age: float | None = 1.0,
    processes: tuple[ProcessReading, ...] | None = ALIVE,
    milestones: tuple[tuple[str, str], ...] = (),
    seen: dict[str, tuple[str, float]] | None = None,
    **changes: object,
) -> RunState:
    view = LogView(LOG, (LogSegment(0, 0, 10),), modified_at=None if log_age is None else NOW - log_age)
    base = RunState(
        run=RunInfo("r", "/r", "metta-s2", logs=(LOG,)),
        now=NOW,
        logs={} if log_age is None else {LOG: view},
        processes=processes,
        processes_reason="",
        statuses={"log": SourceStatus("log", "ok", path=LOG)},
        milestones=tuple(Milestone(LOG, i, kind, value, NOW - 500 + i) for i, (kind, value) in enumerate(milestones)),
        seen={name: Seen(name, value, "test", NOW - age) for name, (value, age) in (seen or {}).items()},
    )
    return replace(base, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("expected", "given"),
    [
        ("running", state()),
        ("running", state(log_age=299)),
        ("stalled", state(log_age=301)),
        ("running", state(log_age=5000, seen={"heartbeat": ("f", 4)})),
        ("running", state(log_age=5000, seen={"wandb_record": ("f", 4)})),
        ("waiting", state(log_age=None, processes=())),
        ("finished", state(log_age=90, processes=(), milestones=(("started", "m"), ("completed", "")))),
        ("finished", state(log_age=90, processes=(), seen={"termination_reason": ("completed", 80)})),
        ("crashed", state(log_age=90, processes=(), seen={"termination_reason": ("exit_code_1", 80)})),
        ("finished", state(log_age=None, processes=(), seen={"training_summary": ("completed", 80)})),
        ("unknown", state(log_age=90, processes=(), seen={"training_summary": ("", 80)})),
        ("crashed", state(log_age=90, processes=(), seen={"exit_code": ("254", 80)})),
        ("finished", state(log_age=90, processes=(), seen={"exit_code": ("0", 80)})),
        ("crashed", state(log_age=90, processes=(), milestones=(("started", "m"), ("failed", "boom")))),
        # Metta says when it ends; silence without a process then means a kill.
        ("crashed", state(log_age=90, processes=(), milestones=(("started", "m"),))),
        # A log of unknown make that just stops proves nothing.
        ("unknown", state(log_age=90, processes=())),
        # A process that was seen and is gone did not end by itself.
        ("crashed", state(log_age=2, processes=(), seen={"process_gone": ("pid 7 is gone", 1)})),
        # Nobody here, but files still grow: a process that we did not recognise.
        ("running", state(log_age=2, processes=())),
        # ... unless we have watched for a while and nothing grew: what was written just before came from the dead.
        ("crashed", state(log_age=6, processes=(), milestones=(("started", "m"),), began=NOW - 5)),
        ("running", state(log_age=4, processes=(), milestones=(("started", "m"),), began=NOW - 5)),
        ("running", state(log_age=3, processes=(), milestones=(("started", "m"),), began=NOW - 1)),
        # Another machine: absence is unknown, never death.
        ("running", state(log_age=2, processes=None)),
        ("unknown", state(log_age=5000, processes=None)),
        ("unknown", state(log_age=5000, processes=(), local=False)),
        # Nothing is concluded from a part: the end may be in what is not read yet.
        ("unknown", state(log_age=90, processes=(), milestones=(("started", "m"),), statuses={})),
        ("unknown", state(log_age=None, processes=(), statuses={})),
        ("running", state(log_age=1, statuses={})),
        # A zombie is no sign of life.
        ("crashed", state(90, (replace(ALIVE[0], status="zombie"),), milestones=(("started", "m"),))),
    ],
)
def test_condition(expected: str, given: RunState) -> None:
    life = judge(given)
    assert life.condition == expected, life.reason
    assert life.reason


def test_a_log_that_is_renamed_and_not_back_yet_was_written_when_it_was() -> None:
    view = LogView(LOG, (LogSegment(0, 0, 10),), modified_at=NOW - 5, missing=True)
    life = judge(state(processes=None, logs={LOG: view}))
    assert (life.condition, life.last_sign) == ("running", NOW - 5)


def test_an_end_before_the_last_start_does_not_count() -> None:
    again = state(processes=ALIVE, milestones=(("started", "m"), ("failed", "x"), ("started", "m")))
    assert judge(again).condition == "running"
    assert judge(replace(again, processes=(), now=NOW + 90)).condition == "crashed"
    assert judge(again).attempts == 2


def test_one_start_prints_several_lines_but_is_one_attempt() -> None:
    once = state(milestones=(("started", "Starting main from"), ("started", "run_dir ="), ("saved", "1")))
    assert judge(once).attempts == 1


def test_restart_count_is_heard_when_the_log_was_replaced() -> None:
    life = judge(state(seen={"restart_count": ("3", 5)}))
    assert (life.attempts, life.restarts_known) == (4, 3)


def test_witnesses_are_named_with_what_they_say() -> None:
    life = judge(state(log_age=4000, seen={"heartbeat": ("f", 4000)}))
    assert {w.name: w.says for w in life.witnesses} == {"process": "alive", "log": "silent", "heartbeat": "silent"}
    assert "67m" in life.reason or "1h" in life.reason


def test_a_new_checkpoint_is_a_sign_of_life() -> None:
    saved = CheckpointReading("c", "/r/c", "policy", 1, NOW - 3)
    assert judge(state(log_age=4000, checkpoints=(saved,))).condition == "running"
