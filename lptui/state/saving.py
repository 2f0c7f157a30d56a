"""What is known about a run's checkpoints, from its state: the values that `run.checkpoint_summary` asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lptui.model.events import CheckpointsSeen
from lptui.model.readings import CheckpointReading
from lptui.run.checkpoint_history import remember
from lptui.run.checkpoint_summary import RunCheckpoints, summarise, understand
from lptui.run.recovery import Readiness, assess
from lptui.state.run_state import RunState

_ENDED = ("finished", "crashed")


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
    now = counted_until(state)
    return summarise(state.checkpoints, state.saving, state.host, readiness(state), now)


def readiness(state: RunState, checkpoints: Sequence[CheckpointReading] | None = None) -> Readiness:
    """Whether the run could go on from what lies there, and what would be lost."""
    return assess(
        state.checkpoints if checkpoints is None else checkpoints,
        state.run.layout,
        state.run.name,
        step=state.progress.step,
        now=counted_until(state),
        launch=state.launch,
        pointers=state.pointers,
        breaks=state.saving.breaks,
        alive=bool(state.processes),
    )


def counted_until(state: RunState) -> float | None:
    """The time up to which work was done: now, or the last sign of life of a run that ended."""
    ended = state.life.condition in _ENDED
    return (state.life.last_sign if ended else state.now) or None
