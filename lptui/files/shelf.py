"""The generations of one log that are in hand: which can be read, which were written over, how many are held open."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from lptui.files.generations import find_text
from lptui.files.parts import FINGERPRINT, TELLING, FilePart, KeptPart, Part
from lptui.files.seam import FileFailure, Handle
from lptui.model.log import LogSegment, LogView

OPEN_HANDLES = 12
MOST_DELETED = 1024 * 1024 * 1024
"""Bytes of deleted files that are held open: a disk does not get their room back before."""
_BEGINNING = 64 * 1024


class Shelf:
    """Parts by generation. `check` and what changes parts are for one thread, `read` for any."""

    def __init__(self, path: str, keep: int) -> None:
        self.path, self._keep = path, keep
        self.parts: dict[int, Part] = {}
        self._retired: list[Part] = []  # replaced a moment ago: another thread may still read from them
        self.unsure = False
        """Whether a read met bytes that are not those of its part."""
        self.late = 0
        """Bytes that were written to older parts after the log had gone on elsewhere."""

    def put(self, generation: int, part: FilePart) -> None:
        """`part` is that generation now; another one that was is closed."""
        self._retire(self.parts.get(generation))
        self.parts[generation] = part
        while len(self.parts) > OPEN_HANDLES + 1:
            self._retire(self.parts.pop(min(self.parts)))

    def swap(self, generation: int, part: Part) -> None:
        """As `put`, but the file that it was read from goes on to be read as another generation."""
        self.parts[generation] = part

    def _retire(self, part: Part | None) -> None:
        while len(self._retired) > 1:
            self._retired.pop(0).close()
        if part is not None:
            self._retired.append(part)

    def read(self, view: LogView, position: int, length: int) -> tuple[bytes, str]:
        """Bytes at `position`, within one segment, and why there are fewer than asked for, if so."""
        segment = view.segment_at(position)
        if segment is None:
            return b"", ""
        offset = position - segment.base
        if offset < segment.kept_from:
            return b"", segment.lost
        part = self.parts.get(segment.generation)
        if part is None:
            return b"", "this older part of the log was closed; its file has been rotated away"
        try:
            return part.read(offset, min(length, segment.size - offset)), ""
        except FileFailure as failure:
            self.unsure = True
            return b"", failure.cause

    def holds(self, handle: Handle) -> bool:
        """Whether what a file holds is in hand already: as this very file, or as a copy of it."""
        with suppress(FileFailure):
            identity, size = handle.stat().identity, handle.stat().size
            for generation, part in list(self.parts.items()):
                if isinstance(part, FilePart) and part.handle.stat().identity == identity and part.is_intact():
                    return True
                if _is_same_text(part, handle, size, live=generation == max(self.parts)):
                    return True
        return False

    def check(self, view: LogView) -> LogView:
        """`view` without those bytes of older parts that are gone by now."""
        self.unsure, self.late = False, 0
        deleted = 0
        for generation in sorted(self.parts, reverse=True)[1:]:
            part = self.parts[generation]
            if not isinstance(part, FilePart):
                continue
            with suppress(FileFailure):  # a mount that does not answer now is no loss
                stat = part.handle.stat()
                deleted += stat.size if not stat.links else 0
                if not part.is_intact():
                    view = self._find_again(view, generation, part)
                elif deleted > MOST_DELETED:
                    word = "its file was deleted, and closed here so that the disk has its room back"
                    view = self._drop(view, generation, word)
                else:
                    self.late += max(0, stat.size - part.mark.size)
        for segment in view.segments:
            if segment.generation not in self.parts and segment.kept_from < segment.size:
                view = self._drop(view, segment.generation, f"no more than {OPEN_HANDLES} older files are held open")
        return view

    def _find_again(self, view: LogView, generation: int, part: FilePart) -> LogView:
        copy = find_text(self.path, part.mark)
        if copy is None:
            return self._drop(view, generation, "a newer generation of the log was written over them")
        self.put(generation, FilePart(copy, part.mark))
        return view

    def limit(self, view: LogView) -> LogView:
        """`view` after what is held in memory of emptied files was cut to twice what is kept of one, newest first."""
        held = 0
        for generation in sorted(self.parts, reverse=True):
            part = self.parts[generation]
            if isinstance(part, KeptPart):
                held += len(part.data)
                if held > 2 * self._keep:
                    view = self._drop(view, generation, "overwritten when the file was truncated")
        return view

    def _drop(self, view: LogView, generation: int, why: str) -> LogView:
        self._retire(self.parts.pop(generation, None))
        return replace(view, segments=tuple(_lose(s, why) if s.generation == generation else s for s in view.segments))

    def close(self) -> None:
        """Close every file."""
        for part in (*self._retired, *self.parts.values()):
            part.close()
        self._retired.clear()
        self.parts.clear()


def _lose(segment: LogSegment, why: str) -> LogSegment:
    return replace(segment, kept_from=segment.size, lost=why)


def _is_same_text(part: Part, handle: Handle, size: int, *, live: bool) -> bool:
    """Whether a file of `size` bytes holds the text of `part`, or a good deal of its beginning. Raises FileFailure.

    Attempts may begin alike, where no line has a time: a text that goes on beyond what the log has so far is no copy of
    it, and a short one that the log begins with is rather an attempt that ended soon.
    """
    mark, common = part.mark, min(part.mark.size, size)
    if (size > mark.size and (live or common < TELLING)) or (size < mark.size and common < _BEGINNING):
        return False
    if not common or handle.pread(0, min(len(mark.head), common)) != mark.head[:common]:
        return False
    if size >= mark.size:
        return mark.begins(handle)
    at = max(0, common - FINGERPRINT)
    return part.read(at, common - at) == handle.pread(at, common - at)
