"""One log file -> its extent, blocks of complete lines (newest first for history), and what they say of progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Protocol

from lptui.files.older import OlderParts
from lptui.files.seam import FileFailure
from lptui.files.tail import KEPT, TAIL, Growth, Tail
from lptui.formats.log_points import UNITS, collect_points
from lptui.formats.log_time import AHEAD, date_facts, last_time
from lptui.formats.progress import FactReader
from lptui.model.events import DatedFact, Event, Facts, LogBlock, LogSeen, Samples, StatusSeen
from lptui.model.log import Chunk, LogSegment, Suspect
from lptui.model.place import Place
from lptui.model.readings import SourceCondition, SourceStatus
from lptui.sources.procfs import is_on_network
from lptui.stores.log_index import Indexer

BLOCK = 1024 * 1024
LEAD = 8 * 1024
RECENT, OLDER_FACTS, OLD, OLDEST_FACTS = 512 * 1024, 40, 128 * 1024 * 1024, 10
"""Of the newest part of history, RECENT, all numbers are read; older ones are thinned to OLDER_FACTS a block, those
before OLD bytes to OLDEST_FACTS: a gigabyte still gives ten thousand."""
FLOODS = ((32 * 1024, 10), (16 * 1024, 40))
"""Of a poll that brings more than so many bytes so many numbers are read: more than a chart can show in a second."""
OVERLAP = 300.0
"""Seconds that an older file may go on beside what follows it; beyond it is that of another rank."""
TRIES = 3  # polls after which history that cannot be read is given up
LONGEST_LINE = 256 * 1024
"""A line longer than this is scanned in pieces, so that a file without newlines cannot stop the scan."""


class Text(Protocol):
    """A text that is made from another file: `fill` brings the one at `path` up to date, and says if there is more."""

    path: str
    failure: FileFailure | None
    note: str

    def fill(self) -> bool: ...

    def close(self) -> None: ...


class LogSource:
    """Follows one log. Live lines come first; history is read behind, newest block first, one block a poll. The older
    generations beside it follow, the newest first, as history. `text` is where the log is read from when
    `path` only names it; `keep` bytes stay readable after a truncation.
    """

    period = 0.02

    def __init__(
        self, path: str, place: Place | None = None, name: str = "", text: Text | None = None, keep: int = KEPT
    ) -> None:
        self.path = path
        self.name = name or "log " + path.rsplit("/", 1)[-1]
        self.place = place or Place(file=path)
        self.tail = Tail(text.path if text is not None else path, keep=keep)
        self.tail.view = replace(self.tail.view, file=path)
        self._text = text
        self.older = OlderParts(self.tail)
        self.pending = False
        self._status: SourceStatus | None = None
        self._carry = self._lead = b""  # a line that has no end yet, and what came before it
        self._carry_at = self._carry_generation = 0
        self._all_from = 0  # below this position the numbers of progress lines are thinned
        self._facts = FactReader()
        self.sift: Callable[[bytes], tuple[Suspect, ...] | None] = lambda data: None  # for all readers
        self._floor = self._tries = 0  # tries to read a block of history that would not come
        self._backfill: int | None = None  # history from `_floor` up to this position is still to be read
        self._lost = ""
        self._not_after = float("inf")  # the oldest time dated so far in history
        self._indexer = Indexer()
        self._index_after = float("inf")  # the same, of the marks of the index
        self.view = self._told = self.tail.view

    def watched(self) -> tuple[str, ...]:
        return (self.path.rsplit("/", 1)[0] or "/",)

    def close(self) -> None:
        self.older.close()
        self.tail.close()
        if self._text is not None:
            self._text.close()

    def read(self, start: int, length: int) -> Chunk:
        """Bytes of a range for a screen; safe from another thread."""
        data, reason = self.tail.read(start, length)
        return Chunk(self.path, start, data, reason)

    def poll(self, now: float) -> Iterator[Event]:
        """New lines, then one block of history."""
        more = self._text is not None and self._text.fill()
        grown = self.tail.poll(now)
        view = self.tail.view
        if opened := bool(view.segments) and self._backfill is None:
            self.tail.remote = is_on_network(self.tail.path)
            self._start_history()
        # First: it counts lines, and a view that is told again with them would be a second picture of each line.
        taken = [event for growth in grown for event in self._take(growth, now)]
        if view is not self._told or self._indexer.index is not self.view.lines:
            self._told = view
            self.view = replace(view, lines=self._indexer.index)
            yield LogSeen(place=self.place, seen_at=now, view=self.view)
        yield from taken
        quiet = not grown and not opened  # all logs of a run are shown before the history of one is read
        if quiet and self._history_left:
            yield from self._read_history(now)
        elif quiet and self._backfill is not None and self.older.pending:
            self._take_older(self.older.step())
        waits = self.tail.unsure or self.tail.failure is not None
        self.pending = more or self.tail.behind or (self.still_reading and not waits)
        yield from self._tell_status(now)

    @property
    def _history_left(self) -> bool:
        return self._backfill is not None and self._backfill > self._floor

    @property
    def still_reading(self) -> bool:
        """Whether there is history that was not read yet."""
        return self._backfill is not None and (self._history_left or self.older.pending)

    def _take_older(self, segment: LogSegment | None) -> None:
        """An older generation came in front of all: it is history too, unless it goes on beside what follows it."""
        if segment is None:
            return
        ended = next(s.seam_at for s in self.tail.view.segments if s.base == segment.end)
        last = last_time(self.tail.read(max(segment.base, segment.end - TAIL), TAIL)[0], ended)
        if last is not None and min(last, ended) > self._index_after + OVERLAP:
            self.older.aside(segment)
            return
        self._floor, self._backfill = segment.base, segment.end
        self._not_after = min(self._not_after, ended or self._not_after)
        self._index_after = min(self._index_after, ended or self._index_after)

    def _tell_status(self, now: float) -> Iterator[Event]:
        status = self._judge(now)
        if self._changed(status):
            self._status = status
            yield StatusSeen(place=self.place, seen_at=now, status=status)

    def _judge(self, now: float) -> SourceStatus:
        view, failure, text = self.tail.view, self.tail.failure, self._text
        if text is not None and text.failure is not None:
            failure = text.failure

        def told(condition: SourceCondition, detail: str) -> SourceStatus:
            return SourceStatus(self.name, condition, detail, now, path=self.path)

        if failure is not None and not view.segments:
            note = text.note if text is not None else ""
            words = "; ".join(filter(None, (failure.cause, failure.next_step)))
            return told("waiting", note or "not there yet") if failure.missing else told("failed", words)
        if failure is not None and not failure.missing:
            return told("failed", f"{failure.cause}: {failure.next_step or 'it is tried again'}; what was read stays")
        problem = self._lost or self.older.problem or (text.note if text is not None else "")
        if self.still_reading:
            read, detail = view.end - (self._backfill or 0), self.older.progress
            of = view.end - min(view.start, self._floor)
            return SourceStatus(self.name, "ok", detail, now, None, self.path, read=read, of=of, backfilling=True)
        if problem:
            return told("partial", problem)
        detail = "deleted; what was read stays" if view.missing else ""
        if self.tail.shelf.late and not detail:
            detail = f"{self.tail.shelf.late:,} bytes were written to an older file after the log went on elsewhere"
        if not detail and (self._all_from > view.start or self.older.left):
            thinned = "read in full for failures; of old progress lines, every so many"
            detail = "; ".join(filter(None, (self.older.left, thinned if self._all_from > view.start else "")))
        return told("ok", detail)

    def _changed(self, status: SourceStatus) -> bool:
        old = self._status
        return (
            old is None
            or (old.condition, old.detail, old.backfilling) != (status.condition, status.detail, status.backfilling)
            or abs(status.read - old.read) > 64 * BLOCK
        )

    def _start_history(self) -> None:
        """Split what is there into history (complete lines) and the open line that live text will finish."""
        view = self.tail.view
        cut = _line_end(view.tail)
        self._carry_at = view.tail_start + cut
        self._carry = view.tail[cut:]
        if cut == 0 and view.tail_start > 0:  # an open line longer than the tail: its start is history
            self._carry_at, self._carry = view.end, b""
        self._backfill = self._carry_at
        self._all_from = self._carry_at - RECENT
        self._lead = view.tail[max(0, cut - LEAD) : cut]
        self._carry_generation = view.segments[-1].generation
        at = view.modified_at or self._index_after
        self._indexer.begin(self._carry_at, complete=self._carry_at <= view.start, at=at)
        self._index_after = at

    def _take(self, growth: Growth, now: float) -> Iterator[Event]:
        if growth.generation != self._carry_generation:
            yield from self._flush(now)
            self._carry_at, self._carry_generation, self._lead = growth.start, growth.generation, b""
            self._indexer.mark_generation(growth.start)
        data = self._carry + growth.data
        cut = _line_end(data)
        if len(data) - cut > LONGEST_LINE:
            cut = len(data)
        if cut:
            yield from self._emit(data[:cut], self._carry_at, self._lead, now, backfill=False)
            self._lead = (self._lead + data[:cut])[-LEAD:]
            self._carry_at += cut
        self._carry = data[cut:]

    def _flush(self, now: float) -> Iterator[Event]:
        """The open line of a generation that ended is complete now."""
        if self._carry:
            yield from self._emit(self._carry, self._carry_at, self._lead, now, backfill=False)
            self._carry = b""

    def _read_history(self, now: float) -> Iterator[Event]:
        stop, floor = self._backfill or 0, self._floor
        start = max(floor, stop - BLOCK)
        lead_at = max(floor, start - LEAD)
        data, reason = self.tail.read(lead_at, stop - lead_at)
        if len(data) < stop - lead_at:
            self._tries += self.tail.failure is None
            if not self.tail.unsure or self._tries > TRIES:
                self._lost = f"{stop - floor:,} bytes of history were not read: {reason or 'they are gone'}"
                self._backfill, self._tries = floor, 0
                self._indexer.end_older()
            return
        self._tries = 0
        self.tail.recent.prepend(lead_at, data)
        head = start - lead_at
        if start > floor:
            newline = data.find(b"\n", head, max(head, len(data) - 1))
            head = newline + 1 if newline >= 0 else head
        self._backfill = lead_at + head
        lead = data[max(0, head - LEAD) : head]
        yield from self._emit(data[head:], lead_at + head, lead, now, backfill=True)

    def _emit(self, data: bytes, start: int, lead: bytes, now: float, *, backfill: bool) -> Iterator[Event]:
        segment = self.tail.view.segment_at(start)
        most = self._most_facts(start, data, backfill=backfill)
        suspects = self.sift(data) if most is not None else None
        yield LogBlock(
            place=self.place,
            seen_at=now,
            backfill=backfill,
            file=self.path,
            start=start,
            data=data,
            lead=lead,
            suspects=suspects,
            generation=segment.generation if segment else 0,
            base=segment.base if segment else 0,
        )
        facts = self._facts.read(data, most, suspects, backfill=backfill)
        limit = min(self._not_after, self.tail.view.modified_at or now) if backfill else now + AHEAD
        dated = date_facts(data, start, facts, limit)
        self._mark(data, start, dated, now, backfill=backfill)
        if facts:
            if backfill:
                self._not_after = min((d.at for d in dated if d.at is not None), default=self._not_after)
            yield Facts(place=self.place, seen_at=now, backfill=backfill, file=self.path, facts=dated)
            for unit in UNITS:
                points = collect_points(dated, unit)
                if points:
                    yield Samples(
                        place=self.place,
                        seen_at=now,
                        backfill=backfill,
                        source=self.name,
                        points=points,
                        order=float(start),
                        until=float(start + len(data)) if backfill else None,  # so that short segments become long ones
                        unit=unit,
                    )

    def _mark(self, data: bytes, start: int, facts: tuple[DatedFact, ...], now: float, *, backfill: bool) -> None:
        if not backfill:
            self._indexer.take_newer(data, start, facts, now)
            return
        last = start <= self.tail.view.segments[0].base
        self._index_after = self._indexer.take_older(data, start, facts, self._index_after, last=last)

    def _most_facts(self, start: int, data: bytes, *, backfill: bool) -> int | None:
        """How many progress lines of a block to read; None for all."""
        if backfill:
            newer = self._all_from - start - len(data)
            return None if newer <= 0 else OLDER_FACTS if newer < OLD else OLDEST_FACTS
        return next((most for size, most in FLOODS if len(data) > size), None)


def _line_end(data: bytes) -> int:
    """Where the last complete line of `data` ends; a carriage return ends one too (a progress bar's frame)."""
    # A final CR may be the first half of CR LF; its line is complete either way.
    return max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
