"""What is known about a run's checkpoints, from its state: the values that `run.checkpoint_summary` asks for."""

from __future__ import annotations

from dataclasses import replace

from lptui.model.events import CheckpointsSeen
from lptui.run.checkpoint_history import remember
from lptui.run.checkpoint_summary import RunCheckpoints, summarise, understand
from lptui.run.readiness import Readiness
from lptui.state.run_state import RunState

_ENDED = ("finished", "crashed")
_BROKEN = ("nan-loss", "nan-in-model-or-grad")


def take_checkpoints(state: RunState, event: CheckpointsSeen) -> RunState:
    """`state` with a new list, and what its change tells of saves and deletions."""
    history = remember(state.saving.history, state.checkpoints, event.checkpoints, event.seen_at or state.now)
    return replace(
        state,
        checkpoints=event.checkpoints,
        leftovers=event.leftovers,
        pointers=event.pointers,
        saving=understand(event.checkpoints, history),
    )


def run_checkpoints(state: RunState) -> RunCheckpoints:
    """Everything about the checkpoints of a run: cheap enough for each redraw, and the same for the same state."""
    now = state.life.last_sign if state.life.condition in _ENDED else state.now
    return summarise(state.checkpoints, state.saving, state.host, readiness(state), now or None)


def readiness(state: RunState) -> Readiness:
    """Whether the run could go on from what lies there, and what would be lost."""
    from lptui.run.recovery import assess  # here, not at the top: its rules wait for checkpoints

    return assess(
        state.checkpoints,
        state.run.layout,
        state.run.name,
        step=state.progress.step,
        now=counted_until(state),
        launch=state.launch,
        pointers=state.pointers,
        breaks=state.saving.breaks,
        alive=bool(state.processes),
        broke_at=_broke_at(state),
    )


def _broke_at(state: RunState) -> int | None:
    """The step since which the run's numbers have not been finite, by what is found now."""
    return min((f.step for f in state.findings if f.active and f.cls in _BROKEN and f.step is not None), default=None)


def counted_until(state: RunState) -> float | None:
    """The time up to which work was done: now for a run that lives, else its last sign of life."""
    alive = state.life.condition in ("running", "stalled")
    return (state.now if alive else state.life.last_sign) or None
