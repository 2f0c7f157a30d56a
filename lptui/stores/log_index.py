"""Builds the index of a log while it is read: counts line feeds and notes times and steps at marks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lptui.formats.log_time import AHEAD, first_time
from lptui.formats.progress import Progress
from lptui.model.events import DatedFact
from lptui.model.log_index import NAN, SPACING, LineIndex, Marks

WORTH_VECTORS = 256 * 1024 * 1024
"""Bytes of history that numpy counts the line feeds of in so much less time (a third) that loading it pays."""
LINES, FEW_LINES = 64, 4
"""Lines of a stretch in which a clock is looked for; where the stretch before had none (a log of JSON), the few."""


class Indexer:
    """Takes every byte once: history newest first by `take_older`, live text by `take_newer`."""

    def __init__(self) -> None:
        self.index = LineIndex()
        self._started = False
        self._complete = False
        self._clocks = True  # the last stretch of history had any
        self._older_feeds = self._newer_feeds = 0
        self._marked = 0  # the newest live position that has a mark
        self._count: Callable[[bytes, bytes, int, int], int] = bytes.count

    @classmethod
    def resume(cls, known: LineIndex) -> Indexer:
        """One of its own that goes on into history where `known` ends."""
        made, older = cls(), Marks()
        count, source = known.older_count, known.older
        older.away, older.feeds = source.away[:count], source.feeds[:count]
        older.times, older.steps = source.times[:count], source.steps[:count]
        made._started, made._complete = True, known.complete
        made._older_feeds = older.feeds[-1] if count else 0
        made.index = LineIndex(known.origin, older, known.newer, count, known.newer_count, known.complete)
        return made

    def begin(self, origin: int, *, complete: bool, at: float = NAN) -> None:
        """History ends and live text begins at `origin`, written at `at`; `complete`: there is no history."""
        if not self._started:
            self._started, self._complete, self._marked = True, complete, origin
            if origin >= WORTH_VECTORS:
                self._count = _count_vectors
            older, newer = Marks(at), Marks(at)
            newer.add(0, 0)
            self.index = LineIndex(origin, older, newer, 0, 1, complete)

    def take_older(self, data: bytes, start: int, facts: Sequence[DatedFact], not_after: float, *, last: bool) -> float:
        """Mark history that lies right before all that was marked; the time of its first dated line, or `not_after`.
        `last`: nothing lies before it."""
        older, origin = self.index.older, self.index.origin
        steps = _steps(facts)
        high = len(data)
        while high > 0:
            low = max(0, high - SPACING)
            self._older_feeds += self._count(data, b"\n", low, high)
            at = first_time(data, low, high, not_after, LINES if self._clocks else FEW_LINES)
            self._clocks = at is not None
            not_after = not_after if at is None else min(not_after, at + AHEAD)
            step = next((s for p, s in steps if start + low <= p < start + high), NAN)
            older.add(origin - start - low, self._older_feeds, NAN if at is None else at, step)
            high = low
        self._complete = self._complete or last
        self._publish()
        return not_after

    def end_older(self) -> None:
        """No more history can be read."""
        self._complete = True
        self._publish()

    def take_newer(self, data: bytes, start: int, facts: Sequence[DatedFact], now: float) -> None:
        """Count live text that comes right after all that was counted; mark it where the last mark is far."""
        if not self._started:
            return
        low = 0
        while low < len(data):
            if start + low - self._marked >= SPACING:
                self._mark_newer(data, start, low, facts, now)
            high = min(len(data), low + SPACING)
            self._newer_feeds += self._count(data, b"\n", low, high)
            low = high

    def mark_generation(self, start: int) -> None:
        """A new file begins at `start`: its lines are counted from there."""
        if self._started:
            self.index.newer.add(start - self.index.origin, self._newer_feeds)
            self._marked = start
            self._publish()

    def _mark_newer(self, data: bytes, start: int, low: int, facts: Sequence[DatedFact], now: float) -> None:
        position = start + low
        at = first_time(data, low, len(data), now + AHEAD)
        step = next((s for p, s in _steps(facts) if p >= position), NAN)
        self.index.newer.add(position - self.index.origin, self._newer_feeds, NAN if at is None else at, step)
        self._marked = position
        self._publish()

    def _publish(self) -> None:
        old = self.index
        self.index = LineIndex(old.origin, old.older, old.newer, len(old.older), len(old.newer), self._complete)


def _count_vectors(data: bytes, byte: bytes, low: int, high: int) -> int:
    """As `bytes.count` of one byte."""
    import numpy as np

    return int(np.count_nonzero(np.frombuffer(data, np.uint8, high - low, low) == byte[0]))


def _steps(facts: Sequence[DatedFact]) -> list[tuple[int, float]]:
    """(position, step) of the progress lines, in order."""
    return [(f.position, float(f.fact.step)) for f in facts if isinstance(f.fact, Progress) and f.fact.step is not None]
