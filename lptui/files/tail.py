"""Follow one growing file over truncation, rotation, replacement, deletion and return; nothing is read twice or lost.

The truth is `fstat` and `stat`, not events: inotify is blind on network mounts. Bytes that were overwritten before we
could read them are gone for any reader; the segment then says how many.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from dataclasses import replace

from lptui.files.generations import find_between, find_older, find_text, open_current
from lptui.files.parts import FINGERPRINT, TELLING, FilePart, KeptPart, Mark, Recent, measure_hole, read_mark
from lptui.files.seam import FileFailure, Handle, open_file, stat_file
from lptui.files.shelf import Shelf
from lptui.model.log import LogSegment, LogView, SeamKind
from lptui.model.value import frozen

TAIL = 64 * 1024
IDENTITY_EVERY = 0.25
REOPEN_EVERY = 1.0
"""Seconds after which a file on a network mount is opened anew (its attributes are only then asked for), and one
that fails is tried again."""
KEPT = 8 * 1024 * 1024
"""Newest bytes that are held in memory, for when the file is truncated."""
STEPS = 16
"""Generations without a new byte that one poll goes over."""


@frozen
class Growth:
    """New bytes: they begin at position `start`."""

    start: int
    data: bytes
    generation: int


class Tail:
    """The reading end of one log file. `poll` looks once; `view` is what is known; `read` answers a range.

    `turn`: bytes read at once; `keep`: the newest bytes that stay readable after a truncation.
    """

    def __init__(self, path: str, turn: int = 4 * 1024 * 1024, keep: int = KEPT) -> None:
        self.path, self.turn = path, turn
        self.view = LogView(path, missing=True)
        self.failure: FileFailure | None = None
        self.behind = False  # the last look left something: more than one turn takes, or another generation
        self.recent = Recent(keep)
        self.shelf = Shelf(path, keep)
        self._identity = ""
        self._modified_at = 0.0
        self._checked_at = self._opened_at = float("-inf")
        self._next: deque[tuple[SeamKind, Handle]] = deque()  # generations that follow once the present one is read
        self._beside: frozenset[str] = frozenset()  # older generations that were there when we came
        self._away = False  # the file was deleted meanwhile
        self.remote = False  # whether other machines write to it: what they append shows in a fresh handle only

    @property
    def _live(self) -> FilePart | None:
        part = self.shelf.parts.get(self.view.segments[-1].generation) if self.view.segments else None
        return part if isinstance(part, FilePart) else None

    @property
    def unsure(self) -> bool:
        """Whether a read just met a file that is being replaced: what it is now is known after the next `poll`."""
        return self.shelf.unsure

    def poll(self, now: float) -> list[Growth]:
        """Look once: bytes that were appended since, at most `turn`. Never raises; see `failure`, `view.missing`."""
        try:
            for _ in range(STEPS):
                before = len(self.view.segments), len(self._next)
                grown = self._poll(now)
                if grown or before == (len(self.view.segments), len(self._next)):
                    return grown
        except FileFailure as failure:
            self.failure = failure
            self._away = self._away or failure.missing
            if self.view.missing != failure.missing:
                self.view = replace(self.view, missing=failure.missing)
        return []

    def _poll(self, now: float) -> list[Growth]:
        live = self._live
        if live is None:
            first = not self.view.segments
            self._begin("start" if first else "returned", now, (open_current if first else open_file)(self.path))
            self.failure = None
            return []
        if self.failure is not None and not self.failure.missing and not self._reopen(live, now):
            return []
        ended = bool(self._next)
        grown = self._read_growth(live, now)
        if ended and not grown:
            self._begin_next(now)
        if grown or self._next or ended:
            return grown
        if not self.unsure and 0 <= now - self._checked_at < IDENTITY_EVERY:
            return []
        self._checked_at = now
        return self._look_around(now)

    def _look_around(self, now: float) -> list[Growth]:
        """All that was written is read: see whether the path still names our file, and what became of older parts."""
        live, stat = self._live, stat_file(self.path)
        if live is None:
            return []
        if stat.identity != self._identity and stat.size > 0:  # an empty one: the old may still be written to
            grown = self._read_growth(live, now)  # what came between our last look and the rename
            if grown:
                self._checked_at = float("-inf")
                return grown
            if not live.is_intact():  # renamed, and another generation was copied over it
                self._restart("replaced", live, now)
            elif not self._next:
                self._follow_path(live, now)
        elif stat.identity == self._identity:
            self._away = False
            self._check_head(live, now)
            if self.remote and not self._next:
                self._reopen(live, now)
        self.failure = None
        self.view = self.shelf.check(self.view)
        if self.view.missing:
            self.view = replace(self.view, missing=False)
        return []

    def _follow_path(self, live: FilePart, now: float) -> None:
        """The path names another file: our text moved there (a remount, a copy), or generations that follow."""
        handle = open_file(self.path)
        if self._goes_on(live, handle):
            self._take(live, handle, now)
            return
        self._add_between("")
        self._next.append(("returned" if self._away else "rotated", handle))

    def _add_between(self, copy: str) -> None:
        """Generations that came and went while nobody looked are read next; the file `copy` is none of them."""

        def is_known(handle: Handle) -> bool:
            identity = handle.stat().identity
            return identity == copy or identity in self._beside or self.shelf.holds(handle)

        for handle in find_between(self.path, self._modified_at, is_known):
            self._next.append(("rotated", handle))

    def _goes_on(self, live: FilePart, handle: Handle) -> bool:
        """Whether a file that is not ours holds our text: a remount, or a copy that was put back. A few lines prove
        nothing, since a restart may print them again; and a file that was rotated away is no copy's original."""
        if live.mark.size < TELLING or not live.mark.begins(handle):
            return False
        with suppress(FileFailure):
            rotated = {entry.stat.identity for entry in find_older(self.path)}
            return live.handle.stat().links > 0 and self._identity not in rotated
        return True  # what we had open is stale

    def _take(self, live: FilePart, handle: Handle, now: float) -> None:
        """Read the present generation from another handle."""
        self.shelf.put(self.view.segments[-1].generation, FilePart(handle, live.mark))
        self._identity, self._opened_at, self._away = handle.stat().identity, now, False

    def _reopen(self, live: FilePart, now: float) -> bool:
        """The same file through a fresh handle, at most once a second; whether our text is there."""
        if 0 <= now - self._opened_at < REOPEN_EVERY:
            return False
        self._opened_at = now
        handle = open_file(self.path)
        self.failure = None
        if handle.stat().identity == self._identity or self._goes_on(live, handle):
            self._take(live, handle, now)
        else:
            handle.close()  # another generation: found by `_look_around`
        return True

    def _begin(self, seam: SeamKind, now: float, handle: Handle) -> None:
        """A new generation begins in `handle`. The first is history, later ones are new to the reader as a whole."""
        segments, stat = self.view.segments, handle.stat()
        known = 0 if segments else stat.size
        hole = measure_hole(handle) if segments else 0
        generation, base = (segments[-1].generation + 1, segments[-1].end) if segments else (0, 0)
        lost = "never written: the training went on at its old place in the file (start it with >> instead of >)"
        segment = LogSegment(generation, base, known or hole, seam, now, hole, lost if hole else "")
        start = max(0, known - TAIL)
        tail = handle.pread(start, known - start)
        self.shelf.put(generation, FilePart(handle, read_mark(handle, segment.size)))
        self._identity, self._away, self._modified_at = stat.identity, False, stat.modified_at
        self._opened_at = self._checked_at = now
        self.view = replace(
            self.view,
            segments=(*segments, segment),
            tail=tail,
            tail_start=segment.end - len(tail),
            missing=False,
            modified_at=stat.modified_at,
        )
        self.recent.begin(segment.end - len(tail), tail)
        if not segments:
            with suppress(FileFailure):
                self._beside = frozenset(entry.stat.identity for entry in find_older(self.path))

    def _begin_next(self, now: float) -> None:
        seam, handle = self._next.popleft()
        self._begin(seam, now, handle)

    def _check_head(self, live: FilePart, now: float) -> None:
        """A file that shrank, or whose first bytes changed, was truncated or rewritten in place: a new generation."""
        stat, mark = live.handle.stat(), live.mark
        if stat.size < mark.size:
            self._restart("truncated", live, now)
        elif not mark.begins(live.handle):
            self._restart("replaced", live, now)
        elif stat.modified_at != self.view.modified_at and stat.size == self.view.segments[-1].size:
            self._modified_at = stat.modified_at
            self.view = replace(self.view, modified_at=stat.modified_at)

    def _restart(self, seam: SeamKind, live: FilePart, now: float) -> None:
        """Our file begins again, or was renamed and then written over. What it was is read to its end from a copy
        beside it, or stays readable as far as it is held in memory."""
        moved = stat_file(self.path).identity != self._identity
        if seam == "replaced" and measure_hole(live.handle):
            seam = "truncated"
        old, mark = self.view.segments[-1], live.mark
        copy = find_text(self.path, mark)
        self._add_between("" if copy is None else copy.stat().identity)
        handle = open_file(self.path) if moved else live.handle
        self._next.append(("rotated" if moved else seam, handle))
        if copy is not None:
            self.shelf.swap(old.generation, FilePart(copy, mark))
            return
        kept_from = max(old.kept_from, self.recent.start - old.base)
        data = self.recent.since(old.base + kept_from)
        self.shelf.swap(old.generation, KeptPart(self.path, kept_from, data, mark))
        word = "" if not kept_from else f"overwritten when the file was {seam}" if not old.kept_from else old.lost
        old = replace(old, kept_from=kept_from, lost=word)
        self.view = self.shelf.limit(replace(self.view, segments=(*self.view.segments[:-1], old)))
        self._begin_next(now)

    def _read_growth(self, live: FilePart, now: float) -> list[Growth]:
        """What was appended. The end of what was read before is read again: only behind it is growth."""
        segment, mark = self.view.segments[-1], live.mark
        stat = live.handle.stat()
        self.behind = bool(self._next)
        if stat.size == segment.size:
            return []
        over = len(mark.end)
        length = min(self.turn, max(0, stat.size - segment.size))
        raw = live.handle.pread(segment.size - over, over + length)
        if stat.size < segment.size or raw[:over] != mark.end:
            if self._next:  # an older part, written over while we read on in it: what follows is known
                return []
            self._restart("truncated" if stat.size < segment.size else "replaced", live, now)
            return []
        if not (data := raw[over:]):
            return []
        self.behind = self.behind or len(data) == self.turn
        grown = replace(segment, size=segment.size + len(data))
        tail = (self.view.tail + data)[-TAIL:]
        head = (mark.head + data)[:FINGERPRINT] if segment.size < FINGERPRINT else mark.head
        live.mark = Mark(grown.size, head, raw[-FINGERPRINT:])
        self._modified_at = max(self._modified_at, stat.modified_at)
        self.recent.append(data)
        self.view = replace(
            self.view,
            segments=(*self.view.segments[:-1], grown),
            tail=tail,
            tail_start=grown.end - len(tail),
            grown_at=now,
            modified_at=stat.modified_at,  # now: told later, it would be a second view of each line
            missing=False,
        )
        return [Growth(grown.end - len(data), data, grown.generation)]

    def add_older(self, handle: Handle, ended_at: float) -> LogSegment | None:
        """Put a file that the log was rotated to before we came in front of everything: at negative positions. None if
        it is empty, or a copy of what is in hand already. Raises FileFailure."""
        segments, size = self.view.segments, handle.stat().size
        if not segments or not size or self.shelf.holds(handle):
            handle.close()
            return None
        first = segments[0]
        older = LogSegment(min(0, first.generation) - 1, first.base - size, size, path=handle.path)
        newer = replace(first, seam="rotated", seam_at=ended_at) if first.seam == "start" else first
        self.shelf.put(older.generation, FilePart(handle, read_mark(handle, size)))
        self.view = replace(self.view, segments=(older, newer, *segments[1:]))
        return older

    def read(self, position: int, length: int) -> tuple[bytes, str]:
        """Bytes at `position`, within one segment, and why there are fewer than asked for, if so."""
        return self.shelf.read(self.view, position, length)

    def close(self) -> None:
        """Close every generation's file."""
        self.shelf.close()
        for _, handle in self._next:
            handle.close()
        self._next.clear()
