"""Flax's msgpack files (`checkpoint_N`, `flax_model.msgpack`): a map of maps whose leaves are arrays.

Format: https://github.com/msgpack/msgpack/blob/master/spec.md; arrays are extension type 1 holding (shape, dtype name,
bytes), as flax/serialization.py writes them. Arrays over 2**30 B come in chunks under a key of their own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lptui.checkpoints.draft import Draft
from lptui.checkpoints.info import RefusalError, TensorEntry, count_numbers
from lptui.checkpoints.probe import FileBytes, escape
from lptui.checkpoints.stubs import ITEM_BITS

NAME = re.compile(r".+\.msgpack|checkpoint_\d+")
_ARRAY = 1
_MAX_DEPTH = 100
_MAX_VALUES = 1_000_000
_MAX_TEXT = 1 << 16
_INTS = {0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8}
_BINS = {0xC4: 1, 0xC5: 2, 0xC6: 4}
_TEXTS = {0xD9: 1, 0xDA: 2, 0xDB: 4}
_EXTS = {0xC7: 1, 0xC8: 2, 0xC9: 4}
_FIXED_EXTS = {0xD4: 1, 0xD5: 2, 0xD6: 4, 0xD7: 8, 0xD8: 16}
_SINGLE, _DOUBLE = 0xCA, 0xCB


@dataclass(slots=True)
class _Reader:
    """Walks over the file by bounded reads; the bytes of arrays are passed over."""

    file: FileBytes
    draft: Draft
    at: int = 0
    values: int = 0

    def take(self, length: int) -> bytes:
        raw = self.file.read(self.at, length)
        self.at += length
        return raw

    def number(self, width: int) -> int:
        return int.from_bytes(self.take(width), "big")

    def skip(self, length: int) -> None:
        if self.at + length > self.file.size:
            raise RefusalError("truncated", f"it holds {self.file.size:,} B of at least {self.at + length:,} B")
        self.at += length


def read_msgpack(file: FileBytes, draft: Draft) -> None:
    """List the arrays of a Flax file. RefusalError: truncated, mismatch or not-read."""
    draft.format, draft.has_crc = "flax-msgpack", False
    reader = _Reader(file, draft)
    _value(reader, ())
    draft.listed = True
    draft.expected_size = reader.at
    if reader.at != file.size:
        raise RefusalError("mismatch", f"{file.size - reader.at:,} B follow the end of its map")
    names = dict.fromkeys(t.name.split(".")[0] for t in draft.contents.tensors)
    draft.contents.keys = tuple(names)[:500]


def _value(reader: _Reader, way: tuple[str, ...]) -> object:
    """One value; plain ones are returned, arrays are listed under `way`."""
    reader.values += 1
    if reader.values > _MAX_VALUES or len(way) > _MAX_DEPTH:
        raise RefusalError("not-read", "it is nested or scattered beyond what is read safely")
    code = reader.number(1)
    if code <= 0x7F:
        return code
    if code >= 0xE0:
        return code - 0x100
    size = _container(reader, code)
    if size is not None:
        return _children(reader, way, *size)
    return _leaf(reader, way, code)


def _container(reader: _Reader, code: int) -> tuple[bool, int] | None:
    """(is a map, how many entries) if the code begins a map or a list."""
    if 0x80 <= code <= 0x9F:
        return code < 0x90, code & 0x0F
    if 0xDC <= code <= 0xDF:
        return code >= 0xDE, reader.number(2 if code in (0xDC, 0xDE) else 4)
    return None


def _children(reader: _Reader, way: tuple[str, ...], is_map: bool, count: int) -> None:
    if count > reader.file.size - reader.at:
        raise RefusalError("truncated", "it ends inside a list of its values")
    for i in range(count):
        key = _value(reader, (*way, "?")) if is_map else i
        if key is None:
            raise RefusalError("mismatch", "a key of its map is no text")
        value = _value(reader, (*way, escape(str(key))))
        if not way and isinstance(value, int | float) and not isinstance(value, bool):
            reader.draft.take_number(str(key), value)


def _leaf(reader: _Reader, way: tuple[str, ...], code: int) -> object:
    if 0xA0 <= code <= 0xBF or code in _TEXTS:
        length = reader.number(_TEXTS[code]) if code in _TEXTS else code & 0x1F
        if length > _MAX_TEXT:
            reader.skip(length)
            return "?"
        return reader.take(length).decode("utf-8", "backslashreplace")
    if code in _INTS:
        return int.from_bytes(reader.take(_INTS[code]), "big", signed=code >= 0xD0)
    if code in _EXTS or code in _FIXED_EXTS:
        length = reader.number(_EXTS[code]) if code in _EXTS else _FIXED_EXTS[code]
        _extension(reader, way, reader.number(1), length)
    elif code in _BINS:
        reader.skip(reader.number(_BINS[code]))
    elif code in (_SINGLE, _DOUBLE):
        reader.skip(4 if code == _SINGLE else 8)
    elif code not in (0xC0, 0xC2, 0xC3):
        raise RefusalError("mismatch", f"byte 0x{code:02x} at {reader.at - 1:,} B begins no value")
    return None


def _extension(reader: _Reader, way: tuple[str, ...], kind: int, length: int) -> None:
    end = reader.at + length
    if end > reader.file.size:
        raise RefusalError("truncated", f"it holds {reader.file.size:,} B of at least {end:,} B")
    if kind == _ARRAY:
        head = FileBytes(reader.file.fd, end - reader.file.base, reader.file.base)
        inner = _Reader(head, reader.draft, reader.at)
        _array(inner, way)
    reader.at = end


def _array(reader: _Reader, way: tuple[str, ...]) -> None:
    name = ".".join(way) or "(the whole file)"
    if reader.number(1) != 0x93:
        raise RefusalError("mismatch", f"array {name} is malformed")
    shape: list[int] = []
    size = _container(reader, reader.number(1))
    for _ in range(size[1] if size is not None and size[1] <= 64 else 0):
        n = _value(reader, way)
        if not isinstance(n, int) or not 0 <= n < 1 << 62:
            raise RefusalError("mismatch", f"the shape of array {name} is impossible")
        shape.append(n)
    dtype = _value(reader, way)
    code = reader.number(1)
    if not isinstance(dtype, str) or code not in _BINS:
        raise RefusalError("mismatch", f"array {name} is malformed")
    nbytes = reader.number(_BINS[code])
    count = count_numbers(shape)
    if nbytes != count * ITEM_BITS.get(dtype, nbytes * 8 // (count or 1)) // 8:
        raise RefusalError("mismatch", f"array {name} has bytes for another shape")
    reader.draft.starts.append(reader.at)
    reader.skip(nbytes)
    group = "optimizer" if way and way[0].startswith("opt") else "model"
    reader.draft.take_tensor(TensorEntry(name, tuple(shape), escape(dtype), nbytes, "", group), count)
