"""RunState: all that is known of one run at one instant. Unchanged parts keep their identity between states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from lptui.config.rules import RuleFile
from lptui.curriculum.keys import CurriculumStat, TaskCell
from lptui.curriculum.signals import Signals
from lptui.model.care import Care
from lptui.model.expectation import Expectation, Judgement, Profile
from lptui.model.finding import Finding
from lptui.model.launch import Launch
from lptui.model.log import LogView
from lptui.model.merged import MergedView
from lptui.model.readings import (
    CheckpointPointer,
    CheckpointReading,
    GpuSweep,
    HostReading,
    ProcessReading,
    SourceStatus,
)
from lptui.model.run import LOG_LIMIT, RunInfo
from lptui.model.value import frozen
from lptui.run.checkpoint_summary import CheckpointSeries
from lptui.state.activity import Activity
from lptui.state.pace import Pace
from lptui.state.quantities import NO_QUANTITIES, Quantities
from lptui.stores.axes import NO_AXES, Axes
from lptui.stores.series import Series

NOT_LOOKED = "not looked yet"
Condition = Literal["running", "stalled", "crashed", "finished", "waiting", "unknown"]


@frozen
class Progress:
    """How far the run is. `at` is when the newest of these was written (unix s); eta in seconds. `share`, 0 to 1, where
    a bar tells that and no step."""

    step: int | None = None
    total: int | None = None
    epoch: int | None = None
    steps_per_second: float | None = None
    at: float | None = None
    eta: float | None = None
    share: float | None = None


@frozen
class Reported:
    """One source's newest word on one field of progress; `order` is its position in that source."""

    value: float
    order: float
    at: float | None = None
    form: str = ""
    resolution: int = 1
    """The value is known to so much: Metta's percentage of a total is coarse."""
    bar: str = ""
    """Which progress bar of the source said it."""
    earlier: float | None = None
    """The position at which the source told another value of it before; None: it never did, as far as was read."""
    broken: bool = False
    """Its line holds a number that is NaN or infinite."""


@frozen
class Milestone:
    """A life-cycle line of a log: started, resumed, saved, completed, ... at a position of that log."""

    file: str
    position: int
    kind: str
    value: str = ""
    at: float | None = None


@frozen
class Witness:
    """One sign of life or death. `says` is alive, silent, dead, ended or unknown; `text` is for the reader."""

    name: str
    says: Literal["alive", "silent", "dead", "ended", "unknown"]
    text: str
    at: float | None = None


@frozen
class Life:
    """What the witnesses together say of the run."""

    condition: Condition = "unknown"
    reason: str = ""
    witnesses: tuple[Witness, ...] = ()
    last_sign: float | None = None
    """Unix time of the newest sign of life, and in `last_sign_from` whose it is."""
    last_sign_from: str = ""
    attempts: int = 1
    restarts_known: int | None = None
    exit_code: int | None = None
    patience: float = 300.0
    """Seconds of silence that count as a stall, learned from the run's own pace and what its processes do."""
    pace: Pace = field(default_factory=Pace)
    activity: Activity = field(default_factory=Activity)
    phase: str = ""
    """What the log says it was about to do when it went silent: starting, evaluating, or nothing known."""
    busy_at: float | None = None
    """When its processes or devices were last seen at work."""
    grown: tuple[float, ...] = ()
    """Seconds between the newest signs of life that we saw come."""
    usual_power: float | None = None
    """Watts of the run's devices while it makes progress."""


@frozen
class TaskRow:
    """One task of the curriculum; None where no source tells it."""

    task: str
    name: str
    probability: float | None = None
    success_rate: float | None = None
    reward: float | None = None
    learning_progress: float | None = None
    completions: float | None = None
    score: float | None = None
    staleness: float | None = None
    updated_step: float | None = None


@frozen
class Curriculum:
    """The task table and what it means."""

    rows: tuple[TaskRow, ...] = ()
    signals: Signals | None = None
    stats: tuple[tuple[str, float], ...] = ()
    """Scalars that belong to no task: lp/num_zeros_lp_dist, curriculum/entropy, algorithm/..."""


