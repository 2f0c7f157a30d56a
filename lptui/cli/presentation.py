"""A RunState as JSON (schema 1, documented in docs/check.md) and as sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lptui.model.expectation import Judgement
from lptui.model.finding import Evidence, Finding
from lptui.model.readings import SourceStatus
from lptui.state.run_state import RunState
from lptui.text import clock, format_value, plural, sanitise, short_age, short_bytes, short_duration, short_number
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
        "age_s": None if life.last_sign is None else round(max(0.0, state.now - life.last_sign), 1),
        "attempts": life.attempts,
        "exit_code": life.exit_code,
        "complete": state.complete,
        "sources": [_source(s) for s in state.statuses.values()],
        "findings": [_finding(f) for f in state.findings],
        "expectations": [_expectation(one.judgement) for one in state.judged.values()],
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


def _finding(finding: Finding) -> dict[str, Any]:
    fix = finding.fix
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
        "evidence": [_evidence(e) for e in finding.evidence],
        "fix": None if fix is None else {"what": fix.what, "why": fix.why or None, "verify": fix.verify or None},
        "command": fix.command or None if fix else None,
    }


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
    for finding in active:
        yield from _tell(finding)
    past = len(state.findings) - len(active)
    if past:
        yield f"({plural(past, 'earlier finding')} the run has recovered from; --json lists them)"
    unread = [s for s in state.statuses.values() if not s.complete]
    for status in unread:
        yield f"not read in full: {sanitise(status.source)}: {sanitise(status.detail) or status.condition}"
    if not active:
        yield "no findings" if not unread else "no findings in what could be read"


def _numbers(state: RunState) -> Iterator[str]:
    life, progress = state.life, state.progress
    parts: list[str] = []
    if progress.step is not None:
        share = f" ({progress.step / progress.total:.1%} of {short_number(progress.total)})" if progress.total else ""
        parts.append(f"step {progress.step:,}{share}")
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
        newest = max(state.checkpoints, key=lambda c: c.modified_at)
        where = f", step {newest.step:,}" if newest.step is not None else ""
        yield (
            f"  {plural(len(state.checkpoints), 'checkpoint')}, newest {sanitise(newest.name)} "
            f"({short_bytes(newest.size)}{where}, {newest.verdict})"
        )
    reward = next(
        (k for k in ("overview/reward", "reward", "rollout/ep_rew_mean", "train/loss", "loss") if k in state.series),
        None,
    )
    if reward is not None and (last := state.series[reward].last()) is not None:
        yield f"  {reward} {format_value(last.value)}, {plural(len(state.series), 'metric')} in all"


def _expected(state: RunState) -> Iterator[str]:
    """How many metrics do what is expected of them, and the names of those that do not."""
    judgements = [one.judgement for one in state.judged.values()]
    counts = [(s, sum(j.status == s for j in judgements)) for s in ("violated", "watch", "ok")]
    told = ", ".join(f"{count} {status}" for status, count in counts if count)
    wrong = [j.key for j in judgements if j.status == "violated"]
    if told:
        names = ": " + ", ".join(sanitise(key) for key in wrong[:4]) + (" …" if len(wrong) > 4 else "") if wrong else ""
        yield f"  expectations: {told}{names}"


def _tell(finding: Finding) -> Iterator[str]:
    yield f"{GLYPHS[finding.severity]} {finding.severity}: {finding.title}" + (
        "  (follows from another finding)" if finding.role == "follow-up" else ""
    )
    for evidence in finding.evidence[:3]:
        where = evidence.file or (evidence.anchor.file if evidence.anchor else "")
        place = f"  [{sanitise(where.rsplit('/', 1)[-1])}" + (f":{evidence.line}" if evidence.line else "") + "]"
        yield f"    seen: {cut(mask_text(evidence.text), SEEN_WIDTH)}" + (place if where else "")
    if finding.fix is not None:
        yield f"    fix:  {finding.fix.what}"
        if finding.fix.command:
            yield f"    run:  {finding.fix.command}"
