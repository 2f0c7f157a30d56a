"""Checkpoints that cannot be resumed from, and saves cut short."""

from __future__ import annotations

from collections.abc import Sequence

from lptui.detect import Detector
from lptui.model.events import CheckpointsSeen, Event
from lptui.model.finding import Change, Evidence, Finding, Fix
from lptui.model.readings import CheckpointReading
from lptui.model.value import frozen
from lptui.state.run_state import RunState
from lptui.text import plural, sanitise, short_bytes

BAD = {
    "truncated": "is cut short",
    "empty": "is empty",
    "unreadable-pickle": "cannot be read back",
    "zeroed": "is partly zeros",
    "crc-mismatch": "is damaged (checksum)",
    "non-finite-weights": "holds NaN or infinity in its weights",
    "unsafe-pickle": "holds a pickle that would run code",
    "mismatch": "does not fit its partner file",
    "incomplete": "is not complete",
}
PASS_OVER = ("metta", "dcp", "orbax")
"""Frameworks that do not take a folder which is not complete; the others fail on it."""
GOOD = ("ok", "ok-unverified", "ok-verified", "custom-pickle")


@frozen
class Memory:
    raised: tuple[Finding, ...] = ()


def step(memory: Memory, event: Event, state: RunState) -> tuple[Memory, Sequence[Change]]:
    """One finding per bad checkpoint, one for leftovers, one for saving that stopped."""
    findings = [_bad(c, state) for c in state.checkpoints if c.verdict in BAD]
    findings += [f for f in (_leftovers(state),) if f is not None]
    new = tuple(findings)
    old = {f.id: f for f in memory.raised}
    changes = [Change.raised(f) for f in new if old.get(f.id) != f]
    changes += [Change.cleared(i) for i in old if i not in {f.id for f in new}]
    return (Memory(new), changes) if changes else (memory, ())


def _fallback(bad: CheckpointReading, state: RunState) -> CheckpointReading | None:
    same = [c for c in state.checkpoints if c.verdict in GOOD and c.role in (bad.role, "full", "policy")]
    return same[-1] if same else None  # oldest first; a copy of a run has one time for all, and is in order of steps


def _bad(bad: CheckpointReading, state: RunState) -> Finding:
    newest = state.checkpoints[-1]
    leading = bad.name == newest.name or bad.role == "trainer_state"
    passed_over = bad.verdict == "incomplete" and bad.framework in PASS_OVER
    fallback = _fallback(bad, state)
    what = "do not load it" if bad.verdict == "unsafe-pickle" else "do not resume from it"
    if fallback is not None and fallback.name != bad.name:
        where = f" (step {fallback.step:,})" if fallback.step is not None else ""
        what += f"; the newest good one is {sanitise(fallback.name)}{where}"
    elif bad.verdict != "unsafe-pickle":
        what += "; there is no other one, so the run would start at step 0"
    return Finding(
        id=f"checkpoint-corrupt:{sanitise(bad.name)}",
        cls="checkpoint-unsafe" if bad.verdict == "unsafe-pickle" else "checkpoint-corrupt",
        severity="error" if (leading and not passed_over) or bad.verdict == "unsafe-pickle" else "warning",
        title=f"checkpoint {sanitise(bad.name)} {BAD[bad.verdict]}",
        attempt=state.life.attempts,
        evidence=(
            Evidence(
                f"{sanitise(bad.reason) or bad.verdict} ({short_bytes(bad.size)})",
                kind="checkpoint",
                file=bad.path,
                at=bad.modified_at,
                step=bad.step,
            ),
        ),
        fix=Fix(
            what,
            sanitise(bad.next_step)
            or "a kill or a full disk in mid-write leaves such a file; write to a temporary name and rename",
            "",
            "the checkpoint list shows ok for the one that the run resumes from",
        ),
        first_seen=bad.modified_at,
        step=bad.step,
    )


def _leftovers(state: RunState) -> Finding | None:
    if not state.leftovers:
        return None
    names = [sanitise(n.rsplit("/", 1)[-1]) for n in state.leftovers]
    return Finding(
        id="checkpoint-leftover",
        cls="checkpoint-interrupted",
        severity="warning",
        title=f"{plural(len(names), 'save')} was interrupted: {', '.join(names[:3])}"
        + (" …" if len(names) > 3 else ""),
        role="symptom",
        attempt=state.life.attempts,
        evidence=tuple(Evidence(n, kind="checkpoint", file=n) for n in state.leftovers[:6]),
        fix=Fix(
            "the checkpoint before it is the one to trust; the leftover can be deleted",
            "the writer was killed in mid-save",
        ),
    )


CHECKPOINTS = Detector("checkpoints", Memory(), step, (CheckpointsSeen,))
