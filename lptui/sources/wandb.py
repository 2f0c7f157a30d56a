"""A local `.wandb` file -> samples, live: read-only, torn tails wait, damage is skipped and counted.

A big file is sampled first (marked so), then read in full. Source of the format: lptui.formats.wandb.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lptui.files import FileFailure, Handle, open_file
from lptui.formats.columns import to_points
from lptui.formats.leveldb import BLOCK, NotWandbFile, RecordReader
from lptui.formats.wandb import Environment, HistoryRow, Record, RunExit, RunStart, StatsRow, decode, sample
from lptui.model.events import ConfigSeen, Event, Points, Samples, StatusSeen, WitnessSeen
from lptui.model.place import Place
from lptui.model.readings import SourceStatus

TURN = 1024 * 1024
SAMPLE_FROM = 4 * 1024 * 1024
SAMPLE_BLOCKS = 400
ENDING_BLOCKS = 3
"""32 KiB blocks at the end in which the exit record is looked for first."""
STEP_KEYS = ("metric/agent_step",)
"""What the run itself declares as its x axis (metta.md section 4): its `_step` is per rank in the seed's era."""


class WandbSource:
    """Follows one `.wandb` file from its first record to its growing end."""

    period = 0.25

    def __init__(self, path: str, place: Place | None = None, *, use_config: bool = True, name: str = "") -> None:
        self.path = path
        self.name = "wandb " + (name or path.rsplit("/", 1)[-1].removeprefix("run-").removesuffix(".wandb"))
        self.place = place or Place(file=path)
        self.pending = False
        self.use_config = use_config
        self._handle: Handle | None = None
        self._reader = RecordReader()
        self._read = 0
        self._size = 0
        self._sampled = False
        self._dead = ""
        self._status: SourceStatus | None = None
        self._last_time: float | None = None

    def watched(self) -> tuple[str, ...]:
        return (self.path.rsplit("/", 1)[0] or "/",)

    def close(self) -> None:
        if self._handle is not None:
            self._handle.close()
            self._handle = None

    def poll(self, now: float) -> Iterator[Event]:
        """Up to 1 MiB of new records as one batch of samples."""
        self.pending = False
        if self._dead:
            return
        try:
            yield from self._poll(now)
        except FileFailure as failure:
            condition = "waiting" if failure.missing else "failed"
            yield from self._tell(SourceStatus(self.name, condition, failure.cause, now, path=self.path), now)
        except NotWandbFile as reason:
            self._dead = f"not a W&B transaction log: {reason}"
            yield from self._tell(SourceStatus(self.name, "failed", self._dead, now, path=self.path), now)

    def _poll(self, now: float) -> Iterator[Event]:
        if self._handle is None:
            self._handle = open_file(self.path)
        stat = self._handle.stat()
        if stat.size < self._read:  # rewritten: begin again
            self._reader, self._read, self._sampled = RecordReader(), 0, False
        self._size = stat.size
        if not self._sampled:
            yield from self._read_ending(self._handle, stat.size, now)
        if not self._sampled and stat.size >= SAMPLE_FROM:
            rows = sample(self._handle.pread, stat.size, SAMPLE_BLOCKS)
            yield from self._batch(rows, now, sampled=True)
        self._sampled = True
        data = self._handle.pread(self._read, TURN)
        if data:
            start, self._read = self._read, self._read + len(data)
            records = [r for p in self._reader.feed(data) if (r := decode(p)) is not None]
            behind = self._read < stat.size
            yield from self._tell_records(records, start, now, backfill=behind)
            self.pending = behind
        yield from self._tell_progress(now)

    def _read_ending(self, handle: Handle, size: int, now: float) -> Iterator[Event]:
        """How the run ended, read from the file's end before anything else: the exit record is among the last."""
        start = max(0, (size - 1) // BLOCK - ENDING_BLOCKS) * BLOCK
        if not start:
            return
        records = [decode(p) for p in RecordReader(start).feed(handle.pread(start, size - start))]
        times = [r.timestamp for r in records if isinstance(r, HistoryRow) and r.timestamp]
        self._last_time = max(times, default=None)
        if self._last_time is not None:
            yield self._witness("wandb_record", self.path, now)
        for record in records:
            if isinstance(record, RunExit):
                yield self._witness("exit_code", str(record.exit_code), now)

    def _tell_records(self, records: list[Record], order: int, now: float, *, backfill: bool) -> Iterator[Event]:
        rows = [r for r in records if isinstance(r, HistoryRow)]
        stats = [r for r in records if isinstance(r, StatsRow)]
        yield from self._batch(rows, now, order=order, backfill=backfill)
        yield from self._batch_stats(stats, now, order=order, backfill=backfill)
        for record in records:
            if isinstance(record, RunExit):
                yield self._witness("exit_code", str(record.exit_code), now)
            elif isinstance(record, RunStart):
                path = "/".join(p for p in (record.entity, record.project, record.run_id) if p)
                yield self._witness("wandb_run", path, now)
                if record.host:
                    yield self._witness("host", record.host, now)
                if self.use_config and record.config:
                    yield ConfigSeen(place=self.place, seen_at=now, path=self.path, rows=mask_rows(record.config))
            elif isinstance(record, Environment) and record.host:
                yield self._witness("host", record.host, now)
        # Not the system readings: W&B's own process writes them on when the training hangs.
        newest = max((r.timestamp for r in rows if r.timestamp), default=None)
        if newest is not None and newest > (self._last_time or 0.0):
            self._last_time = newest
            yield self._witness("wandb_record", self.path, now, at=newest)

    def _witness(self, name: str, value: str, now: float, at: float | None = None) -> WitnessSeen:
        when = at if at is not None else self._last_time
        return WitnessSeen(place=self.place, seen_at=now, source="W&B", name=name, value=value, at=when)

    def _batch(
        self, rows: list[HistoryRow], now: float, *, order: int = 0, sampled: bool = False, backfill: bool = True
    ) -> Iterator[Event]:
        readings = [(_step_of(r), _nan_if_none(r.timestamp), r.values) for r in rows]
        yield from self._samples(to_points(readings), now, order, sampled=sampled, backfill=backfill)

    def _batch_stats(self, rows: list[StatsRow], now: float, *, order: int, backfill: bool) -> Iterator[Event]:
        readings = [(float("nan"), _nan_if_none(r.timestamp), _prefixed(r.values)) for r in rows]
        yield from self._samples(to_points(readings), now, order, sampled=False, backfill=backfill)

    def _samples(
        self, points: list[Points], now: float, order: int, *, sampled: bool, backfill: bool
    ) -> Iterator[Event]:
        if points:
            yield Samples(
                place=self.place,
                seen_at=now,
                backfill=backfill,
                source="wandb",
                points=tuple(points),
                order=float(order),
                sampled=sampled,
            )

    def _tell_progress(self, now: float) -> Iterator[Event]:
        damaged = self._reader.damaged
        detail = f"{damaged} damaged place{'s' * (damaged != 1)} skipped" if damaged else ""
        condition = "partial" if damaged else "ok"
        status = SourceStatus(
            self.name,
            condition,
            detail,
            now,
            None,
            self.path,
            self._read if self.pending else 0,
            self._size if self.pending else None,
            self.pending,
        )
        yield from self._tell(status, now)

    def _tell(self, status: SourceStatus, now: float) -> Iterator[Event]:
        old = self._status
        if (
            old is None
            or (old.condition, old.detail, old.backfilling) != (status.condition, status.detail, status.backfilling)
            or status.read - old.read > 16 * TURN
        ):
            self._status = status
            yield StatusSeen(place=self.place, seen_at=now, status=status)


def _step_of(row: HistoryRow) -> float:
    for key, value in row.values:
        if key in STEP_KEYS:
            return value
    return float("nan") if row.step is None else float(row.step)


def _nan_if_none(value: float | None) -> float:
    return float("nan") if value is None else value


def _prefixed(values: tuple[tuple[str, float], ...]) -> tuple[tuple[str, float], ...]:
    return tuple((key if key.startswith("system") else f"system/{key}", value) for key, value in values)


def mask_rows(rows: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Configuration rows with secrets masked."""
    from lptui.text.secrets import mask_secrets

    return tuple((key, mask_secrets(key, value)) for key, value in rows)
