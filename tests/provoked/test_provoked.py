"""Failures that were provoked for real (record.py), read as `check` reads them: the right cause, and nothing else.

Beside most of them lies the log of the same program after the fix was followed: it ends well, and nothing is said.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lptui.engine.reading import read_run
from lptui.model.finding import Finding
from lptui.run import discover
from lptui.sources.registry import SOURCES
from lptui.state.run_state import RunState

HERE = Path(__file__).parent
LOGS = HERE / "logs"
INDEX = json.loads((LOGS / "index.json").read_text())
FAILURES = [name for name, row in INDEX.items() if row["expected"]]
FIXED = [name for name in INDEX if (LOGS / f"{name}.fixed.log").exists()]
HEALTHY = [name for name, row in INDEX.items() if not row["expected"]]
HINTS = {"restarted"}
"""What is true of a log beside its failure, whatever the failure."""


def read(log: Path, folder: Path, ended_at: float) -> RunState:
    """The log alone in a folder, a minute after it ended."""
    copy = folder / "train.log"
    shutil.copyfile(log, copy)
    os.utime(copy, (ended_at, ended_at))
    return read_run(discover(str(copy)), clock=lambda: ended_at + 60.0, patience=0)


def alarms(state: RunState) -> list[Finding]:
    """What is wrong now; a note is no alarm."""
    return [f for f in state.findings if f.active and f.severity != "info"]


def is_root(finding: Finding) -> bool:
    return finding.incident in ("", finding.id)


def shows(finding: Finding, log: bytes, moment: str) -> bool:
    """Whether the finding stands at, or quotes, the line that says it."""
    anchor = finding.anchor
    if anchor is not None:
        end = re.search(rb"\n|\Z", log[anchor.offset :])
        assert end is not None
        if moment.encode() in log[anchor.offset : anchor.offset + end.start()]:
            return True
    return any(moment in evidence.text for evidence in finding.evidence)


def test_enough_was_provoked() -> None:
    assert len(FAILURES) >= 80
    assert len({INDEX[name]["expected"] for name in FAILURES}) >= 35
    assert len(HEALTHY) >= 15
    assert len(FIXED) >= len(FAILURES) - 2


@pytest.fixture(autouse=True)
def no_kernel_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel's log of this machine knows nothing of where these were recorded, or too much."""
    rest = tuple(s for s in SOURCES if s.kind != "kernel")
    assert len(rest) == len(SOURCES) - 1
    monkeypatch.setattr("lptui.engine.reading.SOURCES", rest)


@pytest.mark.parametrize("name", FAILURES)
def test_cause_is_named_with_a_fix(name: str, tmp_path: Path) -> None:
    row = INDEX[name]
    state = read(LOGS / f"{name}.log", tmp_path, row["ended_at"])
    told = [f for f in state.findings if f.active]
    cause = next((f for f in told if f.cls == row["expected"] and (is_root(f) or f.role == "symptom")), None)
    assert cause is not None, [(f.cls, f.role, f.title) for f in told]
    foreign = {f.cls for f in alarms(state)} - {row["expected"], *row["beside"]} - HINTS
    assert not foreign
    log = (LOGS / f"{name}.log").read_bytes()
    assert any(shows(f, log, row["moment"]) for f in told if f.cls == row["expected"]), cause.evidence
    assert cause.fix is not None
    assert cause.fix.what
    assert cause.fix.verify


@pytest.mark.parametrize("name", FIXED)
def test_silent_once_the_fix_was_followed(name: str, tmp_path: Path) -> None:
    row = INDEX[name]
    assert row["fixed_exit_code"] == 0
    state = read(LOGS / f"{name}.fixed.log", tmp_path, row["ended_at"])
    assert [(f.cls, f.title) for f in alarms(state)] == []
    assert state.life.condition == "finished"


@pytest.mark.parametrize("name", HEALTHY)
def test_silent_on_healthy_training(name: str, tmp_path: Path) -> None:
    row = INDEX[name]
    assert row["exit_code"] == 0
    state = read(LOGS / f"{name}.log", tmp_path, row["ended_at"])
    assert [(f.cls, f.title) for f in alarms(state)] == []
    assert state.life.condition == "finished"


def test_recorded_logs_name_no_machine() -> None:
    private = re.compile(rb"/work/|/tmp/team|/root/|\.pyenv|torchenv|/opt/pypi|index-url")
    named = [p.name for p in LOGS.iterdir() if private.search(p.read_bytes())]
    assert named == []


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Path]:
    """A folder to provoke in; the programs need torch."""
    pytest.importorskip("torch")
    place = tmp_path / "home" / "lab"
    place.parent.mkdir()
    yield place
    shutil.rmtree(place, ignore_errors=True)


@pytest.mark.torch
def test_a_rank_that_stands_still_holds_up_the_run(lab: Path, tmp_path: Path) -> None:
    """Two ranks of gloo, one of them stopped: the other waits, no line comes, and no process ends."""
    shutil.copytree(HERE / "programs", lab)
    log = lab / "train.log"
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "ddp.py"]
    with log.open("wb") as out:
        launcher = subprocess.Popen(
            [*command, "--steps", "4000", "--pause", "0.05"], cwd=lab, stdout=out, stderr=out, start_new_session=True
        )
    try:
        deadline = time.monotonic() + 60
        while b"step 20/" not in log.read_bytes() and time.monotonic() < deadline:
            time.sleep(0.1)
        joined = re.search(rb"rank1. pid (\d+)", log.read_bytes())
        assert joined is not None
        os.kill(int(joined[1]), signal.SIGSTOP)
        later = time.time() + 3600.0
        state = read_run(discover(str(lab), pid=launcher.pid), clock=lambda: later, patience=0)
    finally:
        # The launcher gives each rank a session of its own.
        for pid in (launcher.pid, *map(int, re.findall(rb"pid (\d+) joined", log.read_bytes()))):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        launcher.wait()
    assert state.life.condition == "stalled"
    assert [f.cls for f in alarms(state)] == ["hung-no-progress"]


@pytest.mark.torch
@pytest.mark.parametrize("name", ["shape", "checkpoint-cut", "loader-exception", "segfault"])
def test_provoked_anew(name: str, lab: Path, tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("provoked_record", HERE / "record.py")
    assert spec is not None
    assert spec.loader is not None
    record = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = record
    spec.loader.exec_module(record)
    case = record.load_cases()[name]
    text, code = record.run(case.script, case.before, case, lab, case.strike)
    assert code != 0
    log = tmp_path / "fresh.log"
    log.write_bytes(text)
    told = alarms(read(log, tmp_path, INDEX[name]["ended_at"]))
    assert case.expected in {f.cls for f in told if is_root(f)}
