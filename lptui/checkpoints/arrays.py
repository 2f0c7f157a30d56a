"""numpy files: the header of an .npy, and .npz archives of them. Arrays of objects are pickles, and refused.

Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html (versions 1 to 3); numpy is not needed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lptui.checkpoints.draft import Draft
from lptui.checkpoints.info import RefusalError, TensorEntry, count_numbers
from lptui.checkpoints.pickles import PickleError, read_pickle
from lptui.checkpoints.probe import FileBytes, escape
from lptui.checkpoints.zipfiles import DEFLATED, STORED, ZipRecord, read_prefix

MAGIC = b"\x93NUMPY"
MAX_HEADER = 1 << 16
_MOST_OBJECTS = 16 << 20
_HEADER = re.compile(
    r"\{'descr': *(?P<descr>'[^']{1,64}'|\[.*\]), *'fortran_order': *(?:True|False), *"
    r"'shape': *\((?P<shape>[0-9L, ]*)\), *\}\s*",
    re.DOTALL,
)
_KINDS = {
    "f2": "float16", "f4": "float32", "f8": "float64", "i1": "int8", "i2": "int16", "i4": "int32", "i8": "int64",
    "u1": "uint8", "u2": "uint16", "u4": "uint32", "u8": "uint64", "b1": "bool", "c8": "complex64",
    "c16": "complex128",
}  # fmt: skip
_DESCR = re.compile(r"[<>|=](?P<kind>[a-zA-Z])(?P<width>\d{0,6})(?P<rest>.{0,40})")


@dataclass(frozen=True, slots=True)
class ArrayHeader:
    """`dtype` as torch calls it; `nbytes` of the array, which begins at `data_at`; `objects`: it is a pickle."""

    shape: tuple[int, ...]
    dtype: str
    nbytes: int
    data_at: int
    objects: bool = False


def read_array_header(raw: bytes, name: str) -> ArrayHeader:
    """The header in front of an .npy. RefusalError: truncated, mismatch or not-read."""
    if len(raw) < 10 or not raw.startswith(MAGIC):
        raise RefusalError("mismatch", f"{name} does not begin as a numpy array")
    wide = raw[6] >= 2
    length = int.from_bytes(raw[8 : 12 if wide else 10], "little")
    begin = 12 if wide else 10
    if length > MAX_HEADER:
        raise RefusalError("mismatch", f"the header of {name} claims {length:,} B")
    if begin + length > len(raw):
        raise RefusalError("truncated", f"{name} ends inside its header")
    text = raw[begin : begin + length].decode("latin-1")
    match = _HEADER.fullmatch(text)
    if match is None:
        raise RefusalError("mismatch", f"the header of {name} is malformed")
    shape = tuple(int(n.rstrip("L")) for n in match["shape"].replace(" ", "").split(",") if n)
    if len(shape) > 64 or any(n >= 1 << 62 for n in shape):
        raise RefusalError("mismatch", f"the shape of {name} is impossible")
    dtype, width = _kind(match["descr"], name)
    return ArrayHeader(shape, dtype, count_numbers(shape) * width, begin + length, objects=width == 0)


def _kind(descr: str, name: str) -> tuple[str, int]:
    """(name, bytes an item) of a type; 0 bytes: objects."""
    found = _DESCR.fullmatch(descr.strip("'"))
    if found is None or descr.startswith("["):
        if re.search(r"'[<>|=]?O\d*'", descr):
            return "object", 0
        raise RefusalError("not-read", f"{name} holds records of several fields, which are not read here")
    kind, width = found["kind"], int(found["width"] or 0)
    if kind == "O":
        return "object", 0
    if kind == "U":
        return f"text of {width}", width * 4
    if f"{kind}{width}" in _KINDS:
        big = ">" if descr[1] == ">" and width > 1 else ""
        return big + _KINDS[f"{kind}{width}"], width
    if kind in "SVmM" and width:
        return f"{kind}{width}{escape(found['rest'])}", width
    raise RefusalError("not-read", f"{name} has the unknown type {escape(descr)}")


def read_npy(file: FileBytes, draft: Draft) -> None:
    """List one array. RefusalError for what is damaged or would need a pickle."""
    draft.has_crc = False
    header = read_array_header(file.read(0, min(file.size, MAX_HEADER + 12)), "it")
    _take(draft, "(the whole file)", header)
    if header.objects:
        _refuse_objects(file.read(header.data_at, min(file.size - header.data_at, _MOST_OBJECTS)), draft, "it")
        return
    draft.expected_size = header.data_at + header.nbytes
    if file.size < draft.expected_size:
        raise RefusalError("truncated", f"it holds {file.size:,} B of {draft.expected_size:,} B")
    if file.size > draft.expected_size:
        draft.notes.append(f"{file.size - draft.expected_size:,} B follow its array")


def read_npz(file: FileBytes, draft: Draft, records: dict[str, ZipRecord]) -> None:
    """List an archive of arrays. RefusalError as `read_npy`."""
    draft.format, draft.has_crc = "npz", any(r.crc for r in records.values())
    for record in records.values():
        name = escape(record.name.removesuffix(".npy"))
        if record.method not in (STORED, DEFLATED):
            raise RefusalError("not-read", f"record {name} is compressed by method {record.method}")
        header = read_array_header(read_prefix(file, record, min(record.size, MAX_HEADER + 12)), name)
        _take(draft, name, header)
        if header.objects:
            raw = read_prefix(file, record, min(record.size, _MOST_OBJECTS))
            _refuse_objects(raw[header.data_at :], draft, name)
        elif header.data_at + header.nbytes != record.size:
            needed = header.data_at + header.nbytes
            raise RefusalError("mismatch", f"array {name} has {record.size:,} B where {needed:,} B are needed")


def _take(draft: Draft, name: str, header: ArrayHeader) -> None:
    draft.listed = True
    tensor = TensorEntry(name, header.shape, header.dtype, header.nbytes)
    draft.take_tensor(tensor, 0 if header.objects else count_numbers(header.shape))


def _refuse_objects(raw: bytes, draft: Draft, name: str) -> None:
    """An array of objects is a pickle that numpy runs with allow_pickle=True: say what it would import."""
    try:
        reading = read_pickle(raw)
        labels, reaches_out = reading.labels, reading.reaches_out
    except PickleError as error:
        labels, reaches_out = error.labels, error.reaches_out
    draft.take_labels(labels, reaches_out)
    draft.blame("custom-pickle", f"{name} holds Python objects: numpy reads it only with allow_pickle=True")
