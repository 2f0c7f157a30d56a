"""The framing of a W&B transaction log (`run-<id>.wandb`): LevelDB's log format behind a seven-byte header.

Header: `:W&B`, 0xBEE1 little-endian, version 0. Then 32 KiB blocks aligned to file offset 0 (the header takes
the first seven bytes of block 0). A chunk is crc32 (zlib's, over type byte and payload), uint16 length, type
(1 full, 2 first, 3 middle, 4 last), payload; a record spans blocks as first, middle..., last. Fewer than 7
bytes at the end of a block are padding. Source: wandb core/pkg/leveldb/record.go, LevelDB doc/log_format.md.
"""

from __future__ import annotations

import struct
from zlib import crc32

from lptui.model.value import frozen

BLOCK = 32 * 1024
MAGIC = b":W&B\xe1\xbe\x00"
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4
_CHUNK = struct.Struct("<IHB")
_SEEDS = (0, *(crc32(bytes([kind])) for kind in (FULL, FIRST, MIDDLE, LAST)))
_LONGEST_RECORD = 64 << 20  # a hostile file may chain middle chunks for ever
_DAMAGES_KEPT = 256


class NotWandbFile(ValueError):
    """The file does not begin as a `.wandb` file does; `reason` says what was found."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@frozen
class Damage:
    """A place that could not be read: file offset of the chunk, and why."""

    offset: int
    reason: str


class RecordReader:
    """Turns consecutive bytes of one growing `.wandb` file into record payloads.

    Feed it from offset 0, or from any block boundary (`start`, a multiple of BLOCK): then it waits for the
    first record that begins there. A record whose end has not arrived is kept and waited for. A damaged chunk
    costs the rest of its 32 KiB block and the record it belonged to; it is counted in `damaged` and listed in
    `damages` (the first 256).
    """

    __slots__ = ("_fragments", "_held", "_lost", "_rest", "_skip", "_started", "damaged", "damages", "offset")

    def __init__(self, start: int = 0) -> None:
        if start % BLOCK:
            raise ValueError(f"a reader can only start at a multiple of {BLOCK}, not at {start}")
        self.offset = start  # file offset of the next chunk to read
        self.damaged = 0
        self.damages: list[Damage] = []
        self._started = start > 0
        self._lost = start > 0  # pieces of a record whose beginning we never saw are expected
        self._rest = b""
        self._skip = 0  # bytes still to come that belong to a block given up
        self._fragments: list[bytes] = []
        self._held = 0

    @property
    def waiting(self) -> int:
        """Bytes in hand that belong to a record whose end has not arrived."""
        return len(self._rest) + self._held

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes of the file; the payloads of the records that they complete.

        Raises NotWandbFile as soon as the first bytes cannot be a header.
        """
        if self._skip:
            skipped = min(self._skip, len(data))
            self._skip -= skipped
            data = data[skipped:]
        buffer = self._rest + data
        at = 0 if self._started else self._read_header(buffer)
        payloads: list[bytes] = []
        if self._started:
            base, size = self.offset, len(buffer)
            before = -1
            while before < at < size:
                before = at
                edge = at + BLOCK - (base + at) % BLOCK
                at = self._read_block(buffer, at, edge, payloads)
            self.offset = base + at
            self._skip += max(0, at - size)
        self._rest = buffer[at:]
        return payloads

    def _read_block(self, buffer: bytes, at: int, edge: int, payloads: list[bytes]) -> int:
        """Read chunks from `at` to `edge`, the block's end; where to go on (past the buffer: skip that)."""
        size = len(buffer)
        while edge - at >= _CHUNK.size:
            if size - at < _CHUNK.size:
                return at
            checksum, length, kind = _CHUNK.unpack_from(buffer, at)
            stop = at + _CHUNK.size + length
            if size < stop <= edge:
                return at
            payload = buffer[at + _CHUNK.size : stop]
            reason = "a chunk runs past its block" if stop > edge else _find_fault(checksum, kind, payload)
            if reason:
                self._note(self.offset + at, reason)
                self._drop()
                return edge
            if kind == FULL and not self._fragments:
                self._lost = False
                payloads.append(payload)
            else:
                self._join(self.offset + at, kind, payload, payloads)
            at = stop
        return edge

    def _read_header(self, buffer: bytes) -> int:
        head = buffer[: len(MAGIC)]
        if not MAGIC.startswith(head):
            if head[:-1] == MAGIC[:-1]:
                raise NotWandbFile(f"transaction log version {head[-1]}, only version 0 is known")
            raise NotWandbFile(f"begins with {head!r}, a .wandb file begins with {MAGIC!r}")
        self._started = len(head) == len(MAGIC)
        return len(MAGIC) if self._started else 0

    def _note(self, here: int, reason: str) -> None:
        self.damaged += 1
        if len(self.damages) < _DAMAGES_KEPT:
            self.damages.append(Damage(here, reason))

    def _drop(self) -> None:
        self._fragments, self._held, self._lost = [], 0, True

    def _join(self, here: int, kind: int, payload: bytes, payloads: list[bytes]) -> None:
        if kind in (FULL, FIRST):
            if self._fragments:
                self._note(here, "the record before it has no end")
                self._fragments, self._held = [], 0
            self._lost = False
        elif not self._fragments:
            if not self._lost:
                self._note(here, "a record without its beginning")
                self._lost = True
            return
        if self._held + len(payload) > _LONGEST_RECORD:
            self._note(here, "a record of more than 64 MiB")
            self._drop()
            return
        self._fragments.append(payload)
        self._held += len(payload)
        if kind in (FULL, LAST):
            payloads.append(b"".join(self._fragments))
            self._fragments, self._held = [], 0


def _find_fault(checksum: int, kind: int, payload: bytes) -> str:
    """Why a chunk cannot be trusted; empty when it can."""
    if not FULL <= kind <= LAST:
        return f"chunk type {kind}" if kind or checksum or payload else "no data was written here"
    return "" if crc32(payload, _SEEDS[kind]) == checksum else "checksum mismatch"
