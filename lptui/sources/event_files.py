"""The TensorBoard event files of one folder -> samples, live: new files after a restart are found, torn tails wait.

TensorBoard calls such a folder a run; a training may have several (`train/`, `validation/`), a source each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from lptui.files import FileFailure, Handle, list_folder, open_file, stat_file
from lptui.formats.event_frames import FrameReader
from lptui.formats.event_records import ScalarReader
from lptui.model.events import Event, Points, Samples
from lptui.model.place import Place
from lptui.model.readings import SourceStatus
from lptui.sources.newest_record import NewestRecord
from lptui.sources.telling import Teller

TURN = 1024 * 1024
MOST_FILES = 256
MARK = "events.out.tfevents."
_STARTED = re.compile(r"tfevents\.(\d{9,11})(?:\.|\Z)")
_BATCHES = 1 << 22
"""Batches of one file that can be told apart in the order of all files; later ones count as one."""


def _start_of(path: str) -> float:
    """When the writer of an event file began (unix s), as the file's name says; 0 when it does not."""
    match = _STARTED.search(path)
    return float(match[1]) if match else 0.0


class _EventFile:
    """How far one file has been read."""

    def __init__(self, path: str, prefix: str) -> None:
        self.path = path
        self.handle: Handle | None = None
        self.prefix = prefix
        self.restart()
        self.started = _start_of(path)
        self.batches = 0
        self._units: dict[str, str] = {}

    def restart(self) -> None:
        self.frames, self.scalars = FrameReader(), ScalarReader(self.prefix)
        self.read = self.size = 0

    def take(self) -> tuple[Points, ...]:
        """The scalars in the next MiB. Raises FileFailure."""
        if self.handle is None:
            self.handle = open_file(self.path)
        self.size = self.handle.stat().size
        if self.size < self.read:  # rewritten: begin again
            self.restart()
        data = self.handle.pread(self.read, TURN)
        if not data:
            return ()
        self.read += len(data)
        self.batches += 1
        return self.scalars.read(self.frames.feed(data))

    def unit_of(self, points: Points) -> str:
        """What the steps of a tag count. Keras writes `epoch_loss` at the number of the epoch: told by the name, and by
        steps that begin at 0 or 1 and go on one by one."""
        known = self._units.get(points.key)
        if known is None:
            counts = "/epoch_" in f"/{points.key}" and points.steps[0] in (0.0, 1.0)
            counts = counts and all(b - a == 1 for a, b in pairwise(points.steps))
            known = self._units[points.key] = "epoch" if counts else "step"
        return known

    @property
    def order(self) -> float:
        """Where the newest batch lies among those of all files: by the time in the file's name, then as read."""
        return self.started * _BATCHES + min(self.batches, _BATCHES - 1)

    @property
    def damaged(self) -> int:
        return self.frames.damaged + self.scalars.unread


class EventFileSource:
    """Follows all event files of `folder`. `prefix` is put before each tag: the folder's name, where that tells."""

    period = 0.25

    def __init__(self, folder: str, name: str = "tensorboard", *, prefix: str = "", only: str = "") -> None:
        self.folder, self.name, self.prefix, self.only = folder, name, prefix, only
        self.place = Place(file=folder)
        self.pending = False
        self._files: dict[str, _EventFile] = {}
        self._taken: set[float] = set()
        self._listed_at: float | None = None
        self._left_out = 0
        self._failures: dict[str, str] = {}
        self._teller = Teller(self.place)
        self._newest = NewestRecord(name, self.place)

    def watched(self) -> tuple[str, ...]:
        return (self.folder,)

    def close(self) -> None:
        for file in self._files.values():
            if file.handle is not None:
                file.handle.close()
                file.handle = None

    def poll(self, now: float) -> Iterator[Event]:
        """New files, and up to 1 MiB of the first that has more."""
        try:
            self._look(now)
        except FileFailure as failure:
            condition = "waiting" if failure.missing else "failed"
            yield from self._teller.tell(SourceStatus(self.name, condition, failure.cause, now, path=self.folder), now)
            return
        for file in self._files.values():
            known = file.size
            points = self._take(file)
            self.pending = file.read < file.size
            if points:
                yield from self._tell_points(file, points, now, backfill=self.pending or known == 0)
            if self.pending:
                break
        else:
            self.pending = False
        yield from self._newest.tell(now, pending=self.pending)
        yield from self._teller.tell(self._make_status(now), now)

    def _look(self, now: float) -> None:
        """Note files that were not there at the last look. Raises FileFailure."""
        if self.only:
            if not self._files:
                stat_file(self.only)
                self._files = {self.only: _EventFile(self.only, self.prefix)}
            return
        changed_at = stat_file(self.folder).modified_at
        # A folder that changed a moment ago may change again within the same tick of its clock.
        if changed_at == self._listed_at and now - changed_at > 2.0:
            return
        self._listed_at = changed_at
        paths = [e.path for e in list_folder(self.folder) if MARK in e.name and e.stat.is_file]
        paths.sort(key=lambda p: (_start_of(p), p))
        self._left_out = max(0, len(paths) - MOST_FILES)
        for path in paths[-MOST_FILES:]:
            if path not in self._files:
                file = self._files[path] = _EventFile(path, self.prefix)
                while file.started in self._taken:  # two files of one second must not be shuffled together
                    file.started += 1.0
                self._taken.add(file.started)

    def _take(self, file: _EventFile) -> tuple[Points, ...]:
        try:
            points = file.take()
        except FileFailure as failure:
            self._failures[file.path] = failure.cause
            file.size = file.read
            return ()
        self._failures.pop(file.path, None)
        return points

    def _tell_points(
        self, file: _EventFile, points: tuple[Points, ...], now: float, *, backfill: bool
    ) -> Iterator[Event]:
        for unit in ("step", "epoch"):
            if here := tuple(p for p in points if file.unit_of(p) == unit):
                yield Samples(
                    place=Place(file=file.path),
                    seen_at=now,
                    backfill=backfill,
                    source="tensorboard",
                    points=here,
                    order=file.order,
                    unit=unit,
                )
        self._newest.note((p.times[-1] for p in points if p.times[-1] <= now), file.path)

    def _make_status(self, now: float) -> SourceStatus:
        files = self._files.values()
        if not files:
            return SourceStatus(self.name, "waiting", "no event file there yet", now, path=self.folder)
        damaged = sum(file.damaged for file in files)
        details = [f"{damaged} damaged record{'s' * (damaged != 1)} skipped"] if damaged else []
        details += [f"{path.rpartition('/')[2]}: {cause}" for path, cause in list(self._failures.items())[:3]]
        if self._left_out:
            details.append(f"{self._left_out} older files are not read")
        condition = "failed" if len(self._failures) == len(files) else "partial" if details else "ok"
        return SourceStatus(
            self.name,
            condition,
            "; ".join(details),
            now,
            None,
            self.folder,
            sum(file.read for file in files) if self.pending else 0,
            sum(file.size for file in files) if self.pending else None,
            self.pending,
        )
