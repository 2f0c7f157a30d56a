"""How the checkpoints of a run follow each other: their pace, their size, and where a series began anew. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from lptui.model.middle import median
from lptui.model.readings import CheckpointReading
from lptui.model.value import frozen
from lptui.run.checkpoint_history import CheckpointHistory, Save

NEWEST = 50
"""Saves that the pace is taken from."""
INSTANT = 0.5
"""Seconds below which two files are of one save (or of one copy)."""
COPIED = 60.0
"""A series in the order of its names with smaller gaps than this may be a copy, which says nothing of time."""
_DIGITS = re.compile(r"\d+")
_UNFINISHED = ("being-written", "incomplete", "empty")


@frozen
class SeriesBreak:
    """In order of time the counter fell from `before` to `after`: to the beginning (`restarted`), or part of the way
    back (`went-back`). `overtaken`: the newer series has come further than the older one by now."""

    kind: Literal["restarted", "went-back"]
    before: CheckpointReading
    after: CheckpointReading
    overtaken: bool = False


@frozen
class Cadence:
    """The usual distance of two saves in seconds and in steps (epochs where no step is known), the bytes that one
    save adds, and how long it takes. None: not known. `saves` are those it was taken from."""

    seconds: float | None = None
    longest: float | None = None
    """The longest distance there was, in seconds."""
    steps: int | None = None
    counts: Literal["step", "epoch"] = "step"
    size: int | None = None
    files: int = 1
    save_seconds: float | None = None
    saves: int = 0

    @property
    def bytes_per_hour(self) -> float | None:
        """What is added to the disk in an hour if nothing is deleted."""
        return self.size * 3600 / self.seconds if self.size is not None and self.seconds else None


@lru_cache(maxsize=8192)
def stem(path: str) -> str:
    """The path without its numbers: files of one stem are a series."""
    return _DIGITS.sub("#", path)


def main_series(checkpoints: Iterable[CheckpointReading]) -> tuple[CheckpointReading, ...]:
    """The longest series of policies or full checkpoints, oldest first; those still being written are left out."""
    series: dict[str, list[CheckpointReading]] = {}
    for one in checkpoints:
        if one.role in ("policy", "full") and one.verdict != "being-written":
            series.setdefault(stem(one.path), []).append(one)
    longest = max(series.values(), key=lambda rows: (len(rows), rows[-1].modified_at), default=[])
    return tuple(sorted(longest, key=lambda c: (int(c.modified_at), c.progress or 0, c.path)))


def find_breaks(checkpoints: Sequence[CheckpointReading]) -> tuple[SeriesBreak, ...]:
    """Where a series fell back by more than one of its intervals, newest last."""
    stems: dict[str, list[CheckpointReading]] = {}
    for one in checkpoints:
        if one.role in ("policy", "full") and one.verdict not in _UNFINISHED and one.progress is not None:
            stems.setdefault(stem(one.path), []).append(one)
    found = [b for rows in stems.values() if len(rows) > 1 for b in _breaks_of(rows)]
    return tuple(sorted(found, key=lambda b: b.after.modified_at))


def _breaks_of(rows: Sequence[CheckpointReading]) -> list[SeriesBreak]:
    by_step = all(r.step is not None for r in rows)
    counted = sorted(
        ((_count(c, by_step=by_step), c) for c in rows), key=lambda r: (int(r[1].modified_at), r[0], r[1].path)
    )
    counts, rows = [n for n, _ in counted], [c for _, c in counted]
    interval = _interval(counts)
    if interval is None or _looks_copied(rows):
        return []
    first, found = counts[0], list[SeriesBreak]()
    peak, best = counts[0], rows[0]
    for i in range(1, len(rows)):
        if counts[i] < counts[i - 1] and peak - counts[i] > interval:
            near = counts[i] <= max(first, 0) + 2 * interval
            overtaken = max(counts[i:]) >= peak
            found.append(SeriesBreak("restarted" if near else "went-back", best, rows[i], overtaken))
        if counts[i] >= peak:
            peak, best = counts[i], rows[i]
    return found if len(found) <= max(1, len(rows) // 3) else []  # falls all over: the times say nothing


def _count(one: CheckpointReading, *, by_step: bool) -> int:
    """The same counter for all of a series."""
    value = one.step if by_step else one.epoch if one.epoch is not None else one.step
    return value if value is not None else 0


def _interval(counts: Sequence[int]) -> int | None:
    rises = [b - a for a, b in pairwise(sorted(set(counts))) if b > a]
    return int(median(rises)) if rises else None


def _looks_copied(rows: Sequence[CheckpointReading]) -> bool:
    """Written in the order of the names within moments, as `cp` does."""
    names = [r.name for r in rows]
    gaps = [b.modified_at - a.modified_at for a, b in pairwise(rows)]
    return max(gaps) < INSTANT or (names == sorted(names) and median(gaps) < COPIED)


def measure_cadence(checkpoints: Sequence[CheckpointReading], history: CheckpointHistory) -> Cadence:
    """From what lies there and what was seen; a state that is overwritten counts each time."""
    saves = _saves(checkpoints, history)[-NEWEST:]
    gaps = [b.at - a.at for a, b in pairwise(saves) if b.at - a.at > INSTANT]
    by_step = any(s.step is not None for s in saves)
    counts = [n for s in saves if (n := s.step if by_step else s.epoch) is not None]
    rises = [b - a for a, b in pairwise(counts) if b > a]
    lasted = [s.seconds for s in history.saves if s.seconds is not None]
    main = main_series(checkpoints)
    return Cadence(
        seconds=median(gaps) if gaps else None,
        longest=max(gaps, default=None),
        steps=int(median(rises)) if rises else None,
        counts="step" if by_step else "epoch",
        size=_added(checkpoints, main),
        files=round(median(c.files for c in main)) if main else 1,
        save_seconds=median(lasted) if lasted else None,
        saves=len(saves),
    )


def _saves(checkpoints: Sequence[CheckpointReading], history: CheckpointHistory) -> list[Save]:
    """Those of the main series, also ones that are gone by now; else of the file that is overwritten most."""
    main = main_series(checkpoints)
    if main:
        wanted = stem(main[-1].path)
    else:
        states = [s for s in history.saves if s.role == "trainer_state"]
        wanted = stem(states[-1].path) if states else ""
    found = {(s.path, s.at): s for s in history.saves if stem(s.path) == wanted}
    for one in main:
        key = (one.path, one.modified_at)
        found.setdefault(key, Save(one.path, one.modified_at, one.size, one.role, one.step, one.epoch))
    return sorted(found.values(), key=lambda s: (s.at, s.path))


def _added(checkpoints: Sequence[CheckpointReading], main: Sequence[CheckpointReading]) -> int | None:
    """Bytes that one save leaves: of the main series, and of all other files that come with each (not of one that is
    overwritten)."""
    if not main:
        return None
    size = int(median(c.size for c in main[-5:]))
    others: dict[str, list[int]] = {}
    for one in checkpoints:
        if stem(one.path) != stem(main[-1].path) and one.role != "temporary":
            others.setdefault(stem(one.path), []).append(one.size)
    beside = sum(sum(sizes) for sizes in others.values() if len(sizes) > 1)
    return size + beside // len(main)
