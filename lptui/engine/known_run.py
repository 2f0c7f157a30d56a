"""What the list of runs knows of one of them between two looks."""

from __future__ import annotations

from dataclasses import dataclass

from lptui.model.summary import RunSummary


@dataclass(slots=True)
class KnownRun:
    """A run on the list: when it was written, as its folder says, and what was seen of it when."""

    modified_at: float
    summary: RunSummary
    looked_at: float = 0.0
    cost: float = 0.0
    """Seconds that the last look took."""
