"""A TensorFlow TensorProto that holds one number, as TF2's summaries write a scalar.

Fields: dtype 1, tensor_shape 2 {dim 2 {size 1}, unknown_rank 3}, tensor_content 4, float_val 5, double_val 6,
int_val 7, int64_val 10, bool_val 11, half_val 13, uint32_val 16, uint64_val 17. Source: tensorflow
core/framework/tensor.proto.
"""

from __future__ import annotations

import struct

from lptui.formats.protobuf import LENGTH, VARINT, fields, read_varint, signed, spans

_HALF, _BFLOAT16 = 19, 14
_FORMATS = {
    1: "<f",
    2: "<d",
    3: "<i",
    4: "<B",
    5: "<h",
    6: "<b",
    9: "<q",
    10: "<?",
    17: "<H",
    19: "<e",
    22: "<I",
    23: "<Q",
}
"""Data type -> how `tensor_content` holds it (bfloat16 apart: the upper half of a float)."""
_INTEGERS = frozenset((7, 10, 11, 16, 17))


def read_number(data: bytes, start: int, end: int) -> float | None:
    """The number in a tensor of exactly one element; None for text, several elements, or a type unknown here.

    Raises WireError.
    """
    kind, content, value = 1, b"", None
    for number, wire, first, stop in spans(data, start, end):
        if number == 1 and wire == VARINT:
            kind = read_varint(data, first)[0]
        elif number == 2 and wire == LENGTH:
            if not _holds_one(data[first:stop]):
                return None
        elif number == 4 and wire == LENGTH:
            content = data[first:stop]
        elif number in (5, 6):
            value = _read_float(data[first:stop], "<f" if number == 5 else "<d")
        elif number in _INTEGERS:
            value = float(signed(read_varint(data, first)[0]))
        elif number == 13:
            value = _from_half(read_varint(data, first)[0], kind)
    return _read_content(content, kind) if content else value


def _holds_one(shape: bytes) -> bool:
    """Whether all dimensions are one (a scalar has none)."""
    for number, value in fields(shape):
        if number == 2 and isinstance(value, bytes) and dict(fields(value)).get(1) != 1:
            return False
    return True


def _read_float(raw: bytes, layout: str) -> float | None:
    size = struct.calcsize(layout)
    return float(struct.unpack(layout, raw)[0]) if len(raw) == size else None


def _read_content(content: bytes, kind: int) -> float | None:
    if kind == _BFLOAT16:
        return _from_half(int.from_bytes(content, "little"), kind) if len(content) == 2 else None
    layout = _FORMATS.get(kind)
    return _read_float(content, layout) if layout else None


def _from_half(bits: int, kind: int) -> float | None:
    if not 0 <= bits <= 0xFFFF or kind not in (_HALF, _BFLOAT16):
        return None
    raw = bits.to_bytes(2, "little")
    return float(struct.unpack("<e", raw)[0] if kind == _HALF else struct.unpack("<f", b"\0\0" + raw)[0])
