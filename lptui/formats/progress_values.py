"""What one statement of progress says: a line of a log, a bar, or a table of many lines."""

from __future__ import annotations

from typing import Literal

from lptui.model.value import frozen

Role = Literal["", "training", "epochs", "validation", "test", "other"]


@frozen
class Progress:
    """How far a run says it is. What a line does not say is None.

    `form`: metta, bar, dict, pairs or table. `step_resolution`: the step is known to so many steps (Metta of 2025-08
    prints a percentage only). `train`, `rollout`, `stats`: shares of the epoch's time, 0 to 1. `label`: the
    run's name, or what stands before a bar (a bar may count other things than training steps). `role`: what a bar
    counts, as far as its label says; `epochs`: how many there are to be; `first_epoch`: the number of the first one,
    where the form tells; `epoch_steps`: the steps of one epoch, where the bar does not say how many there will be;
    `share`: how far a bar is that counts nothing, 0 to 1.
    """

    form: str
    epoch: float | None = None
    step: int | None = None
    total_steps: int | None = None
    step_resolution: int = 1
    steps_per_second: float | None = None
    train: float | None = None
    rollout: float | None = None
    stats: float | None = None
    label: str = ""
    metrics: tuple[tuple[str, float], ...] = ()
    role: Role = ""
    epochs: int | None = None
    first_epoch: int | None = None
    epoch_steps: int | None = None
    share: float | None = None
