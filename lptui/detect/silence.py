"""A run that hangs, and one that died without a word: what the witnesses agree on becomes a finding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lptui.detect import Detector
from lptui.model.events import Event, Tick
from lptui.model.finding import Change, Evidence, Finding, Fix, age_out
from lptui.state.run_state import RunState
from lptui.text import short_duration


@dataclass(frozen=True, slots=True)
class Memory:
    """The finding that is raised now, if any, and since when its condition has held."""

    raised: Finding | None = None


def step(memory: Memory, event: Event, state: RunState) -> tuple[Memory, Sequence[Change]]:
    """A stall or a death, raised once and updated when its words change; recovered from when the run goes on."""
    finding = _find(state)
    old = memory.raised
    if finding is None:
        if old is None:
            return memory, ()
        return Memory(), (Change.raised(age_out(old, f"the run is {state.life.condition} again")),)
    if old is not None and (old.id, old.title, old.evidence) == (finding.id, finding.title, finding.evidence):
        return memory, ()
    changes = [Change.raised(finding)]
    if old is not None and old.id != finding.id:
        changes.insert(0, Change.cleared(old.id))
    return Memory(finding), changes


def _find(state: RunState) -> Finding | None:
    if state.life.condition == "stalled":
        return _stall(state)
    if state.life.condition == "crashed" and not _explained(state):
        return _death(state)
    return None


def _explained(state: RunState) -> bool:
    """Whether another finding already names why the run ended."""
    return any(
        f.active and f.severity == "error" and f.cls not in ("worker-process-died", "checkpoint-corrupt")
        for f in state.findings
    )


def _witness_evidence(state: RunState) -> tuple[Evidence, ...]:
    # Ages change each second; the times they stand for do not.
    return tuple(
        Evidence(f"{w.name}: {w.says}" + ("" if w.at else f", {w.text}"), kind="process", at=w.at)
        for w in state.life.witnesses
    )


def _stall(state: RunState) -> Finding:
    life = state.life
    pids = [p.pid for p in state.processes or ()]
    silent = [w.name for w in life.witnesses if w.says == "silent"]
    command = f"py-spy dump --pid {pids[0]}" if pids else ""
    return Finding(
        id=f"hung-no-progress:{life.attempts}:{int(life.last_sign or 0)}",
        cls="hung-no-progress",
        severity="error",
        title=f"no progress for more than {short_duration(life.patience)}: "
        f"the process lives, but {' and '.join(silent) or 'everything else'} went silent",
        role="root",
        attempt=life.attempts,
        evidence=_witness_evidence(state),
        fix=Fix(
            "see where every process waits, then end and resume it if it is stuck",
            f"this run usually writes far more often; {short_duration(life.patience)} is 20 of its usual intervals",
            command,
            "the log grows again and the header says running",
        ),
        confidence=0.8,
        first_seen=life.last_sign,
        step=state.progress.step,
    )


def _death(state: RunState) -> Finding:
    life = state.life
    newest = next((c for c in reversed(state.checkpoints) if c.verdict in ("ok", "custom-pickle", "unread")), None)
    resume = f"resume from {newest.name}" if newest else "there is no checkpoint to resume from: it starts at step 0"
    return Finding(
        id=f"worker-process-died:{life.attempts}",
        cls="worker-process-died",
        severity="error",
        title=f"the run died: {life.reason}",
        role="root",
        attempt=life.attempts,
        evidence=_witness_evidence(state),
        fix=Fix(
            f"look for a kill from outside, then {resume}",
            "its log holds no error; killed processes leave none (out of memory, time limit, preemption, kill -9)",
            "dmesg -T | grep -i -E 'killed process|out of memory' | tail",
            "after the restart the header says running and the step grows",
        ),
        confidence=0.7,
        first_seen=life.last_sign,
        step=state.progress.step,
    )


SILENCE = Detector("silence", Memory(), step, (Tick,))
