"""Whether a run can resume: the answer, what it rests on, and what every framework's rule shares. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from lptui.model.launch import Launch
from lptui.model.readings import CheckpointPointer, CheckpointReading
from lptui.model.run import Layout
from lptui.model.value import frozen

Answer = Literal["yes", "yes-but", "no", "unknown"]
GOOD = ("ok", "ok-unverified", "ok-verified", "custom-pickle", "unread")
LOADED = ("full", "policy", "trainer_state")


@frozen
class Readiness:
    """Whether and from what the run can resume. `rule` says how the candidate is chosen, `command` what to type.

    `fallback` is the newest good checkpoint where the candidate is none. `steps_at_risk` and `seconds_at_risk` is the
    work since what would really be loaded; None where it is not known. `note` is what one should know before typing
    the command: where it comes from, what it leaves out.
    """

    answer: Answer
    reason: str
    rule: str
    candidate: CheckpointReading | None = None
    fallback: CheckpointReading | None = None
    command: str = ""
    next_step: str = ""
    steps_at_risk: int | None = None
    seconds_at_risk: float | None = None
    note: str = ""

    @property
    def loaded(self) -> CheckpointReading | None:
        """What training would really go on from: the candidate, or the fallback where that is none."""
        return self.candidate if self.answer in ("yes", "yes-but") else self.fallback


@frozen
class Situation:
    """What a rule decides from. `launch` is how the run was started, as far as anything tells."""

    checkpoints: tuple[CheckpointReading, ...]
    run: str
    layout: Layout = "generic"
    pointers: tuple[CheckpointPointer, ...] = ()
    launch: Launch | None = None

    def of_role(self, *roles: str) -> list[CheckpointReading]:
        return [c for c in self.checkpoints if c.role in roles]


def accept(
    candidate: CheckpointReading, rule: str, command: str, note: str, fallback: CheckpointReading | None
) -> Readiness:
    """It would be loaded, as far as is known."""
    if candidate.verdict == "unread":
        return Readiness("unknown", "it has not been looked into yet", rule, candidate, fallback, command, note=note)
    if candidate.verdict == "custom-pickle":
        text = f"it loads only with weights_only=False, which runs code: {candidate.reason}"
        return Readiness("yes-but", text, rule, candidate, fallback, command, note=note)
    text = "every byte of it was verified" if candidate.verdict == "ok-verified" else _AS_FAR
    return Readiness("yes", text, rule, candidate, fallback, command, note=note)


_AS_FAR = "it is whole as far as its index and sizes tell"


def doubt(
    candidate: CheckpointReading,
    text: str,
    rule: str,
    command: str = "",
    note: str = "",
    *,
    fallback: CheckpointReading | None = None,
    next_step: str = "",
) -> Readiness:
    """It would be loaded, and something would not be as one expects."""
    return Readiness("yes-but", text, rule, candidate, fallback, command, next_step, note=note)


def refuse(bad: CheckpointReading, fallback: CheckpointReading | None, rule: str, what: str) -> Readiness:
    """The candidate cannot be loaded: `what` its loader does then."""
    if bad.verdict == "being-written":
        return Readiness("unknown", f"{bad.name} is being written", rule, bad, fallback, "", "wait for the save to end")
    reason = f"{bad.name} is {bad.verdict} ({bad.reason or 'see lptui ckpt show'}): {what}"
    step = f"resume from {fallback.name} instead" if fallback else "there is no other one: a restart begins at step 0"
    return Readiness("no", reason, rule, bad, fallback, "", step)


def newest(checkpoints: Iterable[CheckpointReading]) -> CheckpointReading | None:
    """By time; of those written within two seconds (a copy of a whole run) the one that is furthest."""
    return max(checkpoints, key=lambda c: (c.modified_at // 2, _far(c), c.name), default=None)


def newest_good(
    checkpoints: Sequence[CheckpointReading], other_than: CheckpointReading | None = None
) -> CheckpointReading | None:
    """The newest that could be loaded."""
    return newest(c for c in checkpoints if c.verdict in GOOD and c is not other_than)


def _far(checkpoint: CheckpointReading) -> int:
    return checkpoint.progress if checkpoint.progress is not None else -1
