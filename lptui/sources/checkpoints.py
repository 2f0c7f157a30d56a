"""The run's checkpoints: listed by name, size and time (L0), then looked into one by one in a safe process
(L1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from lptui.checkpoints.groups import CheckpointGroup, group
from lptui.checkpoints.info import CheckpointInfo
from lptui.checkpoints.report import DeepReport
from lptui.model.events import CheckpointsSeen, Event, StatusSeen
from lptui.model.place import Place
from lptui.model.readings import CheckpointReading, SourceStatus
from lptui.model.run import RunInfo
from lptui.model.value import frozen
from lptui.run.checkpoint_files import CheckpointFiles, FoundFiles
from lptui.run.checkpoint_readings import deep_paths, deepen, find_step_stems, name_by_step, read_group, targets
from lptui.run.checkpoint_series import stem
from lptui.run.checkpoint_writing import (
    CUT_OFF,
    Watch,
    Writers,
    tell_moving,
    tell_unfinished,
    usual_seconds,
    usual_size,
    usual_sizes,
    watch,
)
from lptui.sources.checkpoint_writers import find_writers

PERIOD = 2.0
LEFT_OVER = 60.0
"""Seconds after which a temporary file is what an interrupted save left."""
YOUNG = 600.0
"""Seconds after which one that looks cut off is so, whoever holds it open."""
NEWEST = 50
"""Checkpoints that are looked into without being asked."""
TOLD_EVERY = 16
"""Looks after which the list is told again while more are due."""
_PATIENCE = (3.0, 15.0)


class Inspecting(Protocol):
    """What the worker gives: never raises for a file."""

    def inspect(self, path: str, timeout_s: float = 10.0) -> CheckpointInfo: ...

    def close(self) -> None: ...


@frozen
class _Looked:
    """One checkpoint's L1, the size and mtime that it was read at, and how often the reader failed on it."""

    size: int
    mtime: float
    info: CheckpointInfo
    failures: int = 0


