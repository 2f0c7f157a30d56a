"""Readings of the machine that a run is on. None means: not known, and `reason` (or `reasons`) says why."""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from lptui.model.value import frozen

PolicyFile = Literal["", "exists", "moved", "missing", "elsewhere"]


@frozen
class ProcessReading:
    """One process of the run (the trainer, or a child of it)."""

    pid: int
    parent: int
    name: str
    command: str
    user: str = ""
    started_at: float = 0.0
    status: str = ""
    cpu_percent: float | None = None
    rss_bytes: int | None = None
    threads: int | None = None
    rank: int | None = None
    why: str = ""
    """How it was recognised as the run's: 'writes logs/script.log', 'named by --pid', 'child of 812'."""
    arguments: tuple[str, ...] = ()
    """Its command line as the system got it, secrets masked; `folder` is where it works."""
    folder: str = ""
    masked: bool = False


@frozen
class GpuProcess:
    """Memory that one process holds on one device. `ours` is None where that cannot be told (other pid namespace)."""

    pid: int
    used_bytes: int | None
    ours: bool | None
    name: str = ""


@frozen
class GpuDevice:
    """One device as NVML tells it. Bytes, percent, watts, degrees Celsius."""

    index: int
    uuid: str
    name: str
    read_at: float
    """When this device last answered; older than the sweep means that it hangs."""
    memory_total: int | None = None
    memory_used: int | None = None
    memory_reserved: int | None = None
    utilization: float | None = None
    temperature: float | None = None
    power: float | None = None
    power_limit: float | None = None
    throttle: tuple[str, ...] = ()
    processes: tuple[GpuProcess, ...] = ()
    lost: str = ""
    """Not empty: the device no longer answers, and what NVML said."""
    reasons: tuple[tuple[str, str], ...] = ()
    """(field, why it is None), e.g. ('power', 'not supported')."""

    @property
    def memory_ours(self) -> int | None:
        """Bytes held by the run's own processes; None if no process list could be read."""
        known = [p.used_bytes for p in self.processes if p.ours and p.used_bytes is not None]
        return sum(known) if known else (0 if self.processes else None)


@frozen
class HostReading:
    """The machine: CPU (percent of all cores), memory, disk of the run directory, /dev/shm. Bytes."""

    name: str
    read_at: float
    boot_id: str = ""
    cpu_percent: float | None = None
    cpu_count: int | None = None
    load: tuple[float, float, float] | None = None
    memory_total: int | None = None
    memory_available: int | None = None
    memory_limit: int | None = None
    """The cgroup's limit, when there is one below the machine's total."""
    memory_limit_used: int | None = None
    swap_total: int | None = None
    swap_used: int | None = None
    disk_path: str = ""
    disk_total: int | None = None
    disk_free: int | None = None
    inodes_total: int | None = None
    inodes_free: int | None = None
    quota_free: int | None = None
    """Bytes that a quota of the user or group still allows on the run's disk, where one is set and can be read."""
    quota_limit: int | None = None
    quota_inodes_free: int | None = None
    shm_total: int | None = None
    shm_free: int | None = None
    reasons: tuple[tuple[str, str], ...] = ()


@frozen
class GpuSweep:
    """All devices at one instant, or the one line that says why there are none."""

    devices: tuple[GpuDevice, ...] = ()
    reason: str = ""
    driver: str = ""


@frozen
class KernelRecord:
    """A line of the kernel's log about one process: bytes `held`, an Xid's `number` and `device`, unix time `at`."""

    kind: Literal["oom", "xid", "segfault"]
    at: float
    text: str
    pid: int | None = None
    name: str = ""
    held: int | None = None
    cgroup: bool = False
    number: int = 0
    device: str = ""


SourceCondition = Literal["ok", "waiting", "absent", "partial", "failed"]


@frozen
class SourceStatus:
    """How one source is: `ok` (read to its end), `waiting` (nothing there yet), `absent` (this run has none),
    `partial` (part of it could not be read), `failed` (nothing can be read now)."""

    source: str
    condition: SourceCondition
    detail: str = ""
    since: float = 0.0
    next_try: float | None = None
    path: str = ""
    read: int = 0
    """Bytes, rows or files read so far; with `of` a progress."""
    of: int | None = None
    backfilling: bool = False

    @property
    def complete(self) -> bool:
        """Whether everything that this source could say has been read."""
        return self.condition in ("ok", "absent") and not self.backfilling


@frozen
class CheckpointReading:
    """One checkpoint of the run as its directory listing (L0) and, later, its index (L1) tell it."""

    name: str
    path: str
    role: str
    size: int
    modified_at: float
    files: int = 1
    step: int | None = None
    epoch: int | None = None
    complete: bool = True
    verdict: str = "unread"
    """unread, ok, truncated, unreadable-pickle, unsafe-pickle, custom-pickle, zeroed, incomplete, being-written, ..."""
    reason: str = ""
    next_step: str = ""
    format: str = ""
    facts: tuple[tuple[str, str], ...] = field(default=())
    """What the safe look inside found, as (name, value) rows for the detail view."""
    framework: str = ""
    """Whose it is, as far as names and keys tell: metta, hf, lightning, sb3, pufferlib, dcp, deepspeed, ..."""
    optimizer_step: int | None = None
    """Updates that its optimizer counts."""
    policy_path: str = ""
    """The policy (or model) that a trainer state names, as written."""
    policy_file: PolicyFile = ""
    """Whether that is there: `moved`, a file of this name lies in checkpoints/; `elsewhere`, not on this disk."""
    parts: tuple[str, ...] = ()
    """Names of the files of one that is a folder, at most 64."""
    usual_size: int | None = None
    """Bytes that its kind usually has, while it is being written."""
    save_seconds: float | None = None
    """How long its save took, where it was watched."""

    @property
    def progress(self) -> int | None:
        """The counter that orders a series: its step, or else its epoch."""
        return self.step if self.step is not None else self.epoch


@frozen
class CheckpointPointer:
    """A small file that names the checkpoint to resume: DeepSpeed's `latest`, Megatron's
    `latest_checkpointed_iteration.txt`. `names` is its first line."""

    path: str
    names: str
    modified_at: float
