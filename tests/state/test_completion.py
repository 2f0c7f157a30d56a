"""How a run ended that says nothing of it, on what the real libraries print (tests/printed): whether it was left alone,
crashed, was killed midway, or hangs."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from lptui.detect.registry import load_detectors
from lptui.engine.core import advance, advance_all
from lptui.engine.quick_look import summarise
from lptui.model.events import Tick
from lptui.model.readings import ProcessReading
from lptui.model.run import RunInfo
from lptui.sources.log import LogSource
from lptui.state.run_state import RunState, Seen

LOGS = Path(__file__).parents[1] / "printed" / "logs"
NOW = 2_000_000_000.0
LATER = NOW + 3000.0
TRAINER = ProcessReading(pid=7, parent=1, name="python", command="python train.py", cpu_percent=0.0)


def read(data: bytes, folder: Path, *, now: float = LATER, seen: bool = True, lives: bool = False) -> RunState:
    """The state of a run with this log, written until NOW, whose process was seen and lives or is gone."""
    path = folder / "train.log"
    path.write_bytes(data)
    os.utime(path, (NOW, NOW))
    source = LogSource(str(path))
    state = RunState(run=RunInfo("r", str(folder), "generic", logs=(str(path),)), now=now, began=NOW - 100)
    more = True
    while more:
        state = advance_all(state, list(source.poll(now)), load_detectors())
        more = source.pending
    source.close()
    gone = {"process_gone": Seen("process_gone", "pid 7 is gone", "test", NOW + 1)} if seen and not lives else {}
    state = replace(state, processes=(TRAINER,) if lives else (), processes_reason="", seen={**state.seen, **gone})
    for _ in range(3):
        state = advance(state, Tick(now=now, seen_at=now), load_detectors())
    return state


def cut(data: bytes, share: float) -> bytes:
    return data[: int(len(data) * share)]


ENDED = [
    "keras-bar-file",
    "keras-bar-tty",
    "keras-lines-file",
    "transformers-file",
    "transformers-tty",
    "lightning-tqdm-file",
    "lightning-rich-tty",
    "lightning-steps-file",
    "sb3-tty",
    "tqdm-nested-file",
    "tqdm-messages-file",
    "click-tty",
    "ignite-file",
]
PLAIN = {
    "step of": b"".join(b"step %d/50 loss: %.3f\n" % (n, 1 / n) for n in range(1, 51)),
    "epoch of": b"".join(b"Epoch %d/50 loss: %.3f\n" % (n, 1 / n) for n in range(1, 51)),
    "from nought": b"".join(b"step=%d total_steps=50 loss=%.3f\n" % (n, 1 / (n + 1)) for n in range(50)),
    "planned": b"max_steps: 50\n" + b"".join(b"step=%d loss=%.3f\n" % (n, 1 / n) for n in range(1, 51)),
    "words": b"".join(b"step=%d loss=%.3f\n" % (n, 1 / n) for n in range(1, 51)) + b"Training finished in 3 s\n",
}


@pytest.mark.parametrize("seen", [True, False])
@pytest.mark.parametrize("name", [*ENDED, *PLAIN])
def test_a_run_that_did_all_of_it_has_finished(name: str, seen: bool, tmp_path: Path) -> None:
    data = PLAIN[name] if name in PLAIN else (LOGS / f"{name}.log").read_bytes()
    life = read(data, tmp_path, seen=seen).life
    assert life.condition == "finished", life.reason


@pytest.mark.parametrize("name", [*ENDED, *PLAIN])
def test_one_that_was_killed_midway_has_not(name: str, tmp_path: Path) -> None:
    data = cut(PLAIN[name] if name in PLAIN else (LOGS / f"{name}.log").read_bytes(), 0.45)
    life = read(data, tmp_path).life
    assert life.condition in ("crashed", "unknown"), life.reason
    assert read(data, tmp_path, seen=False).life.condition in ("crashed", "unknown")


@pytest.mark.parametrize(
    "name", ["keras-crash-tty", "transformers-crash-tty", "lightning-crash-file", "tqdm-crash-file"]
)
def test_one_that_raised_has_crashed(name: str, tmp_path: Path) -> None:
    data = (LOGS / f"{name}.log").read_bytes()
    assert read(data, tmp_path).life.condition == "crashed"
    assert read(data, tmp_path, seen=False).life.condition == "crashed"


@pytest.mark.parametrize("name", [*ENDED, *PLAIN])
def test_a_process_that_stays_after_the_end_is_no_stall(name: str, tmp_path: Path) -> None:
    data = PLAIN[name] if name in PLAIN else (LOGS / f"{name}.log").read_bytes()
    state = read(data, tmp_path, lives=True)
    assert state.life.condition == "finished", state.life.reason
    assert not [f.id for f in state.findings if f.active and f.id.startswith("hung")]


@pytest.mark.parametrize("name", ["keras-bar-file", "transformers-file", "lightning-tqdm-file", *PLAIN])
def test_a_process_that_stays_midway_is_one(name: str, tmp_path: Path) -> None:
    data = cut(PLAIN[name] if name in PLAIN else (LOGS / f"{name}.log").read_bytes(), 0.45)
    life = read(data, tmp_path, lives=True).life
    assert life.condition == "stalled", life.reason


def test_the_beginning_of_the_last_epoch_is_not_its_end(tmp_path: Path) -> None:
    lines = [b"Epoch %d/3 batch %d loss: 0.5\n" % (e, b) for e in (1, 2, 3) for b in range(1, 9)]
    life = read(b"".join(lines[:18]), tmp_path).life
    assert life.condition != "finished", life.reason


def test_a_fold_that_is_complete_is_not_the_run(tmp_path: Path) -> None:
    first = b"".join(b"step=%d loss=%.3f\n" % (n, 1 / n) for n in range(1, 51)) + b"Training finished in 3 s\n"
    life = read(first + b"".join(b"step=%d loss=%.3f\n" % (n, 1 / n) for n in range(1, 20)), tmp_path).life
    assert life.condition != "finished", life.reason


def test_one_of_which_nothing_tells_how_much_there_was_to_do(tmp_path: Path) -> None:
    """Neither a crash nor an end may be claimed."""
    life = read(b"".join(b"step=%d loss=%.3f\n" % (n, 1 / n) for n in range(1, 51)), tmp_path).life
    assert life.condition == "unknown"
    assert "nothing says how it ended" in life.reason


@pytest.mark.parametrize("seen", [True, False])
def test_an_exception_at_the_end_of_the_log_ended_the_program_whatever_class_it_is_of(
    seen: bool, tmp_path: Path
) -> None:
    data = (LOGS / "mlflow-refused-file.log").read_bytes()
    state = read(data, tmp_path, seen=seen)
    assert state.life.condition == "crashed", state.life.reason
    assert [f.cls for f in state.findings if f.active] == ["wandb-failure"], "nothing looks for a kill from outside"
    went_on = data + b"".join(b"step=%d loss=0.5 took=0.1 memory=3.4 throughput=120\n" % n for n in range(100))
    assert read(went_on, tmp_path, seen=seen).life.condition != "crashed"


@pytest.mark.parametrize("seen", [True, False])
@pytest.mark.parametrize(("how", "condition"), [("ended", "finished"), ("crash", "crashed"), ("killed", "crashed")])
def test_trackio_tells_that_the_program_left_after_an_exception_as_well(
    how: str, condition: str, seen: bool, tmp_path: Path
) -> None:
    life = read((LOGS / f"trackio-{how}-file.log").read_bytes(), tmp_path, seen=seen).life
    assert life.condition == condition, life.reason


def test_while_the_process_lives_trackios_last_line_ends_nothing(tmp_path: Path) -> None:
    data = (LOGS / "trackio-ended-file.log").read_bytes()
    assert read(data, tmp_path, now=NOW + 1, lives=True).life.condition == "running"


def count(last: int) -> bytes:
    return b"".join(b"step %d/700 loss=0.5\n" % n for n in range(last + 1))


def test_a_counter_that_begins_at_0_is_at_its_total_once_the_run_is_finished(tmp_path: Path) -> None:
    done = read(count(699), tmp_path)
    assert (done.life.condition, done.progress.step, done.progress.total) == ("finished", 700, 700)
    row = summarise(done, "quick")
    assert (row.step, row.total) == (700, 700)
    on = advance(replace(done, processes=(TRAINER,), now=NOW + 1), Tick(now=NOW + 1, seen_at=NOW + 1), load_detectors())
    assert (on.life.condition, on.progress.step) == ("running", 699)  # it goes on: what it says counts


@pytest.mark.parametrize(("last", "step"), [(698, 698), (700, 700)])
def test_no_other_step_is_made_up(tmp_path: Path, last: int, step: int) -> None:
    assert read(count(last), tmp_path).progress.step == step


def test_a_run_that_is_at_its_last_step_is_not_there_yet(tmp_path: Path) -> None:
    state = read(count(699), tmp_path, now=NOW + 1, lives=True)
    assert (state.life.condition, state.progress.step) == ("running", 699)
    failed = read(
        count(699) + b"Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nKeyError: 'a'\n", tmp_path
    )
    assert (failed.life.condition, failed.progress.step) == ("crashed", 699)
