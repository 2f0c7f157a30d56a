"""What a reader wants to see of a log, and where in it they want to go."""

from __future__ import annotations

from typing import Literal

from lptui.model.value import frozen

LEVELS = ("debug", "info", "warning", "error", "critical")


@frozen
class LogQuery:
    """Rows that fulfil all of this; an empty one keeps every row.

    `text` and each of `unless` are patterns (RE2 syntax, case-insensitive without an upper-case letter); `level` is the
    least one; `findings`: only rows at `places`, which the screen fills in. Times are unix s, `last` counts seconds
    back from the newest write; `context` is how many lines around each row are shown too.
    """

    text: str = ""
    unless: tuple[str, ...] = ()
    level: str = ""
    ranks: tuple[int, ...] = ()
    findings: bool = False
    places: tuple[int, ...] = ()
    since: float | None = None
    until: float | None = None
    last: float | None = None
    step_from: float | None = None
    step_to: float | None = None
    context: int = 0

    @property
    def bounded(self) -> bool:
        """Whether it names a range of times or steps."""
        return any(v is not None for v in (self.since, self.until, self.last, self.step_from, self.step_to))


EVERYTHING = LogQuery()


@frozen
class LogPlace:
    """A place to go to: a line number (from 1; negative: from the end), a share of the file in percent, a time (unix
    s) or a step."""

    kind: Literal["line", "percent", "time", "step"]
    value: float
