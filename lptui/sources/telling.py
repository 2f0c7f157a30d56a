"""How a source is, told only when it changed: a state that says the same again costs a fold and a redraw."""

from __future__ import annotations

from collections.abc import Iterator

from lptui.model.events import StatusSeen
from lptui.model.place import Place
from lptui.model.readings import SourceStatus

MUCH = 16 << 20
"""Bytes of progress after which a source that reads on is told again."""


class Teller:
    """Remembers what was told of one source."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._told: SourceStatus | None = None

    def tell(self, status: SourceStatus, now: float) -> Iterator[StatusSeen]:
        """The event, if `status` says something new."""
        old = self._told
        if (
            old is None
            or (old.condition, old.detail, old.backfilling) != (status.condition, status.detail, status.backfilling)
            or status.read - old.read > MUCH
        ):
            self._told = status
            yield StatusSeen(place=self._place, seen_at=now, status=status)
