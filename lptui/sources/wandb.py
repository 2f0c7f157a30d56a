"""A local `.wandb` file -> samples, live: read-only, torn tails wait, damage is skipped and counted.

A big file is sampled first (marked so), then its beginning and its growing end are read, then the rest, newest first.
Source of the format: lptui.formats.wandb.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lptui.cloud.names import read_name
from lptui.files import FileFailure, Handle, open_file
from lptui.formats.columns import to_points
from lptui.formats.leveldb import BLOCK, NotWandbFile, RecordReader
from lptui.formats.wandb import (
    Alert,
    DataAt,
    Environment,
    HistoryRow,
    Record,
    RunExit,
    RunStart,
    StatsRow,
    decode,
    is_history,
    is_summary,
    sample,
)
from lptui.formats.wandb_ranges import Piece, Plan
from lptui.model.events import Event, Points, Samples, WitnessSeen
from lptui.model.place import Place
from lptui.model.readings import SourceStatus
from lptui.sources.newest_record import NewestRecord
from lptui.sources.telling import Teller
from lptui.sources.wandb_extras import Extras
from lptui.sources.wandb_rows import RowReader, Stretch, nan_if_none

TURN = 8 * 1024 * 1024
SAMPLE_FROM = 4 * 1024 * 1024
SAMPLE_BLOCKS = 400
ENDING_BLOCKS = (3, 24, 192)
"""32 KiB blocks at the end in which the newest row and the exit record are looked for first: a row of a wide run, and
the summary that repeats it, fill several."""


class WandbSource:
    """Follows one `.wandb` file from its first record to its growing end."""

    period = 0.25
    sampling = True
    """Whether a big file is sampled first; not worth it where nobody looks before all has been read."""

    def __init__(self, path: str, place: Place | None = None, *, use_config: bool = True, name: str = "") -> None:
        self.path = path
        self.name = "wandb " + (name or path.rsplit("/", 1)[-1].removeprefix("run-").removesuffix(".wandb"))
        self.place = place or Place(file=path)
        self.pending = False
        self._extras = Extras(path, use_config=use_config)
        self._handle: Handle | None = None
        self._plan: Plan | None = None
        self._sampled = False
        self._rows = RowReader()
        self._dead = ""
        self._teller = Teller(self.place)
        self._newest = NewestRecord("W&B", self.place, "wandb_record")

    def watched(self) -> tuple[str, ...]:
        return (self.path.rsplit("/", 1)[0] or "/",)

    def close(self) -> None:
        if self._handle is not None:
            self._handle.close()
            self._handle = None

    def poll(self, now: float) -> Iterator[Event]:
        """Up to 8 MiB of records as one batch of samples."""
        self.pending = False
        if self._dead:
            return
        try:
            yield from self._poll(now)
        except FileFailure as failure:
            condition = "waiting" if failure.missing else "failed"
            yield from self._teller.tell(SourceStatus(self.name, condition, failure.cause, now, path=self.path), now)
        except NotWandbFile as reason:
            self._dead = f"not a W&B transaction log: {reason}"
            yield from self._teller.tell(SourceStatus(self.name, "failed", self._dead, now, path=self.path), now)

    def _poll(self, now: float) -> Iterator[Event]:
        if self._handle is None:
            self._handle = open_file(self.path)
        size, data_at = self._handle.stat().size, self._handle.pread
        plan = self._plan
        fresh = plan is None or size < plan.read  # new, or rewritten
        if plan is None or fresh:
            plan = self._plan = Plan(size, TURN)
            self._rows = RowReader()
            yield from self._begin(data_at, size, now)
        if not fresh or not self._samples_first(size):  # what a sample says is shown before anything else is read
            piece = plan.read_next(data_at, size)
            if piece is not None:
                yield from self._tell_piece(piece, now)
        self.pending = plan.pending(size)
        if not self.pending:
            yield from self._tell_stretches(self._rows.release(), now)
        yield from self._newest.tell(now, pending=plan.read < size)  # its growing end is read before its history
        if self._sampled and not self.pending:
            self._sampled = False
            yield self._samples((), now, sampled=True)
        if not self.pending and (summary := self._extras.summary(self._newest.time)):
            yield self._samples(summary, now)
        yield from self._tell_progress(plan, size, now)

    def _begin(self, data_at: DataAt, size: int, now: float) -> Iterator[Event]:
        """What can be said of a file before it is read."""
        yield from self._read_ending(data_at, size, now)
        if self._samples_first(size):
            points = self._rows.read(sample(data_at, size, SAMPLE_BLOCKS))
            if points:
                self._sampled = True
                yield self._samples(points, now, sampled=True)

    def _samples_first(self, size: int) -> bool:
        return self.sampling and size >= SAMPLE_FROM

    def _read_ending(self, data_at: DataAt, size: int, now: float) -> Iterator[Event]:
        """How the run ended, read from the file's end before anything else: the exit record is among the last."""
        times: list[float] = []
        records: list[Record | None] = []
        for blocks in ENDING_BLOCKS:
            start = max(0, (size - 1) // BLOCK - blocks) * BLOCK
            if not start and blocks == ENDING_BLOCKS[0]:
                return  # it is read as a whole, now
            records = [decode(p) for p in RecordReader(start).feed(data_at(start, size - start))]
            times = [r.timestamp for r in records if isinstance(r, HistoryRow) and r.timestamp]
            if times:
                break
        self._newest.note(times, self.path)
        yield from self._newest.tell(now, pending=False)
        for record in records:
            if isinstance(record, RunExit):
                yield self._witness("exit_code", str(record.exit_code), now)

    def _tell_piece(self, piece: Piece, now: float) -> Iterator[Event]:
        """The rows of a piece as samples, then its other records."""
        rows: list[bytes] = []
        others: list[Record] = []
        summary = b""
        for payload in piece.payloads:
            if is_history(payload):
                rows.append(payload)
            elif is_summary(payload):
                summary = payload
                self._extras.note_summary(payload, piece.start)
            elif (record := decode(payload)) is not None:
                others.append(record)
                if isinstance(record, Alert):
                    yield self._extras.tell_alert(record, rows[-1] if rows else b"", now)
        self._extras.note_end(summary, piece.start, ended=any(isinstance(record, RunExit) for record in others))
        yield from self._tell_stretches(self._rows.take(rows, piece), now)
        yield from self._tell_records(others, piece, now)

    def _tell_stretches(self, stretches: Iterable[Stretch], now: float) -> Iterator[Event]:
        """Points, and when the newest of them was recorded."""
        for stretch in stretches:
            self._extras.note_rows(p.key for p in stretch.points)
            if stretch.points:
                yield self._samples(stretch.points, now, stretch)
            # Not the system readings: W&B's own process writes them on when the training hangs.
            self._newest.note((t for p in stretch.points for t in p.times[-1:]), self.path)

    def _tell_records(self, records: list[Record], piece: Piece, now: float) -> Iterator[Event]:
        stats = [
            (float("nan"), nan_if_none(r.timestamp), _prefixed(r.values)) for r in records if isinstance(r, StatsRow)
        ]
        points = to_points(stats)
        if points:
            yield self._samples(points, now, piece)
        yield from self._extras.tell_settings(records, piece.start, now)
        for record in records:
            if isinstance(record, RunExit):
                yield self._witness("exit_code", str(record.exit_code), now)
            elif isinstance(record, RunStart):
                path = "/".join(p for p in (record.entity, record.project, record.run_id) if p)
                yield self._witness("wandb_run", path, now)
                if address := read_name(path):
                    yield self._witness("wandb_address", address, now)
                if record.host:
                    yield self._witness("host", record.host, now)
            elif isinstance(record, Environment) and record.host:
                yield self._witness("host", record.host, now)

    def _witness(self, name: str, value: str, now: float) -> WitnessSeen:
        at = self._newest.time
        return WitnessSeen(place=self.place, seen_at=now, source="W&B", name=name, value=value, at=at)

    def _samples(
        self, points: Iterable[Points], now: float, piece: Piece | Stretch | None = None, *, sampled: bool = False
    ) -> Samples:
        return Samples(
            place=self.place,
            seen_at=now,
            backfill=piece is None or piece.history,
            source="wandb",
            points=tuple(points),
            order=float(piece.start) if piece is not None else 0.0,
            until=float(piece.stop) if piece is not None else None,
            sampled=sampled,
        )

    def _tell_progress(self, plan: Plan, size: int, now: float) -> Iterator[Event]:
        damaged = plan.damaged
        detail = f"{damaged} damaged place{'s' * (damaged != 1)} skipped" if damaged else ""
        status = SourceStatus(
            self.name,
            "partial" if damaged else "ok",
            detail,
            now,
            None,
            self.path,
            plan.done if self.pending else 0,
            size if self.pending else None,
            self.pending,
        )
        yield from self._teller.tell(status, now)


def _prefixed(values: tuple[tuple[str, float], ...]) -> tuple[tuple[str, float], ...]:
    return tuple((key if key.startswith("system") else f"system/{key}", value) for key, value in values)
