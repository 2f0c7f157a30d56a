"""Trackers' databases in the list of runs: each is looked at as a whole, and becomes a row a run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lptui.engine.known_run import KnownRun
from lptui.files import FileFailure
from lptui.files.database import PER_MIB, Stamp, stamp_database
from lptui.model.summary import RunSummary
from lptui.run.listing import Listing
from lptui.run.lookup import find_stores_below

LOOK_AGAIN = 30.0
"""Seconds after which a database with a run that goes on is read again although it is as it was: silence ends that."""
MOST = 64
"""Databases whose runs are listed."""


@dataclass(slots=True)
class _Known:
    """A database as it was when it was read last (None: it was not), when that was, and the rows that it gave."""

    stamp: Stamp | None
    at: float
    rows: dict[str, KnownRun]


class StoreList:
    """Which databases were read, and the rows that they gave."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}

    def add_to(self, found: dict[str, KnownRun], roots: Iterable[str], listing: Listing, now: float) -> list[str]:
        """Add to `found` the rows of the runs in databases, a row for a database itself while its runs are not known.
        The databases that are to be looked at."""
        stores = {store.path: store for root in roots for store in find_stores_below(root, listing)}
        for path, store in list(stores.items())[:MOST]:
            if path not in self._known:
                row = RunSummary(path.rpartition("/")[2], path, store.kind)
                self._known[path] = _Known(None, now, {path: KnownRun(0.0, row, store=path)})
            found.update(self._known[path].rows)
        return [path for path in list(stores)[:MOST] if self._is_due(path, now)]

    def _is_due(self, path: str, now: float) -> bool:
        """Whether a database changed since it was read, or one of its runs goes on, and enough time went by for its
        size."""
        stamp, known = stamp_or_none(path), self._known[path]
        if stamp is None:
            return False
        if stamp == known.stamp:
            going_on = any(row.summary.condition == "running" for row in known.rows.values())
            if not going_on or now - known.at < LOOK_AGAIN:
                return False
        if known.stamp is not None and now - known.at < PER_MIB * stamp.size / (1 << 20):
            return False
        known.stamp, known.at = stamp, now
        return True

    def take(self, path: str, rows: Iterable[RunSummary], runs: dict[str, KnownRun], now: float) -> dict[str, KnownRun]:
        """`runs` with the rows of those in a database in the place of those before."""
        found = {row.path: KnownRun(row.modified_at or 0.0, row, now, store=path) for row in rows}
        self._known[path].rows = found
        return {**{p: run for p, run in runs.items() if p != path and run.store != path}, **found}


def stamp_or_none(path: str) -> Stamp | None:
    """How a database is now, if it is there."""
    try:
        return stamp_database(path)
    except FileFailure:
        return None
