"""The host source on this very machine, and cgroup trees as the kernel lays them out."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import psutil
import pytest

import lptui.sources.host as host_module
from lptui.model.events import HostSeen, StatusSeen
from lptui.model.readings import HostReading
from lptui.sources import Source
from lptui.sources.cgroups import MemoryLimit, read_memory_limit
from lptui.sources.host import HostSource


def read(source: HostSource, now: float) -> HostReading:
    return next(event.host for event in source.poll(now) if isinstance(event, HostSeen))


def settled(source: HostSource, now: float) -> HostReading:
    """A reading in which the disk has answered."""
    for _ in range(2000):
        reading = read(source, now)
        if reading.disk_total is not None:
            return reading
    raise AssertionError(reading)


def test_this_machine(tmp_path: Path) -> None:
    source = HostSource(str(tmp_path / "not" / "there" / "yet"))
    assert isinstance(source, Source)
    reading = settled(source, 5.0)
    assert reading.read_at == 5.0
    assert reading.name == os.uname().nodename
    assert reading.boot_id == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert reading.cpu_count == os.cpu_count()
    assert reading.memory_total == psutil.virtual_memory().total
    assert 0 < (reading.memory_available or 0) <= psutil.virtual_memory().total
    assert reading.swap_total == psutil.swap_memory().total
    assert os.path.ismount(reading.disk_path)
    assert str(tmp_path).startswith(reading.disk_path)
    assert reading.disk_total == os.statvfs(tmp_path).f_blocks * os.statvfs(tmp_path).f_frsize
    assert 0 < (reading.disk_free or 0) < reading.disk_total
    assert reading.shm_total == os.statvfs("/dev/shm").f_blocks * os.statvfs("/dev/shm").f_frsize


def test_cpu_is_a_difference_and_unknown_before_the_second_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Times(tuple[float, ...]):
        idle, iowait, guest, guest_nice = 100.0, 0.0, 0.0, 0.0

    def later(user: float, idle: float) -> Times:
        times = Times((user, idle))
        times.idle = idle
        return times

    answers = iter([later(10, 100), later(40, 110), later(40, 110), later(41, 120)])
    monkeypatch.setattr(psutil, "cpu_times", lambda: next(answers))
    source = HostSource(str(tmp_path))
    first = read(source, 0.0)
    assert first.cpu_percent is None
    assert "cpu_percent" in dict(first.reasons)
    assert read(source, 2.0).cpu_percent == pytest.approx(75.0)
    assert read(source, 2.0).cpu_percent is None  # no time has passed: not 0
    assert read(source, 4.0).cpu_percent == pytest.approx(100 / 11)


def test_what_cannot_be_read_is_none_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(psutil, "virtual_memory", refuse)
    monkeypatch.setattr(os, "getloadavg", refuse)
    monkeypatch.setattr(os, "statvfs", refuse)
    reading = read(HostSource(str(tmp_path)), 0.0)
    assert (reading.memory_total, reading.memory_available, reading.load, reading.shm_free) == (None,) * 4
    reasons = dict(reading.reasons)
    for name in ("memory_total", "memory_available", "load", "shm_total", "shm_free"):
        assert reasons[name] == "Permission denied"


def test_a_dead_mount_hangs_nobody_and_says_for_how_long(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    measure = host_module._measure

    def hang(path: str) -> host_module._Disk:
        release.wait()
        return measure("/")

    monkeypatch.setattr(host_module, "_measure_disk", hang)
    source = HostSource("/mnt/dead/run")
    assert dict(read(source, 100.0).reasons)["disk_free"] == "no answer yet"
    events = list(source.poll(107.0))
    reading = next(event.host for event in events if isinstance(event, HostSeen))
    assert reading.disk_free is None
    assert dict(reading.reasons)["disk_free"].startswith("no answer for 7 s")
    assert [event.status.condition for event in events if isinstance(event, StatusSeen)] == ["partial"]
    assert sum(thread.name == "lptui-statvfs" for thread in threading.enumerate()) == 1
    release.set()
    assert settled(source, 108.0).disk_path == "/"


def test_several_runs_share_a_reading_and_have_disks_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(host_module, "_measure_disk", lambda path: host_module._Disk(path, 100, len(path)))
    source = HostSource("/one")
    source.add_run("/other")
    source.poll(1.0)
    seen = {e.place.run: e.host for e in source.poll(3.0) if isinstance(e, HostSeen)}
    assert {run: (host.disk_path, host.disk_free) for run, host in seen.items()} == {
        "/one": ("/one", 4),
        "/other": ("/other", 6),
    }
    assert seen["/one"].cpu_percent == seen["/other"].cpu_percent  # one difference of one reading
    source.drop_run("/one")
    assert [e.place.run for e in source.poll(5.0) if isinstance(e, HostSeen)] == ["/other"]


def write(root: Path, **files: str) -> None:
    root.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (root / name.replace("__", ".")).write_text(text + "\n")


def test_cgroup_v2_takes_the_tightest_limit_above(tmp_path: Path) -> None:
    write(tmp_path / "proc/self", cgroup="0::/slice/job/step")
    groups = tmp_path / "cg"
    write(groups / "slice/job/step", memory__max="max", memory__current="5")
    write(
        groups / "slice/job",
        memory__max="4000",
        memory__current="3000",
        memory__stat="anon 900\ninactive_file 1000\nfile 1200",
    )
    write(groups / "slice", memory__max="9000", memory__current="3500")
    limit = read_memory_limit(proc=str(tmp_path / "proc"), mount=str(groups))
    assert limit == MemoryLimit(4000, 2000)


def test_cgroup_v1_in_a_container_whose_path_is_not_there(tmp_path: Path) -> None:
    write(tmp_path / "proc/77", cgroup="9:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n0::/")
    groups = tmp_path / "cg"
    write(groups / "memory", memory__limit_in_bytes="800", memory__usage_in_bytes="700", memory__stat="broken")
    limit = read_memory_limit("77", proc=str(tmp_path / "proc"), mount=str(groups))
    assert limit == MemoryLimit(800, 700)


@pytest.mark.parametrize("value", ["max", "9223372036854771712", "", "x"])
def test_no_limit_is_none(value: str, tmp_path: Path) -> None:
    write(tmp_path / "proc/self", cgroup="0::/a")
    write(tmp_path / "cg/a", memory__max=value, memory__current="5")
    assert read_memory_limit(proc=str(tmp_path / "proc"), mount=str(tmp_path / "cg")) is None


def test_a_limit_above_the_machines_memory_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    total = psutil.virtual_memory().total
    for limit, expected in ((total * 2, None), (total // 2, total // 2)):
        found = MemoryLimit(limit, 1)
        monkeypatch.setattr(host_module, "read_memory_limit", lambda _pid, found=found: found)
        assert read(HostSource(str(tmp_path)), 0.0).memory_limit == expected
