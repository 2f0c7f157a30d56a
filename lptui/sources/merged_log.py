"""The logs of a run's ranks as one, by time: what they hold until now, and what is written meanwhile.

Nothing is scanned, and nothing is kept but where it was cut: the files' own sources read, index and judge them.
History lies at negative positions and is merged where somebody looks; new lines come in batches, a moment after they
were written, so that what several ranks write at once comes in order.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, cast

from lptui.formats.log_clock import NEVER
from lptui.model.events import Event, MergedSeen
from lptui.model.log import Chunk, LogSegment, LogView
from lptui.model.merged import MergedPart, MergedView
from lptui.run.rank_logs import PartName, find_ranks, name_logs
from lptui.stores.log_cuts import LogCuts
from lptui.stores.log_line_numbers import number_lines
from lptui.stores.log_part import LogPart
from lptui.stores.log_skew import ClockSkew

HOLD = 0.15
"""Seconds between a line's arrival and the batch that it is part of, at least; at most twice that."""
TAIL = 64 * 1024
STEP = 4 * 1024 * 1024
"""Bytes of history that become known before the merged log says so."""
JOIN_AT = 32
"""Batches that become one stretch, where their lines lie in order anyway."""
_JUST_LATER = 1e-6


class OpenLog(Protocol):
    """A log's own source."""

    view: LogView

    @property
    def still_reading(self) -> bool: ...

    def read(self, start: int, length: int) -> Chunk: ...