class CheckpointSource:
    """Lists every two seconds (a thousand files: every four); looks into at most one file a poll, the newest
    first."""

    name = "checkpoints"

    def __init__(
        self,
        run: RunInfo,
        inspector: Inspecting | None = None,
        writers: Callable[[str, Sequence[str]], Writers | None] = find_writers,
    ) -> None:
        self.pending = False
        self._run = run.path
        self._find_writers = writers
        self._files = CheckpointFiles(run)
        self._place = Place(run=run.path)
        self._inspector = inspector
        self._found = FoundFiles((), frozenset())
        self._groups: tuple[CheckpointGroup, ...] = ()
        self._newest: list[CheckpointGroup] = []
        """Those that there is anything to look into of, the newest first."""
        self._watches: dict[str, Watch] = {}
        self._writing: dict[str, str] = {}
        self._usual: dict[str, int] = {}
        self._cut_off: dict[str, tuple[int, float]] = {}
        """Which are known to be no save in progress, as they are now: processes are not looked at for them again."""
        self._looked: dict[str, _Looked] = {}
        self._wanted: set[str] = set()
        self._asked: set[str] = set()
        """Those that were wanted and not looked into yet."""
        self._deep: dict[str, DeepReport] = {}
        self._listed_at: float | None = None
        self._readings: dict[str, tuple[object, CheckpointReading]] = {}
        self._shown: tuple[object, ...] | None = None
        self._status: SourceStatus | None = None
        self._untold = 0

    @property
    def period(self) -> float:
        """Seconds between two listings: thousands of files are not asked for their size every moment."""
        return max(PERIOD, len(self._found.files) / 250)

    def request(self, path: str) -> None:
        """Look into the checkpoint at `path` (again) before the others. May be called from any thread."""
        self._wanted.add(path)

    def payloads(self, path: str) -> list[str]:
        """Absolute paths of the files of the checkpoint at `path` that a deep pass reads. May be called from any
        thread."""
        found = [g for g in self._groups if path in (g.path, self._files.absolute(g.path))]
        return [self._files.absolute(name) for one in found for name in deep_paths(one)]

    def take_report(self, report: DeepReport) -> None:
        """What a deep pass found; it counts for as long as the file stays as it was. May be called from any thread."""
        self._deep[report.path] = report

    def watched(self) -> tuple[str, ...]:
        return self._files.folders

    def close(self) -> None:
        """End the reader process."""
        inspector, self._inspector = self._inspector, None
        if inspector is not None:
            inspector.close()

    def poll(self, now: float) -> Iterator[Event]:
        """All checkpoints when any of them changed, and the status when it did."""
        stale = self._listed_at is None or not 0 <= now - self._listed_at < self.period / 4
        if stale:  # the bell rings for every file of the run
            self._list(now)
        elif not (self.pending or self._wanted):
            return
        self._look_into_one()
        self._untold = 0 if stale or not self.pending else (self._untold + 1) % TOLD_EVERY
        if self._untold:  # thousands are looked into: the whole list is not made anew for each
            return
        self._judge_writing(now)
        leftovers = tuple(sorted(_temporary_files(self._groups, now)))
        steps = find_step_stems((g, self._info_of(g)) for g in self._groups if g.path in self._looked)
        named = [name_by_step(g) if steps and stem(g.path) in steps else g for g in self._groups]
        shown = tuple(self._read(g) for g in named if not _is_leftover(g, now))
        pointers = self._found.pointers
        if self._shown != (shown, leftovers, pointers):
            self._shown = (shown, leftovers, pointers)
            paths = tuple(self._files.absolute(path) for path in leftovers)
            yield CheckpointsSeen(place=self._place, seen_at=now, checkpoints=shown, leftovers=paths, pointers=pointers)
        yield from self._tell(self._found, len(shown), now)

    def _list(self, now: float) -> None:
        """What is on disk now; the names are only understood anew when something changed."""
        found, before = self._files.look(now), self._listed_at
        self._listed_at = now
        if found.failures and len(found.files) < len(self._found.files):
            # a folder that does not answer has lost nothing: what was there is kept until it does
            found = replace(self._found, failures=found.failures)
        if found.files != self._found.files:
            self._groups = group([(f.path, f.size, f.mtime) for f in found.files])
            self._newest = sorted(filter(targets, self._groups), key=lambda g: (g.mtime, g.path), reverse=True)
            paths = {g.path for g in self._groups}
            self._looked = {path: seen for path, seen in self._looked.items() if path in paths}
            self._asked &= paths
            self._cut_off = {path: mark for path, mark in self._cut_off.items() if path in paths}
            self._readings = {path: kept for path, kept in self._readings.items() if path in paths}
        self._found = found
        self._watches = watch(self._watches, self._groups, now, before)

    def _judge_writing(self, now: float) -> None:
        """Which are in the making, and why: those that move, and those that look cut off but may go on."""
        writing = {g.path: said for g in self._groups if (said := tell_moving(g, self._watches[g.path]))}
        doubtful = [g for g in self._groups if g.path not in writing and self._looks_cut_off(g)]
        doubtful = [g for g in doubtful if self._cut_off.get(g.path) != (g.size, g.mtime)]
        if doubtful:
            files = {self._files.absolute(f.path): f.path for g in doubtful for f in g.files}
            seen = self._find_writers(self._run, tuple(files))
            if seen is not None:
                seen = Writers({files[path]: pid for path, pid in seen.holders.items()}, seen.alive)
            usual = usual_seconds(self._watches.values())
            told = {g.path: tell_unfinished(g, self._watches[g.path], seen, usual, now) for g in doubtful}
            writing.update({path: said for path, said in told.items() if said})
            self._cut_off = self._cut_off | {g.path: (g.size, g.mtime) for g in doubtful if not told[g.path]}
        self._writing = writing
        self._usual = usual_sizes(self._groups, writing) if writing else {}

    def _looks_cut_off(self, one: CheckpointGroup) -> bool:
        """Only a young one: who was written an hour ago is no save in progress, and costs no look at processes."""
        if (self._listed_at or 0.0) - one.mtime >= YOUNG:
            return False
        info = self._info_of(one)
        return not one.complete or (info is not None and info.verdict in CUT_OFF)

    def _info_of(self, one: CheckpointGroup) -> CheckpointInfo | None:
        """What the reader said of it as it is now."""
        seen = self._looked.get(one.path)
        return seen.info if seen is not None and _same(seen, one) else None

    def _look_into_one(self) -> None:
        """Ask the reader for the one that is due first; `pending` tells that more are due."""
        due = self._due()
        self.pending = len(due) > 1
        if not due:
            return
        one = due[0]
        old = self._looked.get(one.path)
        failures = old.failures if old is not None and _same(old, one) else 0
        if self._inspector is None:
            from lptui.checkpoints.worker import Inspector

            self._inspector = Inspector()
        info = self._inspector.inspect(self._files.absolute(one.path), _PATIENCE[min(failures, 1)])
        failures += info.verdict == "reader-failed"
        # the table of tensors may be megabytes; no row shows it
        info = replace(info, tensors=(), scalars=())
        self._looked[one.path] = _Looked(one.size, one.mtime, info, failures)
        self._asked.discard(one.path)

    def _due(self) -> list[CheckpointGroup]:
        wanted = self._wanted.copy()
        for one in self._newest if wanted else ():
            if one.path in wanted or self._files.absolute(one.path) in wanted:
                self._looked.pop(one.path, None)
                self._asked.add(one.path)
        self._wanted -= wanted
        asked = [g for g in self._newest if g.path in self._asked] if self._asked else []
        due = [g for g in _once((*asked, *self._newest[:NEWEST])) if self._is_due(g)]
        # what was never read goes first: one that changes all the time must not keep the others waiting
        return sorted(due, key=lambda one: one.path in self._looked)

    def _is_due(self, one: CheckpointGroup) -> bool:
        if tell_moving(one, self._watches[one.path]):
            return False
        seen = self._looked.get(one.path)
        if seen is None or not _same(seen, one):
            return True
        return seen.info.verdict == "changed" or 0 < seen.failures < len(_PATIENCE)

    def _read(self, one: CheckpointGroup) -> CheckpointReading:
        """The row of one group; the same value as before as long as nothing about it changed."""
        info = self._info_of(one)
        if info is not None and self._deep:
            info = deepen(info, targets(one), {f.path: self._deep.get(self._files.absolute(f.path)) for f in one.files})
        writing, seconds = self._writing.get(one.path, ""), self._watches[one.path].seconds
        usual = usual_size(one, self._usual) if writing else None
        basis = (one, info, writing, seconds, usual)
        kept = self._readings.get(one.path)
        if kept is not None and kept[0] == basis:
            return kept[1]
        reading = read_group(
            one, info, self._files.absolute, being_written=writing, usual_size=usual, save_seconds=seconds
        )
        self._readings[one.path] = (basis, reading)
        return reading

    def _tell(self, found: FoundFiles, count: int, now: float) -> Iterator[Event]:
        condition = "partial" if found.cut or found.failures else "ok" if count else "absent"
        detail = f"{count} listed" if count else "no checkpoint yet"
        if count > NEWEST:
            detail += f", the newest {NEWEST} looked into"
        if found.cut:
            detail += f"; only the newest {len(found.files):,} files were looked at"
        if found.failures:
            detail += f"; {found.failures[0]}"
        old = self._status
        if old is None or (old.condition, old.detail, old.backfilling) != (condition, detail, self.pending):
            self._status = SourceStatus(
                self.name,
                condition,
                detail,
                now,
                read=len(self._looked),
                of=None if not self.pending else count,
                backfilling=self.pending,
            )
            yield StatusSeen(place=self._place, seen_at=now, status=self._status)


def _once(groups: Iterable[CheckpointGroup]) -> Iterable[CheckpointGroup]:
    """Each once, by its path: the value of a group of many files takes long to hash."""
    return {g.path: g for g in groups}.values()


def _same(seen: _Looked, one: CheckpointGroup) -> bool:
    return (seen.size, seen.mtime) == (one.size, one.mtime)


def _is_leftover(one: CheckpointGroup, now: float) -> bool:
    return one.name.role == "temporary" and one.name.bundle is None and now - one.mtime > LEFT_OVER


def _temporary_files(groups: Sequence[CheckpointGroup], now: float) -> Iterator[str]:
    for one in groups:
        for file in one.files:
            if file.role == "temporary" and now - file.mtime > LEFT_OVER:
                yield file.path
