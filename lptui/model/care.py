"""What became of a finding: seen, recovered from, come again; acknowledged or snoozed by its reader, and when."""

from __future__ import annotations

from typing import Literal

from lptui.model.value import frozen

Act = Literal["seen", "recovered", "again", "acknowledged", "snoozed", "woken"]
ACTS: tuple[Act, ...] = ("seen", "recovered", "again", "acknowledged", "snoozed", "woken")
BY_READER: frozenset[Act] = frozenset(("acknowledged", "snoozed", "woken"))
MOST_KEPT = 24
"""Entries that are kept of one finding; the first always is."""


@frozen
class CareEntry:
    """One thing that happened to a finding at a time (unix s). `by`: who did it, for what a reader did."""

    finding: str
    act: Act
    at: float
    by: str = ""
    until: float | None = None
    """Unix time until which it is snoozed."""
    attempt: int | None = None
    """It is snoozed until an attempt after this one begins."""


@frozen
class Care:
    """One finding's life. `quiet` is the entry that silences it, or None while it may alarm."""

    entries: tuple[CareEntry, ...] = ()
    quiet: CareEntry | None = None
    met: bool = False
    """Whether it was active while this lptui looked: only then does its absence mean that it is over."""

    @property
    def over(self) -> bool:
        """Whether the newest news of it was that the run had recovered."""
        last = next((e for e in reversed(self.entries) if e.act not in BY_READER), None)
        return last is not None and last.act == "recovered"


def is_over(entry: CareEntry, now: float, attempt: int) -> bool:
    """Whether a snooze has ended; an acknowledgement does not end by itself."""
    if entry.act != "snoozed":
        return False
    if entry.attempt is not None:
        return attempt > entry.attempt
    return entry.until is None or now >= entry.until
