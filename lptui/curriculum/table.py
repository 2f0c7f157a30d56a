"""One row a task: what a curriculum says about it, whichever trainer wrote it."""

from __future__ import annotations

from typing import Literal, Protocol

from lptui.model.value import frozen

Column = Literal["probability", "success_rate", "reward", "learning_progress", "completions", "score", "staleness"]


class TaskReading(Protocol):
    """Anything that holds the columns of one task, so that callers may keep more beside them."""

    @property
    def task(self) -> str: ...
    @property
    def probability(self) -> float | None: ...
    @property
    def success_rate(self) -> float | None: ...
    @property
    def reward(self) -> float | None: ...
    @property
    def learning_progress(self) -> float | None: ...
    @property
    def completions(self) -> float | None: ...
    @property
    def score(self) -> float | None: ...
    @property
    def staleness(self) -> float | None: ...


@frozen
class TaskRow:
    """The newest reading of one task; None is a reading that nobody wrote, never 0.

    probability, success_rate in [0, 1]; reward as the trainer scales it; completions a count, or the share
    of recent completions in [0, 1] (Metta logs the share of the last 500).
    """

    task: str
    probability: float | None = None
    success_rate: float | None = None
    reward: float | None = None
    learning_progress: float | None = None
    completions: float | None = None
    score: float | None = None
    staleness: float | None = None
