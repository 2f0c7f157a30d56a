"""A tracker's SQLite database (MLflow, trackio) -> samples of the one run in it that is ours, live.

The database is never opened where it lies: lptui.files.database copies it. It is hostile as anything else of a run: the
copy is opened without trust in its schema, and a query that takes too long is interrupted.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace

from lptui.files import FileFailure
from lptui.files.database import PER_MIB, PrivateCopy, Stamp, holds_text, stamp_database
from lptui.formats.columns import to_points
from lptui.model.events import AlertSeen, ConfigSeen, Event, RunSeen, Samples, WitnessSeen
from lptui.model.place import Place
from lptui.model.readings import SourceStatus
from lptui.model.run import RunInfo
from lptui.sources.newest_record import NewestRecord
from lptui.sources.run_tables import Chosen, Tables, choose_run, tell_names
from lptui.sources.telling import Teller
from lptui.text import sanitise
from lptui.text.secrets import mask_rows

SOON = 2.0
"""Seconds between two copies of a small database."""
_LONGEST_NAME = 400
_STEPS = 20_000_000
"""Instructions of SQLite's machine that one look may take (about 2 s)."""


def _decode(raw: bytes) -> str:
    return raw.decode(errors="replace")


def open_copy(copy: PrivateCopy) -> sqlite3.Connection:
    """The copy opened without trust in its schema, a query that takes too long interrupted. May raise sqlite3.Error."""
    database = sqlite3.connect(copy.path, timeout=0.1, isolation_level=None, check_same_thread=False)
    database.text_factory = _decode
    left = _STEPS

    def count() -> int:
        nonlocal left
        left -= 100_000
        return left < 0

    database.set_progress_handler(count, 100_000)
    for pragma in ("trusted_schema = OFF", "cell_size_check = ON", "temp_store = MEMORY"):
        database.execute(f"PRAGMA {pragma}")
    return database


class RunDatabaseSource:
    """Follows the run called `run` in the database at `path`; `inside`: the database lies in the run's own folder;
    `named`: a run that is nothing but that, and goes by the name it has there."""

    period = 1.0

    def __init__(
        self,
        path: str,
        tables: Tables,
        run: str,
        *,
        inside: bool,
        use_config: bool = False,
        name: str = "",
        named: RunInfo | None = None,
    ) -> None:
        self.path, self.tables = path, tables
        self.name = f"{tables.name} {name or path.rpartition('/')[2]}"
        self.place = Place(file=path)
        self.pending = False
        self._run, self._inside, self._use_config = run, inside, use_config
        self._named = named
        self._copy = PrivateCopy(path)
        self._stamp: Stamp | None = None
        self._due = 0.0
        self._database: sqlite3.Connection | None = None
        self._chosen: Chosen | None = None
        self._after = self._rows = 0
        self._told_alerts = self._told_settings = 0
        self._teller = Teller(self.place)
        self._newest = NewestRecord(self.name, self.place)

    def watched(self) -> tuple[str, ...]:
        return (self.path.rpartition("/")[0] or "/",)

    def close(self) -> None:
        self._close_database()
        self._copy.close()

    def poll(self, now: float) -> Iterator[Event]:
        """New rows, once the database changed: at most 20,000 of them."""
        try:
            if self._database is None and not self._renew(now):
                return
            yield from self._read(now)
        except FileFailure as failure:
            condition = "waiting" if failure.missing else "failed"
            yield from self._fail(condition, failure.cause, now)
        except sqlite3.Error as error:
            detail = f"cannot be read as {self.tables.name}'s: {error}"
            yield from self._fail("failed", detail, now)

    def _fail(self, condition: str, detail: str, now: float) -> Iterator[Event]:
        self.pending = False
        self._close_database()
        self._due = now + SOON
        told = "waiting" if condition == "waiting" else "failed"
        yield from self._teller.tell(SourceStatus(self.name, told, detail, now, self._due, self.path), now)

    def _renew(self, now: float) -> bool:
        """A fresh copy, if the database changed and one is due. Raises FileFailure."""
        stamp = stamp_database(self.path)
        if stamp == self._stamp or now < self._due:
            return False
        self._due = now + max(SOON, PER_MIB * stamp.size / (1 << 20))
        if not self._inside and self._chosen is None and not holds_text(self.path, self._run):
            self._stamp, self._chosen = stamp, None
            self._rows = 0
            return True
        self._stamp = self._copy.refresh()
        if self._stamp is None:  # written to meanwhile
            self._due = now + SOON / 4
            return False
        self._database = open_copy(self._copy)
        return True

    def _close_database(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None

    def _read(self, now: float) -> Iterator[Event]:
        database = self._database
        if database is not None and (self._chosen is None or not self._chosen.run):
            runs = self.tables.runs(database)
            chosen = choose_run(runs, self._run, inside=self._inside)
            self._chosen = replace(chosen, name=tell_names(runs).get(chosen.run, ""))
        if database is None or self._chosen is None or not self._chosen.run:
            note = self._chosen.note if self._chosen is not None else f"nothing in it is called {self._run}"
            self._chosen = None
            self._close_database()
            yield from self._teller.tell(SourceStatus(self.name, "absent", note, now, path=self.path), now)
            return
        if self._named is not None and (name := sanitise(self._chosen.name)[:_LONGEST_NAME]) != self._named.name:
            self._named = replace(self._named, name=name)
            yield RunSeen(place=self.place, seen_at=now, run=self._named)
        yield from self._tell_rows(database, self._chosen.run, now)
        yield from self._newest.tell(now, pending=self.pending)
        if not self.pending:
            yield from self._tell_rest(database, self._chosen.run, now)
            self._close_database()
        yield from self._teller.tell(
            SourceStatus(self.name, "ok", self._chosen.note, now, path=self.path, backfilling=self.pending), now
        )

    def _tell_rows(self, database: sqlite3.Connection, run: str, now: float) -> Iterator[Event]:
        backfill = self._rows == 0 or self.pending
        batch = self.tables.metrics(database, run, self._after)
        self._after, self.pending = batch.last, batch.more
        points = tuple(to_points(batch.readings))
        if not points:
            return
        order = float(self._rows)
        self._rows += len(batch.readings)
        yield Samples(
            place=self.place, seen_at=now, backfill=backfill, source=self.tables.name, points=points, order=order
        )
        self._newest.note((at for _, at, _ in batch.readings if at <= now), self.path)

    def _tell_rest(self, database: sqlite3.Connection, run: str, now: float) -> Iterator[Event]:
        """Settings and alerts, as far as they are new, and how it ended."""
        ended = self.tables.ends(database).get(run)
        if ended is not None:
            name, why = "termination_reason", ended.reason
            yield WitnessSeen(place=self.place, seen_at=now, source=self.tables.name, name=name, value=why, at=ended.at)
        settings = self.tables.settings(database, run) if self._use_config else []
        if len(settings) != self._told_settings:
            self._told_settings = len(settings)
            yield ConfigSeen(place=self.place, seen_at=now, path=self.path, rows=mask_rows(settings))
        alerts = self.tables.alerts(database, run, self._told_alerts)
        for alert in alerts:
            self._told_alerts = alert.number
            yield AlertSeen(
                place=self.place,
                seen_at=now,
                source=self.tables.name,
                step=alert.step,
                title=alert.title,
                text=alert.text,
                level=alert.level,
                at=alert.at,
            )
