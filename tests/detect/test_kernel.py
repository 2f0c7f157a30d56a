"""The kernel's log: lines as values, and whose they are."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from lptui.detect.kernel import KERNEL
from lptui.detect.silence import SILENCE
from lptui.engine.core import advance_all
from lptui.formats.kernel_log import read_kernel_record
from lptui.model.events import Event, KernelSeen, ProcessesSeen, StatusSeen, Tick
from lptui.model.finding import Evidence, Finding
from lptui.model.log import LogSegment, LogView
from lptui.model.place import Anchor
from lptui.model.readings import KernelRecord, ProcessReading, SourceStatus
from lptui.model.run import RunInfo
from lptui.sources.kernel import KernelSource
from lptui.state.run_state import RunState

LOG = "/r/a.log"
KILLED = (
    b"3,901,5000000,-;Out of memory: Killed process 812 (python) total-vm:9000kB, anon-rss:2097152kB, file-rss:4kB,"
    b" shmem-rss:0kB, UID:0 pgtables:9kB oom_score_adj:0\n SUBSYSTEM=x\n"
)
CGROUP = KILLED.replace(b"Out of memory", b"Memory cgroup out of memory")
XID = b"4,9,6000000,-;NVRM: Xid (PCI:0000:3b:00): 79, pid=812, name=python, GPU has fallen off the bus.\n"
FAULT = b"6,9,7000000,-;python[812]: segfault at 0 ip 00007f sp 00007f error 4 in libx.so[7f]\n"


@pytest.mark.parametrize(
    ("raw", "kind", "pid", "number"),
    [(KILLED, "oom", 812, 0), (CGROUP, "oom", 812, 0), (XID, "xid", 812, 79), (FAULT, "segfault", 812, 0)],
)
def test_lines_that_end_a_training(raw: bytes, kind: str, pid: int, number: int) -> None:
    record = read_kernel_record(raw, 1000.0)
    assert record is not None
    assert (record.kind, record.pid, record.number) == (kind, pid, number)
    assert 1005.0 <= record.at <= 1007.0
    assert "SUBSYSTEM" not in record.text


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"no record",
        b"6,1,2,-;oom_reaper: enabled",
        b"6,1,2,-;python invoked oom-killer: gfp_mask=0x0",
        b"6,1,2,-;NVRM: loading NVIDIA UNIX x86_64 Kernel Module",
        b"6,1,99999999999999999999999,-;Out of memory: Killed process 1 (x)",
    ],
)
def test_other_lines_say_nothing(raw: bytes) -> None:
    assert read_kernel_record(raw, 1000.0) is None


def test_an_xid_without_a_pid_is_read() -> None:
    record = read_kernel_record(XID.replace(b"pid=812, name=python", b"pid='<unknown>', name=<unknown>"), 0.0)
    assert record is not None
    assert (record.pid, record.number) == (None, 79)


def dead(**more: object) -> RunState:
    state = RunState(
        RunInfo("r", "/r", logs=(LOG,), wandb=("/r/x.wandb",)),
        logs={LOG: LogView(LOG, (LogSegment(0, 0, 1),), modified_at=1000.0)},
        statuses={p: SourceStatus(p, "ok", path=p) for p in (LOG, "/r/x.wandb")},
        processes=(),
        processes_reason="",
    )
    return replace(state, **more)  # type: ignore[arg-type]


OOM = KernelRecord("oom", 1001.0, "Out of memory: Killed process 812 (python)", 812, "python", 2 << 30)


def run(*events: Event, state: RunState) -> list[Finding]:
    ticks = [Tick(now=1100.0, seen_at=1100.0), Tick(now=1101.0, seen_at=1101.0)]
    return list(advance_all(state, [*events, *ticks], (KERNEL, SILENCE)).findings)


def test_a_process_that_was_ours_and_the_silent_death_is_explained() -> None:
    mine = ProcessesSeen(processes=(ProcessReading(812, 1, "python", "train"),))
    found = run(mine, KernelSeen(records=(OOM,)), ProcessesSeen(processes=()), state=dead())
    assert [(f.cls, f.confidence) for f in found] == [("host-oom-kill", 1.0)]
    assert "pid 812 (python) of this run for memory: it held 2.0 GiB" in found[0].title
    assert found[0].fix is not None


def test_a_pid_that_the_log_names() -> None:
    said = Finding("x", "worker-process-died", "info", "t", evidence=(Evidence("local_rank: 1 (pid: 812) of binary"),))
    found = run(KernelSeen(records=(replace(OOM, at=10.0),)), state=dead(findings=(said,)))
    assert [f.confidence for f in found if f.cls == "host-oom-kill"] == [0.95]


@pytest.mark.parametrize(
    ("expected", "record"),
    [
        ([0.6], OOM),
        ([], replace(OOM, at=900.0)),  # another time
        ([], replace(OOM, name="postgres")),
        ([], replace(OOM, kind="xid")),  # these count only with a pid of ours
        ([], replace(OOM, kind="segfault")),
    ],
)
def test_a_stranger_counts_only_when_time_and_name_fit_a_death_without_words(
    expected: list[float], record: KernelRecord
) -> None:
    found = run(KernelSeen(records=(record,)), state=dead())
    assert [f.confidence for f in found if f.id.startswith("kernel:")] == expected


def test_a_run_whose_log_says_what_it_died_of_is_not_blamed_for_the_death_of_others() -> None:
    said = Evidence("RuntimeError: mat1 and mat2", anchor=Anchor("train.log", 0, 10))
    found = run(
        KernelSeen(records=(OOM,)), state=dead(findings=(Finding("x", "shape", "error", "t", evidence=(said,)),))
    )
    assert [f.id for f in found if f.id.startswith("kernel:")] == []


def test_a_run_that_lives_is_not_blamed_for_the_death_of_others() -> None:
    alive = dead(processes=(ProcessReading(5, 1, "python", "train", cpu_percent=90.0),))
    assert run(KernelSeen(records=(OOM,)), state=alive) == []


def test_the_device_is_read_without_blocking_and_not_for_old_runs(tmp_path: Path) -> None:
    fifo = tmp_path / "kmsg"
    os.mkfifo(fifo)
    (tmp_path / "stat").write_text("btime 1000\n")
    writer = os.open(fifo, os.O_RDWR)
    os.write(writer, KILLED)
    source = KernelSource(RunInfo("r", "/r", modified_at=5000.0), path=str(fifo), proc=str(tmp_path))
    events = list(source.poll(1.0))
    assert [r.pid for e in events if isinstance(e, KernelSeen) for r in e.records] == [812]
    assert list(source.poll(2.0)) == []
    source.close()
    os.close(writer)
    old = KernelSource(RunInfo("r", "/r", modified_at=999.0), path=str(fifo), proc=str(tmp_path))
    (said,) = old.poll(1.0)
    assert isinstance(said, StatusSeen)
    assert said.status.condition == "absent"
    missing = KernelSource(RunInfo("r", "/r", modified_at=5000.0), path=str(tmp_path / "no"), proc=str(tmp_path))
    assert [e.status.condition for e in missing.poll(1.0) if isinstance(e, StatusSeen)] == ["absent"]
