"""Zip archives that hold checkpoints: torch, TorchScript, Metta's .mpt and bundle zips, Stable-Baselines3."""

from __future__ import annotations

import json
from itertools import islice

from lptui.checkpoints.arrays import read_npz
from lptui.checkpoints.draft import Draft
from lptui.checkpoints.info import RefusalError, count_numbers
from lptui.checkpoints.pickles import PickleError, read_pickle
from lptui.checkpoints.probe import FileBytes, escape
from lptui.checkpoints.safetensors import SafetensorsHeader, header_length, read_header
from lptui.checkpoints.zipfiles import (
    STORED,
    ZipRecord,
    read_directory,
    read_prefix,
    read_stored,
    record_data_at,
)

MAX_PICKLE = 128 << 20
_FRONT = 16 << 20
_COMPARED_HEADERS = 128
_CONFIRM = 64 << 20
_RECORD_COST = 250  # header, alignment, descriptor and directory entry of one torch record, about


def read_archive(file: FileBytes, draft: Draft) -> None:
    """List whatever zip this is. Raises RefusalError or PickleError."""
    draft.format = "zip"
    try:
        records = {record.name: record for record in read_directory(file)}
    except RefusalError as refusal:
        if refusal.verdict == "truncated":
            _read_front(file, draft)
        raise
    pickle_name = next((n for n in records if n.endswith("/data.pkl") and n.count("/") == 1), None)
    if pickle_name is not None:
        _read_torch(file, draft, records, pickle_name.removesuffix("data.pkl"))
    elif "weights.safetensors" in records:
        _read_weights(file, draft, records)
    elif "data" in records and "_stable_baselines3_version" in records:
        _read_sb3(file, draft, records)
    elif records and all(name.endswith(".npy") for name in records):
        read_npz(file, draft, records)
    else:
        draft.blame("unknown-format", "a zip archive without a checkpoint that is known here")


def _read_torch(file: FileBytes, draft: Draft, records: dict[str, ZipRecord], root: str) -> None:
    script = f"{root}constants.pkl" in records
    draft.format = "torchscript" if script else "torch-zip"
    stray = next((n for n in records if not n.startswith(root)), None)
    if stray is not None:
        raise RefusalError("unsafe-pickle", f"record {escape(stray)} stands outside of the archive's root")
    data = [r for n, r in records.items() if n.startswith(f"{root}data/")]
    draft.has_crc = any(r.crc for r in data) if data else records[f"{root}data.pkl"].crc != 0
    for name, record in records.items():
        if record.method != STORED and not (script and name.startswith(f"{root}code/")):
            raise RefusalError("unsafe-pickle", f"record {escape(name)} is compressed, which torch never does")
    _read_side_records(file, draft, records, root)
    raw = read_stored(file, records[f"{root}data.pkl"], MAX_PICKLE)
    reading = read_pickle(raw)
    draft.take_pickle(reading)
    if reading.end != len(raw):
        draft.blame("unsafe-pickle", "bytes follow the end of its pickle")
    if script:
        draft.notes.append("TorchScript: it also holds code, which was not looked at")
    else:
        draft.note_custom()
        _compare_storages(draft, records, root)
    _compare_headers(file, data)
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


def _compare_storages(draft: Draft, records: dict[str, ZipRecord], root: str) -> None:
    """Every storage that the pickle names must be a record of just that size."""
    for storage in draft.contents.storages.values():
        record = records.get(f"{root}data/{storage.key}")
        if storage.location == "meta":
            continue
        if record is None:
            draft.blame("mismatch", f"storage {escape(storage.key)} is named by the pickle but is not there")
            return
        draft.checksums[storage.key] = record.crc
        if record.size != storage.nbytes:
            text = f"storage {escape(storage.key)} has {record.size:,} B where {storage.nbytes:,} B are needed"
            draft.blame("mismatch", text)
            return
    if not draft.has_crc:
        draft.checksums.clear()  # written with checksums off: 0 everywhere says nothing


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


def _read_front(file: FileBytes, draft: Draft) -> None:
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


def _read_weights(file: FileBytes, draft: Draft, records: dict[str, ZipRecord]) -> None:
    draft.format = "mpt" if "modelarchitecture.txt" in records else "bundle-zip"
    record = records["weights.safetensors"]
    draft.has_crc = record.crc != 0
    length = header_length(read_prefix(file, record, 8), record.size)
    header = read_header(read_prefix(file, record, 8 + length)[8:], length)
    take_header(draft, header)
    if header.file_size != record.size:
        draft.blame("mismatch", f"the weights have {record.size:,} B where {header.file_size:,} B are needed")


def take_header(draft: Draft, header: SafetensorsHeader) -> None:
    """Tensors of a safetensors header."""
    draft.listed = True
    draft.metadata = header.metadata
    for tensor in header.tensors:
        draft.take_tensor(tensor, count_numbers(tensor.shape))


def _read_sb3(file: FileBytes, draft: Draft, records: dict[str, ZipRecord]) -> None:
    draft.format = "sb3"
    policy = records.get("policy.pth")
    if policy is not None and policy.method == STORED:
        inner = FileBytes(file.fd, policy.size, file.base + record_data_at(file, policy))
        nested = {record.name: record for record in read_directory(inner)}
        name = next((n for n in nested if n.endswith("/data.pkl") and n.count("/") == 1), None)
        if name is None:
            raise RefusalError("mismatch", "its policy.pth is no torch archive")
        _read_torch(inner, draft, nested, name.removesuffix("data.pkl"))
        draft.format = "sb3"
    draft.has_crc = True
    settings: object = json.loads(read_stored(file, records["data"], MAX_PICKLE))
    weights = draft.contents
    # base64 pickles stand in this JSON as texts; they are never decoded
    draft.notes.append("its settings hold pickles that Stable-Baselines3 runs on load; they were not looked at")
    draft.take_tree(settings, "json")
    settings_found = draft.contents
    weights.counters, weights.scalars = settings_found.counters, settings_found.scalars
    weights.learning_rates = settings_found.learning_rates
    draft.contents = weights