class MergedLog:
    """`sources` gives those of the run's logs, by path (and this one). It costs nothing before `wanted`."""

    name = "merged log"
    period = 0.05
    pending = False

    def __init__(self, run: str, sources: Callable[[], Mapping[str, object]]) -> None:
        self.file = f"{run} (merged)"
        self.wanted = False
        self.view = MergedView(self.file, missing=True)
        self._sources = sources
        self._lock = threading.RLock()
        self._counting = threading.Lock()
        self._names: dict[str, PartName] = {}
        self._known: set[str] = set()
        self._cuts: LogCuts | None = None
        self._seen: list[int] = []
        self._seen_at = 0.0
        self._joinable = 0  # the position from which on batches may be made one
        self._batches = 0
        self._skew = ClockSkew()

    def watched(self) -> tuple[str, ...]:
        return ()

    def close(self) -> None:
        self.wanted = False

    def poll(self, now: float) -> Iterator[Event]:
        """What came since."""
        if not self.wanted:
            return
        with self._lock:
            before = self.view
            if self._cuts is None:
                self._open(now)
            else:
                self._welcome(self._cuts)
                self._extend(self._cuts, finish=False)
                self._take(self._cuts, now)
                if self._skew.compare(self._cuts, now):
                    self._tell(self._cuts, now)
            if self.view is not before:
                yield MergedSeen(seen_at=now, view=self.view)

    def read(self, start: int, length: int) -> Chunk:
        """Bytes of a range; safe from any thread."""
        with self._lock:
            data = self._cuts.read(start, length) if self._cuts is not None else b""
        return Chunk(self.file, start, data)

    def finish(self, go_on: Callable[[], bool]) -> MergedView:
        """Make all of the files' history part of it, counting what their scans have not come to yet."""
        cuts = self._cuts
        if cuts is not None and not self.view.complete:
            with self._counting:
                for part in cuts.parts:
                    part.count_history(go_on)
            with self._lock:
                self._extend(cuts, finish=go_on())
        return self.view

    def find_time(self, at: float) -> int:
        """As `Merging` says."""
        with self._lock:
            return self._cuts.cut_at(at) if self._cuts is not None else 0

    def find_line(self, path: str, offset: int) -> int | None:
        """As `Merging` says."""
        with self._lock:
            index = self._index_of(path)
            return None if index is None or self._cuts is None else self._cuts.position_of(index, offset)

    def read_part(self, path: str) -> tuple[LogView, Callable[[int, int], Chunk]] | None:
        """As `Merging` says."""
        log = self._logs().get(path)
        return None if log is None else (log.view, log.read)

    def name_line(self, position: int) -> tuple[str, int] | None:
        """(path, offset in that file's view) of the line that holds `position`."""
        with self._lock:
            place = self._cuts.place_of(position) if self._cuts is not None else None
            return None if place is None or self._cuts is None else (self._cuts.parts[place[0]].path, place[1])

    def number_lines(self, positions: Sequence[int]) -> list[int | None]:
        """Which lines of their files lie at `positions`, from 1; None where that is not known (yet)."""
        with self._lock:
            return number_lines(self._cuts, positions) if self._cuts is not None else [None] * len(positions)

    def find(
        self, low: int, high: int, keep: Callable[[bytes], list[int]], ranks: frozenset[int], *, back: bool
    ) -> Iterator[tuple[list[int], int, int]]:
        """As `Merging` says. The lock is held for one stretch at a time."""
        cuts = self._cuts
        if cuts is None:
            return
        wanted = frozenset(n for n, part in enumerate(cuts.parts) if part.rank in ranks) if ranks else None
        at = high if back else low
        while low < at if back else at < high:
            with self._lock:
                number = cuts.chunk_at(at - 1 if back else at)
                first, last = cuts.bounds(number)
                first, last = max(first, low), min(last, high)
                kept = [place for place in cuts.find(number, keep, wanted) if first <= place < last]
            yield kept, first, last
            at = first if back else last

    def _logs(self) -> dict[str, OpenLog]:
        return {path: cast("OpenLog", s) for path, s in self._sources().items() if s is not self}

    def _index_of(self, path: str) -> int | None:
        parts = self._cuts.parts if self._cuts is not None else []
        return next((n for n, part in enumerate(parts) if part.path == path), None)

    def _open(self, now: float) -> None:
        logs = self._logs()
        self._known = set(logs)
        names = find_ranks(tuple(logs)) or name_logs(tuple(logs))
        self._names = {name.path: name for name in names}
        parts = [self._make_part(name) for name in names]
        if any(part.path in logs and not part.ready and not part.view.missing for part in parts):
            return
        parts = [part for part in parts if part.ready]
        if not parts:
            return
        cuts = LogCuts(parts)
        for part in parts:
            part.note_seams()
            part.count_history(_once())  # enough for a first screen, whatever its scan is doing
        cuts.begin([part.end(part.first()) for part in parts])
        self._cuts, self._seen, self._seen_at = cuts, list(cuts.newest), now
        self._joinable = cuts.end
        self._extend(cuts, finish=False)
        self._tell(cuts, now)

    def _make_part(self, name: PartName) -> LogPart:
        log = self._logs()[name.path]
        return LogPart(name.path, name.label, lambda: log.view, log.read, name.rank)

    def _welcome(self, cuts: LogCuts) -> None:
        """Files that came later: all of their lines are new."""
        logs = self._logs()
        if set(logs) != self._known:
            self._known = set(logs)
            by_rank = cuts.parts[0].rank is not None
            names = find_ranks(tuple(logs)) if by_rank else name_logs(tuple(logs))
            self._names |= {name.path: name for name in names if name.path not in self._names}
        waiting = self._names.keys() - {part.path for part in cuts.parts}
        for path in sorted(waiting & logs.keys()):
            part = self._make_part(self._names[path])
            if part.ready and part.lines.complete:
                part.note_seams()
                cuts.add_part(part)
                self._seen.append(part.first())

    def _extend(self, cuts: LogCuts, *, finish: bool) -> None:
        """Let history reach back as far as all files are counted."""
        firsts, oldest = [part.first() for part in cuts.parts], cuts.oldest
        complete = all(part.lines.complete for part in cuts.parts)
        least = STEP if cuts.begun and not finish and self.view.complete == complete else 1
        if sum(oldest) - sum(firsts) < least and complete == self.view.complete:
            return
        logs, cut = self._logs(), firsts
        if any(logs[part.path].still_reading for part in cuts.parts) and not finish:
            pairs = zip(cuts.parts, firsts, oldest, strict=True)
            known = [part.time_at(first, old)[1] for part, first, old in pairs if logs[part.path].still_reading]
            cut = list(cuts.cut_within(max(known, default=NEVER), firsts, oldest))
            complete = complete and cut == firsts
        cuts.add_older([min(a, b) for a, b in zip(cut, oldest, strict=True)])
        size = cuts.end - cuts.start
        self.view = replace(
            self.view,
            segments=(LogSegment(0, cuts.start, size),),
            complete=complete,
        )

    def _take(self, cuts: LogCuts, now: float) -> None:
        """Lines that have waited long enough become a batch, with those that were written before them elsewhere."""
        if now - self._seen_at < HOLD and now >= self._seen_at:
            return
        for part in cuts.parts:
            part.note_seams()
        ends = [part.end(at) for part, at in zip(cuts.parts, self._seen, strict=True)]
        newest = list(cuts.newest)
        if self._seen != newest:
            cuts.add_newer(self._due(cuts, newest, ends))
            self._join(cuts)
            self._skew.take(cuts, now)
            self._tell(cuts, now)
        self._seen, self._seen_at = [max(a, b) for a, b in zip(ends, cuts.newest, strict=True)], now

    def _due(self, cuts: LogCuts, newest: Sequence[int], ends: Sequence[int]) -> list[int]:
        waited = list(zip(cuts.parts, newest, self._seen, ends, strict=True))
        last = max((part.last_time(low, seen) for part, low, seen, _ in waited if low < seen), default=NEVER)
        return [
            part.find_time(last + _JUST_LATER, seen, end) if seen < end and last != NEVER else seen
            for part, _, seen, end in waited
        ]

    def _join(self, cuts: LogCuts) -> None:
        self._batches += 1
        if self._batches >= JOIN_AT:
            cuts.join_from(self._joinable)
            self._joinable, self._batches = cuts.end, 0

    def _tell(self, cuts: LogCuts, now: float) -> None:
        grown = cuts.end > self.view.end
        low = max(cuts.start, cuts.end - TAIL)
        times = [part.view.modified_at or 0.0 for part in cuts.parts]
        self.view = replace(
            self.view,
            segments=(LogSegment(0, cuts.start, cuts.end - cuts.start),),
            tail=cuts.read(low, cuts.end - low),
            tail_start=low,
            grown_at=now if grown else self.view.grown_at,
            modified_at=max(times, default=0.0) or None,
            missing=False,
            parts=tuple(self._describe(part) for part in cuts.parts),
            merging=self,
        )

    def _describe(self, part: LogPart) -> MergedPart:
        name = self._names[part.path]
        clockless = self._skew.is_clockless(part)
        return MergedPart(part.path, part.label, name.name, part.rank, self._skew.of(part.path), clockless)


def _once() -> Callable[[], bool]:
    """True, then false."""
    left = [False, True]
    return left.pop
