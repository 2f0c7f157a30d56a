"""A restart that rotates its log: what ended the attempts before is still found, in the files that they are in now."""

from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path

import pytest

from lptui.engine.reading import read_run
from lptui.run import discover
from lptui.state.run_state import RunState

RUNS = Path(__file__).parents[1] / "runs"


@pytest.fixture
def state(tmp_path: Path) -> RunState:
    """Of a run that died of GPU memory, then of an exception, and then completed."""
    oom = (RUNS / "cuda-oom" / "logs" / "script.log").read_bytes()
    (tmp_path / "train.log.2.gz").write_bytes(gzip.compress(oom))
    shutil.copyfile(RUNS / "crash" / "logs" / "script.log", tmp_path / "train.log.1")
    shutil.copyfile(RUNS / "healthy" / "logs" / "script.log", tmp_path / "train.log")
    for days, name in enumerate(("train.log", "train.log.1", "train.log.2.gz")):
        os.utime(tmp_path / name, (1e9 - days * 86_400, 1e9 - days * 86_400))
    return read_run(discover(str(tmp_path)), patience=0.0)


def test_findings_of_earlier_attempts_are_past_and_name_their_file(state: RunState) -> None:
    found = {f.cls: f for f in state.findings if f.cls in ("cuda-oom", "uncaught-exception")}
    assert {cls: (f.attempt, f.past) for cls, f in found.items()} == {
        "cuda-oom": (1, True),
        "uncaught-exception": (2, True),
    }
    evidence = found["uncaught-exception"].evidence[0]
    lines = (RUNS / "crash" / "logs" / "script.log").read_text().splitlines()
    assert Path(evidence.file).name == "train.log.1"
    assert evidence.line == next(n for n, line in enumerate(lines, 1) if line.startswith("IndexError"))
    assert Path(found["cuda-oom"].evidence[0].file).name == "train.log.2.gz"
    assert found["cuda-oom"].evidence[0].line is None


def test_attempts_are_counted_over_all_files_and_the_newest_progress_counts(state: RunState) -> None:
    assert state.life.attempts == 3
    assert state.progress.step is not None
    assert state.progress.step > 40_000
    assert state.run.logs[0].endswith("train.log")
    statuses = [s for s in state.statuses.values() if s.source.startswith("log ")]
    assert [(s.condition, s.backfilling) for s in statuses] == [("ok", False)]


def test_the_limit_of_older_files_is_told(tmp_path: Path) -> None:
    for number in range(9):
        path = tmp_path / f"train.log{f'.{number}' if number else ''}"
        path.write_text(f"2026-03-01 12:00:0{9 - number} [INFO] step {9 - number}\n" * 20)
        os.utime(path, (1e9 - number, 1e9 - number))
    state = read_run(discover(str(tmp_path)), patience=0.0)
    status = state.statuses["log train.log"]
    assert status.condition == "ok"
    assert status.detail == "train.log.7 and what is older is not read: 6 older files are"
    assert sum(s.size for s in state.logs[str(tmp_path / "train.log")].segments) == 7 * 20 * 34


def test_a_numbered_log_of_another_rank_is_no_earlier_attempt(tmp_path: Path) -> None:
    def rows(first: int, word: str) -> str:
        return "".join(
            f"2026-03-01 12:{n // 60:02}:{n % 60:02} [INFO] step {n} {word}\n" for n in range(first, 2000, 10)
        )

    (tmp_path / "train.log").write_text(rows(0, "rank 0"))
    (tmp_path / "train.log.1").write_text(rows(3, "rank 1") + "RuntimeError: CUDA error: an illegal memory access\n")
    state = read_run(discover(str(tmp_path)), patience=0.0)
    assert not state.findings
    assert state.life.attempts == 1
    assert "train.log.1 was written at the same time" in state.statuses["log train.log"].detail
