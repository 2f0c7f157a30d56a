"""Did a restart really go on from a checkpoint? What is known after it, cheapest first, and what follows. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from lptui.model.value import frozen

Says = Literal["proven", "contradicted", "open"]
FAR_BACK = 0.05
"""A first step below this share of what had been reached is a beginning."""
SAME_RATE = 0.25
"""A learning rate that differs by less than this share from the last one before goes on where it was."""


@frozen
class Check:
    """One thing that was looked at: `says`, and the words for a reader."""

    name: str
    says: Says
    text: str


@frozen
class ResumeProof:
    """What is known of the newest restart. `says` is contradicted if any check is, proven if the steps or two other
    checks prove it, else open."""

    attempt: int
    says: Says
    checks: tuple[Check, ...]
    step: int | None = None
    """Where it went on, or began."""


@frozen
class Restart:
    """What is known after a restart. Steps and rates are None where nothing tells them yet.

    `claimed` is the step that the log says was restored, `policy_only` that it speaks of a policy and of no step;
    `held` the steps that any checkpoint holds or held, `saved` those of before the restart; `first` the first live
    step; `reached` the last of the attempt before; `stride` what one record or batch counts; `optimizer` (before,
    after) the optimizer's own steps in the checkpoints around it.
    """

    attempt: int
    claimed: int | None = None
    policy_only: bool = False
    held: tuple[int, ...] = ()
    saved: tuple[int, ...] = ()
    first: int | None = None
    reached: int | None = None
    stride: int = 0
    rates: tuple[float, float] | None = None
    optimizer: tuple[float, float] | None = None


def prove(restart: Restart) -> ResumeProof | None:
    """The checks that can be made by now; None where there is nothing to go by."""
    checks = [c for c in (_log(restart), _steps(restart), _optimizer(restart), _rate(restart)) if c is not None]
    if not checks:
        return None
    return ResumeProof(restart.attempt, _conclude(checks), tuple(checks), restart.first)


def _conclude(checks: Sequence[Check]) -> Says:
    said = {c.name: c.says for c in checks}
    if "contradicted" in said.values():
        return "contradicted"
    proven = [name for name, says in said.items() if says == "proven"]
    return "proven" if "steps" in proven or "optimizer" in proven or len(proven) > 1 else "open"


def _log(restart: Restart) -> Check | None:
    claimed = restart.claimed
    if claimed is None:
        if not restart.policy_only:
            return None
        return Check("log", "open", "the log says that a policy was loaded, and nothing of a trainer state")
    if claimed in restart.held or claimed in restart.saved:
        return Check("log", "proven", f"the log says it restored step {claimed:,}, which a checkpoint held")
    told = (
        "no checkpoint seen held that"
        if restart.held or restart.saved
        else "what the checkpoint held is not known any more"
    )
    return Check("log", "open", f"the log says it restored step {claimed:,}; {told}")


def _steps(restart: Restart) -> Check | None:
    first, start = restart.first, _start(restart)
    if first is None:
        return Check("steps", "open", "no step of the new attempt has been recorded yet") if start is not None else None
    if restart.reached and first < FAR_BACK * restart.reached and (start is None or first < start):
        return Check("steps", "contradicted", f"its first step is {first:,}: {restart.reached:,} had been reached")
    if start is None:
        return None
    if first < start:
        return Check("steps", "contradicted", f"its first step is {first:,}, below the {start:,} that were restored")
    if first <= start + max(restart.stride, 1):
        return Check("steps", "proven", f"its first step is {first:,}: {start:,} and what one batch adds")
    return Check("steps", "open", f"its first recorded step is {first:,}, more than one batch after {start:,}")


def _start(restart: Restart) -> int | None:
    """Where it should go on: as the log says, else at the newest save below the first step."""
    if restart.claimed is not None:
        return restart.claimed
    if restart.first is None:
        return None
    below = [s for s in restart.saved if s <= restart.first and s > 0]
    return max(below, default=None)


def _optimizer(restart: Restart) -> Check | None:
    if restart.optimizer is None:
        return None
    before, after = restart.optimizer
    if after > before:
        return Check("optimizer", "proven", f"the optimizer's own count went on from {before:,.0f} to {after:,.0f}")
    return Check("optimizer", "contradicted", f"the optimizer's own count fell from {before:,.0f} to {after:,.0f}")


def _rate(restart: Restart) -> Check | None:
    if restart.rates is None:
        return None
    before, after = restart.rates
    if before <= 0 or after <= 0:
        return None
    if abs(after - before) <= SAME_RATE * before:
        return Check("schedule", "proven", f"the learning rate goes on: {before:.3g}, then {after:.3g}")
    return Check("schedule", "open", f"the learning rate was {before:.3g} and is {after:.3g}: its schedule may be new")