@frozen
class Seen:
    """Facts that witnesses left, by name: termination_reason, exit_code, wandb_run, heartbeat, ..."""

    name: str
    value: str
    source: str
    at: float | None = None


@frozen
class Expected:
    """(metric, profile, expectation), matched when the run had so many metrics."""

    metrics: int
    rows: tuple[tuple[str, str, Expectation], ...]


@frozen
class Judged:
    """How a metric stands to its expectation, and the number of points at which that was worked out."""

    judgement: Judgement
    points: int
    broken: int = 0
    alarm: str = ""


@frozen(eq=False)
class RunState:
    """Everything known of one run. Frozen; `eq=False`, so a new state is a new object and `is` tells a change."""

    run: RunInfo
    now: float = 0.0
    began: float = 0.0
    """When we began to watch: what grew after it, grew before our eyes."""
    logs: Mapping[str, LogView] = field(default_factory=dict[str, LogView])
    merged: MergedView | None = None
    """Several of the logs as one; None before a reader asks for it."""
    series: Mapping[str, Series] = field(default_factory=dict[str, Series])
    axes: Axes = NO_AXES
    """How the counts of its sources relate: what charts need to draw all of them over one axis."""
    quantities: Quantities = NO_QUANTITIES
    """Which names of which sources mean the same series."""
    cells: Mapping[str, TaskCell | CurriculumStat | None] = field(
        default_factory=dict[str, "TaskCell | CurriculumStat | None"]
    )
    curriculum: Curriculum = Curriculum()
    checkpoints: tuple[CheckpointReading, ...] = ()
    leftovers: tuple[str, ...] = ()
    pointers: tuple[CheckpointPointer, ...] = ()
    """Small files that name the checkpoint to resume."""
    saving: CheckpointSeries = field(default_factory=CheckpointSeries)
    """What follows from the list of checkpoints; `state.saving.run_checkpoints` tells the whole."""
    gpu: GpuSweep | None = None
    host: HostReading | None = None
    processes: tuple[ProcessReading, ...] | None = None
    processes_reason: str = NOT_LOOKED
    launch: Launch | None = None
    """How it was started: by a process that was seen, or else as a file tells it."""
    local: bool = True
    config: tuple[tuple[str, str], ...] = ()
    config_path: str = ""
    progress: Progress = Progress()
    reported: Mapping[tuple[str, str], Reported] = field(default_factory=dict[tuple[str, str], Reported])
    """What `progress` was merged from: (field, source) -> its newest word."""
    milestones: tuple[Milestone, ...] = ()
    seen: Mapping[str, Seen] = field(default_factory=dict[str, Seen])
    life: Life = Life()
    statuses: Mapping[str, SourceStatus] = field(default_factory=dict[str, SourceStatus])
    profiles: tuple[Profile, ...] = ()
    expected: Expected | None = None
    judged: Mapping[str, Judged] = field(default_factory=dict[str, "Judged"])
    """By metric, for those of which something is expected."""
    findings: tuple[Finding, ...] = ()
    care: Mapping[str, Care] = field(default_factory=dict[str, Care])
    """By finding: what its reader did about it, when it recovered and came again."""
    rules: tuple[RuleFile, ...] = ()
    """Rules of the user's own by which log lines are judged besides those that ship."""
    memories: Mapping[str, object] = field(default_factory=dict[str, object])

    @property
    def primary_log(self) -> LogView | None:
        """The log that a reader opens first."""
        for path in self.run.logs:
            if path in self.logs:
                return self.logs[path]
        return next(iter(self.logs.values()), None)

    @property
    def worst(self) -> Finding | None:
        """The finding that leads the header: active, not acknowledged, worst first."""
        return next((f for f in self.findings if f.active and not f.acknowledged), None)

    @property
    def still_reading(self) -> tuple[str, ...]:
        """Logs and W&B files of the run that have not been read to their end yet; nothing is concluded before."""
        read = {s.path for s in self.statuses.values() if not s.backfilling}
        return tuple(p for p in (*self.run.logs[:LOG_LIMIT], *self.run.wandb) if p not in read)

    @property
    def complete(self) -> bool:
        """Whether every source that was found has been read in full."""
        return not self.still_reading and all(s.complete for s in self.statuses.values())
