"""What the screen shows at one instant: the runs, the time cursor, the clock."""

from __future__ import annotations

from dataclasses import dataclass

from lptui.model.place import Anchor
from lptui.state.run_state import RunState


@dataclass(frozen=True, slots=True)
class Cursor:
    """One moment that all panes show. Each way to name it is optional: a pane uses what it knows."""

    at: float | None = None
    """Unix time, s."""
    step: float | None = None
    anchor: Anchor | None = None
    """A place in a log."""
    finding_id: str | None = None
    checkpoint: str | None = None
    """Path of the checkpoint that was chosen."""
    origin: str = ""
    """`pane_id` of the pane where it was chosen; that pane need not move."""


@dataclass(frozen=True, slots=True, eq=False)
class Workspace:
    """Frozen; `eq=False`, so a new workspace is a new object and `is` tells a change."""

    runs: tuple[RunState, ...] = ()
    """Those that are watched and have been heard of, in the order in which they were attached."""
    cursor: Cursor | None = None
    now: float = 0.0
    """The newest tick of the engine; goes on while the view is frozen."""
    frozen_at: float | None = None
    """Unix time since when the view stands still, or None."""
    front: int = 0
    """Which of `runs` is shown."""
    attached: int = 1
    """How many are watched; the first states of some may still be under way."""

    @property
    def run(self) -> RunState:
        """The run that is shown."""
        return self.runs[self.front]

    @property
    def others(self) -> tuple[RunState, ...]:
        """The runs that are watched beside the one that is shown."""
        return (*self.runs[: self.front], *self.runs[self.front + 1 :])
