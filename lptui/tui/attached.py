"""The runs that one screen watches: a monitor each, the newest state of each, and which one is in front."""

from __future__ import annotations

import gc
import importlib
from collections.abc import Callable, Sequence
from typing import Protocol

from textual.message import Message

from lptui.model.finding import Finding
from lptui.model.request import Answer, Request
from lptui.state.run_state import RunState
from lptui.tui.messages import EngineFailed, StateArrived
from lptui.tui.toasts import Told, find_toasts

FREEZES = 60
"""As many seconds of reading history: on a mount that hangs it may never end, and what is frozen is never garbage."""
OnState = Callable[[RunState], None]
OnAnswer = Callable[[Answer], None]
OnFailure = Callable[[Exception], None]


class Monitor(Protocol):
    """What the screen needs of the engine of one run. All callbacks may be called from any thread."""

    def start(self, on_state: OnState, on_failure: OnFailure) -> None: ...
    def follow(self, *, closely: bool) -> None: ...
    def ask(self, request: Request, on_answer: OnAnswer) -> None: ...
    def stop(self) -> None: ...


class Attached:
    """Each run has a slot, a number that stays its own; `slots` are in the order in which they were attached."""

    def __init__(self) -> None:
        self.monitors: dict[int, Monitor] = {}
        self.states: dict[int, RunState] = {}
        self.front = 0
        self._told: dict[int, Told] = {}
        self._next = 0

    def __len__(self) -> int:
        return len(self.monitors)

    @property
    def slots(self) -> list[int]:
        """The numbers of all runs."""
        return list(self.monitors)

    def add(self, monitor: Monitor) -> int:
        """Watch one more run; its slot."""
        slot, self._next = self._next, self._next + 1
        self.monitors[slot] = monitor
        if len(self.monitors) == 1:
            self.front = slot
        return slot

    def watch(self, slot: int, post: Callable[[Message], object]) -> None:
        """Let the monitor of `slot` begin, since the screen stands by now; it posts its states and its failure."""

        frozen_at, freezes_left = 0.0, FREEZES

        def post_state(state: RunState) -> None:
            nonlocal frozen_at, freezes_left
            if state.series or state.findings or state.checkpoints:
                importlib.import_module("numpy")  # for the charts: in the engine's thread, not in that of the screen
            if state.still_reading and state.now != frozen_at and freezes_left:
                frozen_at, freezes_left = state.now, freezes_left - 1
                gc.freeze()  # what history leaves stays too: a search through all of it would hold up the screen
            post(StateArrived(slot, state))

        def post_failure(error: Exception) -> None:
            post(EngineFailed(error))

        self.monitors[slot].follow(closely=slot == self.front)
        gc.freeze()  # what is there stays: no search for garbage needs to look at it again
        self.monitors[slot].start(post_state, post_failure)

    def bring(self, slot: int) -> None:
        """Put that one in front; the one before is followed less closely from now on."""
        for other in {self.front, slot} & self.monitors.keys():
            self.monitors[other].follow(closely=other == slot)
        self.front = slot

    def sort(self, slots: Sequence[int]) -> None:
        """Put the runs in this order."""
        self.monitors = {slot: self.monitors[slot] for slot in slots}

    def drop(self, slot: int) -> Monitor:
        """Watch it no more; its monitor, which is still to be stopped."""
        monitor = self.monitors.pop(slot)
        self.states.pop(slot, None)
        self._told.pop(slot, None)
        if self.front == slot:
            self.front = next(iter(self.monitors), 0)
        return monitor

    def take(self, slot: int, state: RunState) -> Sequence[Finding]:
        """Keep a run's newest state; the findings in it that are news."""
        self.states[slot] = state
        self._told[slot], fresh = find_toasts(self._told.get(slot, Told()), state)
        return fresh

    def ask(self, request: Request, on_answer: OnAnswer) -> None:
        """Ask the monitor of the run in front."""
        if self.front in self.monitors:
            self.monitors[self.front].ask(request, on_answer)

    def gather(self) -> tuple[tuple[RunState, ...], int]:
        """The states in order, and the place of the one in front; none before that one was heard of."""
        if self.front not in self.states:
            return (), 0
        heard = [slot for slot in self.monitors if slot in self.states]
        return tuple(self.states[slot] for slot in heard), heard.index(self.front)

    def step(self, by: int) -> int:
        """The slot `by` places from the one in front, round and round."""
        slots = self.slots
        return slots[(slots.index(self.front) + by) % len(slots)] if self.front in slots else self.front

    def stop(self) -> None:
        """Stop all monitors."""
        for monitor in self.monitors.values():
            monitor.stop()
