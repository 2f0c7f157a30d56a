"""Zip archives that hold checkpoints: torch, TorchScript, Metta's .mpt and bundle zips, Stable-Baselines3."""

from __future__ import annotations

from lptui.checkpoints.arrays import read_npz
from lptui.checkpoints.draft import Draft
from lptui.checkpoints.info import RefusalError, count_numbers
from lptui.checkpoints.probe import FileBytes
from lptui.checkpoints.safetensors import SafetensorsHeader, header_length, read_header
from lptui.checkpoints.sb3 import read_sb3
from lptui.checkpoints.torch_zip import read_front, read_torch
from lptui.checkpoints.zipfiles import ZipRecord, read_directory, read_prefix


def read_archive(file: FileBytes, draft: Draft) -> None:
    """List whatever zip this is. Raises RefusalError or PickleError."""
    draft.format = "zip"
    try:
        records = {record.name: record for record in read_directory(file)}
    except RefusalError as refusal:
        if refusal.verdict == "truncated":
            read_front(file, draft)
        raise
    pickle_name = next((n for n in records if n.endswith("/data.pkl") and n.count("/") == 1), None)
    if pickle_name is not None:
        read_torch(file, draft, records, pickle_name.removesuffix("data.pkl"))
    elif "weights.safetensors" in records:
        _read_weights(file, draft, records)
    elif "data" in records and "_stable_baselines3_version" in records:
        read_sb3(file, draft, records)
    elif records and all(name.endswith(".npy") for name in records):
        read_npz(file, draft, records)
    else:
        draft.blame("unknown-format", "a zip archive without a checkpoint that is known here")


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
