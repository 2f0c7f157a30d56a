"""Saving over time: stopped while training goes on, filling the disk, begun anew below what there was."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Sequence

from lptui.detect import Detector
from lptui.model.events import CheckpointsSeen, Event, HostSeen, Tick
from lptui.model.finding import Change, Evidence, Finding, Fix
from lptui.model.value import frozen
from lptui.run.checkpoint_room import simulate_retention
from lptui.run.checkpoint_summary import RunCheckpoints, is_stale
from lptui.state.run_state import RunState
from lptui.state.saving import run_checkpoints
from lptui.text import plural, sanitise, short_bytes, short_duration, short_number

SOON, LATE = 24 * 3600.0, 30 * 3600.0
"""Seconds to a full disk below which it alarms, and above which it no longer does."""
LONG_STALE = 10.0
SAVE_FAILURES = ("checkpoint-saving-fails", "component-failed", "disk-full", "network-error", "auth-failure")
"""Classes of log lines that explain why nothing is saved any more."""
KEEP = 5


@frozen
class Memory:
    raised: tuple[Finding, ...] = ()


def step(memory: Memory, event: Event, state: RunState) -> tuple[Memory, Sequence[Change]]:
    """Worked out anew at each tick from what is known of the checkpoints; told when its words change."""
    if not state.checkpoints:
        found: tuple[Finding, ...] = ()
    else:
        known = run_checkpoints(state)
        filling = any(f.cls == "disk-filling" for f in memory.raised)
        found = (*_stale(known, state), *_filling(known, state, LATE if filling else SOON), *_began_anew(known, state))
    old = {f.id: f for f in memory.raised}
    changes = [Change.raised(f) for f in found if old.get(f.id) != f]
    changes += [Change.cleared(i) for i in old if i not in {f.id for f in found}]
    return (Memory(found), changes) if changes else (memory, ())


def _stale(known: RunCheckpoints, state: RunState) -> Iterator[Finding]:
    """Training goes on but nothing is saved any more: hours of work at risk, and no error anywhere."""
    if state.life.condition != "running" or known.newest is None or not is_stale(known):
        return
    newest, usual = known.newest, known.cadence.seconds or 0.0
    failures = _save_failures(state, newest.modified_at)
    errors = [_line_of(f) for f in failures[:3]]
    grave = bool(errors) or (known.overdue or 0.0) >= LONG_STALE
    cause = failures[0] if failures else None
    yield Finding(
        id=f"checkpoint-stale:{int(newest.modified_at)}",
        cls="checkpoint-stale",
        severity="error" if grave else "warning",
        title=f"no checkpoint for far longer than usual (every {short_duration(usual)}), while training goes on",
        attempt=state.life.attempts,
        role="root" if cause is None else "follow-up",
        incident="" if cause is None else cause.incident or cause.id,
        evidence=(
            Evidence(
                f"newest: {newest.name}", kind="checkpoint", file=newest.path, at=newest.modified_at, step=newest.step
            ),
            *errors,
            *_disk_evidence(known, state),
        ),
        fix=Fix(
            f"mend what keeps it from saving: {cause.title}"
            if cause is not None
            else "look for save errors in the log and for a full disk",
            "everything since the newest checkpoint would be lost with the process",
            "df -h" if not state.run.path.isprintable() else f"df -h {shlex.quote(state.run.path)}",
            "a new row appears in the checkpoint list",
        ),
        first_seen=newest.modified_at + usual,
        step=newest.step,
    )


def _save_failures(state: RunState, since: float) -> list[Finding]:
    """What the log says of saves that failed, of after the newest one that did not; the plainest first."""
    found = [
        f
        for f in state.findings
        if f.cls in SAVE_FAILURES and f.id.startswith("log:") and f.evidence and (_seen(f) or since) >= since
    ]
    return sorted(found, key=lambda f: SAVE_FAILURES.index(f.cls))


def _seen(finding: Finding) -> float | None:
    return finding.last_seen or finding.first_seen


def _line_of(finding: Finding) -> Evidence:
    line = finding.evidence[0]
    return Evidence(line.text, "log", line.file, line.line, line.anchor, line.step, line.at)


def _disk_evidence(known: RunCheckpoints, state: RunState) -> Iterator[Evidence]:
    room, host = known.room, state.host
    if host is None or room.free is None:
        return
    fits = "no save fits any more" if room.saves == 0 else f"room for {plural(room.saves or 0, 'more save')}"
    what = "" if room.limited_by == "disk" else f", limited by the {room.limited_by}"
    yield Evidence(f"{host.disk_path}: {short_bytes(room.free)} free, {fits}{what}", kind="host")


def _filling(known: RunCheckpoints, state: RunState, within: float) -> Iterator[Finding]:
    """At the present pace the disk is full before the run is done."""
    room, left = known.room, known.room.seconds
    if state.life.condition != "running" or left is None or left > within or known.cadence.saves < 3 or room.saves == 0:
        return
    eta = state.progress.eta
    if eta is not None and eta < left:
        return
    when = f"{math.ceil(left / 3600)} h" if left > 2 * 3600 else f"{math.ceil(left / 600) * 10} min"
    what = {"disk": "the disk of the run", "quota": "the quota on the run's disk"}.get(
        room.limited_by, f"the {room.limited_by}"
    )
    kept = simulate_retention(known.ordered, last=KEEP, needed=_needed(known))
    freed = f"; keeping the newest {KEEP} would free {short_bytes(kept.freed)}" if kept.freed else ""
    path = shlex.quote(state.run.path) if state.run.path.isprintable() else ""
    yield Finding(
        id=f"disk-filling:{room.limited_by}",
        cls="disk-filling",
        severity="warning",
        title=f"{what} is full in about {when} at this pace of saves",
        attempt=state.life.attempts,
        evidence=(Evidence(f"{short_bytes(room.net_per_hour)} an hour stay on the disk", kind="host"),),
        fix=Fix(
            f"save less often, keep fewer, or move old ones away{freed}",
            "the save that does not fit is cut short, and many trainers go on without a word",
            f"lptui ckpt ls {path} --keep-last {KEEP}" if path else "",
            "the time until it is full grows",
        ),
    )


def _needed(known: RunCheckpoints) -> list[str]:
    ready = known.readiness
    return [c.path for c in (ready.candidate, ready.fallback) if c is not None]


def _began_anew(known: RunCheckpoints, state: RunState) -> Iterator[Finding]:
    """The steps on disk fell back to the beginning: a restart that did not resume, told without any log."""
    if any(f.cls == "resumed-from-scratch" and not f.past and not f.id.startswith("log:") for f in _others(state)):
        return
    fallen = known.restarted
    if fallen is not None and fallen.kind == "restarted":
        high, low = fallen.before, fallen.after
        told = f"{low.name} (step {_told(low.progress)}) was written after {high.name} (step {_told(high.progress)})"
        at, step, path = low.modified_at, low.progress, low.path
    elif state.saving.history.falls:
        fall = state.saving.history.falls[-1]
        name = sanitise(fall.path.rpartition("/")[2])
        told = f"{name} held step {fall.before:,}, and holds {fall.after:,} now"
        at, step, path = fall.at, fall.after, fall.path
    else:
        return
    yield Finding(
        id=f"resumed-from-scratch:disk:{int(at)}",
        cls="resumed-from-scratch",
        severity="error",
        title=f"the checkpoints begin anew: {told}",
        attempt=state.life.attempts,
        evidence=(Evidence(told, kind="checkpoint", file=path, at=at, step=step),),
        fix=Fix(
            "stop it before it overwrites what was saved, and resume from the newest whole one of the older series",
            "the run was started again and did not go on from what lay there",
            "",
            "the steps of new checkpoints go on above the older ones",
        ),
        first_seen=at,
        step=step,
        confidence=0.85,
    )


def _others(state: RunState) -> Iterator[Finding]:
    return (f for f in state.findings if not f.id.startswith("resumed-from-scratch:disk:"))


def _told(step: int | None) -> str:
    return f"{step:,}" if step is not None and step < 10**6 else short_number(step)


SAVING = Detector("saving", Memory(), step, (CheckpointsSeen, HostSeen, Tick))
