"""torch archives (`torch.save` since 1.6, TorchScript): a zip of stored records, one a pickle, one for each storage."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Mapping
from itertools import islice

from lptui.checkpoints.draft import Draft
from lptui.checkpoints.info import Reading, RefusalError
from lptui.checkpoints.pickles import PickleError, read_pickle
from lptui.checkpoints.probe import FileBytes, escape
from lptui.checkpoints.stubs import StorageStub
from lptui.checkpoints.walk import walk
from lptui.checkpoints.zipfiles import STORED, ZipRecord, read_stored, record_data_at

MAX_PICKLE = 128 << 20
_FRONT = 16 << 20
_COMPARED_HEADERS = 128
_CONFIRM = 64 << 20
_RECORD_COST = 250  # header, alignment, descriptor and directory entry of one torch record, about
_MOST_CODE = 64 << 20
_STEP = re.compile(r"(?:^|\.)state\.[^.]+\.step$")
_STEP_TYPES = {"float32": "<f", "float64": "<d", "int64": "<q", "int32": "<i"}


def read_torch(file: FileBytes, draft: Draft, records: dict[str, ZipRecord], root: str) -> None:
    """List an archive whose records stand under `root`. RefusalError or PickleError."""
    script = f"{root}constants.pkl" in records
    draft.format = "torchscript" if script else "torch-zip"
    stray = next((n for n in records if not n.startswith(root)), None)
    if stray is not None:
        raise RefusalError("unsafe-pickle", f"record {escape(stray)} stands outside of the archive's root")
    data = [r for n, r in records.items() if n.startswith(f"{root}data/")]
    draft.has_crc = any(r.crc for r in data) if data else records[f"{root}data.pkl"].crc != 0
    for name, record in records.items():
        if record.method != STORED:
            _check_compressed(name, record, of_code=script and name.startswith(f"{root}code/"))
    _read_side_records(file, draft, records, root)
    raw = read_stored(file, records[f"{root}data.pkl"], MAX_PICKLE)
    reading = read_pickle(raw)
    # written with checksums off they are 0 everywhere, which says nothing
    draft.take_pickle(reading, {r.name.removeprefix(f"{root}data/"): r.crc for r in data} if draft.has_crc else None)
    if reading.end != len(raw):
        draft.blame("unsafe-pickle", "bytes follow the end of its pickle")
    draft.contents.groups["python state"] = len(raw)
    _compare_storages(draft.contents.storages, draft, records, f"{root}data/")
    if script:
        _read_constants(file, draft, records, root)
    else:
        draft.note_custom()
    _compare_headers(file, data)
    _read_optimizer_step(file, draft, records, root)
    _confirm_hole(file, draft, data)


def _read_side_records(file: FileBytes, draft: Draft, records: dict[str, ZipRecord], root: str) -> None:
    for name, length in (("byteorder", 16), (".data/serialization_id", 64)):
        record = records.get(root + name)
        if record is None or record.size > length:
            continue
        text = escape(read_stored(file, record, length).decode("utf-8", "backslashreplace"))
        if name == "byteorder" and text != "little":
            draft.notes.append(f"byte order: {text}")
        elif name != "byteorder":
            draft.serialization_id = text


def _check_compressed(name: str, record: ZipRecord, *, of_code: bool) -> None:
    if not of_code:
        raise RefusalError("unsafe-pickle", f"record {escape(name)} is compressed, which torch never does")
    if record.size > _MOST_CODE:
        raise RefusalError("unsafe-pickle", f"record {escape(name)} claims {record.size:,} B of code")


def _read_constants(file: FileBytes, draft: Draft, records: dict[str, ZipRecord], root: str) -> None:
    """The other pickle of TorchScript: tensors that its code names, their bytes under constants/."""
    draft.notes.append("TorchScript: it also holds code, which was not looked at")
    reading = read_pickle(read_stored(file, records[f"{root}constants.pkl"], MAX_PICKLE))
    mine = draft.globals
    draft.take_labels(reading.labels, reading.reaches_out)
    draft.globals = tuple(dict.fromkeys((*mine, *draft.globals)))
    constants = Draft(draft.path)
    _compare_storages(walk(reading.value).storages, constants, records, f"{root}constants/")
    draft.problems += constants.problems


def _read_optimizer_step(file: FileBytes, draft: Draft, records: dict[str, ZipRecord], root: str) -> None:
    """How many updates the optimizer has made: the `step` of its first parameter, a tensor of one number."""
    if "optimizer_step" in draft.contents.counters:
        return
    for tensor in draft.contents.tensors:
        code = _STEP_TYPES.get(tensor.dtype)
        if tensor.group == "optimizer" and code and not tensor.shape and _STEP.search(tensor.name):
            record = records.get(f"{root}data/{tensor.storage}")
            if record is None or record.size != tensor.nbytes or draft.problems:
                return
            (value,) = struct.unpack(code, read_stored(file, record, 8))
            if math.isfinite(value) and value >= 0:
                where = f"tensor: {tensor.name}"
                draft.contents.counters["optimizer_step"] = Reading("optimizer_step", value, where)
            return


def _compare_storages(
    storages: Mapping[str, StorageStub], draft: Draft, records: dict[str, ZipRecord], folder: str
) -> None:
    """Every storage that the pickle names must be a record of just that size."""
    for storage in storages.values():
        record = records.get(f"{folder}{storage.key}")
        if storage.location == "meta":
            continue
        if record is None:
            draft.blame("mismatch", f"storage {escape(storage.key)} is named by the pickle but is not there")
            return
        if record.size != storage.nbytes:
            text = f"storage {escape(storage.key)} has {record.size:,} B where {storage.nbytes:,} B are needed"
            draft.blame("mismatch", text)
            return


def _compare_headers(file: FileBytes, data: list[ZipRecord]) -> None:
    """Local headers against the directory: all of them, or 128 spread ones (each may cost a disk seek)."""
    step = max(1, len(data) // _COMPARED_HEADERS)
    for record in islice(data, 0, None, step):
        record_data_at(file, record)


def _confirm_hole(file: FileBytes, draft: Draft, data: list[ZipRecord]) -> None:
    """A hole may be a sparse copy of honest zeros: the checksum of the record around it decides."""
    hole = draft.probe.hole_at if draft.probe else None
    if hole is None:
        return
    around = [r for r in data if r.header_at <= hole < r.header_at + 4096 + r.stored_size]
    for record in around[:2]:
        if record.crc and record.size <= _CONFIRM:
            read_stored(file, record, _CONFIRM)
    unsure = not around or any(not r.crc or r.size > _CONFIRM for r in around)
    if unsure:
        draft.blame("zeroed", f"from {hole:,} B on a part was never written (a hole; a sparse copy looks the same)")
    else:
        draft.notes.append(f"a hole at {hole:,} B; the checksum there is right, so it is a sparse copy")


def read_front(file: FileBytes, draft: Draft) -> None:
    """A torch zip without its index still has data.pkl in front: what should have followed.

    Raises RefusalError("truncated") with the size that was expected, if that can be told.
    """
    head = file.read(0, min(file.size, 30))
    if len(head) < 30:
        return
    n_name, n_extra = int.from_bytes(head[26:28], "little"), int.from_bytes(head[28:30], "little")
    at = 30 + n_name + n_extra
    if at > file.size or not file.read(30, n_name).endswith(b"/data.pkl"):
        return
    draft.format = "torch-zip"
    try:
        reading = read_pickle(file.read(at, min(file.size - at, _FRONT)))
    except PickleError as error:
        draft.take_labels(error.labels, error.reaches_out)
        return
    draft.take_pickle(reading)
    storages = draft.contents.storages.values()
    draft.expected_size = at + reading.end + sum(s.nbytes + _RECORD_COST for s in storages)
    draft.problems = [p for p in draft.problems if p[0] == "unsafe-pickle"]
    text = f"it holds {file.size:,} B of about {draft.expected_size:,} B and its index is missing"
    raise RefusalError("truncated", text)
