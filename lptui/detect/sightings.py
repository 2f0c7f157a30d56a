"""Remembered hits by attempt: which of them count, whether the run has got over them, and when and where they were."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from lptui.detect.catalogue import Entry
from lptui.detect.confirm import RECOVERY, UNCAUGHT
from lptui.detect.hit_memory import FileMemory, Kept, Seen
from lptui.detect.hit_times import date_clock
from lptui.model.value import frozen
from lptui.run.rank_logs import find_ranks
from lptui.run.ranks import attempt_of, rank_of
from lptui.state.attempts import attempt_at, attempt_starts
from lptui.state.run_state import Milestone, RunState

SERIES_REACH = 32 * 1024
"""Bytes of log within which the hits of a series have to lie to count as one failure."""
RECOVERY_REACH = 2048
STEPS_THAT_PROVE = 2
"""Different steps printed after a fatal failure that show that it was not fatal."""
STEPS_THAT_SETTLE = 8
NEXT_ATTEMPT = 1.5
"""Seconds after the last exception of an attempt within which its launcher still speaks of it."""
_CHANGING = re.compile(r"0x[0-9a-f]+|\d+|/\S+")


@frozen
class Sighting:
    """One hit, why it is over ('' while it is not), where it stands among all, when, and which rank said it.

    `loose`: it came at `at` or later.
    """

    seen: Seen
    over: str
    order: tuple[int, str, int]
    step: float | None = None
    at: float | None = None
    loose: bool = False
    rank: int | None = None
    record: bool = False


@dataclass(frozen=True)
class Log:
    """One file, with what the state and the other files say of attempts."""

    name: str
    place: int
    memory: FileMemory
    starts: Sequence[Milestone]
    ends: Sequence[int]
    times: Sequence[float]
    """When the attempts of the run began, by its first log."""
    deaths: Mapping[int, float]
    """Attempt -> its last exception that a launcher recorded."""
    modified_at: float | None
    named: int | None
    """Whose it is by its name, beside those of the other logs."""

    @cached_property
    def rank(self) -> int | None:
        return self.memory.rank if self.memory.record else self.named

    @property
    def newest(self) -> int:
        return max(1, len(self.starts), len(self.times), max(self.deaths, default=0))

    def time_of(self, seen: Seen) -> float | None:
        return seen.at if seen.at is not None or seen.clock is None else date_clock(seen.clock, self.modified_at)

    def attempt(self, seen: Seen) -> int:
        """By its own start lines; else by the folder's name; else by time; else the newest, which wrote last."""
        if self.starts and len(self.starts) >= len(self.times):
            return attempt_at(self.starts, seen.hit.position)
        told = self.memory.attempt or attempt_of(self.name)
        at = self.time_of(seen)
        if len(self.times) > 1:
            at = at if at is not None else self.modified_at
            return self.newest if at is None else max(1, sum(t <= at + 1.0 for t in self.times))
        if told is not None:
            return told
        if at is None:
            return self.newest
        return next((n for n, end in sorted(self.deaths.items()) if at <= end + NEXT_ATTEMPT), self.newest)


def list_logs(files: Mapping[str, FileMemory], state: RunState) -> Iterator[Log]:
    """All files with hits or steps, the one that a reader opens first marked by place 0."""
    primary = state.primary_log
    times = [m.at for m in attempt_starts(state)]
    known = [t for t in times if t is not None] if all(t is not None for t in times) else []
    deaths: dict[int, float] = {}
    for memory in files.values():
        if memory.record and memory.attempt is not None:
            ends = [s.at for kept in memory.kept.values() for s in kept.all if s.at is not None]
            deaths[memory.attempt] = max([deaths.get(memory.attempt, 0.0), *ends])
    ranks = _find_ranks(tuple(sorted({*files, *state.logs})))
    for name, memory in sorted(files.items()):
        starts = attempt_starts(state, name)
        ends = [m.position for m in state.milestones if m.file == name and m.kind == "completed"]
        view = state.logs.get(name)
        place = 0 if primary is not None and primary.file == name else 1
        written = view.modified_at if view is not None else None
        yield Log(name, place, memory, starts, ends, known, deaths, written, ranks.get(name, rank_of(name)))


@lru_cache(4)
def _find_ranks(names: tuple[str, ...]) -> dict[str, int | None]:
    """Of the logs of a job, a rank each: the one without a number beside those with one is rank 0's."""
    return {part.path: part.rank for part in find_ranks(names)}


def share_out(entry: Entry, kept: Kept, log: Log) -> dict[int, list[Sighting]]:
    """The hits that count, by attempt."""
    shares: dict[int, list[Seen]] = {}
    for seen in kept.all:
        attempt = log.attempt(seen)
        if attempt > 1 or not seen.hit.later:
            shares.setdefault(attempt, []).append(seen)
    told: dict[int, list[Sighting]] = {}
    for attempt, seen in shares.items():
        sightings = [_sight(entry, s, attempt, log) for s in _find_series(seen)]
        if sightings:
            told[attempt] = sightings
    return told


def _find_series(seen: list[Seen]) -> list[Seen]:
    """Of hits that only count in number, those of which enough lie close together."""
    need = seen[0].hit.need
    if need <= 1:
        return seen
    for i in range(len(seen) - need + 1):
        if seen[i + need - 1].hit.position - seen[i].hit.position <= SERIES_REACH:
            return seen[i + need - 1 :]
    return []


def _sight(entry: Entry, seen: Seen, attempt: int, log: Log) -> Sighting:
    position = seen.hit.position
    return Sighting(
        seen,
        _tell_over(entry, seen, attempt, log),
        (log.place, log.name, position),
        log.memory.step_before(position),
        log.time_of(seen),
        seen.loose,
        seen.hit.rank if seen.hit.rank is not None else log.rank,
        log.memory.record,
    )


def _tell_over(entry: Entry, seen: Seen, attempt: int, log: Log) -> str:
    """Why the run has got over a hit; '' when it has not."""
    position, newest = seen.hit.position, log.newest
    if attempt < newest:
        return f"attempt {attempt}; attempt {newest} began after it"
    went_on = log.memory.steps_after(position)
    if _was_retried(entry, position, log.memory):
        return "it was tried again, and training went on" if went_on else "the log says that it was tried again"
    if entry.settles and went_on >= (STEPS_THAT_PROVE if entry.fatal else STEPS_THAT_SETTLE):
        return "training went on after it"
    # That it completed proves nothing of what never stops a run and came again and again, to its last step.
    if entry.settles and seen.hit.need == 1 and any(end > position for end in log.ends):
        return "the run completed after it"
    return ""


def _was_retried(entry: Entry, position: int, memory: FileMemory) -> bool:
    recoveries = memory.kept.get(RECOVERY)
    if recoveries is None or entry.keeps_retries:
        return False
    return any(0 < s.hit.position - position <= RECOVERY_REACH for s in recoveries.all)


def fingerprint(sighting: Sighting) -> str:
    """What tells one uncaught exception from another: its type and message, numbers and paths aside. '' for others."""
    hit = sighting.seen.hit
    if hit.cls != UNCAUGHT:
        return ""
    told = dict(hit.groups).get("exception", hit.text)
    return f"{zlib.crc32(_CHANGING.sub('#', told)[:80].encode()):08x}"
