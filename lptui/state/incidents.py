"""Findings of different detectors that are one incident: the first cause leads, the rest is filed under it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from lptui.model.finding import Finding

NAN = frozenset({"nan-loss", "nan-in-model-or-grad"})


def relate(findings: Iterable[Finding]) -> list[Finding]:
    """The same findings; an error in the log that comes of numbers seen to break earlier follows from those."""
    found = list(findings)
    onset = next((f for f in found if f.cls in NAN and f.anchor is None and not f.past), None)
    if onset is None:
        return found
    return [_follow(f, onset) if f.cls in NAN and f.anchor is not None and not f.past else f for f in found]


def _follow(finding: Finding, root: Finding) -> Finding:
    """The program noticed late what the metrics showed first, and the remedy is that of the onset."""
    return replace(finding, role="follow-up", incident=root.id, fix=root.fix or finding.fix)
