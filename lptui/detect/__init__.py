"""events + memory + state -> findings. A detector remembers in a frozen value in the RunState, nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lptui.model.events import Event
from lptui.model.finding import Change
from lptui.model.value import frozen
from lptui.state.run_state import RunState

Step = Callable[[Any, Event, RunState], tuple[Any, Sequence[Change]]]


@frozen
class Detector:
    """One way in which a run can be wrong.

    `step(memory, event, state)` returns the next memory and what changed. `memory` is frozen and bounded; `initial` is
    the first one. `on` are the event types it wants. Backfill comes in any order: the findings must come out the same.
    """

    name: str
    initial: Any
    step: Step
    on: tuple[type[Event], ...]
