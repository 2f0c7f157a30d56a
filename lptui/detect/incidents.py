"""One cause, one incident: what other processes say when a run breaks joins the failure that broke it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lptui.detect.catalogue import Entry
from lptui.model.finding import Finding

SLACK = 8 * 1024
"""A follow-up may stand this many bytes before its cause: several processes write one file."""
_ANYTHING = "*"
_PRECEDENCE = ("uncaught-exception", "nccl-timeout", "peer-connection-lost", "worker-process-died")
"""Among classes that may follow from anything: which of them is the nearer to the cause."""


@dataclass(frozen=True, slots=True)
class Told:
    """A finding before its incident is known. `order`: (primary log first, file, position)."""

    finding: Finding
    entry: Entry
    order: tuple[int, str, int]


def join_incidents(told: Sequence[Told]) -> list[Finding]:
    """The findings with their roles and incidents, in the order of the log."""
    ordered = sorted(told, key=lambda t: (t.finding.attempt, t.order, t.finding.id))
    causes = {t.finding.id: _find_cause(t, ordered) for t in ordered}
    findings: list[Finding] = []
    for one in ordered:
        root = _follow(one.finding.id, causes)
        finding = replace(one.finding, incident=root)
        if root != finding.id:
            finding = replace(finding, role="follow-up")
        elif one.entry.fatal and finding.role != "root":
            finding = replace(finding, role="root")  # nothing in sight that it follows from
        findings.append(finding)
    return findings


def _follow(start: str, causes: dict[str, str]) -> str:
    """The end of the chain of causes; a ring ends where it began."""
    seen = {start}
    at = start
    while (following := causes.get(at, at)) not in seen:
        seen.add(following)
        at = following
    return at


def _find_cause(one: Told, others: Sequence[Told]) -> str:
    """The finding that `one` follows from, or its own id."""
    if not one.entry.follows:
        return one.finding.id
    candidates = [t for t in others if t is not one and _may_cause(t, one)]
    best = min(candidates, key=lambda t: (t.order[1] != one.order[1], t.order, t.finding.id), default=one)
    return best.finding.id


def _may_cause(cause: Told, one: Told) -> bool:
    if cause.finding.attempt != one.finding.attempt or (cause.finding.past and not one.finding.past):
        return False
    if cause.order[1] == one.order[1] and cause.order[2] > one.order[2] + SLACK:
        return False
    if cause.finding.cls in one.entry.follows:
        return True
    if one.finding.cls in cause.entry.follows:  # the other way round
        return False
    if _ANYTHING not in one.entry.follows or not cause.entry.fatal:
        return False
    if _ANYTHING not in cause.entry.follows:
        return True
    return _precedence(cause) < _precedence(one)


def _precedence(one: Told) -> int:
    return _PRECEDENCE.index(one.finding.cls) if one.finding.cls in _PRECEDENCE else len(_PRECEDENCE)
