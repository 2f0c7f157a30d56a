"""The life of findings: what a reader did about them, when they recovered, and that one which comes again alarms again.

Worked out at each tick, not at each change: while the past is being read findings come and go in any order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from lptui.model.care import BY_READER, MOST_KEPT, Care, CareEntry, is_over
from lptui.model.events import CareTaken, CareWanted
from lptui.model.finding import Finding
from lptui.state.run_state import RunState

MOST_FINDINGS = 300
_DATED = frozenset(("log", "metric", "checkpoint", "file"))
"""Kinds of evidence whose time is that of the failure, not that of our looking."""
_SLACK = 1.0


def remember(state: RunState, event: CareTaken) -> RunState:
    """`state` with what was kept of an earlier watch."""
    return _with(state, _add(state.care, event.entries))


def take_care(state: RunState, event: CareWanted) -> RunState:
    """`state` after its reader acknowledged, snoozed or woke a finding. `event.seen_at` is when."""
    entry = event.entry
    if entry.act == "snoozed" and entry.until is None:
        entry = replace(entry, attempt=state.life.attempts)
    return _with(state, _add(state.care, (entry,)))


def tend(state: RunState) -> RunState:
    """`state` at a tick: snoozes that ended, findings that are new, that recovered, that came again."""
    care = _wake(state)
    if not state.still_reading:
        care = _follow(state, care)
    return state if care is state.care else _with(state, care)


def silence(findings: Iterable[Finding], care: Mapping[str, Care]) -> tuple[Finding, ...]:
    """`findings`, those marked of which their reader wants to hear no more; an incident is silent with its root."""
    found = tuple(findings)
    quiet = {f.id for f in found if (known := care.get(f.id)) is not None and known.quiet is not None}
    incidents = {i for f in found if f.id in quiet and f.role == "root" for i in (f.incident, f.id) if i}
    return tuple(_mark(f, f.id in quiet or (f.role != "root" and f.incident in incidents)) for f in found)


def _mark(finding: Finding, quiet: bool) -> Finding:
    return finding if finding.acknowledged == quiet else replace(finding, acknowledged=quiet)


def _with(state: RunState, care: Mapping[str, Care]) -> RunState:
    findings = silence(state.findings, care)
    same = all(a is b for a, b in zip(findings, state.findings, strict=True))
    return replace(state, care=care, findings=state.findings if same else findings)


def _add(care: Mapping[str, Care], entries: Iterable[CareEntry]) -> Mapping[str, Care]:
    table = dict(care)
    for entry in entries:
        old = table.get(entry.finding)
        if old is None and len(table) >= MOST_FINDINGS and entry.act not in BY_READER:
            continue
        table[entry.finding] = _append(old or Care(), entry)
    return table


def _append(care: Care, entry: CareEntry) -> Care:
    entries = (*care.entries, entry)
    if len(entries) > MOST_KEPT:
        entries = (entries[0], *entries[-MOST_KEPT + 1 :])
    quiet = care.quiet
    if entry.act in ("acknowledged", "snoozed"):
        quiet = entry
    elif entry.act in ("woken", "again"):
        quiet = None
    return replace(care, entries=entries, quiet=quiet)


def _wake(state: RunState) -> Mapping[str, Care]:
    attempts = state.life.attempts
    over = [i for i, c in state.care.items() if c.quiet is not None and is_over(c.quiet, state.now, attempts)]
    return _add(state.care, (CareEntry(i, "woken", state.now) for i in over)) if over else state.care


def _follow(state: RunState, care: Mapping[str, Care]) -> Mapping[str, Care]:
    here = {f.id: f for f in state.findings if f.active}
    news = [entry for f in here.values() if (entry := _news(f, care.get(f.id), state.now)) is not None]
    news += [CareEntry(i, "recovered", state.now) for i, c in care.items() if c.met and not c.over and i not in here]
    met = {i: replace(care.get(i, Care()), met=True) for i in here if not (i in care and care[i].met)}
    if len(care) + len(met) > MOST_FINDINGS:
        met = {i: c for i, c in met.items() if i in care}
    return _add({**care, **met}, news) if met or news else care


def _news(finding: Finding, care: Care | None, now: float) -> CareEntry | None:
    """That an active finding is new, or that it came again after it was over or after it was silenced."""
    if care is None or not any(e.act not in BY_READER for e in care.entries):
        return CareEntry(finding.id, "seen", _began(finding) or finding.first_seen or now)
    if care.over:
        return CareEntry(finding.id, "again", max(now if care.met else (_began(finding) or now), care.entries[-1].at))
    began = _began(finding)
    if not care.met and care.quiet is not None and began is not None and began > care.quiet.at + _SLACK:
        return CareEntry(finding.id, "again", began)  # it came back while nobody looked
    return None


def _began(finding: Finding) -> float | None:
    """When what is shown as its decisive evidence happened, if that is dated."""
    first = finding.evidence[0] if finding.evidence else None
    return first.at if first is not None and first.kind in _DATED else None
