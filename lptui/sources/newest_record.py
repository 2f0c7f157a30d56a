"""When a source last recorded something: told only once it has been read to its present end, for before that the newest
record known is one of history, and a run that lives would look silent for hours."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from lptui.model.events import WitnessSeen
from lptui.model.place import Place


class NewestRecord:
    """The newest record time (unix s) of one source, and what was told of it."""

    def __init__(self, source: str, place: Place, name: str = "metrics_record") -> None:
        self._source, self._place, self._name = source, place, name
        self._path = ""
        self._told: float | None = None
        self.time: float | None = None

    def note(self, times: Iterable[float], path: str) -> None:
        """Times of records of `path`; not finite where one has none."""
        newest = max((t for t in times if math.isfinite(t)), default=None)
        if newest is not None and (self.time is None or newest > self.time):
            self.time, self._path = newest, path

    def tell(self, now: float, *, pending: bool) -> Iterator[WitnessSeen]:
        """The witness, if it says something new and nothing is `pending`."""
        if pending or self.time is None or self.time == self._told:
            return
        self._told = self.time
        yield WitnessSeen(
            place=self._place, seen_at=now, source=self._source, name=self._name, value=self._path, at=self.time
        )
