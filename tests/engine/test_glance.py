"""What a glance says of a run, the look that follows does not take back."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import lptui.engine.run_list as module
from lptui.engine.glance import glance_at
from lptui.engine.look_queue import FIRST_VIEW
from lptui.engine.quick_look import look_at
from lptui.engine.run_list import RunList
from lptui.model.summary import RunBoard
from lptui.run import discover
from lptui.run.listing import Listing
from lptui.sources.writers import Writers

RUNS = sorted(p for p in (Path(__file__).parents[1] / "runs").iterdir() if p.is_dir())
LOGS = sorted(p for p in (Path(__file__).parents[1] / "provoked" / "logs").rglob("*") if p.is_file())
FIELDS = ("name", "path", "step", "total", "epoch", "steps_per_second", "metric", "value", "restarts")
SURE = ("running", "finished", "crashed")


def agree(path: Path, after: float, *, written: bool) -> str:
    """What the glance says of the run's state, once it is known that the look says the same or more."""
    run = discover(str(path))
    now = (run.modified_at or 0.0) + after
    writers = Writers({}, {str(path): (7, "python")} if written else {})
    first = glance_at(str(path), 0.0, writers, now, Listing())
    then = look_at(run, writers, now)
    for name in FIELDS:
        said = getattr(first, name)
        if said not in (None, "") and said == said:
            assert said == getattr(then, name), name
    assert (first.modified_at or 0.0) <= (then.modified_at or 0.0)
    assert (first.severity, first.findings, first.looked) == (None, 0, "glance")
    if first.condition in SURE:
        assert first.condition == then.condition
    else:
        assert first.condition in ("unknown", "silent")
        assert first.condition == "unknown" or then.condition in ("crashed", "unknown")
    return first.condition


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.name)
@pytest.mark.parametrize("after", [2.0, 40.0, 4000.0, 1e6])
@pytest.mark.parametrize("written", [False, True])
def test_the_look_at_a_recorded_run_takes_nothing_back(path: Path, after: float, written: bool) -> None:
    agree(path, after, written=written)


def test_the_look_at_a_provoked_log_takes_nothing_back(tmp_path: Path) -> None:
    said: set[str] = set()
    for number, log in enumerate(LOGS):
        run = tmp_path / str(number)
        run.mkdir()
        shutil.copyfile(log, run / "train.log")
        said |= {agree(run, after, written=written) for after in (2.0, 4000.0) for written in (False, True)}
    assert said == {"running", "finished", "silent", "unknown"}


def test_a_glance_tells_step_and_end_of_a_usual_run() -> None:
    path = next(p for p in RUNS if p.name == "healthy")
    first = glance_at(str(path), 0.0, Writers(), 4e9, Listing())
    assert (first.condition, first.metric, first.step is not None) == ("finished", "overview/reward", True)


def test_what_may_hold_more_than_is_looked_for_is_left_open(tmp_path: Path) -> None:
    (tmp_path / "train.log").write_text("step=5 loss=1\n")
    (tmp_path / "other.log").write_text("step=7 loss=1\n")
    first = glance_at(str(tmp_path), 12.0, Writers(), 4e9, Listing())
    assert (first.step, first.condition, first.modified_at) == (None, "unknown", 12.0)


@pytest.mark.parametrize("hands", [0, 2])
def test_of_many_runs_a_screenful_is_looked_at_and_the_others_are_glanced_at_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hands: int
) -> None:
    for number in range(60):
        run = tmp_path / f"run{number:02d}"
        run.mkdir()
        (run / "train.log").write_text(f"step={number} loss=0.5\n")
        (run / "config.yaml").write_text("a: 1\n")
        os.utime(run / "train.log", (number + 1, number + 1))
    monkeypatch.setattr(module, "PUBLISH", 0.0)
    runs = RunList((str(tmp_path),), lambda: 1e4, cache_folder="", writers=Writers, hands=hands)
    order: list[tuple[str, str]] = []
    put = runs._put

    def note(path: str, summary: object, *, only_first: bool = False) -> None:
        order.append((path, "glance" if only_first else "look"))
        put(path, summary, only_first=only_first)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(runs, "_put", note)
    runs._streams = True
    runs._begin()
    runs._look_at_all()
    board: RunBoard = runs.board()
    assert board.looked == 60
    assert {row.name: row.step for row in board.rows} == {f"run{n:02d}": n for n in range(60)}
    for number in range(60):
        told = [how for path, how in order if path == str(tmp_path / f"run{number:02d}")]
        assert told == (["look"] if number >= 60 - FIRST_VIEW else ["glance", "look"])
