"""The kernel's own log, where it may be read without asking: whom the OOM killer chose, what a GPU reported.

Only ever read without blocking, record by record; nothing is started for it. Of a run that was last written before
this machine started it can say nothing, so it is not opened.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from lptui.formats.kernel_log import read_kernel_record
from lptui.formats.proc_text import parse_boot_time
from lptui.model.events import Event, KernelSeen, StatusSeen
from lptui.model.readings import KernelRecord, SourceStatus
from lptui.model.run import RunInfo
from lptui.sources.procfs import ProcFs

BUDGET = 2000
_RECORD = 8192
_MOST = 256


class KernelSource:
    """Follows /dev/kmsg from its oldest record on."""

    name = "kernel log"
    period = 2.0

    def __init__(self, run: RunInfo, *, path: str = "/dev/kmsg", proc: str = "/proc") -> None:
        self.pending = False
        self._run = run
        self._path = path
        self._handle: int | None = None
        self._booted = parse_boot_time(ProcFs(proc).read("stat", 1 << 20) or b"")
        self._status: SourceStatus | None = None
        self._opened = False

    def watched(self) -> tuple[str, ...]:
        """Nothing: a device tells no changes."""
        return ()

    def close(self) -> None:
        """Let the device go."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def poll(self, now: float) -> Iterator[Event]:
        """Records since the last poll that say why a process ended."""
        reason = self._open()
        self.pending = False
        if self._handle is not None:
            found = list(self._read())[-_MOST:]
            if found:
                yield KernelSeen(seen_at=now, records=tuple(found))
        if self._status is None:
            condition = "ok" if self._handle is not None else "absent"
            self._status = SourceStatus(self.name, condition, reason, now, path=self._path)
            yield StatusSeen(seen_at=now, status=self._status)

    def _open(self) -> str:
        """Open the device once; why it is not read, or ''."""
        if self._opened:
            return ""
        self._opened = True
        if self._booted is None:
            return "this system has no /proc"
        if (self._run.modified_at or 0.0) < self._booted:
            return "the run was written before this machine started"
        try:
            self._handle = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            return f"{self._path}: {error.strerror or error}; its lines are left out"
        return ""

    def _read(self) -> Iterator[KernelRecord]:
        for _ in range(BUDGET):
            try:
                raw = os.read(self._handle or 0, _RECORD)
            except BlockingIOError:
                return
            except BrokenPipeError:  # records were overwritten before they were read: the next ones follow
                continue
            except OSError:
                self.close()
                return
            if not raw:
                return
            record = read_kernel_record(raw, self._booted or 0.0)
            if record is not None:
                yield record
        self.pending = True
