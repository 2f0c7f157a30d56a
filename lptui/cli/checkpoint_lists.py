"""What `ckpt ls` and `ckpt resume` print: lines for a reader, plain data for a program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from lptui.model.readings import CheckpointReading
from lptui.run.checkpoint_room import MANY, Retention, Room
from lptui.run.checkpoint_series import Cadence
from lptui.run.checkpoint_summary import RunCheckpoints
from lptui.run.readiness import Readiness
from lptui.run.resume_proof import ResumeProof
from lptui.text import plural, sanitise, short_bytes, short_duration
from lptui.text.secrets import mask_text
from lptui.text.units import date
from lptui.text.width import fit

GLYPHS = {
    "ok": "●",
    "ok-unverified": "●",
    "ok-verified": "●",
    "custom-pickle": "▲",
    "being-written": "…",
    "unread": "·",
}
_SAYS = {"proven": "●", "contradicted": "✖", "open": "·"}


def list_lines(rows: Sequence[CheckpointReading]) -> Iterator[str]:
    """A table, oldest first; below it what is wrong with each bad one and what to do."""
    if not rows:
        yield "no checkpoint there"
        return
    width = max(10, min(44, max(len(row.name) for row in rows)))
    yield f"  {fit('checkpoint', width)}  {'step':>12}  {'epoch':>7}  {'size':>10}  written              verdict"
    for row in rows:
        yield row_line(row, width)
    for row in rows:
        if row.verdict not in ("ok", "ok-verified", "unread"):
            yield f"{row.name}: {row.verdict}: {row.reason}" + (f"; {row.next_step}" if row.next_step else "")


def row_line(row: CheckpointReading, width: int = 28) -> str:
    """One checkpoint in one line."""
    step = f"{row.step:,}" if row.step is not None else "-"
    epoch = f"{row.epoch:,}" if row.epoch is not None else "-"
    share = f" ({row.size / row.usual_size:.0%} of the usual size)" if row.usual_size else ""
    return (
        f"{GLYPHS.get(row.verdict, '✖')} {fit(row.name, width)}  {step:>12}  {epoch:>7}  "
        f"{short_bytes(row.size):>10}  {date(row.modified_at):<19}  {row.verdict}{share}"
    )


def row_json(row: CheckpointReading) -> dict[str, Any]:
    """A row of the list as plain data."""
    return {
        "path": row.path,
        "name": row.name,
        "role": row.role,
        "verdict": row.verdict,
        "reason": row.reason or None,
        "next_step": row.next_step or None,
        "step": row.step,
        "epoch": row.epoch,
        "size": row.size,
        "usual_size": row.usual_size,
        "files": row.files,
        "modified_at": row.modified_at,
        "save_seconds": row.save_seconds,
        "format": row.format or None,
        "framework": row.framework or None,
        "policy_path": row.policy_path or None,
        "policy_file": row.policy_file or None,
    }


def summary_lines(known: RunCheckpoints, leftovers: Sequence[str]) -> Iterator[str]:
    """Pace, room, breaks, leftovers, and whether the run can resume."""
    total = sum(c.size for c in known.ordered)
    yield f"{plural(len(known.ordered), 'checkpoint')}, {short_bytes(total)}{_pace(known.cadence)}"
    room = _room(known.room)
    if room:
        yield room
    for gap in known.breaks:
        what = "began anew" if gap.kind == "restarted" else "went back"
        since = "; it has caught up since" if gap.overtaken else ""
        yield f"the series {what}: {gap.after.name} was written after {gap.before.name}{since}"
    for path in leftovers:
        yield f"left by a save that did not end: {sanitise(path.rpartition('/')[2])}"
    ready = known.readiness
    what = f" from {ready.loaded.name}" if ready.loaded is not None and ready.answer != "no" else ""
    yield f"can it resume: {ready.answer}{what}: {mask_text(ready.reason)}"


def _pace(cadence: Cadence) -> str:
    if cadence.seconds is None:
        return ""
    steps = f" ({plural(cadence.steps, cadence.counts)})" if cadence.steps else ""
    added = f", {short_bytes(cadence.size)} each" if cadence.size else ""
    hour = f" = {short_bytes(cadence.bytes_per_hour)} an hour" if cadence.bytes_per_hour else ""
    return f"; one every {short_duration(cadence.seconds)}{steps}{added}{hour}"


def _room(room: Room) -> str:
    if room.free is None or room.saves is None:
        return ""
    reason = f"; {room.reason}" if room.reason else ""
    if room.saves >= MANY:
        return f"{short_bytes(room.free)} free, room for over {MANY:,} more saves{reason}"
    by = "" if room.limited_by == "disk" else f", limited by the {room.limited_by}"
    until = f": full in {short_duration(room.seconds)} at this pace" if room.seconds is not None else ""
    return f"{short_bytes(room.free)} free, room for {plural(room.saves, 'more save')}{by}{until}{reason}"


def retention_lines(found: Retention) -> Iterator[str]:
    """What a rule would let go, and what that frees."""
    if not found.drop:
        yield f"this rule keeps all {len(found.keep)}"
        return
    yield f"this rule keeps {len(found.keep)} and frees {short_bytes(found.freed)}; lptui deletes nothing. It lets go:"
    for row in found.drop:
        told = "" if row.verdict in ("ok", "ok-verified", "unread") else f"  {row.verdict}"
        yield f"  {short_bytes(row.size):>10}  {sanitise(row.path)}{told}"


def readiness_lines(readiness: Readiness, proof: ResumeProof | None = None) -> Iterator[str]:
    """Whether, from what, why, and what to type; then what is known of the last restart."""
    candidate = readiness.candidate
    what = "" if candidate is None else f" from {candidate.name}" + _at(candidate)
    yield f"can it resume: {readiness.answer}{what}"
    yield f"  {mask_text(readiness.reason)}"
    yield f"  rule: {readiness.rule}"
    if readiness.fallback is not None and readiness.answer not in ("yes",):
        what = "newest good one" if readiness.answer == "no" else "if not from that"
        yield f"  {what}: {readiness.fallback.name}{_at(readiness.fallback)}"
    if readiness.next_step:
        yield f"  next: {sanitise(readiness.next_step)}"
    if readiness.command:
        yield f"  run:  {readiness.command}"
    if readiness.note:
        yield f"        ({sanitise(readiness.note)})"
    risk = _risk(readiness)
    if risk:
        yield f"  at risk since it: {risk}"
    if proof is not None:
        yield f"attempt {proof.attempt} went on from a checkpoint: {_PROVEN[proof.says]}"
        for check in proof.checks:
            yield f"  {_SAYS[check.says]} {check.name}: {check.text}"


def resume_line(readiness: Readiness) -> str:
    """The answer in one line: for a verdict that is about more than checkpoints."""
    loaded, risk = readiness.loaded, _risk(readiness)
    but = "but " if readiness.answer == "no" else ""
    source = f", {but}from {loaded.name}" if loaded is not None else ""
    return f"can it resume: {readiness.answer}{source}" + (f", {risk} at risk" if risk else "")


def _risk(readiness: Readiness) -> str:
    risk = [f"{readiness.steps_at_risk:,} steps"] if readiness.steps_at_risk else []
    risk += [short_duration(readiness.seconds_at_risk)] if (readiness.seconds_at_risk or 0) >= 1 else []
    return ", ".join(risk)


_PROVEN = {"proven": "proven", "contradicted": "no", "open": "not proven yet"}


def _at(checkpoint: CheckpointReading) -> str:
    parts = [f"step {checkpoint.step:,}"] if checkpoint.step is not None else []
    parts += [f"epoch {checkpoint.epoch:,}"] if checkpoint.epoch is not None else []
    return f" ({', '.join([*parts, date(checkpoint.modified_at)])})"


def readiness_json(readiness: Readiness, proof: ResumeProof | None = None) -> dict[str, Any]:
    """The same as plain data."""
    candidate, fallback = readiness.candidate, readiness.fallback
    return {
        "path": candidate.path if candidate else None,
        "verdict": readiness.answer,
        "reason": mask_text(readiness.reason),
        "step": candidate.step if candidate else None,
        "epoch": candidate.epoch if candidate else None,
        "rule": readiness.rule,
        "command": readiness.command or None,
        "note": readiness.note or None,
        "next_step": readiness.next_step or None,
        "fallback": fallback.path if fallback else None,
        "steps_at_risk": readiness.steps_at_risk,
        "seconds_at_risk": readiness.seconds_at_risk,
        "last_restart": None if proof is None else {
            "attempt": proof.attempt,
            "verdict": proof.says,
            "step": proof.step,
            "checks": [{"name": c.name, "verdict": c.says, "text": c.text} for c in proof.checks],
        },
    }  # fmt: skip
