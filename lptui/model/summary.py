"""A run in one row: what a quick look tells of it, and how far that look went."""

from __future__ import annotations

from typing import Literal

from lptui.model.finding import Severity
from lptui.model.value import frozen

Looked = Literal["listed", "glance", "quick", "full", "server"]
"""`listed`: its name and when it was written; `glance`: the last lines of its log and W&B file, and what says that it
ended, not what is wrong; `quick`: the ends of its log and W&B file, small files, processes;
`full`: everything, since it is attached; `server`: what the W&B server says."""

UNLOOKED: tuple[Looked, ...] = ("listed", "glance")
"""What waits for its look: nothing is known of its findings."""


@frozen
class RunSummary:
    """None: not known. Times in unix s, size in bytes."""

    name: str
    path: str
    """Its directory, or `wandb://ENTITY/PROJECT/ID`."""
    layout: str = ""
    looked: Looked = "listed"
    condition: str = "unknown"
    """As `Life.condition`, or what the server calls it; after a glance `silent`: nobody writes it, and how it ended is
    not known yet."""
    reason: str = ""
    modified_at: float | None = None
    """The newest sign of life."""
    step: int | None = None
    total: int | None = None
    epoch: int | None = None
    steps_per_second: float | None = None
    metric: str = ""
    """Name of the headline metric (reward, success, loss), and its newest value."""
    value: float | None = None
    restarts: int | None = None
    severity: Severity | None = None
    """Of the worst finding; `finding` is its title and `cls` its class."""
    finding: str = ""
    cls: str = ""
    findings: int = 0
    """Active ones, follow-ups not counted."""
    checkpoints: int = 0
    size: int | None = None
    tags: tuple[str, ...] = ()

    @property
    def share(self) -> float | None:
        """How far it is, 0 to 1."""
        return self.step / self.total if self.step is not None and self.total else None


@frozen
class RunBoard:
    """All runs below some roots at one instant, and how far the look at them is."""

    rows: tuple[RunSummary, ...] = ()
    now: float = 0.0
    listed: bool = False
    """Whether all names are known; `looked` of them were looked at."""
    looked: int = 0
    notes: tuple[str, ...] = ()
    """Roots that cannot be read, what was left out."""
    where: tuple[str, ...] = ()


def needs_attention(run: RunSummary, now: float) -> int:
    """0 for what should be looked at first: alarms of what still runs, then fresh crashes, then what runs."""
    alive = run.condition in ("running", "stalled", "waiting", "pending")
    if run.condition == "stalled" or (alive and run.severity == "error"):
        return 0
    recent = run.modified_at is not None and now - run.modified_at < 86400.0
    if run.condition in ("crashed", "failed", "killed") and recent:
        return 1
    if alive:
        return 2 if run.severity == "warning" else 3
    return 4


def board_order(rows: tuple[RunSummary, ...], now: float) -> tuple[RunSummary, ...]:
    """What needs attention first, then newest first."""
    return tuple(sorted(rows, key=lambda r: (needs_attention(r, now), -(r.modified_at or 0.0), r.path)))
