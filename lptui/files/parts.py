"""One generation of a log as it can still be read: from its open file, or from memory once the file was emptied.

A file that is open may be written over by a newer generation (`cp train.log train.log.1`). A part therefore remembers
how its text began and ended, and gives no byte of a file that does not hold that text any more.
"""

from __future__ import annotations

from collections import deque

from lptui.files.seam import FileFailure, Handle, Stat
from lptui.model.value import frozen

FINGERPRINT = 256
"""Bytes at each end by which a text is known again."""
_HOLE = 4096
TELLING = 2 * FINGERPRINT
"""Texts of different length are the same log if so much of both agrees; fewer bytes may be a mere greeting."""


@frozen
class Mark:
    """What a text of `size` bytes is known by: its first and its last FINGERPRINT bytes."""

    size: int
    head: bytes
    end: bytes

    def begins(self, handle: Handle) -> bool:
        """Whether the file begins with this very text; it may go on after it. Raises FileFailure."""
        if handle.stat().size < self.size or handle.pread(0, len(self.head)) != self.head:
            return False
        return handle.pread(self.size - len(self.end), len(self.end)) == self.end


def read_mark(handle: Handle, size: int) -> Mark:
    """The mark of the first `size` bytes of a file. Raises FileFailure."""
    head = handle.pread(0, min(FINGERPRINT, size))
    return Mark(size, head, handle.pread(max(0, size - FINGERPRINT), min(FINGERPRINT, size)))


def measure_hole(handle: Handle) -> int:
    """Bytes at the start that were never written, if they are many. Raises FileFailure."""
    hole = handle.data_start()
    if hole < _HOLE:
        return 0
    block = handle.pread(hole, _HOLE)
    return hole + len(block) - len(block.lstrip(b"\0"))


class FilePart:
    """A generation in an open file. `mark` is what was read of it so far."""

    def __init__(self, handle: Handle, mark: Mark) -> None:
        self.handle, self.mark = handle, mark
        self._sound: Stat | None = None  # as it was when its text was last seen to be there

    def read(self, offset: int, length: int) -> bytes:
        """Bytes of this generation, fewer at its end. Raises FileFailure, also when they are not its own any more."""
        data = self.handle.pread(offset, length)
        if not self.is_intact():
            raise FileFailure(self.handle.path, "a newer generation was written over this part of the log")
        return data

    def is_intact(self) -> bool:
        """Whether the file still holds this generation. Raises FileFailure."""
        stat = self.handle.stat()
        if stat == self._sound:
            return True
        if not self.mark.begins(self.handle):
            return False
        self._sound = stat
        return True

    def close(self) -> None:
        """Close the file."""
        self.handle.close()


class KeptPart:
    """The end of a generation whose file was emptied: `data` begins at `offset`."""

    def __init__(self, path: str, offset: int, data: bytes, mark: Mark) -> None:
        self.path, self.offset, self.data, self.mark = path, offset, data, mark

    def read(self, offset: int, length: int) -> bytes:
        """Bytes that were kept. Raises FileFailure for those that were not."""
        if offset < self.offset:
            raise FileFailure(self.path, f"{self.offset - offset:,} bytes were gone with the file that held them")
        return self.data[offset - self.offset :][:length]

    def close(self) -> None:
        """Nothing is open."""


Part = FilePart | KeptPart


class Recent:
    """The newest bytes that were read of a file, about `most`, in case that it is emptied: one stretch of positions."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._pieces: deque[bytes] = deque()
        self.start = self.end = 0

    def begin(self, start: int, data: bytes) -> None:
        """Forget all, and hold `data`, which begins at position `start`."""
        self._pieces.clear()
        self.start = self.end = start
        self.append(data)

    def append(self, data: bytes) -> None:
        """`data` follows what is held."""
        if data:
            self._pieces.append(data)
            self.end += len(data)
        while self._pieces and self.end - self.start - len(self._pieces[0]) >= self._most:
            self.start += len(self._pieces.popleft())

    def prepend(self, start: int, data: bytes) -> None:
        """`data` at `start` reaches up to what is held, or into it."""
        room = self._most - (self.end - self.start)
        fresh = data[: self.start - start] if start < self.start <= start + len(data) else b""
        fresh = fresh[max(0, len(fresh) - room) :] if room > 0 else b""
        if fresh:
            self._pieces.appendleft(fresh)
            self.start -= len(fresh)

    def since(self, start: int) -> bytes:
        """What is held from position `start` on (from its own start, if that is later)."""
        return b"".join(self._pieces)[max(0, start - self.start) :]
