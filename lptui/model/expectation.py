"""What a metric of a healthy run does, and whether this run's does it."""

from __future__ import annotations

from typing import Literal

from lptui.model.value import frozen

Should = Literal[
    "increase", "decrease", "stable", "around", "between", "above", "below", "finite", "schedule", "no-signal"
]
Status = Literal["violated", "watch", "ok", "no data", "no signal"]
STATUSES: tuple[Status, ...] = ("violated", "watch", "ok", "no data", "no signal")
"""Worst first; 'no signal' is said of a metric that reads the same in a healthy and in a dead run."""


@frozen
class Expectation:
    """One rule of a profile: what the metrics that match `keys` (globs) should do."""

    keys: tuple[str, ...]
    should: Should
    low: float | None = None
    high: float | None = None
    target: float | None = None
    """For `around`; `within` is the share of it that is still right."""
    within: float = 0.25
    magnitude: bool = False
    """Judge the absolute value (Stable-Baselines3 logs minus the entropy)."""
    findings: tuple[str, ...] = ()
    """Classes of findings that say that this expectation is violated."""
    excused_by: str = ""
    """Glob of a metric; while its newest values are above `excused_above`, a wrong course is no fault."""
    excused_above: float = 0.0
    means: str = ""
    todo: str = ""
    guide: str = ""
    """What the users' debugging guide said of it, where that is known to be wrong or is answered here."""


@frozen
class Profile:
    """Expectations for one kind of training; it applies when a metric matches one of `applies` and none
    matches one of `unless`."""

    id: str
    title: str
    applies: tuple[str, ...]
    expectations: tuple[Expectation, ...]
    unless: tuple[str, ...] = ()
    origin: str = ""


@frozen
class Judgement:
    """How one metric stands to what is expected of it. `evidence` says what was seen, in the metric's own numbers."""

    key: str
    status: Status
    should: str
    evidence: str
    profile: str
    means: str = ""
    todo: str = ""
    guide: str = ""
