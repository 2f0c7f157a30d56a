"""A reader of protobuf wire format by field number: no schema, no generated code, no dependency.

Source: protobuf.dev/programming-guides/encoding. Groups (wire types 3, 4) are deprecated: malformed here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
_DOUBLE = struct.Struct("<d")
_LONGEST_VARINT = 10


class WireError(ValueError):
    """The bytes are no protobuf message: a length past the end, an unknown wire type, an endless varint."""


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """The unsigned varint that starts at `at`, and the position behind it."""
    value = shift = 0
    for position in range(at, min(at + _LONGEST_VARINT, len(data))):
        byte = data[position]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position + 1
        shift += 7
    raise WireError(f"varint at {at} does not end")


def spans(data: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int, int, int]]:
    """Walk `data[start:end]`: (field number, wire type, first byte, end) of each value, nothing copied.

    Raises WireError when a value runs past `end`.
    """
    end = len(data) if end is None else end
    at = start
    while at < end:
        tag, at = read_varint(data, at)
        wire = tag & 7
        if wire == LENGTH:
            length, at = read_varint(data, at)
            stop = at + length
        elif wire == VARINT:
            _, stop = read_varint(data, at)
        elif wire == FIXED64:
            stop = at + 8
        elif wire == FIXED32:
            stop = at + 4
        else:
            raise WireError(f"wire type {wire} at {at}")
        if stop > end:
            raise WireError(f"field {tag >> 3} at {at} runs past the end")
        yield tag >> 3, wire, at, stop
        at = stop


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(field number, value) of a whole message: an int for a varint, bytes for everything else."""
    for number, wire, start, stop in spans(data):
        if wire == VARINT:
            yield number, read_varint(data, start)[0]
        else:
            yield number, data[start:stop]


def signed(value: int) -> int:
    """An int32 or int64 field: two's complement in 64 bits."""
    return value - (1 << 64) if value >= 1 << 63 else value


def zigzag(value: int) -> int:
    """A sint32 or sint64 field."""
    return (value >> 1) ^ -(value & 1)


def double(raw: bytes) -> float:
    """A double field, from its eight bytes. Raises WireError on any other length."""
    if len(raw) != _DOUBLE.size:
        raise WireError("a double needs eight bytes")
    return float(_DOUBLE.unpack(raw)[0])


def timestamp(message: bytes) -> float:
    """google.protobuf.Timestamp as seconds since the epoch."""
    seconds = nanos = 0
    for number, value in fields(message):
        if isinstance(value, int) and number == 1:
            seconds = signed(value)
        elif isinstance(value, int) and number == 2:
            nanos = signed(value)
    return seconds + nanos / 1e9
