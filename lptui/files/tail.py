"""Follow one growing file over truncation, rotation, replacement, deletion and return; nothing is read twice or lost.

The truth is `fstat` and `stat`, not events: inotify is blind on network mounts. Bytes that were overwritten before we
could read them are gone for any reader; the segment then says how many.
"""

from __future__ import annotations

from dataclasses import replace

from lptui.files.seam import FileFailure, Handle, open_file, stat_file
from lptui.model.log import LogSegment, LogView, SeamKind
from lptui.model.value import frozen

TAIL = 64 * 1024
FINGERPRINT = 256
IDENTITY_EVERY = 0.25
OPEN_HANDLES = 12
MOST_MISSED = 16 * 1024 * 1024


@frozen
class Growth:
    """New bytes: they begin at position `start`."""

    start: int
    data: bytes
    generation: int


class Tail:
    """The reading end of one log file. `poll` looks once; `view` is what is known; `read` answers a range."""

    def __init__(self, path: str, turn: int = 4 * 1024 * 1024) -> None:
        self.path, self.turn = path, turn
        self.view = LogView(path, missing=True)
        self.failure: FileFailure | None = None
        self._handles: dict[int, Handle] = {}
        self._identity = ""
        self._head = b""
        self._checked_at = -1.0
        self._owed: list[Growth] = []  # of a generation that ended, found in a copy of it

    @property
    def _handle(self) -> Handle | None:
        return self._handles.get(self.view.segments[-1].generation) if self.view.segments else None

    def poll(self, now: float) -> list[Growth]:
        """Look once: bytes that were appended since, at most `turn`. Never raises; see `failure`, `view.missing`."""
        try:
            grown = self._poll(now)
        except FileFailure as failure:
            self.failure = failure
            self.view = replace(self.view, missing=failure.missing)
            return []
        return grown

    def _poll(self, now: float) -> list[Growth]:
        if self._handle is None:
            self._open(now, "returned" if self.view.segments else "start")
            self.failure = None
            return []
        due = now - self._checked_at >= IDENTITY_EVERY or now < self._checked_at
        if due:
            self._checked_at = now
            self._check_head(now)
        grown = self._read_growth(now)
        if self._owed:
            grown, self._owed = [*self._owed, *grown], []
        if grown or not due:
            return grown  # drain the old file before looking for its successor
        if not self._same_file():
            self._open(now, "returned" if self.view.missing else "rotated")
        self.failure = None
        if self.view.missing:
            self.view = replace(self.view, missing=False)
        return []

    def _same_file(self) -> bool:
        return stat_file(self.path).identity == self._identity

    def _open(self, now: float, seam: SeamKind) -> None:
        """Begin a new generation at the file that the path names now."""
        handle = open_file(self.path)
        stat = handle.stat()
        self._identity, self._head = stat.identity, handle.pread(0, min(FINGERPRINT, stat.size))
        # A later generation is new to the reader as a whole; the first is history, read newest block first.
        known = stat.size if not self.view.segments else 0
        self._begin(seam, now, known)
        self._handles[self.view.segments[-1].generation] = handle
        self._forget_handles()
        start = max(0, known - TAIL)
        tail = handle.pread(start, known - start) if known else b""
        self.view = replace(
            self.view,
            tail=tail,
            tail_start=self.view.segments[-1].base + start,
            missing=False,
            modified_at=stat.modified_at,
        )

    def _begin(self, seam: SeamKind, now: float, size: int) -> None:
        segments = self.view.segments
        generation = segments[-1].generation + 1 if segments else 0
        base = segments[-1].end if segments else 0
        new = LogSegment(generation, base, size, seam, now)
        self.view = replace(self.view, segments=(*segments, new), tail=b"", tail_start=base)

    def _check_head(self, now: float) -> None:
        """A file that shrank, or whose first bytes changed, was truncated or rewritten in place: a new generation."""
        handle, segment = self._handle, self.view.segments[-1]
        if handle is None:
            return
        stat = handle.stat()
        head = handle.pread(0, FINGERPRINT)
        if stat.size < segment.size:
            self._restart("truncated", now, handle)
        elif not head.startswith(self._head):
            self._restart("replaced", now, handle)
        elif len(head) > len(self._head):
            self._head = head
        if stat.modified_at != self.view.modified_at:
            self.view = replace(self.view, modified_at=stat.modified_at)

    def _restart(self, seam: SeamKind, now: float, handle: Handle) -> None:
        """The same file begins again: a copy of what it was, or what we still hold of it, stays readable."""
        old, view = self.view.segments[-1], self.view
        copy = self._find_copy(old) if seam == "truncated" else None
        if copy is None:
            kept_from = max(0, view.tail_start - old.base)
            kept = replace(old, kept=view.tail[max(0, old.base - view.tail_start) :], kept_from=kept_from)
            self._handles.pop(old.generation, None)
        else:
            missed = copy.pread(old.size, MOST_MISSED)
            kept = replace(old, size=old.size + len(missed))
            self._handles[old.generation] = copy
            if missed:
                self._owed.append(Growth(old.end, missed, old.generation))
        self.view = replace(view, segments=(*view.segments[:-1], kept))
        self._begin(seam, now, 0)
        self._handles[self.view.segments[-1].generation] = handle
        self._head = handle.pread(0, FINGERPRINT)

    def _find_copy(self, old: LogSegment) -> Handle | None:
        """`copytruncate` leaves `NAME.1`: it begins and goes on as our file did, and may hold more than we had read."""
        try:
            copy = open_file(f"{self.path}.1")
        except FileFailure:
            return None
        end = min(FINGERPRINT, old.size, len(self.view.tail))
        try:
            same = copy.pread(0, len(self._head)) == self._head
            same = same and copy.pread(old.size - end, end) == self.view.tail[len(self.view.tail) - end :]
            if same and old.size and copy.stat().size >= old.size:
                return copy
        except FileFailure:
            pass
        copy.close()
        return None

    def _read_growth(self, now: float) -> list[Growth]:
        handle, segment = self._handle, self.view.segments[-1]
        if handle is None:
            return []
        size = handle.stat().size
        if size < segment.size:
            self._restart("truncated", now, handle)
            segment = self.view.segments[-1]
        data = handle.pread(segment.size, min(self.turn, max(0, size - segment.size)))
        if not data:
            return []
        grown = replace(segment, size=segment.size + len(data))
        tail = (self.view.tail + data)[-TAIL:]
        self.view = replace(
            self.view,
            segments=(*self.view.segments[:-1], grown),
            tail=tail,
            tail_start=grown.end - len(tail),
            grown_at=now,
            missing=False,
        )
        return [Growth(grown.end - len(data), data, grown.generation)]

    def add_older(self, handle: Handle, ended_at: float) -> None:
        """Put a file that the log was rotated to before we came in front of everything: at negative positions."""
        segments = self.view.segments
        size = handle.stat().size
        if not segments or not size:
            handle.close()
            return
        first = segments[0]
        older = LogSegment(min(0, first.generation) - 1, first.base - size, size)
        newer = replace(first, seam="rotated", seam_at=ended_at) if first.seam == "start" else first
        self._handles[older.generation] = handle
        self.view = replace(self.view, segments=(older, newer, *segments[1:]))

    def is_open(self, identity: str) -> bool:
        """Whether a generation in hand is this very file."""
        return any(_identity_of(handle) == identity for handle in list(self._handles.values()))

    def read(self, position: int, length: int) -> tuple[bytes, str]:
        """Bytes at `position`, within one segment, and why there are fewer than asked for, if so."""
        segment = self.view.segment_at(position)
        if segment is None:
            return b"", ""
        offset = position - segment.base
        length = min(length, segment.size - offset)
        if segment.kept is not None:
            if offset < segment.kept_from:
                return b"", f"{segment.kept_from - offset:,} bytes were overwritten when the file was {segment.seam}"
            return segment.kept[offset - segment.kept_from :][:length], ""
        handle = self._handles.get(segment.generation)
        if handle is None:
            return b"", "this older part of the log was closed; its file has been rotated away"
        try:
            return handle.pread(offset, length), ""
        except FileFailure as failure:
            return b"", str(failure)

    def _forget_handles(self) -> None:
        while len(self._handles) > OPEN_HANDLES:
            self._handles.pop(min(self._handles)).close()

    def close(self) -> None:
        """Close every generation's file."""
        for handle in set(self._handles.values()):
            handle.close()
        self._handles.clear()


def _identity_of(handle: Handle) -> str:
    try:
        return handle.stat().identity
    except FileFailure:
        return ""
