"""One metrics file (CSV, TSV, JSON lines, a JSON document) -> samples, live, also when it is written anew each time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lptui.files import FileFailure, Handle, Stat, open_file, stat_file
from lptui.formats.alignment import Alignment
from lptui.formats.columns import Reading, to_points
from lptui.formats.progress_values import Progress
from lptui.formats.table_names import HEAD, is_one_document, tell_foreign
from lptui.formats.tables import (
    MOST_COLUMNS,
    DelimitedReader,
    Document,
    JsonLinesReader,
    Row,
    TableReader,
    read_document,
)
from lptui.formats.timeline import Timeline
from lptui.model.events import DatedFact, Event, Facts, Samples, WitnessSeen
from lptui.model.place import Place
from lptui.model.readings import SourceStatus
from lptui.sources.newest_record import NewestRecord
from lptui.sources.telling import Teller

TURN = 256 * 1024
FINGERPRINT = 4096
ENDING = 64
LARGEST_DOCUMENT = 64 << 20
PATIENCE = 4
"""Polls that a file which is just being rewritten is waited for, so that it is not read half written."""
_ATTEMPT = float(1 << 40)
"""Distance in the order of samples between what a file held and what it holds after another attempt wrote it anew."""


def choose_reader(head: bytes) -> TableReader | None:
    """By the first bytes of the file; None for a JSON document, which is read as a whole."""
    if is_one_document(head):
        return None
    return JsonLinesReader() if head.lstrip().startswith(b"{") else DelimitedReader()


class MetricFileSource:
    """Follows one file. `name` is what the reader calls it, `prefix` is put before the names of its columns.

    `locate` names the file anew at each look: Hugging Face writes the whole history into each new checkpoint's folder.
    """

    period = 0.5

    def __init__(self, path: str, name: str, *, prefix: str = "", locate: Callable[[], str] | None = None) -> None:
        self.path, self.name, self._locate = path, name, locate
        self.place = Place(file=path)
        self.pending = False
        self._timeline = Timeline(prefix)
        self._alignment = Alignment()
        self._reader: TableReader | None = None
        self._handle: Handle | None = None
        self._identity = ""
        self._seen: Stat | None = None
        self._head = self._ending = b""
        self._read = 0
        self._waited = 0
        self._rows = 0
        self._attempt = 0
        self._began = False
        self._torn = self._foreign = ""
        self._document = Document([])
        self._teller = Teller(self.place)
        self._newest = NewestRecord(self.name, self.place)

    def watched(self) -> tuple[str, ...]:
        return (self.path.rsplit("/", 1)[0] or "/",)

    def close(self) -> None:
        if self._handle is not None:
            self._handle.close()
            self._handle = None

    def poll(self, now: float) -> Iterator[Event]:
        """New rows, at most 256 KiB of them; of a document that changed all that are new."""
        try:
            self.path = (self._locate and self._locate()) or self.path
            stat = stat_file(self.path)
            if stat == self._seen and not self.pending and not self._waited:
                return
            yield from self._follow(stat, now)
        except FileFailure as failure:
            condition = "waiting" if failure.missing else "failed"
            self.pending, self._seen = False, None
            yield from self._teller.tell(SourceStatus(self.name, condition, failure.cause, now, path=self.path), now)

    def _follow(self, stat: Stat, now: float) -> Iterator[Event]:
        if self._handle is None or stat.identity != self._identity:
            self._open()
            self._waited += self._began
        elif self._is_rewritten(self._handle, stat):
            self._reset()
            self._waited += self._began
        if self._waited and stat != self._seen and self._waited <= PATIENCE:
            self._seen, self._waited = stat, self._waited + 1
            return  # it is being written: the next look finds it at rest
        self._seen, self._waited = stat, 0
        rows = self._read_rows(stat)
        backfill = not self._began or self.pending
        if not self.pending:
            self._began = True
        yield from self._tell_rows(self._alignment.take(rows), stat, now, backfill=backfill)
        yield from self._newest.tell(now, pending=self.pending)
        yield from self._tell_document(stat, now)
        yield from self._teller.tell(self._make_status(stat, now), now)

    def _open(self) -> None:
        self.close()
        self._handle = open_file(self.path)
        self._identity = self._handle.stat().identity
        self._reset()

    def _reset(self) -> None:
        """Begin at the file's start; rows that are known are not told again."""
        self._read, self._head, self._ending, self._reader = 0, b"", b"", None
        self._alignment.rewind()

    def _is_rewritten(self, handle: Handle, stat: Stat) -> bool:
        if stat.size < self._read:
            return True
        if stat == self._seen:
            return False
        if self._reader is None:
            return True
        before = max(0, self._read - ENDING)
        return (
            handle.pread(0, len(self._head)) != self._head or handle.pread(before, self._read - before) != self._ending
        )

    def _read_rows(self, stat: Stat) -> list[Row]:
        assert self._handle is not None
        if self._read == 0:
            head = self._handle.pread(0, HEAD)
            self._foreign = tell_foreign(head)
            self._reader = choose_reader(head)
        if self._foreign:
            self._read, self._head, self.pending = 0, b"", False
            return []
        if self._reader is None:
            return self._read_document(self._handle, stat)
        self._torn = ""
        data = self._handle.pread(self._read, TURN)
        self._read += len(data)
        self._ending = (self._ending + data)[-ENDING:]
        self._head = self._head if len(self._head) >= FINGERPRINT else (self._head + data)[:FINGERPRINT]
        self.pending = bool(data) and self._read < stat.size
        return self._reader.feed(data)

    def _read_document(self, handle: Handle, stat: Stat) -> list[Row]:
        self.pending = False
        self._alignment.rewind()
        if stat.size > LARGEST_DOCUMENT:
            self._torn = f"of {stat.size >> 20} MiB, more than {LARGEST_DOCUMENT >> 20} are not read as one document"
            return []
        found = read_document(handle.pread(0, stat.size))
        self._torn = "" if found is not None else "no JSON document, or one that is being written"
        self._document = found or self._document
        return found.rows if found is not None else []

    def _tell_document(self, stat: Stat, now: float) -> Iterator[Event]:
        """What a document says beside its rows."""
        told, at = self._document, min(stat.modified_at, now)
        if told.total_steps is not None:
            planned = DatedFact(self._rows, Progress("record", total_steps=told.total_steps), at)
            yield Facts(place=self.place, seen_at=now, file=self.path, facts=(planned,))
            said = "completed" if told.completed else ""
            yield WitnessSeen(
                place=self.place, seen_at=now, source=self.name, name="training_summary", value=said, at=at
            )

    def _tell_rows(self, rows: list[Row], stat: Stat, now: float, *, backfill: bool) -> Iterator[Event]:
        if not rows:
            return
        if self._alignment.changed:
            self._alignment.changed = False
            self._attempt += 1
            self._timeline.restart()
        about = self._reader.about if isinstance(self._reader, DelimitedReader) else None
        readings = self._timeline.place(rows, about)
        timed = [when for _, when, _ in readings if when == when]
        if not timed and not backfill:  # what came while we looked was written about now
            step, _, values = readings[-1]
            readings[-1] = (step, min(stat.modified_at, now), values)
        yield from self._tell_samples(readings, now, backfill=backfill)
        known = [at for at in timed if at <= now] or [min(stat.modified_at, now)]
        self._newest.note(known, self.path)

    def _tell_samples(self, readings: list[Reading], now: float, *, backfill: bool) -> Iterator[Event]:
        order = self._attempt * _ATTEMPT + self._rows
        self._rows += len(readings)
        points = tuple(to_points(readings))
        if points:
            yield Samples(
                place=self.place,
                seen_at=now,
                backfill=backfill,
                source=self.name,
                points=points,
                order=order,
                unit=self._timeline.unit,
            )

    def _make_status(self, stat: Stat, now: float) -> SourceStatus:
        if self._foreign:
            return SourceStatus(self.name, "failed", self._foreign, now, path=self.path)
        odd = self._reader.odd if self._reader is not None else 0
        details = [self._torn] if self._torn else []
        if odd:
            details.append(
                "1 line that is no row of it skipped" if odd == 1 else f"{odd} lines that are no row of it skipped"
            )
        if isinstance(self._reader, DelimitedReader) and self._reader.left_out:
            details.append(f"only its first {MOST_COLUMNS:,} columns are read, {self._reader.left_out:,} are left out")
        if not self._rows and not details and not self.pending:
            return SourceStatus(self.name, "waiting", "no numbers in it yet", now, path=self.path)
        condition = "partial" if details else "ok"
        read, of = (self._read, stat.size) if self.pending else (0, None)
        return SourceStatus(self.name, condition, "; ".join(details), now, None, self.path, read, of, self.pending)
