"""The places that a sifting of a log has found so far. No Textual here."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from operator import neg

from lptui.model.request import Sifted, SiftLog


class Found:
    """Positions of rows, in order: `older` ones came newest first, `newer` ones were added as the log grew."""

    def __init__(self, request: SiftLog) -> None:
        self.request = request
        self.older = array("q")  # descending
        self.newer = array("q")  # ascending
        self.scanned = self.covered = 0
        self.total = 1
        self.done = self.full = False
        self.error = ""

    def __len__(self) -> int:
        return len(self.older) + len(self.newer)

    def __getitem__(self, number: int) -> int:
        """Position `number` from the oldest one found."""
        old = len(self.older)
        return self.older[old - 1 - number] if number < old else self.newer[number - old]

    def count_before(self, position: int) -> int:
        """How many lie before `position`."""
        older = len(self.older) - bisect_right(self.older, -position, key=neg)
        return older + bisect_left(self.newer, position)

    def count_upto(self, position: int) -> int:
        """How many lie at or before `position`."""
        older = len(self.older) - bisect_left(self.older, -position, key=neg)
        return older + bisect_right(self.newer, position)

    def add(self, answer: Sifted) -> None:
        """Take what an answer brings."""
        if answer.request.more:
            newest = self[len(self) - 1] if len(self) else None
            fresh = [at for at in reversed(answer.found) if newest is None or at > newest]
            self.newer.extend(fresh)
        else:
            self.older.extend(answer.found)
            self.scanned, self.total = answer.scanned, answer.total
            self.done, self.full, self.error = answer.done, answer.full, answer.error
        self.covered = max(self.covered, answer.covered)

    def words(self, what: str) -> str:
        """'1,234 matches, 40 %', '1,000,000 rows and older ones'."""
        number = len(self)
        text = f"{number:,} {what if number != 1 else what.removesuffix('es') if what == 'matches' else what[:-1]}"
        if self.full:
            return f"the newest {text}, more are older"
        return text if self.done else f"{text}, {self.scanned * 100 // max(1, self.total)} %"
