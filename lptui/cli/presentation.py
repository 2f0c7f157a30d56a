"""A RunState as JSON (schema 1, documented in docs/check.md) and as sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from lptui.cli.checkpoint_lists import readiness_json, resume_line
from lptui.cli.metric_text import main_metric, metrics_json
from lptui.model.care import Care, CareEntry
from lptui.model.expectation import Judgement
from lptui.model.finding import Evidence, Finding, Fix
from lptui.model.readings import SourceStatus
from lptui.state.metrics import SERIES_LIMIT
from lptui.state.resuming import resume_proof
from lptui.state.run_state import Progress, RunState
from lptui.state.saving import readiness
from lptui.text import clock, plural, sanitise, short_age, short_bytes, short_duration, short_number
from lptui.text.care import quiet_words
from lptui.text.incident import find_followers, follow_words, rank_words
from lptui.text.secrets import mask_text
from lptui.text.width import cut

SCHEMA = "lptui.check/1"
SEEN_WIDTH = 160
GLYPHS = {"error": "✖", "warning": "▲", "info": "·"}


def to_json(state: RunState) -> dict[str, Any]:
    """The verdict as plain data."""
    life, progress = state.life, state.progress
    return {
        "schema": SCHEMA,
        "run": {"name": state.run.name, "path": state.run.path, "layout": state.run.layout},
        "state": life.condition,
        "state_reason": life.reason,
        "step": progress.step,
        "total_steps": progress.total,
        "epoch": progress.epoch,
        "steps_per_second": progress.steps_per_second,
        "eta_s": None if progress.eta is None else round(progress.eta),
        "share": None if progress.share is None else round(progress.share, 4),
        "age_s": None if life.last_sign is None else round(max(0.0, state.now - life.last_sign), 1),
        "attempts": life.attempts,
        "exit_code": life.exit_code,
        "complete": state.complete,
        "sources": [_source(s) for s in state.statuses.values()],
        "looked": [{"kind": k.kind, "found": list(k.paths), "note": k.note or None} for k in state.run.looked],
        "metrics": metrics_json(state),
        "findings": [_finding(f, state.care.get(f.id)) for f in state.findings],
        "expectations": [_expectation(one.judgement) for one in state.judged.values()],
        "resume": readiness_json(readiness(state), resume_proof(state)) if state.checkpoints else None,
    }


def _expectation(judgement: Judgement) -> dict[str, Any]:
    return {
        "metric": judgement.key,
        "status": judgement.status,
        "should": judgement.should,
        "evidence": judgement.evidence,
        "todo": judgement.todo or None,
        "profile": judgement.profile,
    }


def _source(status: SourceStatus) -> dict[str, Any]:
    return {
        "source": status.source,
        "condition": status.condition,
        "complete": status.complete,
        "why": status.detail or None,
        "path": status.path or None,
    }


def _finding(finding: Finding, care: Care | None) -> dict[str, Any]:
    fix = finding.fix
    quiet = care.quiet if care is not None else None
    return {
        "id": finding.id,
        "class": finding.cls,
        "severity": finding.severity,
        "role": finding.role,
        "active": finding.active,
        "past_reason": finding.past_reason or None,
        "title": finding.title,
        "attempt": finding.attempt,
        "step": finding.step,
        "count": finding.count,
        "incident": finding.incident or None,
        "ranks": list(finding.ranks),
        "confidence": finding.confidence,
        "first_seen": finding.first_seen,
        "last_seen": finding.last_seen,
        "acknowledged": finding.acknowledged,
        "snoozed_until": quiet.until if quiet is not None else None,
        "history": [_history(entry) for entry in care.entries] if care is not None else [],
        "evidence": [_evidence(e) for e in finding.evidence],
        "fix": None if fix is None else _fix(fix),
        "command": fix.command or None if fix else None,
    }


def _fix(fix: Fix) -> dict[str, Any]:
    return {
        "what": fix.what,
        "why": fix.why or None,
        "verify": fix.verify or None,
        "confidence": fix.confidence,
    }


def _history(entry: CareEntry) -> dict[str, Any]:
    return {"what": entry.act, "time": entry.at, "by": entry.by or None, "until": entry.until, "attempt": entry.attempt}


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        "kind": evidence.kind,
        "text": mask_text(evidence.text),
        "file": evidence.file or (evidence.anchor.file if evidence.anchor else None),
        "line": evidence.line,
        "offset": evidence.anchor.offset if evidence.anchor else None,
        "step": None if evidence.step is None else int(evidence.step),
        "time": evidence.at,
    }


def to_sentences(state: RunState) -> Iterator[str]:
    """The verdict for a reader: state, numbers, findings with their fixes, and what could not be read."""
    life = state.life
    yield f"{sanitise(state.run.name)}: {life.condition} - {sanitise(life.reason)}"
    yield from _numbers(state)
    yield from _expected(state)
    active = [f for f in state.findings if f.active]
    followers = find_followers(state.findings)
    under = {f.id for rows in followers.values() for f in rows}
    for finding in active:
        if not finding.acknowledged and finding.id not in under:
            yield from _tell(finding, followers.get(finding.id, ()))
    for finding in active:
        if finding.acknowledged and finding.id not in under:
            words = quiet_words(state.care.get(finding.id)) or "acknowledged"
            yield f"({finding.severity}: {finding.title} - {words})"
    past = len(state.findings) - len(active)
    if past:
        yield f"({plural(past, 'earlier finding')} the run has recovered from; --json lists them)"
    unread = [s for s in state.statuses.values() if not s.complete]
    for status in unread:
        yield f"not read in full: {sanitise(status.source)}: {sanitise(status.detail) or status.condition}"
    if not active:
        yield "no findings" if not unread else "no findings in what could be read"


def _tell_distance(progress: Progress) -> Iterator[str]:
    """'step 1,234 (12.3% of 10k)', or the share that a bar tells."""
    if progress.step is not None:
        share = f" ({progress.step / progress.total:.1%} of {short_number(progress.total)})" if progress.total else ""
        yield f"step {progress.step:,}{share}"
    elif progress.share is not None:
        yield f"{progress.share:.0%} of its bar"


def _numbers(state: RunState) -> Iterator[str]:
    life, progress = state.life, state.progress
    parts: list[str] = []
    parts += _tell_distance(progress)
    if progress.epoch is not None:
        parts.append(f"epoch {progress.epoch:,}")
    if progress.steps_per_second and life.condition in ("running", "stalled"):
        parts.append(f"{short_number(progress.steps_per_second)} steps/s")
    if progress.eta is not None:
        parts.append(f"{short_duration(progress.eta)} left")
    if life.attempts > 1:
        parts.append(f"attempt {life.attempts}")
    if life.last_sign is not None:
        age = short_age(state.now - life.last_sign)
        parts.append(f"last sign of life {age} ago ({life.last_sign_from}, {clock(life.last_sign)})")
    if parts:
        yield "  " + ", ".join(parts)
    if state.checkpoints:
        newest = state.checkpoints[-1]
        where = f", step {newest.step:,}" if newest.step is not None else ""
        yield (
            f"  {plural(len(state.checkpoints), 'checkpoint')}, newest {sanitise(newest.name)} "
            f"({short_bytes(newest.size)}{where}, {newest.verdict})"
        )
        yield "  " + resume_line(readiness(state))
    if state.series:
        full = len(state.series) >= SERIES_LIMIT
        told = f"the first {SERIES_LIMIT:,} metrics; what is beyond them is left out" if full else ""
        yield "  " + ", ".join((*main_metric(state), told or f"{plural(len(state.series), 'metric')} in all"))


def _expected(state: RunState) -> Iterator[str]:
    """How many metrics do what is expected of them, and the names of those that do not."""
    judgements = [one.judgement for one in state.judged.values()]
    counts = [(s, sum(j.status == s for j in judgements)) for s in ("violated", "watch", "ok")]
    told = ", ".join(f"{count} {status}" for status, count in counts if count)
    wrong = [j.key for j in judgements if j.status == "violated"]
    if told:
        names = ": " + ", ".join(sanitise(key) for key in wrong[:4]) + (" …" if len(wrong) > 4 else "") if wrong else ""
        yield f"  expectations: {told}{names}"


def _tell(finding: Finding, followers: Sequence[Finding]) -> Iterator[str]:
    facts = [rank_words(finding.ranks) if len(finding.ranks) > 1 or followers else "", _sure(finding.confidence)]
    facts += ["follows from another finding"] if finding.role == "follow-up" else []
    told = ", ".join(fact for fact in facts if fact)
    yield f"{GLYPHS[finding.severity]} {finding.severity}: {finding.title}" + (f"  ({told})" if told else "")
    for evidence in finding.evidence[:3]:
        where = evidence.file or (evidence.anchor.file if evidence.anchor else "")
        place = f"  [{sanitise(where.rsplit('/', 1)[-1])}" + (f":{evidence.line}" if evidence.line else "") + "]"
        yield f"    seen: {cut(mask_text(evidence.text), SEEN_WIDTH)}" + (place if where else "")
    if followers:
        yield f"    {follow_words(followers)}"
    fix = finding.fix
    if fix is not None:
        sure = _sure(fix.confidence)
        yield f"    fix:  {fix.what}" + (f" ({sure} to help)" if sure else "")
        if fix.command:
            yield f"    run:  {fix.command}"
        if fix.verify:
            yield f"    then: {fix.verify}"


def _sure(confidence: float) -> str:
    return f"{100 * confidence:.0f} % sure" if confidence < 1 else ""
