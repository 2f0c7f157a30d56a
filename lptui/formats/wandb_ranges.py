"""A `.wandb` file in pieces: the beginning, then the end and what is appended to it, then the rest, newest first.

Any 32 KiB block is a place where reading can begin. A piece holds the records that begin in it.
"""

from __future__ import annotations

from lptui.formats.leveldb import BLOCK, RecordReader
from lptui.formats.wandb import DataAt
from lptui.model.value import frozen

HEAD = 1 << 20
"""Bytes at the beginning that are read first: they say what the run is."""
_LONGEST_END = 2048
"""Blocks that are looked through for the end of a record that reaches beyond its piece."""


@frozen
class Piece:
    """The payloads of the records that begin in [start, stop) of the file; `history`: no news, read after the fact."""

    payloads: list[bytes]
    start: int
    stop: int
    history: bool


class Plan:
    """What has been read of a growing file that had `size` bytes when it was first seen, and what is next. `turn`:
    bytes of one piece, a multiple of BLOCK."""

    def __init__(self, size: int, turn: int) -> None:
        small = size < HEAD + 2 * turn
        self.damaged = 0
        """Damaged places found so far."""
        self._turn = turn
        self._head = 0 if small else HEAD
        self._headed = small
        self._unread = 0 if small else (size - turn) // BLOCK * BLOCK
        self.read = self._unread
        """Up to here the end has been read."""
        self._reader = RecordReader(self.read)

    def pending(self, size: int) -> bool:
        """Whether there is more to read in a file of `size` bytes."""
        return not self._headed or self.read < size or self._unread > self._head

    @property
    def done(self) -> int:
        """Bytes read so far."""
        return self._head * self._headed + self.read - self._unread

    def read_next(self, data_at: DataAt, size: int) -> Piece | None:
        """The next piece of a file of `size` bytes; None when there is nothing new. Raises NotWandbFile."""
        if not self._headed:
            self._headed = True
            return self._read_piece(data_at, 0, self._head)
        if self.read < size:
            return self._read_end(data_at, size)
        if self._unread <= self._head:
            return None
        start = max(self._head, self._unread - self._turn)
        piece = self._read_piece(data_at, start, self._unread)
        self._unread = start
        return piece

    def _read_end(self, data_at: DataAt, size: int) -> Piece | None:
        start, before = self.read, self._reader.damaged
        data = data_at(start, min(self._turn, size - start))
        if not data:
            return None
        payloads = self._reader.feed(data)
        self.read = start + len(data)
        self.damaged += self._reader.damaged - before
        return Piece(payloads, start, self.read, history=self.read < size)

    def _read_piece(self, data_at: DataAt, start: int, stop: int) -> Piece:
        reader = RecordReader(start)
        payloads = reader.feed(data_at(start, stop - start))
        self.damaged += reader.damaged
        for block in range(stop, stop + _LONGEST_END * BLOCK, BLOCK):
            data = data_at(block, BLOCK) if reader.waiting else b""
            before = len(reader.damages)
            ended = reader.feed(data)
            lost = any(damage.offset == block for damage in reader.damages[before:])
            payloads += ended[: not lost]
            if ended or lost or not data:
                break
        return Piece(payloads, start, stop, history=True)
