"""The history rows of a `.wandb` file -> points. What is read after the fact is gathered over several pieces of the
file, so that a wide run's series are touched a few times and not once a piece."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lptui.formats.columns import Reading, to_points
from lptui.formats.wandb import HistoryRow, decode
from lptui.formats.wandb_ranges import Piece
from lptui.model.events import Points
from lptui.model.value import frozen

if TYPE_CHECKING:
    from lptui.formats.wandb_history import Gathered

MUCH = 1024 * 1024
"""Bytes of history from which on rows are read column by column, which needs numpy."""
GATHERED = 500_000
"""Numbers that are held back before they become points; 16 bytes each."""
STEP_KEYS = ("metric/agent_step",)
"""What the run itself declares as its x axis (metta.md section 4): its `_step` is per rank in the seed's era."""


@frozen
class Stretch:
    """The points of the rows that begin in [start, stop) of the file; `history` as of a piece."""

    points: list[Points]
    start: int
    stop: int
    history: bool


class RowReader:
    """Reads the rows of one file, and remembers whether they declare a step of their own."""

    def __init__(self) -> None:
        self._declares = False
        self._gathered: Gathered | None = None
        self._held: tuple[int, int] | None = None

    def take(self, rows: Sequence[bytes], piece: Piece) -> Iterator[Stretch]:
        """What can be told with the rows of a piece: news at once, history once enough of it lies side by side."""
        if not piece.history:
            yield Stretch(self.read(rows), piece.start, piece.stop, history=False)
            return
        start, stop = self._held or (piece.start, piece.start)
        if piece.start not in (start, stop) and piece.stop != start:
            yield from self.release()
            start = stop = piece.start
        if self._gathered is None:
            from lptui.formats.wandb_history import Gathered

            self._gathered = Gathered()
        self._gathered.add(rows, before=piece.stop == start)
        self._held = (min(start, piece.start), max(stop, piece.stop))
        if self._gathered.size >= GATHERED:
            yield from self.release()

    def release(self) -> Iterator[Stretch]:
        """What was held back."""
        if self._gathered is None or self._held is None:
            return
        (start, stop), self._held = self._held, None
        points = self._gathered.take(STEP_KEYS, only=self._declares)
        self._note(points)
        yield Stretch(points, start, stop, history=True)

    def read(self, payloads: Sequence[bytes]) -> list[Points]:
        """The points of these rows."""
        if sum(map(len, payloads)) >= MUCH:
            from lptui.formats.wandb_history import read_histories

            points = read_histories(payloads, STEP_KEYS, only=self._declares)
            self._note(points)
            return points
        rows = [r for p in payloads if isinstance(r := decode(p), HistoryRow)]
        return to_points([self._reading(row) for row in rows])

    def _note(self, points: Sequence[Points]) -> None:
        self._declares = self._declares or any(p.key in STEP_KEYS for p in points)

    def _reading(self, row: HistoryRow) -> Reading:
        """A row by its step; of a run that declares a step of its own, one that does not say it has a time only."""
        step = next((value for key, value in row.values if key in STEP_KEYS), None)
        self._declares = self._declares or step is not None
        if step is None and not self._declares and row.step is not None:
            step = float(row.step)
        return nan_if_none(step), nan_if_none(row.timestamp), row.values


def nan_if_none(value: float | None) -> float:
    """A number that says that there is none."""
    return float("nan") if value is None else value
