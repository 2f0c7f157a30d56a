"""The header of a safetensors file: u64 length, then JSON. No checksum exists in this format.

Format: https://github.com/huggingface/safetensors#format (8 + n bytes header, then the byte buffer).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, cast

from lptui.checkpoints.info import RefusalError, TensorEntry, count_numbers
from lptui.checkpoints.probe import escape

MAX_HEADER = 100_000_000
_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32,
    "I64": 64, "U64": 64, "F64": 64, "C64": 64, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
}  # fmt: skip
_TORCH_NAMES = {
    "BOOL": "bool", "U8": "uint8", "I8": "int8", "U16": "uint16", "I16": "int16", "U32": "uint32",
    "I32": "int32", "U64": "uint64", "I64": "int64", "F16": "float16", "BF16": "bfloat16", "F32": "float32",
    "F64": "float64", "C64": "complex64", "F8_E5M2": "float8_e5m2", "F8_E4M3": "float8_e4m3fn",
    "F8_E8M0": "float8_e8m0fnu", "F8_E4M3FNUZ": "float8_e4m3fnuz", "F8_E5M2FNUZ": "float8_e5m2fnuz",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SafetensorsHeader:
    """Tensors in file order; `metadata` as it stands; `file_size` that the header asks for."""

    tensors: tuple[TensorEntry, ...]
    metadata: dict[str, str]
    file_size: int


def header_length(first: bytes, size: int) -> int:
    """n from the first 8 bytes of a file of `size` bytes. RefusalError: truncated or mismatch."""
    length = int.from_bytes(first[:8], "little")
    if len(first) < 8 or not 2 <= length <= MAX_HEADER:
        raise RefusalError("mismatch", "the length of its header makes no sense")
    if 8 + length > size:
        raise RefusalError("truncated", f"the header alone is {length:,} B, the file has {size:,} B")
    return length


def read_header(raw: bytes, length: int) -> SafetensorsHeader:
    """Parse the JSON header (`raw`, `length` bytes). RefusalError for what a strict reader rejects."""
    try:
        table: object = json.loads(raw, object_pairs_hook=_no_duplicates)
    except (ValueError, RecursionError) as error:
        zeroed = not raw.strip(b"\0")
        raise RefusalError("zeroed" if zeroed else "mismatch", "its header is no JSON that can be read") from error
    if not isinstance(table, dict):
        raise RefusalError("mismatch", "its header is no table")
    entries = cast("dict[str, Any]", table)
    metadata = entries.pop("__metadata__", None)
    spans = [_span(name, entry) for name, entry in entries.items()]
    spans.sort(key=lambda span: span[:2])
    end = 0
    for begin, stop, tensor in spans:
        if begin != end or stop < begin:
            raise RefusalError("mismatch", f"the bytes of tensor {tensor.name} do not follow those before it")
        end = stop
    return SafetensorsHeader(tuple(span[2] for span in spans), _texts(metadata), 8 + length + end)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise RefusalError("unsafe-pickle", "its header names a tensor twice: two readers would see two files")
    return made


def _span(name: str, entry: object) -> tuple[int, int, TensorEntry]:
    match entry:
        case {
            "dtype": str() as dtype,
            "shape": list() as shape,
            "data_offsets": [int() as begin, int() as stop],
        }:
            pass
        case _:
            raise RefusalError("mismatch", f"the entry of tensor {escape(name)} is malformed")
    plain = tuple(n for n in cast("list[object]", shape) if type(n) is int and 0 <= n < 1 << 62)
    if len(plain) != len(cast("list[object]", shape)):
        raise RefusalError("mismatch", f"the shape of tensor {escape(name)} is impossible")
    count = count_numbers(plain)
    bits = _BITS.get(dtype)
    if bits is None:
        raise RefusalError("not-read", f"tensor {escape(name)} has the unknown type {escape(dtype)}")
    if begin < 0 or stop - begin != count * bits // 8:
        raise RefusalError("mismatch", f"tensor {escape(name)} has bytes for another shape")
    return begin, stop, TensorEntry(escape(name), plain, _TORCH_NAMES.get(dtype, dtype), stop - begin)


def _texts(metadata: object) -> dict[str, str]:
    if metadata is None:
        return {}
    match metadata:
        case dict():
            pairs = cast("dict[str, object]", metadata)
            return {escape(k): escape(v) for k, v in pairs.items() if isinstance(v, str)}
        case _:
            raise RefusalError("mismatch", "its __metadata__ is no table")
