"""Error files of torchrun's ranks: the exception, its traceback, rank and time, better told than any log tells it.

A file is read when it appears or changes, bounded; its text goes to the failure rules as a block of its own. How often
the launcher started the ranks again stands in the folders' names.
"""

from __future__ import annotations

from collections.abc import Iterator

from lptui.files import FileFailure, Stat, list_folder, open_file, stat_file
from lptui.formats.error_record import ErrorRecord, read_error_record
from lptui.model.events import Event, LogBlock, StatusSeen, WitnessSeen
from lptui.model.place import Moment, Place
from lptui.model.readings import SourceStatus
from lptui.model.run import RunInfo
from lptui.run.ranks import attempt_of, rank_of
from lptui.text import plural

LIMIT = 256 * 1024
LOOK_AGAIN = 10.0
UNCERTAIN = 1.0
"""The time in the file is one of whole seconds."""
_MOST = 512


class ErrorFileSource:
    """Follows the files by stat, and looks for those of later attempts beside them."""

    name = "error files"
    period = 1.0

    def __init__(self, run: RunInfo) -> None:
        self.pending = False
        self._place = Place(run=run.path)
        self._files = dict.fromkeys(run.error_files)
        self._seen: dict[str, Stat] = {}
        self._read: dict[str, bool] = {}
        self._looked_at = float("-inf")
        self._status: SourceStatus | None = None

    def watched(self) -> tuple[str, ...]:
        return tuple({path.rpartition("/")[0] for path in self._files})[:16]

    def close(self) -> None:
        """Nothing is held open."""

    def poll(self, now: float) -> Iterator[Event]:
        """What changed in any of the files."""
        if not 0 <= now - self._looked_at < LOOK_AGAIN:
            self._looked_at = now
            self._find_more()
        for path in tuple(self._files):
            yield from self._follow(path, now)
        yield from self._tell(now)

    def _find_more(self) -> None:
        """`attempt_N/R/error.json` of attempts and ranks that came after the first look."""
        for top in {path.rsplit("/", 3)[0] for path in self._files if attempt_of(path) is not None}:
            for attempt in _folders(top, "attempt_"):
                for rank in _folders(attempt, ""):
                    if len(self._files) < _MOST:
                        self._files.setdefault(f"{rank}/error.json")

    def _follow(self, path: str, now: float) -> Iterator[Event]:
        try:
            stat = stat_file(path)
        except FileFailure:
            return
        if not stat.is_file or self._seen.get(path) == stat:
            return
        self._seen[path] = stat
        record = _read(path)
        self._read[path] = record is not None
        if record is None:
            return
        at = record.at if record.at is not None else stat.modified_at
        rank, attempt = rank_of(path), attempt_of(path)
        yield LogBlock(
            place=Place(run=self._place.run, attempt=attempt, rank=rank, file=path),
            seen_at=now,
            happened_at=Moment(at, "log", UNCERTAIN),
            backfill=True,
            file=path,
            start=0,
            data=record.text.strip("\n").encode("utf-8", "replace") + b"\n",
        )
        if attempt is not None and attempt > 1:
            yield WitnessSeen(
                place=self._place,
                seen_at=now,
                source="torchrun",
                name="elastic_restarts",
                value=str(attempt - 1),
                at=at,
            )

    def _tell(self, now: float) -> Iterator[Event]:
        good, bad = sum(self._read.values()), sum(not r for r in self._read.values())
        detail = plural(good, "error file") + (f"; {bad} not in torchrun's format" if bad else "")
        if self._status is None or self._status.detail != detail:
            self._status = SourceStatus(self.name, "ok" if good else "absent", detail, now, read=good)
            yield StatusSeen(place=self._place, seen_at=now, status=self._status)


def _folders(path: str, start: str) -> list[str]:
    try:
        return [e.path for e in list_folder(path) if e.stat.is_folder and e.name.startswith(start)][:_MOST]
    except FileFailure:
        return []


def _read(path: str) -> ErrorRecord | None:
    try:
        handle = open_file(path)
    except FileFailure:
        return None
    try:
        return read_error_record(handle.pread(0, LIMIT))
    except FileFailure:
        return None
    finally:
        handle.close()
