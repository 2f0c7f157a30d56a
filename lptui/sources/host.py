"""The machine: CPU, memory, swap, the run's disk, /dev/shm, the cgroup's limit."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, TypeVar

from lptui.model.events import Event, HostSeen, StatusSeen
from lptui.model.place import Place
from lptui.model.readings import HostReading, SourceStatus
from lptui.model.value import frozen
from lptui.sources.cgroups import MemoryLimit, read_memory_limit
from lptui.sources.patience import Question
from lptui.sources.quota import Quota, read_quota

T = TypeVar("T")
DISK_DEADLINE = 2.0
_LATE = "no answer for"


@frozen
class _Disk:
    """A mounted file system: bytes in all, and those that an ordinary user can still fill."""

    path: str
    total: int
    free: int
    inodes_total: int = 0
    inodes_free: int = 0
    quota: Quota | None = None


class HostSource:
    """Reads the host every two seconds; `run_path` says which disk. A dead mount hangs a thread, not us.

    Of several runs (`add_run`) each is told of the same reading, with the disk that it lies on: the event's `place`
    says whose.

    `pid`: the process whose cgroup limit counts (the trainer's); without it that of lptui itself, which is
    the same in a container but may not be under a batch system.
    """

    name = "host"
    period = 2.0
    pending = False

    def __init__(self, run_path: str, pid: int | None = None) -> None:
        self.pid = pid
        self._disks: dict[str, Question[_Disk]] = {}
        self.add_run(run_path)
        self._cpu: tuple[float, float] | None = None
        self._boot_id = ""
        self._status: SourceStatus | None = None

    def add_run(self, path: str) -> None:
        """Tell of the disk of the run at `path` too; may be called from any thread."""
        self._disks = {**self._disks, path: Question(lambda: _measure_disk(path), "lptui-statvfs")}

    def drop_run(self, path: str) -> None:
        """Tell of the run at `path` no more."""
        self._disks = {known: disk for known, disk in self._disks.items() if known != path}

    def poll(self, now: float) -> Iterable[Event]:
        """One reading a run; what could not be read is None, with its reason."""
        shared: list[tuple[str, str]] = []
        reading = self._read(now, shared)
        late, events = False, list[Event]()
        for path, question in self._disks.items():
            reasons = list(shared)
            disk = self._read_disk(question, now, reasons)
            late = late or any(name == "disk_total" and reason.startswith(_LATE) for name, reason in reasons)
            events.append(HostSeen(seen_at=now, place=Place(run=path), host=_with_disk(reading, disk, reasons)))
        condition = "partial" if late else "ok"
        if self._status is None or self._status.condition != condition:
            detail = "the run's disk does not answer" if late else ""
            self._status = SourceStatus("host", condition, detail, since=now)
            events.append(StatusSeen(seen_at=now, status=self._status))
        return events

    def watched(self) -> tuple[str, ...]:
        """Nothing."""
        return ()

    def close(self) -> None:
        """Nothing is held; a thread that hangs in a dead mount is left to it."""

    def _read(self, now: float, reasons: list[tuple[str, str]]) -> HostReading:
        import psutil

        def ask(fields: tuple[str, ...], call: Callable[[], T]) -> T | None:
            """What `call` returns, or None and its error as the reason of `fields`."""
            try:
                return call()
            except (OSError, RuntimeError, NotImplementedError, psutil.Error) as error:
                text = getattr(error, "strerror", None) or str(error) or type(error).__name__
                reasons.extend((field, text) for field in fields)
                return None

        memory: Any = ask(("memory_total", "memory_available"), psutil.virtual_memory)
        swap = ask(("swap_total", "swap_used"), _read_swap)
        limit = self._read_limit(ask, None if memory is None else memory.total, reasons)
        shm = ask(("shm_total", "shm_free"), lambda: _measure("/dev/shm"))
        times: Any = ask(("cpu_percent",), psutil.cpu_times)
        if not self._boot_id:
            self._boot_id = ask(("boot_id",), _read_boot_id) or ""
        return HostReading(
            os.uname().nodename,
            now,
            boot_id=self._boot_id,
            cpu_percent=None if times is None else self._cpu_percent(times, reasons),
            cpu_count=ask(("cpu_count",), os.cpu_count),
            load=ask(("load",), os.getloadavg),
            memory_total=None if memory is None else memory.total,
            memory_available=None if memory is None else memory.available,
            memory_limit=None if limit is None else limit.limit,
            memory_limit_used=None if limit is None else limit.used,
            swap_total=None if swap is None else swap[0],
            swap_used=None if swap is None else swap[1],
            shm_total=None if shm is None else shm.total,
            shm_free=None if shm is None else shm.free,
        )

    def _cpu_percent(self, times: Any, reasons: list[tuple[str, str]]) -> float | None:
        """Busy share of all cores since the poll before; our own difference, as psutil keeps one a thread."""
        # guest time is counted in user time already
        total = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
        idle = times.idle + getattr(times, "iowait", 0.0)
        before, self._cpu = self._cpu, (total, idle)
        if before is None or total <= before[0]:
            reasons.append(("cpu_percent", "needs two readings"))
            return None
        share = 1 - (idle - before[1]) / (total - before[0])
        return min(100.0, max(0.0, 100 * share))

    def _read_limit(
        self, ask: Callable[..., Any], total: int | None, reasons: list[tuple[str, str]]
    ) -> MemoryLimit | None:
        before = len(reasons)
        fields = ("memory_limit", "memory_limit_used")
        limit: MemoryLimit | None = ask(fields, lambda: read_memory_limit(str(self.pid or "self")))
        if limit is not None and total is not None and limit.limit >= total:
            limit = None
        if limit is None and len(reasons) == before:
            reasons.extend((field, "no cgroup limit below the machine's memory") for field in fields)
        elif limit is not None and limit.used is None:
            reasons.append(("memory_limit_used", "the cgroup does not tell its use"))
        return limit

    def _read_disk(self, question: Question[_Disk], now: float, reasons: list[tuple[str, str]]) -> _Disk | None:
        disk = question.ask(now)
        waited = question.waiting(now)
        if waited is None:
            reason = question.error
        elif waited >= DISK_DEADLINE:
            disk, reason = None, f"{_LATE} {waited:.0f} s: a dead mount?"
        else:
            reason = "no answer yet"
        if disk is None:
            reasons.extend((field, reason) for field in ("disk_total", "disk_free"))
        return disk


def _with_disk(reading: HostReading, disk: _Disk | None, reasons: list[tuple[str, str]]) -> HostReading:
    if disk is None:
        return replace(reading, reasons=tuple(reasons))
    quota = disk.quota or Quota()
    return replace(
        reading,
        disk_path=disk.path,
        disk_total=disk.total,
        disk_free=disk.free,
        inodes_total=disk.inodes_total,
        inodes_free=disk.inodes_free,
        quota_free=quota.free,
        quota_limit=quota.limit,
        quota_inodes_free=quota.inodes_free,
        reasons=tuple(reasons),
    )


def _measure(path: str) -> _Disk:
    found = os.statvfs(path)
    blocks = found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize
    return _Disk(path, *blocks, found.f_files, found.f_favail)


def _measure_disk(run_path: str) -> _Disk:
    """The file system that the run's directory is on, or will be on: named by its mount point."""
    path = os.path.realpath(run_path)
    while not os.path.exists(path):
        path = os.path.dirname(path)
    disk = replace(_measure(path), quota=read_quota(path))
    while not os.path.ismount(path):
        path = os.path.dirname(path)
    return replace(disk, path=path)


def _read_swap() -> tuple[int, int]:
    """Total and used bytes. psutil's own call prints a warning where a container hides /proc/vmstat."""
    with open("/proc/meminfo", encoding="ascii", errors="replace") as file:
        rows = dict(line.split(":", 1) for line in file)
    total, free = (int(rows.get(name, "0 kB").split()[0]) * 1024 for name in ("SwapTotal", "SwapFree"))
    return total, total - free


def _read_boot_id() -> str:
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()
