"""What was learned of a log while it was read: line feeds, times and steps at marks about 64 KiB apart.

History is read newest first and live text is added at the other end, so both ends only ever grow. A `LineIndex` is a
frozen look at them: marks that come later do not change it. About 400 KB for a gigabyte of log.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from dataclasses import field

from lptui.model.value import frozen

SPACING = 64 * 1024
NAN = float("nan")


@frozen
class Mark:
    """A place in a log: `feeds` counts line feeds from the index's origin to `position` (negative before it), `at` is
    when the next dated line was written (unix s), `step` what the next progress line counts; NaN: not known."""

    position: int
    feeds: int
    at: float = NAN
    step: float = NAN


class Marks:
    """Marks in the order in which they were found, away from the origin (of time `at`). Only ever appended to."""

    def __init__(self, at: float = NAN) -> None:
        self._first = at
        self.away = array("q")  # distance from the origin: |position - origin|
        self.feeds = array("q")
        self.times = array("d")
        self.steps = array("d")

    def __len__(self) -> int:
        return len(self.steps)  # the last column that `add` fills, so that a reader never sees half a mark

    def add(self, away: int, feeds: int, at: float = NAN, step: float = NAN) -> None:
        """A mark farther away than all before it; an unknown time is that of the mark before."""
        known = self.times[-1] if self.times else self._first
        self.away.append(away)
        self.feeds.append(feeds)
        self.times.append(known if at != at else at)
        self.steps.append(step)


@frozen(eq=False)
class LineIndex:
    """`older` marks lie at and before `origin` (the newest byte when the log was opened), `newer` ones at and after it;
    of each only the first so many are part of this index. `complete`: all of history is marked."""

    origin: int = 0
    older: Marks = field(default_factory=Marks)
    newer: Marks = field(default_factory=Marks)
    older_count: int = 0
    newer_count: int = 0
    complete: bool = False

    @property
    def start(self) -> int:
        """The oldest position that is marked."""
        return self.origin - (self.older.away[self.older_count - 1] if self.older_count else 0)

    def __len__(self) -> int:
        return self.older_count + self.newer_count

    def mark(self, number: int) -> Mark:
        """Mark `number` in the order of positions."""
        if number < self.older_count:
            index = self.older_count - 1 - number
            marks, sign = self.older, -1
        else:
            index = number - self.older_count
            marks, sign = self.newer, 1
        position = self.origin + sign * marks.away[index]
        return Mark(position, sign * marks.feeds[index], marks.times[index], marks.steps[index])

    def at_or_before(self, position: int) -> Mark | None:
        """The newest mark that is not after `position`; None before all marks."""
        number = self._count_upto(position)
        return self.mark(number - 1) if number else None

    def after(self, position: int) -> Mark | None:
        """The oldest mark after `position`; None behind all marks."""
        number = self._count_upto(position)
        return self.mark(number) if number < len(self) else None

    def _count_upto(self, position: int) -> int:
        if position < self.origin:
            nearer = bisect_left(self.older.away, self.origin - position, 0, self.older_count)
            return self.older_count - nearer
        return self.older_count + bisect_right(self.newer.away, position - self.origin, 0, self.newer_count)

    def before_time(self, at: float) -> int | None:
        """The number of the newest mark before which all was written earlier than `at`; None if no mark is that old."""
        low, high = 0, len(self)
        while low < high:  # times grow with positions, give or take the clocks of several ranks
            middle = (low + high) // 2
            if self.mark(middle).at < at:
                low = middle + 1
            else:
                high = middle
        return low - 1 if low else None

    def before_feed(self, feeds: int) -> int | None:
        """The number of the newest mark with at most `feeds` line feeds before it; None if no mark is that old."""
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if self.mark(middle).feeds <= feeds:
                low = middle + 1
            else:
                high = middle
        return low - 1 if low else None

    def before_step(self, step: float) -> int | None:
        """The number of the newest mark from which on every known step is at least `step`, less one: a run that was set
        back counts from where it last passed `step`. None if all known steps are at least `step`."""
        for number in range(len(self) - 1, -1, -1):
            if self.mark(number).step < step:
                return number
        return None


UNREAD = LineIndex()
"""The index of a log of which nothing was read."""
