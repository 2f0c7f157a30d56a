"""The framing of a TensorBoard event file (TFRecord): length, its checksum, data, its checksum.

A record is: uint64 length, uint32 masked CRC-32C of those eight bytes, the data, uint32 masked CRC-32C of the data, all
little-endian. Source: TensorFlow core/lib/io/record_writer.h. There is no marker to look for after damage, but a
length is sixteen times as sure as a marker would be: it has a checksum of its own.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from lptui.formats.crc32c import find_wrong, masked_crc

_HEAD = struct.Struct("<QI")
_FOOT = struct.Struct("<I")
_HEAD_SIZE, _FOOT_SIZE = _HEAD.size, _FOOT.size
LONGEST = 256 << 20
"""A longer record is none; images and graphs are shorter."""
_UNCHECKED = 256 << 10
"""Records longer than this hold images or graphs, not numbers: their data is not checked."""
_LENGTHS_KEPT = 4096


class Frames(NamedTuple):
    """Records that were completed: `data[start:end]` each."""

    data: bytes
    spans: list[tuple[int, int]]


class FrameReader:
    """Turns consecutive bytes of one growing event file into records. A torn last one is waited for.

    A record whose data does not match its checksum is left out; where a length does not, reading goes on at the next
    place that holds one that does. `damaged` counts both.
    """

    __slots__ = ("_checked", "_lost", "_rest", "damaged")

    def __init__(self) -> None:
        self.damaged = 0
        self._rest = b""
        self._lost = False
        self._checked: dict[int, int] = {}  # length -> its checksum: a run has few different ones

    @property
    def waiting(self) -> int:
        """Bytes in hand that belong to a record whose end has not arrived."""
        return len(self._rest)

    def feed(self, data: bytes) -> Frames:
        """Take the next bytes of the file; the records that they complete."""
        data = self._rest + data if self._rest else data
        starts: list[int] = []
        ends: list[int] = []
        checksums: list[int] = []
        at, size = 0, len(data)
        unpack_head, unpack_foot = _HEAD.unpack_from, _FOOT.unpack_from
        checked = self._checked.get
        while size - at >= _HEAD_SIZE:
            length, checksum = unpack_head(data, at)
            if checked(length) != checksum and not self._check_length(length, checksum):
                at = self._resynchronise(data, at)
                continue
            self._lost = False
            start = at + _HEAD_SIZE
            end = start + length
            if end + _FOOT_SIZE > size:
                break
            starts.append(start)
            ends.append(end)
            checksums.append(unpack_foot(data, end)[0])
            at = end + _FOOT_SIZE
        self._rest = data[at:]
        return Frames(data, self._keep_sound(data, starts, ends, checksums))

    def _check_length(self, length: int, checksum: int) -> bool:
        if length > LONGEST or masked_crc(length.to_bytes(8, "little")) != checksum:
            return False
        if len(self._checked) >= _LENGTHS_KEPT:
            self._checked.clear()
        self._checked[length] = checksum
        return True

    def _resynchronise(self, data: bytes, at: int) -> int:
        """Where the next sound length after `at` lies, or from where on one may still come."""
        if not self._lost:
            self.damaged += 1
            self._lost = True
        last = len(data) - _HEAD_SIZE
        while True:
            zeros = data.find(b"\0\0\0\0", at + 5)  # the upper half of every length
            here = zeros - 4
            if zeros < 0 or here > last:
                return max(at + 1, last + 1)
            length, checksum = _HEAD.unpack_from(data, here)
            if self._check_length(length, checksum):
                return here
            at = here

    def _keep_sound(
        self, data: bytes, starts: list[int], ends: list[int], checksums: list[int]
    ) -> list[tuple[int, int]]:
        spans = list(zip(starts, ends, strict=True))
        if any(end - start > _UNCHECKED for start, end in spans):
            short = [i for i, (start, end) in enumerate(spans) if end - start <= _UNCHECKED]
            wrong = find_wrong(data, *([column[i] for i in short] for column in (starts, ends, checksums)))
            wrong = {short[i] for i in wrong}
        else:
            wrong = find_wrong(data, starts, ends, checksums)
        self.damaged += len(wrong)
        return [span for i, span in enumerate(spans) if i not in wrong] if wrong else spans
