"""Which rows of a file that was written anew are new: loggers rewrite a file when a column appears or at every save."""

from __future__ import annotations

from array import array

from lptui.formats.tables import Row

MOST_ROWS = 2_000_000


class Alignment:
    """Remembers the rows of a file by eight bytes each. After `rewind` the file is read from its start again, and
    `take` gives only what was not there before: nothing twice, whatever part of the old rows is still in it."""

    def __init__(self) -> None:
        self.changed = False
        """Whether a row differed where another was before: the file is of another attempt, or was corrected."""
        self._known: array[int] = array("q")
        self._at: int | None = None  # the known row that comes next in the file; None: all is new

    def rewind(self) -> None:
        """The file begins again."""
        self.changed = False
        self._at = 0 if self._known else None

    def take(self, rows: list[Row]) -> list[Row]:
        """Those of the next `rows` that were not taken before."""
        fresh: list[Row] = []
        for row in rows:
            mark = _mark(row)
            if self._at is not None and self._skip(mark):
                continue
            fresh.append(row)
            if len(self._known) < MOST_ROWS:
                self._known.append(mark)
        return fresh

    def _skip(self, mark: int) -> bool:
        """Whether the row is the known one at this place; the first may lie further on (older ones were dropped)."""
        known, at = self._known, self._at or 0
        if at < len(known) and known[at] == mark:
            self._at = at + 1
            return True
        if at == 0:
            try:
                self._at = known.index(mark) + 1
            except ValueError:
                pass
            else:
                return True
        if at < len(known):  # from here on the file tells another story
            self.changed = True
            del known[at:]
        self._at = None
        return False


def _mark(row: Row) -> int:
    """The same for the same numbers, in whatever order their columns stand (a NaN has no hash of its own)."""
    return hash(frozenset([(name, value if value == value else None) for name, value in row]))
