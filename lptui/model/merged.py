"""Several logs of one run as one, by time: its extent, and what a screen asks of it beyond what it asks of any log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import field
from typing import Protocol

from lptui.model.log import Chunk, LogView
from lptui.model.place import Anchor
from lptui.model.value import frozen


@frozen
class MergedPart:
    """One of several logs that are shown as one. `label` stands before each of its lines, `name` is what a reader
    calls it. `skew` is how far its clock is ahead of the others (s), None where that cannot be told; `clockless`: its
    lines say no time, and it is spread evenly among the others."""

    path: str
    label: bytes
    name: str
    rank: int | None = None
    skew: float | None = None
    clockless: bool = False


class Merging(Protocol):
    """How a merged log is read by time and by file; for the threads that answer requests."""

    def find_time(self, at: float) -> int:
        """The position of the first line that was written at `at` (unix s) or later."""
        ...

    def find_line(self, path: str, offset: int) -> int | None:
        """The position of the line of the file `path` that holds `offset`, a position in that file's view."""
        ...

    def name_line(self, position: int) -> tuple[str, int] | None:
        """(path, offset in that file's view) of the line that holds `position`."""
        ...

    def read_part(self, path: str) -> tuple[LogView, Callable[[int, int], Chunk]] | None:
        """One of the files by itself."""
        ...

    def find(
        self, low: int, high: int, keep: Callable[[bytes], list[int]], ranks: frozenset[int], *, back: bool
    ) -> Iterator[tuple[list[int], int, int]]:
        """(positions, first, last) of stretches of [low, high): where the lines lie whose offsets `keep` gives, of
        lines that the files hold by themselves (of the files of `ranks`, if any are named)."""
        ...


@frozen
class MergedView(LogView):
    """Several logs of one run as one, by time. Positions count from where it was opened: history is negative."""

    parts: tuple[MergedPart, ...] = ()
    complete: bool = False
    """Whether all of the files' history is part of it by now."""
    merging: Merging | None = field(default=None, compare=False, repr=False)

    @property
    def by_rank(self) -> bool:
        """Whether its files are the ranks of one job."""
        return any(part.rank is not None for part in self.parts)


@frozen
class MergeLogs:
    """Show the logs of the run's ranks (of a run without, all its logs) as one by time, or (not `on`) no more. Not
    answered: the state tells the merged log."""

    on: bool = True


@frozen
class PlaceAnchors:
    """Where lines of single logs lie in the merged one. `whole`: history that is no part of it yet is counted first."""

    file: str
    anchors: tuple[Anchor, ...]
    whole: bool = False


@frozen
class NameLine:
    """Which line of which log lies at `position` of the merged one."""

    file: str
    position: int


@frozen
class NumberLines:
    """Which lines of their own files lie at `positions` of the merged one."""

    file: str
    positions: tuple[int, ...]


@frozen
class AnchorsPlaced:
    """A position for each anchor; None where the line is not part of what is merged so far."""

    request: PlaceAnchors
    positions: tuple[int | None, ...]


@frozen
class LineNamed:
    """The line's lasting name; None if it is of no file."""

    request: NameLine
    anchor: Anchor | None


@frozen
class LinesNumbered:
    """Of each position the number, from 1, of its line in its file; None where that is not known (yet)."""

    request: NumberLines
    numbers: tuple[int | None, ...]


MergedRequest = PlaceAnchors | NameLine | NumberLines
MergedAnswer = AnchorsPlaced | LineNamed | LinesNumbered
