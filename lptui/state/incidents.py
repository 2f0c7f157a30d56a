"""Findings of different detectors that are one incident: the first cause leads, the rest is filed under it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from lptui.model.finding import Finding

LOOP_ID = "restart-loop"
NAN = frozenset({"nan-loss", "nan-in-model-or-grad"})


TOLD_TWICE = frozenset(
    {"restart-loop", "resumed-from-scratch", "hung-no-progress", "host-oom-kill", "gpu-hardware-error"}
)
"""What a detector may conclude from witnesses and a line of the log may say as well."""


def relate(findings: Iterable[Finding]) -> list[Finding]:
    """The same findings; an error in the log that comes of numbers seen to break earlier follows from those, and a
    line that says what is concluded from better evidence is filed under that."""
    found = _file_under_loop(_file_under_witnesses(list(findings)))
    onset = next((f for f in found if f.cls in NAN and _is_measured(f) and not f.past), None)
    if onset is None:
        return found
    onset = _trace_back(onset, found)
    found = [onset if f.id == onset.id else f for f in found]
    return [_follow(f, onset) if f.cls in NAN and not _is_measured(f) and not f.past else f for f in found]


def _file_under_loop(found: list[Finding]) -> list[Finding]:
    """What ends one attempt after the other is told by the loop that it makes: stopping that comes first."""
    loop = next((f for f in found if f.id == LOOP_ID and not f.past), None)
    cause = loop.evidence[0].text if loop is not None and loop.evidence else ""
    return [_join_loop(f, bool(cause) and cause == f"each time: {f.title}") for f in found]


def _join_loop(finding: Finding, repeats: bool) -> Finding:
    if repeats and _is_line(finding) and finding.role == "root":
        return replace(finding, role="follow-up", incident=LOOP_ID)
    if finding.incident == LOOP_ID and finding.id != LOOP_ID and not repeats:
        return replace(finding, role="root", incident=finding.id)
    return finding


def _trace_back(onset: Finding, found: Iterable[Finding]) -> Finding:
    """Numbers that broke after the learning rate had jumped or gone follow from that."""
    rates = [f for f in found if f.cls == "lr-off-schedule" and f.severity == "error" and not f.past]
    earlier = [f for f in rates if f.step is not None and onset.step is not None and f.step <= onset.step]
    if not earlier:
        return replace(onset, role="root", incident=onset.id) if onset.role == "follow-up" else onset
    return replace(onset, role="follow-up", incident=earlier[0].id)


def _is_measured(finding: Finding) -> bool:
    """Whether it comes of a metric, printed in a log or not, rather than of what a line says."""
    return finding.anchor is None or finding.evidence[0].kind == "metric"


def _file_under_witnesses(found: list[Finding]) -> list[Finding]:
    leaders = {f.cls: f for f in found if f.cls in TOLD_TWICE and not f.past and not f.id.startswith("log:")}
    if not leaders:
        return found
    moved = {f.id: leaders[f.cls].id for f in found if _is_line(f) and f.cls in leaders}
    related: list[Finding] = []
    for finding in found:
        if finding.id in moved:
            related.append(replace(finding, role="follow-up", incident=moved[finding.id]))
        elif finding.incident in moved:
            related.append(replace(finding, incident=moved[finding.incident]))
        else:
            related.append(finding)
    return related


def _is_line(finding: Finding) -> bool:
    return finding.id.startswith("log:") and not finding.past


def _follow(finding: Finding, root: Finding) -> Finding:
    """The program noticed late what the metrics showed first, and the remedy is that of the onset."""
    leader = root.incident if root.role == "follow-up" else root.id
    return replace(finding, role="follow-up", incident=leader, fix=root.fix or finding.fix)
