"""What sources yield. Every event says where (`place`), when, and at which step, from the first day."""

from __future__ import annotations

from array import array
from dataclasses import field

from lptui.model.care import CareEntry
from lptui.model.expectation import Profile
from lptui.model.finding import Change
from lptui.model.launch import Launch
from lptui.model.log import LogView, Suspect
from lptui.model.merged import MergedView
from lptui.model.place import Moment, Place
from lptui.model.readings import (
    CheckpointPointer,
    CheckpointReading,
    GpuSweep,
    HostReading,
    KernelRecord,
    ProcessReading,
    SourceStatus,
)
from lptui.model.run import RunInfo
from lptui.model.value import frozen


@frozen(kw_only=True)
class Event:
    """Where, when, at which step. `backfill` marks history read after the fact, in any order."""

    place: Place = field(default_factory=Place)
    seen_at: float = 0.0
    happened_at: Moment | None = None
    step: int | None = None
    backfill: bool = False


@frozen(kw_only=True)
class Tick(Event):
    """Time itself: nothing downstream asks a clock."""

    now: float


@frozen(kw_only=True)
class RunSeen(Event):
    """Discovery looked again and found files that came later."""

    run: RunInfo


@frozen(kw_only=True)
class StatusSeen(Event):
    """How a source is."""

    status: SourceStatus


@frozen(kw_only=True)
class LogSeen(Event):
    """The extent of one log file changed (it grew, was rotated, truncated, vanished, came back)."""

    view: LogView


@frozen(kw_only=True)
class MergedSeen(Event):
    """The extent of several logs as one changed."""

    view: MergedView


@frozen(kw_only=True)
class LogBlock(Event):
    """Complete lines of a log, for scanning; kept by nobody. `lead` are up to 8 KiB right before `data`, so that a
    traceback which began in the block before can be read whole. `start` is the position of data[0].
    `suspects`: the lines that may say a failure, where the block was looked through already."""

    file: str
    start: int
    data: bytes
    lead: bytes = b""
    suspects: tuple[Suspect, ...] | None = None
    generation: int = 0
    base: int = 0


@frozen
class DatedFact:
    """One thing that a log line says (a value of `formats.progress`), at a position, and when (unix s) if known."""

    position: int
    fact: object
    at: float | None = None


@frozen(kw_only=True)
class Facts(Event):
    """What the lines of one block say of progress and life cycle, in the order of the lines."""

    file: str
    facts: tuple[DatedFact, ...]


@frozen
class Points:
    """Consecutive points of one series: step (NaN where unknown), unix time (NaN where unknown), value."""

    key: str
    steps: array[float]
    times: array[float]
    values: array[float]


@frozen(kw_only=True)
class Samples(Event):
    """Points of many series from one source. `sampled`: an overview that later, complete points replace."""

    source: str
    points: tuple[Points, ...]
    order: float = 0.0
    """Where in the source these points lie (record number, byte position): sorts batches that arrive out of order."""
    until: float | None = None
    """Where in the source they end, if that is known: the next batch begins there."""
    sampled: bool = False
    unit: str = "step"
    """What the points' steps count: 'step' (the run's own step), 'epoch', 'update', 'row' (nothing but the order)."""


@frozen(kw_only=True)
class ConfigSeen(Event):
    """The run's own configuration as flat rows (dotted key, value as text; secrets are masked before this)."""

    path: str
    rows: tuple[tuple[str, str], ...]


@frozen(kw_only=True)
class ProfilesSeen(Event):
    """What is expected of metrics, in the order of its say; which profiles apply is decided by the metrics."""

    profiles: tuple[Profile, ...]


@frozen(kw_only=True)
class CheckpointsSeen(Event):
    """All checkpoints there are now, oldest first, and leftovers of interrupted saves."""

    checkpoints: tuple[CheckpointReading, ...]
    leftovers: tuple[str, ...] = ()
    pointers: tuple[CheckpointPointer, ...] = ()


@frozen(kw_only=True)
class LaunchSeen(Event):
    """How the run was started, as a file that it left tells it."""

    launch: Launch


@frozen(kw_only=True)
class GpuSeen(Event):
    sweep: GpuSweep


@frozen(kw_only=True)
class HostSeen(Event):
    host: HostReading


@frozen(kw_only=True)
class KernelSeen(Event):
    """New lines of the kernel's log that tell why a process ended, whosever it was."""

    records: tuple[KernelRecord, ...]


@frozen(kw_only=True)
class ProcessesSeen(Event):
    """The run's processes. None: it cannot be told here (`reason`), which is never 'dead'."""

    processes: tuple[ProcessReading, ...] | None
    reason: str = ""
    local: bool = True
    """Whether the run is known to be (or have been) on this machine."""


@frozen(kw_only=True)
class HeartbeatSeen(Event):
    """The heartbeat file's mtime (HEAD only touches it, so its text says nothing)."""

    path: str
    modified_at: float


@frozen(kw_only=True)
class WitnessSeen(Event):
    """A small fact about the run's life from a file or record: termination_reason, restart_count, exit_code, ..."""

    source: str
    name: str
    value: str
    at: float | None = None


@frozen(kw_only=True)
class AlertSeen(Event):
    """An alarm that the training's own program gave (`wandb.alert`, `trackio.alert`); `level` is the tracker's word."""

    source: str
    title: str
    text: str
    level: str
    at: float | None = None


@frozen(kw_only=True)
class CareTaken(Event):
    """What was done about findings in earlier watches, oldest first."""

    entries: tuple[CareEntry, ...]


@frozen(kw_only=True)
class CareWanted(Event):
    """The reader acknowledged, snoozed or woke a finding just now."""

    entry: CareEntry


@frozen(kw_only=True)
class FindingsChanged(Event):
    changes: tuple[Change, ...]
