"""One run of MLflow's file store (`mlruns/EXPERIMENT/RUN/metrics/KEY`, lines `time value step`) -> samples, live.

Source: mlflow/store/tracking/file_store.py. A key may hold slashes, and is then a path of folders.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lptui.files import Entry, FileFailure, list_folder, open_file
from lptui.formats.columns import Reading, to_points
from lptui.formats.mlflow_meta import read_ending
from lptui.model.events import ConfigSeen, Event, Samples, WitnessSeen
from lptui.model.place import Place
from lptui.model.readings import SourceStatus
from lptui.sources.newest_record import NewestRecord
from lptui.sources.telling import Teller
from lptui.text import sanitise
from lptui.text.secrets import mask_rows

TURN = 256 * 1024
MOST_FILES = 4000
_DEEPEST = 6
_BUDGET = 4 * 1024 * 1024
"""Bytes of all files that are read at one look."""


@dataclass(slots=True)
class _Tail:
    read: int = 0
    rest: bytes = b""


class MlflowFileSource:
    """Follows every metric of the run whose folder is `folder`; `use_config`: its parameters are the configuration."""

    period = 1.0

    def __init__(self, folder: str, *, use_config: bool = False) -> None:
        self.folder, self._use_config = folder, use_config
        self._told_settings = 0
        self._ending: tuple[str, float | None] = ("", None)
        self.name = f"mlflow {folder.rpartition('/')[2][:12]}"
        self.place = Place(file=folder)
        self.pending = False
        self._tails: dict[str, _Tail] = {}
        self._odd = 0
        self._cut = False
        self._batches = 0
        self._teller = Teller(self.place)
        self._newest = NewestRecord(self.name, self.place)

    def watched(self) -> tuple[str, ...]:
        return (f"{self.folder}/metrics",)

    def close(self) -> None:
        """Nothing is held open between two looks."""

    def poll(self, now: float) -> Iterator[Event]:
        """New lines of all metrics, at most 4 MiB of them."""
        try:
            entries = self._list(f"{self.folder}/metrics", 1)
        except FileFailure as failure:
            condition = "waiting" if failure.missing else "failed"
            yield from self._teller.tell(SourceStatus(self.name, condition, failure.cause, now, path=self.folder), now)
            return
        self._cut, backfill = len(entries) > MOST_FILES, self._batches == 0 or self.pending
        readings: list[Reading] = []
        self.pending, taken = False, 0
        for entry in entries[:MOST_FILES]:
            tail = self._tails.setdefault(entry.path, _Tail())
            if entry.stat.size < tail.read:  # written anew
                tail.read, tail.rest = 0, b""
            if entry.stat.size == tail.read:
                continue
            if taken > _BUDGET:
                self.pending = True
                break
            before = tail.read
            readings += self._read(entry, tail)
            taken += tail.read - before
            self.pending |= before < tail.read < entry.stat.size
        yield from self._tell_rows(readings, now, backfill=backfill)
        yield from self._newest.tell(now, pending=self.pending)
        yield from self._tell_settings(now)
        yield from self._tell_ending(now)
        yield from self._teller.tell(self._make_status(now), now)

    def _list(self, folder: str, depth: int) -> list[Entry]:
        found: list[Entry] = []
        for entry in list_folder(folder):
            if entry.stat.is_file:
                found.append(entry)
            elif entry.stat.is_folder and depth < _DEEPEST and len(found) <= MOST_FILES:
                found += self._list(entry.path, depth + 1)
        return found

    def _read(self, entry: Entry, tail: _Tail) -> list[Reading]:
        try:
            handle = open_file(entry.path)
        except FileFailure:
            return []
        try:
            data = handle.pread(tail.read, TURN)
        except FileFailure:
            return []
        finally:
            handle.close()
        tail.read += len(data)
        *lines, tail.rest = (tail.rest + data).split(b"\n")
        key = entry.path[len(self.folder) + len("/metrics/") :]
        return [reading for line in lines if line.strip() and (reading := self._to_reading(key, line))]

    def _to_reading(self, key: str, line: bytes) -> Reading | None:
        parts = line.split()
        try:
            at, value, step = float(parts[0]), float(parts[1]), float(parts[2]) if len(parts) > 2 else 0.0
        except (ValueError, IndexError):
            self._odd += 1
            return None
        return step, at / 1000, ((key, value),)

    def _tell_rows(self, readings: list[Reading], now: float, *, backfill: bool) -> Iterator[Event]:
        points = tuple(to_points(readings))
        if not points:
            return
        self._batches += 1
        yield Samples(
            place=self.place,
            seen_at=now,
            backfill=backfill,
            source="mlflow",
            points=points,
            order=float(self._batches),
        )
        self._newest.note((at for _, at, _ in readings if at <= now), self.folder)

    def _tell_ending(self, now: float) -> Iterator[Event]:
        ending = read_ending(read_small(f"{self.folder}/meta.yaml"))
        if ending != self._ending:
            self._ending = ending
            reason, at = ending
            yield WitnessSeen(
                place=self.place, seen_at=now, source="mlflow", name="termination_reason", value=reason, at=at
            )

    def _tell_settings(self, now: float) -> Iterator[Event]:
        """Parameters as rows, once there are more of them: MLflow never changes one."""
        try:
            entries = list_folder(f"{self.folder}/params") if self._use_config else []
        except FileFailure:
            return
        files = sorted((e for e in entries if e.stat.is_file), key=lambda e: e.name)[:MOST_FILES]
        if len(files) != self._told_settings:
            self._told_settings = len(files)
            rows = mask_rows([(e.name, sanitise(read_small(e.path).decode(errors="replace").strip())) for e in files])
            yield ConfigSeen(place=self.place, seen_at=now, path=f"{self.folder}/params", rows=rows)

    def _make_status(self, now: float) -> SourceStatus:
        if not self._tails:
            return SourceStatus(self.name, "waiting", "no metric has been logged yet", now, path=self.folder)
        details = [f"{self._odd} lines that are no metric skipped"] if self._odd else []
        details += [f"only the first {MOST_FILES:,} metrics are read"] if self._cut else []
        condition = "partial" if details else "ok"
        return SourceStatus(self.name, condition, "; ".join(details), now, None, self.folder, backfilling=self.pending)


def read_small(path: str) -> bytes:
    """The first bytes of a small file; empty when it cannot be read."""
    try:
        handle = open_file(path)
    except FileFailure:
        return b""
    try:
        return handle.pread(0, TURN)
    except FileFailure:
        return b""
    finally:
        handle.close()
