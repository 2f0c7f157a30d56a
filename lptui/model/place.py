"""Where and when something happened."""

from __future__ import annotations

from typing import Literal

from lptui.model.value import frozen

Clock = Literal["log", "mtime", "wandb", "host"]


@frozen
class Place:
    """Where an event comes from. `file` is a path relative to the run, or absolute outside of it."""

    run: str = ""
    attempt: int | None = None
    host: str = ""
    rank: int | None = None
    file: str = ""


@frozen
class Moment:
    """A time (unix seconds) as one clock tells it; the truth lies within +- `uncertainty` seconds."""

    at: float
    clock: Clock = "host"
    uncertainty: float = 0.0


@frozen
class Anchor:
    """A place in a log that stays valid: file, its generation (0 is the first one opened), byte offset in it."""

    file: str
    generation: int
    offset: int
