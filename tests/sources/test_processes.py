"""The run's processes: real ones that write a log, and process tables laid out as files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import lptui.sources.processes as processes_module
from lptui.model.events import Event, ProcessesSeen, StatusSeen, WitnessSeen
from lptui.model.readings import ProcessReading
from lptui.model.run import RunInfo
from lptui.sources import Source
from lptui.sources.processes import ProcessSource

needs_proc = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs Linux")
WRITER = "import sys; f = open(sys.argv[1], 'a'); print('up', flush=True); sys.stdin.read()"
IDLER = "import sys; print('up', flush=True); sys.stdin.read()"
NESTING = (
    "import subprocess, sys; f = open(sys.argv[1], 'a');"
    "c = subprocess.Popen([sys.executable, '-c', sys.argv[2]], stdout=subprocess.PIPE, text=True);"
    "c.stdout.readline(); print(c.pid, flush=True); sys.stdin.read(); c.kill(); c.wait()"
)


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that the test began; ended by their own pid afterwards."""
    running: list[subprocess.Popen[str]] = []
    with ExitStack() as stack:
        stack.callback(lambda: [end(process) for process in running])
        yield running


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def start(started: list[subprocess.Popen[str]], *arguments: str, **options: object) -> subprocess.Popen[str]:
    """A Python process, once it says that it is up."""
    process = subprocess.Popen(
        [sys.executable, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options
    )
    started.append(process)
    process.first_line = process.stdout.readline().strip()
    return process


def make_run(tmp_path: Path, name: str = "brisk-otter-7", **more: object) -> RunInfo:
    folder = tmp_path / name
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    log = folder / "logs" / "script.log"
    log.touch()
    return RunInfo(name, str(folder), "generic", logs=(str(log),), **more)


def poll(source: ProcessSource, now: float) -> list[Event]:
    """All that is said until the look has ended."""
    events = list(source.poll(now))
    while source.pending:
        events += source.poll(now)
    return events


def said(events: list[Event]) -> ProcessesSeen:
    return next(event for event in reversed(events) if isinstance(event, ProcessesSeen))


def by_pid(events: list[Event]) -> dict[int, ProcessReading]:
    return {process.pid: process for process in said(events).processes or ()}


def witnesses(events: list[Event]) -> list[str]:
    return [event.value for event in events if isinstance(event, WitnessSeen) and event.name == "process_gone"]


# -- real processes


@needs_proc
def test_a_writer_of_the_log_and_its_child_are_found_and_missed(
    tmp_path: Path, started: list[subprocess.Popen[str]]
) -> None:
    run = make_run(tmp_path)
    env = dict(os.environ, RANK="3")
    trainer = start(started, "-c", NESTING, run.logs[0], IDLER, "--api-key=sk-proj-ABCdef0123456789", env=env)
    child = int(trainer.first_line)
    source = ProcessSource(run)
    assert isinstance(source, Source)

    events = poll(source, 1000.0)
    found = by_pid(events)
    assert set(found) == {trainer.pid, child}
    reading = found[trainer.pid]
    assert reading.why == "writes logs/script.log"
    assert found[child].why == f"child of {trainer.pid}"
    assert reading.rank == 3
    assert reading.parent == os.getpid()
    assert reading.status in ("sleeping", "running")
    assert reading.cpu_percent is None  # one reading is no rate
    assert reading.threads == 1
    assert (reading.rss_bytes or 0) > 1 << 20
    assert run.logs[0] in reading.command
    assert "sk-proj" not in reading.command
    assert [event.status.condition for event in events if isinstance(event, StatusSeen)] == ["ok"]

    later = poll(source, 1002.0)
    assert by_pid(later)[trainer.pid].cpu_percent is not None
    assert not witnesses(later)

    end(trainer)
    started.clear()
    after = poll(source, 1004.0)
    assert witnesses(after)[0] == f"pid {trainer.pid} ({Path(sys.executable).name} -c, rank 3) is gone"
    assert trainer.pid not in by_pid(after)


@needs_proc
def test_a_log_named_by_itself_is_not_its_neighbours(tmp_path: Path, started: list[subprocess.Popen[str]]) -> None:
    run = make_run(tmp_path)
    trainer = start(started, "-c", NESTING, run.logs[0], IDLER)
    other = tmp_path / "other.log"
    other.write_text("hello\n")
    alone = RunInfo("other.log", str(tmp_path), logs=(str(other),))
    assert trainer.pid not in by_pid(poll(ProcessSource(alone), 1000.0))
    named = RunInfo("script.log", str(Path(run.logs[0]).parent), logs=run.logs)
    assert trainer.pid in by_pid(poll(ProcessSource(named), 1000.0))


@needs_proc
def test_none_left_is_said_once_and_only_after_a_full_look(
    tmp_path: Path, started: list[subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(tmp_path)
    trainer = start(started, "-c", WRITER, run.logs[0])
    source = ProcessSource(run)
    assert set(by_pid(poll(source, 0.0))) == {trainer.pid}
    end(trainer)
    started.clear()
    monkeypatch.setattr(processes_module, "BUDGET", 3)
    first = list(source.poll(2.0))  # the gone one is reported, but that none is left not yet
    assert len(witnesses(first)) == 1
    assert source.pending
    assert not any(isinstance(event, ProcessesSeen) for event in first)
    last = said(poll(source, 2.0))
    assert last.processes == ()
    assert last.local
    assert "ended" in last.reason
    assert poll(source, 4.0) == []


@needs_proc
def test_a_restart_is_found(tmp_path: Path, started: list[subprocess.Popen[str]]) -> None:
    run = make_run(tmp_path)
    source = ProcessSource(run)
    first = start(started, "-c", WRITER, run.logs[0])
    poll(source, 0.0)
    end(started.pop())
    second = start(started, "-c", WRITER, run.logs[0])
    events = poll(source, 1.0)  # at once: not only when the next look is due
    assert len(witnesses(events)) == 1
    assert f"pid {first.pid} " in witnesses(events)[0]
    assert set(by_pid(events)) == {second.pid}


@needs_proc
def test_an_ended_trainer_that_nobody_reaped_is_a_zombie(tmp_path: Path, started: list[subprocess.Popen[str]]) -> None:
    run = make_run(tmp_path)
    trainer = start(started, "-c", WRITER, run.logs[0])
    source = ProcessSource(run)
    poll(source, 0.0)
    trainer.kill()
    os.waitid(os.P_PID, trainer.pid, os.WEXITED | os.WNOWAIT)  # until it is one
    assert by_pid(poll(source, 1.0))[trainer.pid].status == "zombie"


@needs_proc
def test_a_reader_of_the_log_is_none_of_the_run(tmp_path: Path, started: list[subprocess.Popen[str]]) -> None:
    run = make_run(tmp_path)
    reader = "import sys; f = open(sys.argv[1]); print('up', flush=True); sys.stdin.read()"
    start(started, "-c", reader, run.logs[0])
    with open(run.logs[0], "a"):  # and lptui's own process is none either
        seen = said(poll(ProcessSource(run), 0.0))
    assert not seen.processes


@needs_proc
@pytest.mark.parametrize(
    "arguments", [("run=brisk-otter-7",), ("--run", "brisk-otter-7"), ("trainer.run=brisk-otter-7",)]
)
def test_a_command_that_names_the_run(
    arguments: tuple[str, ...], tmp_path: Path, started: list[subprocess.Popen[str]]
) -> None:
    run = make_run(tmp_path)
    start(started, "-c", IDLER, "run=brisk-otter-70")
    trainer = start(started, "-c", IDLER, *arguments)
    found = by_pid(poll(ProcessSource(run), 0.0))
    assert set(found) == {trainer.pid}
    assert found[trainer.pid].why == f"its command names the run ({' '.join(arguments)})"


@needs_proc
def test_standing_in_the_directory_counts_until_a_writer_is_found(
    tmp_path: Path, started: list[subprocess.Popen[str]]
) -> None:
    run = make_run(tmp_path)
    stands = start(started, "-c", IDLER, cwd=run.path)
    source = ProcessSource(run)
    assert by_pid(poll(source, 0.0))[stands.pid].why == "works in the run directory"
    writer = start(started, "-c", WRITER, run.logs[0])
    events = poll(source, 10.0)
    assert set(by_pid(events)) == {writer.pid}
    assert not witnesses(events)


@needs_proc
def test_the_run_through_a_link(tmp_path: Path, started: list[subprocess.Popen[str]]) -> None:
    run = make_run(tmp_path)
    link = tmp_path / "latest"
    link.symlink_to(run.path)
    trainer = start(started, "-c", WRITER, str(link / "logs/script.log"))
    source = ProcessSource(RunInfo("latest", str(link)))
    assert set(by_pid(poll(source, 0.0))) == {trainer.pid}


@needs_proc
@pytest.mark.skipif(shutil.which("tee") is None, reason="needs tee")
def test_who_speaks_into_tee_is_the_trainer(tmp_path: Path, started: list[subprocess.Popen[str]]) -> None:
    run = make_run(tmp_path)
    reader, writer = os.pipe()
    tee = subprocess.Popen(["tee", "-a", run.logs[0]], stdin=reader, stdout=subprocess.PIPE, text=True)
    started.append(tee)
    speaks = "import sys; print('up', file=sys.stderr, flush=True); print('to the log', flush=True); sys.stdin.read()"
    trainer = subprocess.Popen(
        [sys.executable, "-c", speaks], stdin=subprocess.PIPE, stdout=writer, stderr=writer, text=True
    )
    started.append(trainer)
    os.close(reader)
    os.close(writer)
    assert tee.stdout is not None
    tee.stdout.readline()  # both are up
    source = ProcessSource(run)
    found = by_pid(poll(source, 0.0))
    assert set(found) == {trainer.pid}
    assert found[trainer.pid].why == f"says what tee ({tee.pid}) writes logs/script.log"


@needs_proc
def test_a_named_pid_and_what_it_started(tmp_path: Path, started: list[subprocess.Popen[str]]) -> None:
    other = tmp_path / "elsewhere.txt"
    trainer = start(started, "-c", NESTING, str(other), IDLER)
    run = make_run(tmp_path, pid=trainer.pid)
    source = ProcessSource(run)
    found = by_pid(poll(source, 0.0))
    assert found[trainer.pid].why == "named by --pid"
    assert int(trainer.first_line) in found
    end(started.pop())
    seen = said(poll(source, 1.0) + poll(source, 9.0))
    assert trainer.pid not in {process.pid for process in seen.processes or ()}


# -- process tables laid out as files


class Table:
    """A process table in a folder, as `man 5 proc` describes it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "self/ns").mkdir(parents=True)
        (root / "stat").write_text("cpu 1 2 3\nbtime 5000\n")
        self.mounts("/ / ext4")
        self.namespace("pid:[4026531836]")

    def mounts(self, *lines: str) -> None:
        rows = [f"{n} 1 0:{n} {x.split()[0]} {x.split()[1]} rw - {x.split()[2]} dev rw\n" for n, x in enumerate(lines)]
        (self.root / "self/mountinfo").write_text("".join(rows))

    def namespace(self, link: str) -> None:
        path = self.root / "self/ns/pid"
        path.unlink(missing_ok=True)
        path.symlink_to(link)

    def add(
        self, pid: int, *arguments: str, parent: int = 1, start: int = 100, state: str = "S", cpu: int = 0, **more: str
    ) -> None:
        """`writes`: the path that descriptor 1 is open on; `environ`: NAME=VALUE lines."""
        folder = self.root / str(pid)
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "fd").mkdir(parents=True)
        (folder / "fdinfo").mkdir()
        name = os.path.basename(arguments[0]) if arguments else "x"
        self.stat(pid, name, parent=parent, start=start, state=state, cpu=cpu)
        (folder / "cmdline").write_bytes(b"".join(argument.encode() + b"\0" for argument in arguments))
        (folder / "environ").write_bytes(more.get("environ", "").replace("\n", "\0").encode())
        if "writes" in more:
            (folder / "fd/1").symlink_to(more["writes"])
            (folder / "fdinfo/1").write_text("pos:\t0\nflags:\t0102001\nmnt_id:\t1\n")
        if "stdin" in more:
            (folder / "fd/0").symlink_to(more["stdin"])
            (folder / "fdinfo/0").write_text("flags:\t0100000\n")

    def stat(self, pid: int, name: str, *, parent: int = 1, start: int = 100, state: str = "S", cpu: int = 0) -> None:
        middle = f"{state} {parent} 1 1 0 -1 0 0 0 0 0 {cpu} 0 0 0 20 0 7 0 {start} 9999 25"
        (self.root / str(pid) / "stat").write_text(f"{pid} ({name}) {middle} 1 2 3\n")


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(tmp_path / "proc")


def source_of(table: Table, run: RunInfo) -> ProcessSource:
    return ProcessSource(run, proc=str(table.root))


def test_numbers_of_a_process(table: Table, tmp_path: Path) -> None:
    run = make_run(tmp_path)
    table.add(812, "python", "train.py", cpu=500, start=300, state="D", writes=run.logs[0])
    source = source_of(table, run)
    poll(source, 10.0)
    table.stat(812, "python", cpu=500 + os.sysconf("SC_CLK_TCK"), start=300, state="D")
    reading = by_pid(poll(source, 12.0))[812]
    assert reading.cpu_percent == pytest.approx(50.0)
    assert reading.started_at == 5000 + 300 / os.sysconf("SC_CLK_TCK")
    assert reading.status == "disk-sleep"
    assert reading.rss_bytes == 25 * os.sysconf("SC_PAGE_SIZE")
    assert reading.threads == 7
    assert reading.command == "python train.py"


def test_a_reused_pid_is_not_the_trainer(table: Table, tmp_path: Path) -> None:
    run = make_run(tmp_path)
    table.add(812, "python", "train.py", writes=run.logs[0])
    source = source_of(table, run)
    poll(source, 0.0)
    table.add(812, "make", "all", start=999)
    events = poll(source, 2.0)
    assert witnesses(events) == ["pid 812 (python train.py) is gone"]
    assert said(events).processes == ()


@pytest.mark.parametrize(
    ("mount", "words"),
    [("/ MOUNT nfs4", "on nfs4"), ("/ MOUNT lustre", "on lustre"), ("/ MOUNT fuse.sshfs", "on fuse.sshfs")],
)
def test_absence_on_a_network_file_system_proves_nothing(mount: str, words: str, table: Table, tmp_path: Path) -> None:
    run = make_run(tmp_path)
    table.mounts("/ / ext4", mount.replace("MOUNT", str(tmp_path)))
    source = source_of(table, run)
    events = poll(source, 0.0)
    seen = said(events)
    assert seen.processes is None
    assert not seen.local
    assert words in seen.reason
    assert [event.status.condition for event in events if isinstance(event, StatusSeen)] == ["partial"]
    # but once it was seen here, its end is its end
    table.add(812, "python", "train.py", writes=run.logs[0])
    assert said(poll(source, 6.0)).local
    shutil.rmtree(table.root / "812")
    seen = said(poll(source, 8.0))
    assert seen.processes == ()
    assert seen.local


def test_absence_in_a_container_proves_nothing(table: Table, tmp_path: Path) -> None:
    table.namespace("pid:[4026532999]")
    seen = said(poll(source_of(table, make_run(tmp_path)), 0.0))
    assert seen.processes is None
    assert "container" in seen.reason


def test_absence_on_this_machine_is_certain(table: Table, tmp_path: Path) -> None:
    table.add(7, "python", "other.py", writes="/somewhere/else.log")
    seen = said(poll(source_of(table, make_run(tmp_path)), 0.0))
    assert seen.processes == ()
    assert seen.reason


def test_without_a_run_directory_nothing_is_claimed(table: Table, tmp_path: Path) -> None:
    seen = said(poll(source_of(table, RunInfo("x", str(tmp_path / "not-yet"))), 0.0))
    assert seen.processes is None


def test_another_users_run_is_not_called_dead(table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(tmp_path)
    monkeypatch.setattr(processes_module, "_user_looked_at", lambda: os.stat(run.path).st_uid + 1)
    seen = said(poll(source_of(table, run), 0.0))
    assert seen.processes is None
    assert "cannot be looked into" in seen.reason


def test_no_proc_at_all(tmp_path: Path) -> None:
    source = ProcessSource(make_run(tmp_path), proc=str(tmp_path / "nothing"))
    seen = said(poll(source, 0.0))
    assert seen.processes is None
    assert "/proc" in seen.reason
    assert poll(source, 2.0) == []


def test_ranks_under_a_launcher_and_their_workers(table: Table, tmp_path: Path) -> None:
    run = make_run(tmp_path)
    table.add(50, "torchrun", "train.py", writes=run.logs[0])
    for rank in range(2):
        trainer = 60 + rank
        table.add(trainer, "python", "train.py", parent=50, writes=run.logs[0], environ=f"A=1\nRANK={rank}")
        table.add(70 + rank, "python", "worker", parent=trainer, environ=f"RANK={rank}\nLOCAL_RANK=9")
    source = source_of(table, run)
    found = by_pid(poll(source, 0.0))
    assert {pid: process.rank for pid, process in found.items()} == {50: None, 60: 0, 61: 1, 70: 0, 71: 1}
    shutil.rmtree(table.root / "70")  # a data loader's worker: no news
    assert witnesses(poll(source, 1.0)) == []
    shutil.rmtree(table.root / "61")
    assert witnesses(poll(source, 2.0)) == ["pid 61 (python train.py, rank 1) is gone"]
    assert set(by_pid(poll(source, 3.0))) == {50, 60, 71}


def test_a_worker_that_inherited_the_log_is_not_missed(table: Table, tmp_path: Path) -> None:
    run = make_run(tmp_path)
    table.add(60, "python", "train.py", writes=run.logs[0])
    table.add(61, "python", "train.py", parent=60, writes=run.logs[0])
    source = source_of(table, run)
    assert set(by_pid(poll(source, 0.0))) == {60, 61}
    shutil.rmtree(table.root / "61")
    assert witnesses(poll(source, 1.0)) == []


def test_that_a_passer_by_left_says_nothing_of_the_run(table: Table, tmp_path: Path) -> None:
    run = make_run(tmp_path)
    table.mounts("/ / ext4", f"/ {tmp_path} nfs4")
    table.add(60, "python", "evaluate.py", f"run={run.name}")
    source = source_of(table, run)
    assert set(by_pid(poll(source, 0.0))) == {60}
    shutil.rmtree(table.root / "60")
    events = poll(source, 1.0)
    assert witnesses(events) == []
    assert said(events).processes is None
    assert not said(events).local


def test_tools_beside_the_run_are_none_of_it(table: Table, tmp_path: Path) -> None:
    run = make_run(tmp_path)
    table.add(10, "/usr/bin/vim", run.logs[0], writes=f"{run.path}/logs/.script.log.swp")
    table.add(11, "tail", "-f", run.logs[0], writes=run.logs[0])
    table.add(12, "lptui", "attach", run.path)
    table.add(13, "python", "-m", "tensorboard.main", "--logdir", run.path)
    table.add(14, "bash")
    table.add(15, "python", "-m", "lptui", "check", "--run", run.name)
    assert said(poll(source_of(table, run), 0.0)).processes == ()


def test_what_a_supervisor_started_is_the_run_and_the_supervisor_is_not(table: Table, tmp_path: Path) -> None:
    run = make_run(tmp_path)
    table.add(20, "python", "/usr/bin/lptui", "run", "--", "python", "train.py", writes=run.logs[0])
    table.add(21, "python", "train.py", parent=20)
    assert set(by_pid(poll(source_of(table, run), 0.0))) == {21}
    # its own notes are no sign of a training
    table.add(20, "lptui", "run", writes=f"{run.path}/.lptui/ledger.jsonl")
    shutil.rmtree(table.root / "21")
    assert said(poll(source_of(table, run), 0.0)).processes == ()


def test_a_service_leads_to_its_trainer(table: Table, tmp_path: Path) -> None:
    run = make_run(tmp_path)
    table.add(30, "python", "train.py")
    table.add(31, "/x/wandb-core", "--pid", "30", parent=30, writes=f"{run.path}/wandb/run-1.wandb")
    found = by_pid(poll(source_of(table, run), 0.0))
    assert found[30].why == "its wandb-core writes wandb/run-1.wandb"
    assert found[31].why == "child of 30"
    # orphaned, it proves no training
    shutil.rmtree(table.root / "30")
    table.add(31, "/x/wandb-core", "--pid", "30", writes=f"{run.path}/wandb/run-1.wandb")
    assert said(poll(source_of(table, run), 0.0)).processes == ()


def test_a_log_written_for_someone_unknown_is_not_called_dead(table: Table, tmp_path: Path) -> None:
    run = make_run(tmp_path)
    table.add(40, "tee", run.logs[0], writes=run.logs[0], stdin="socket:[77]")
    seen = said(poll(source_of(table, run), 0.0))
    assert seen.processes is None
    assert "tee (40)" in seen.reason


def test_names_of_foreign_processes_cannot_steer_the_terminal(table: Table, tmp_path: Path) -> None:
    run = make_run(tmp_path)
    table.add(9, "python", "\x1b]0;owned\x07train.py\n", writes=run.logs[0])
    reading = by_pid(poll(source_of(table, run), 0.0))[9]
    assert not any(ord(character) < 32 for character in reading.command)


def test_a_deleted_log_still_counts(table: Table, tmp_path: Path) -> None:
    run = make_run(tmp_path)
    table.add(9, "python", "train.py", writes=f"{run.path}/logs/old.log (deleted)")
    assert by_pid(poll(source_of(table, run), 0.0))[9].why == "writes logs/old.log"


def test_old_processes_without_a_sign_are_looked_at_less_often(table: Table, tmp_path: Path) -> None:
    run = make_run(tmp_path)
    table.add(9, "python", "train.py")
    source = source_of(table, run)
    poll(source, 10_000.0)
    table.add(9, "python", "train.py", writes=run.logs[0])
    assert not any(isinstance(event, ProcessesSeen) for event in poll(source, 10_006.0))
    assert set(by_pid(poll(source, 10_031.0))) == {9}
