from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lptui.formats.protobuf import WireError, double, fields, read_varint, signed, timestamp, zigzag


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


@given(st.integers(0, (1 << 64) - 1), st.binary(max_size=4))
def test_varints(value: int, before: bytes) -> None:
    assert read_varint(before + varint(value) + b"\xff", len(before)) == (value, len(before) + len(varint(value)))


@given(st.integers(-(1 << 63), (1 << 63) - 1))
def test_signed_and_zigzag(value: int) -> None:
    assert signed(value % (1 << 64)) == value
    assert zigzag((value << 1) ^ (value >> 63)) == value


def test_fields_of_every_wire_type() -> None:
    message = b"\x08\x96\x01" + b"\x12\x03abc" + b"\x19" + struct.pack("<d", 0.5) + b"\x25" + b"\1\2\3\4"
    assert list(fields(message)) == [(1, 150), (2, b"abc"), (3, struct.pack("<d", 0.5)), (4, b"\1\2\3\4")]


@pytest.mark.parametrize("broken", [b"\x08", b"\x12\x05abc", b"\x0b", b"\x19\x00", b"\x08" + b"\xff" * 11])
def test_broken_messages(broken: bytes) -> None:
    with pytest.raises(WireError):
        list(fields(broken))


def test_doubles_and_timestamps() -> None:
    assert double(struct.pack("<d", -2.5)) == -2.5
    with pytest.raises(WireError):
        double(b"1234")
    assert timestamp(b"\x08" + varint(1_700_000_000) + b"\x10" + varint(250_000_000)) == 1_700_000_000.25
    assert timestamp(b"\x08" + varint((1 << 64) - 5)) == -5.0


@given(st.binary(max_size=100))
def test_garbage_raises_only_its_own_error(garbage: bytes) -> None:
    with contextlib.suppress(WireError):
        list(fields(garbage))
