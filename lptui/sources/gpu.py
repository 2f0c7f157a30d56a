"""GPUs through NVML. A device that hangs keeps its thread and delays no other; nobody waits for a driver."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence

from lptui.formats.nvml_values import NO_LIBRARY, refusal_of
from lptui.model.events import Event, GpuSeen, StatusSeen
from lptui.model.readings import GpuDevice, GpuSweep, SourceCondition, SourceStatus
from lptui.sources.gpu_device import DeviceReader
from lptui.sources.nvml import Nvml
from lptui.sources.patience import PATIENCE, Question

LEAVE_AFTER = 0.9
"""A device that keeps a sweep this long is left with its thread, so that the others miss none of theirs."""
DEVICE_DEADLINE = 2.0
"""From then on it is said to hang."""
START_DEADLINE = 5.0
RETRY_DOWN = 60.0
FIRST_ANSWERS = 0.5
_NO_ANSWER = "the NVIDIA driver does not answer: see `dmesg`; a reboot may be needed"


class _Sweeper:
    """A daemon thread that reads its devices one after the other each time it is asked to.

    Retired while it hangs in one of them, it hands that device over once the driver lets it go, and ends.
    """

    def __init__(self, readers: Sequence[DeviceReader], returned: Callable[[DeviceReader], None]) -> None:
        self._lock = threading.Lock()
        self._readers = list(readers)
        self._returned = returned
        self._asked = threading.Event()
        self.idle = threading.Event()
        self.idle.set()
        self._now = 0.0
        self._at: DeviceReader | None = None
        self._retired = False
        self._leave: Callable[[], None] | None = None
        self.steps = 0
        """Devices begun so far: does not move while one hangs."""
        threading.Thread(target=self._run, name="lptui-nvml", daemon=True).start()

    def ask(self, now: float) -> None:
        """Begin a sweep; its answers carry `now`."""
        self._now = now
        self.idle.clear()
        self._asked.set()

    def add(self, reader: DeviceReader) -> None:
        """One more device from the next sweep on. Only while idle."""
        self._readers.append(reader)
        self._readers.sort(key=lambda r: r.index)

    def retire(self, leave: Callable[[], None] | None = None) -> DeviceReader | None:
        """End this thread, after `leave` if it is idle; the device that it is stuck in, if it is in one."""
        with self._lock:
            self._retired = True
            self._leave = leave if self._at is None else None
            self._asked.set()
            return self._at

    def _run(self) -> None:
        while self._asked.wait() and not self._retired:
            self._asked.clear()
            for reader in tuple(self._readers):
                if not self._enter(reader):
                    break
                reader.read(self._now)
                if not self._exit(reader) or reader.down:
                    break
            self.idle.set()
        if self._leave is not None:
            self._leave()

    def _enter(self, reader: DeviceReader) -> bool:
        with self._lock:
            if not self._retired:
                self._at = reader
                self.steps += 1
            return not self._retired

    def _exit(self, reader: DeviceReader) -> bool:
        with self._lock:
            self._at = None
            if self._retired:
                self._returned(reader)
            return not self._retired


class GpuSource:
    """All NVIDIA devices of this machine, once a second; MIG instances follow their GPU, with its index.

    `GpuProcess.ours` is left None: whose a pid is, others know. A `reasons` row of a field that is not None
    says that the value is old, and how old.
    """

    name = "gpu"
    period = 1.0

    def __init__(self) -> None:
        self._start: Question[tuple[int, str, SourceCondition]] | None = None
        self._nvml = Nvml()
        self._readers: tuple[DeviceReader, ...] = ()
        self._stuck: dict[DeviceReader, float] = {}
        """Devices that hang, each since when."""
        self._back: list[DeviceReader] = []
        self._sweeper: _Sweeper | None = None
        self._seen_step = (-1, 0.0)
        self._next_start = 0.0
        self._reason = "not asked yet"
        self._without: SourceCondition = "waiting"
        """How this source is while there are no devices: no GPU here (absent), or one that cannot be read."""
        self._sweep: GpuSweep | None = None
        self._status: SourceStatus | None = None
        self._closed = False
        self._first_poll: float | None = None
        self.pending = True
        """While the first answers are about to come: within half a second of the first poll."""

    def poll(self, now: float) -> Iterable[Event]:
        """The newest readings, if they are new; takes at most about 15 ms, whatever the driver does."""
        if self._closed:
            return ()
        if self._first_poll is None:
            self._first_poll = now
        if not self._readers:
            self._begin(now)
        if self._readers:
            self._drive(now)
        early = 0 <= now - self._first_poll < FIRST_ANSWERS
        self.pending = early and (self._start is not None or (bool(self._readers) and not self._answered()))
        return self._report(now)

    def watched(self) -> tuple[str, ...]:
        """Nothing: a driver has no folder."""
        return ()

    def close(self) -> None:
        """Let the threads go. NVML is shut down by its own thread, and only if no query is in flight."""
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.retire(None if self._stuck else self._nvml.stop)
            self._sweeper = None

    # -- starting

    def _begin(self, now: float) -> None:
        if self._start is None:
            if now < self._next_start:
                return
            self._start = Question(self._start_nvml, "lptui-nvml-init")
            answer = self._start.ask(now)
        else:
            answer = self._start.hear()
        waited = self._start.waiting(now)
        if waited is not None:
            late = waited >= START_DEADLINE
            self._reason = _NO_ANSWER if late else "waiting for the NVIDIA driver"
            self._without = "failed" if late else "waiting"
            return
        failed = (0, f"NVML could not be loaded: {self._start.error}", "failed")
        count, self._reason, self._without = answer or failed
        self._start = None
        self._readers = tuple(DeviceReader(self._nvml, index) for index in range(count))
        if not self._readers:
            self._next_start = now + RETRY_DOWN

    def _start_nvml(self) -> tuple[int, str, SourceCondition]:
        count, refusal = self._nvml.start()
        if refusal is not None:
            missing = refusal == refusal_of(NO_LIBRARY)
            return 0, refusal.text, "absent" if missing else "failed"
        if count == 0:
            self._nvml.stop()
        return count, "" if count else "the NVIDIA driver reports no GPU", "absent"

    # -- sweeping

    def _drive(self, now: float) -> None:
        sweeper = self._sweeper
        if sweeper is not None and not sweeper.idle.is_set():
            if not self._is_late(sweeper, now):
                sweeper.idle.wait(PATIENCE if self.pending else 0)
                return
            stuck = sweeper.retire()
            if stuck is not None:
                self._stuck[stuck] = self._seen_step[1]
            sweeper = self._sweeper = None
        while self._back:
            reader = self._back.pop()
            del self._stuck[reader]
            if sweeper is not None:
                sweeper.add(reader)
        down = next((reader.down for reader in self._readers if reader.down), "")
        if down:
            self._stop(down, now)
            return
        free = [reader for reader in self._readers if reader not in self._stuck]
        if sweeper is None and free:
            sweeper = self._sweeper = _Sweeper(free, self._back.append)
        if sweeper is not None:
            sweeper.ask(now)
            sweeper.idle.wait(PATIENCE)
            self._seen_step = (sweeper.steps, now)

    def _is_late(self, sweeper: _Sweeper, now: float) -> bool:
        step, since = self._seen_step
        if step != sweeper.steps or now < since:
            self._seen_step = (sweeper.steps, now)
            return False
        return now - since >= LEAVE_AFTER

    def _stop(self, reason: str, now: float) -> None:
        """NVML itself went away (driver unloaded, updated): no devices, and a fresh start later."""
        if self._sweeper is not None:
            self._sweeper.retire(None if self._stuck else self._nvml.stop)
        self._sweeper, self._readers = None, ()
        self._stuck, self._back = {}, []
        self._nvml = Nvml()
        self._reason, self._without, self._next_start = reason, "failed", now + RETRY_DOWN

    # -- reporting

    def _answered(self) -> bool:
        return any(reader.latest.read_at or reader.latest.lost for reader in self._readers)

    def _report(self, now: float) -> list[Event]:
        events: list[Event] = []
        devices = tuple(device for reader in self._readers for device in reader.devices)
        if self._readers and not self._answered() and not self._stuck:
            return events
        old = self._sweep
        same = old is not None and len(devices) == len(old.devices) and old.reason == self._reason
        if old is None or not (same and all(a is b for a, b in zip(devices, old.devices, strict=True))):
            self._sweep = GpuSweep(devices, self._reason, self._nvml.driver)
            events.append(GpuSeen(seen_at=now, sweep=self._sweep))
        condition, detail = self._condition(devices, now)
        status = self._status
        if status is None or (status.condition, status.detail) != (condition, detail):
            next_try = self._next_start if not devices and self._start is None else None
            self._status = SourceStatus("gpu", condition, detail, since=now, next_try=next_try)
            events.append(StatusSeen(seen_at=now, status=self._status))
        return events

    def _condition(self, devices: tuple[GpuDevice, ...], now: float) -> tuple[SourceCondition, str]:
        if not self._readers:
            return self._without, self._reason
        hung = sorted(r.index for r, since in self._stuck.items() if now - since >= DEVICE_DEADLINE)
        lost = sorted({device.index for device in devices if device.lost})
        said = [f"{_named(hung)} without an answer"] if hung else []
        said += [f"{_named(lost)} lost"] if lost else []
        return ("partial" if said else "ok"), "; ".join(said)


def _named(indices: Sequence[int]) -> str:
    numbers = ", ".join(str(index) for index in indices)
    return f"GPU {numbers}" if len(indices) == 1 else f"GPUs {numbers}"
