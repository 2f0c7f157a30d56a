"""What is wrong, since when, why we think so, and what to do about it."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from lptui.model.place import Anchor
from lptui.model.value import frozen

Severity = Literal["info", "warning", "error"]
Role = Literal["root", "follow-up", "symptom"]
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "error")


def rank(severity: Severity) -> int:
    """info 0, warning 1, error 2."""
    return SEVERITIES.index(severity)


@frozen
class Evidence:
    """One thing seen: a log line, a metric point, a checkpoint, a device, a process. `text` is what a reader sees."""

    text: str
    kind: Literal["log", "metric", "checkpoint", "gpu", "process", "file", "host"] = "log"
    file: str = ""
    line: int | None = None
    """1-based line number in `file`, when it is known."""
    anchor: Anchor | None = None
    step: float | None = None
    at: float | None = None


@frozen
class Fix:
    """What to do, in the user's own numbers. `command` is what `y` copies; empty when none can be offered safely."""

    what: str
    why: str = ""
    command: str = ""
    verify: str = ""
    confidence: float = 1.0
    """How sure it is to help, 0 to 1."""


@frozen
class Finding:
    """One thing that is, or was, wrong. `id` is stable: class + attempt + fingerprint of the cause."""

    id: str
    cls: str
    severity: Severity
    title: str
    role: Role = "root"
    incident: str = ""
    attempt: int = 1
    evidence: tuple[Evidence, ...] = ()
    fix: Fix | None = None
    confidence: float = 1.0
    first_seen: float | None = None
    last_seen: float | None = None
    step: int | None = None
    ranks: tuple[int, ...] = ()
    count: int = 1
    past: bool = False
    """The run has recovered from it (or it belongs to an earlier attempt): shown, but it no longer alarms."""
    past_reason: str = ""
    acknowledged: bool = False
    """Its reader knows: acknowledged or snoozed. It is listed, but does not alarm."""
    metrics: tuple[str, ...] = ()
    """Keys of the metrics that it was seen in; empty: of none in particular (a line of the log, a device)."""

    @property
    def active(self) -> bool:
        return not self.past

    @property
    def anchor(self) -> Anchor | None:
        """Where in a log it is shown, if it was seen in one."""
        return next((e.anchor for e in self.evidence if e.anchor is not None), None)


@frozen
class Change:
    """What a detector says of one finding: raised or updated (`finding` is its new value), or cleared."""

    id: str
    finding: Finding | None

    @staticmethod
    def raised(finding: Finding) -> Change:
        return Change(finding.id, finding)

    @staticmethod
    def cleared(finding_id: str) -> Change:
        return Change(finding_id, None)


def sort_key(finding: Finding) -> tuple[bool, int, int, float, str]:
    """Order in which findings are shown: active first, worst first, roots before followers, then oldest first."""
    roles = {"root": 0, "symptom": 1, "follow-up": 2}
    return (finding.past, -rank(finding.severity), roles[finding.role], finding.first_seen or 0.0, finding.id)


def age_out(finding: Finding, reason: str) -> Finding:
    """The same finding, recovered from."""
    return replace(finding, past=True, past_reason=reason)
