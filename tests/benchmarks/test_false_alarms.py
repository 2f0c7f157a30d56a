"""What `benchmarks/false_alarms.py` counts: nothing on a healthy log, each failure once, however the log is read."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path[:0] = [str(BENCHMARKS), str(BENCHMARKS / "healthy")]

import false_alarms  # noqa: E402
import make_logs  # noqa: E402

FAILURE = (
    "Traceback (most recent call last):\n"
    '  File "/home/user/train.py", line 30, in <module>\n'
    "    loss.backward()\n"
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 23.64 GiB "
    "of which 1.1 GiB is free.\n"
)


@pytest.fixture
def log(tmp_path: Path):
    def write(*, failure_at: int | None = None, lines: int = 2000) -> Path:
        path = tmp_path / "train.log"
        with path.open("w") as out:
            for n in range(lines):
                out.write(
                    FAILURE if n == failure_at else f"iter {n}: loss {1 + 1 / (n + 1):.4f}, time 250.{n % 10}ms\n"
                )
        os.utime(path, (1_760_000_000, 1_760_000_000))
        return path

    return write


def read_live(path: Path):
    return false_alarms.read_live(path, 10_000)


@pytest.mark.parametrize("read", [false_alarms.read_history, read_live])
def test_nothing_is_counted_on_a_healthy_log(log, read) -> None:
    assert read(log()) == {}


@pytest.mark.parametrize("read", [false_alarms.read_history, read_live])
def test_a_failure_is_counted_once(log, read) -> None:
    found = read(log(failure_at=1999))
    assert [(f.cls, f.past) for f in found.values()] == [("cuda-oom", False)]


@pytest.mark.parametrize("read", [false_alarms.read_history, read_live])
def test_a_failure_after_which_the_run_went_on_is_counted_too(log, read) -> None:
    assert [f.cls for f in read(log(failure_at=1000)).values()] == ["cuda-oom"]


def test_growing_reads_no_more_than_the_first_lines(log) -> None:
    assert false_alarms.read_live(log(failure_at=1999), 1500) == {}


def test_the_rate_is_told_per_million_lines(log, capsys) -> None:
    assert false_alarms.run([log(failure_at=1999)], false_alarms.read_history, None) == (1, 2003)
    told = capsys.readouterr().out
    assert "cuda-oom" in told
    assert f"{1e6 / 2003:.2f} per million lines" in told


def test_the_speed_table_has_a_row_for_each_log(log, capsys, monkeypatch) -> None:
    monkeypatch.setattr(false_alarms, "ROUNDS", 1)
    false_alarms.measure_speed([log(lines=200)])
    assert capsys.readouterr().out.split("\n")[1].startswith("train.log")


def test_every_script_of_a_healthy_run_is_there_and_short_runs_stay_short() -> None:
    runs = make_logs.list_runs(0.0)
    scripts = {a for arguments in runs.values() for a in arguments if a.endswith(".py")}
    assert scripts
    assert all((BENCHMARKS / "healthy" / script).is_file() for script in scripts)
    assert all(arguments[-1] == "2" for arguments in runs.values())
