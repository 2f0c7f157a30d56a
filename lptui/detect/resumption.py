"""Whether the newest restart really went on from a checkpoint: proven, or silently begun anew."""

from __future__ import annotations

from collections.abc import Sequence

from lptui.detect import Detector
from lptui.model.events import CheckpointsSeen, Event, Facts, Samples, StatusSeen, Tick
from lptui.model.finding import Change, Evidence, Finding, Fix
from lptui.model.value import frozen
from lptui.run.resume_proof import ResumeProof
from lptui.state.resuming import resume_proof
from lptui.state.run_state import RunState


@frozen
class Memory:
    raised: Finding | None = None
    basis: tuple[object, ...] = ()


def step(memory: Memory, event: Event, state: RunState) -> tuple[Memory, Sequence[Change]]:
    """Looked at again when an attempt, a line of its life, a checkpoint or the first records of it are new."""
    basis = (
        state.life.attempts,
        len(state.milestones),
        state.still_reading,
        len(state.saving.history.saves),
        (state.progress.at or 0.0) // 60 if state.life.attempts > 1 else 0,
        tuple(f.id for f in state.findings if f.cls == "resumed-from-scratch"),
    )
    if basis == memory.basis or state.life.attempts < 2:
        return memory, ()
    proof = resume_proof(state)
    finding = None if proof is None else _tell(proof, state)
    old = memory.raised
    changes = [Change.raised(finding)] if finding is not None and finding != old else []
    if old is not None and (finding is None or finding.id != old.id):
        changes.append(Change.cleared(old.id))
    return Memory(finding, basis), changes


def _tell(proof: ResumeProof, state: RunState) -> Finding | None:
    told = any(f.cls == "resumed-from-scratch" and not f.past and f.id != _name(proof) for f in state.findings)
    if proof.says == "open" or (proof.says == "contradicted" and told):
        return None
    evidence = tuple(Evidence(f"{c.name}: {c.text}", kind="file") for c in proof.checks)
    since = max((m.at for m in state.milestones if m.kind == "started" and m.at is not None), default=None)
    if proof.says == "proven":
        at = f" at step {proof.step:,}" if proof.step is not None else ""
        return Finding(
            id=_name(proof),
            cls="resume-proven",
            severity="info",
            title=f"attempt {proof.attempt} went on from a checkpoint{at}",
            role="symptom",
            attempt=proof.attempt,
            evidence=evidence,
            first_seen=since,
            step=proof.step,
        )
    reason = next(c.text for c in proof.checks if c.says == "contradicted")
    return Finding(
        id=_name(proof),
        cls="resumed-from-scratch",
        severity="error",
        title=f"attempt {proof.attempt} did not go on from its checkpoint: {reason}",
        attempt=proof.attempt,
        evidence=evidence,
        fix=Fix(
            "stop it before it overwrites what was saved, and see why the state was not found or not used",
            "a policy that loads without its trainer state begins to count at 0 without a word",
            "",
            "the first step of the next attempt is that of the checkpoint",
        ),
        first_seen=since,
        step=proof.step,
    )


def _name(proof: ResumeProof) -> str:
    kind = "resume-proven" if proof.says == "proven" else "resumed-from-scratch"
    return f"{kind}:proof:{proof.attempt}"


RESUMPTION = Detector("resumption", Memory(), step, (Facts, Samples, StatusSeen, CheckpointsSeen, Tick))
