"""Where in a file the bytes of each tensor lie, and which checksum they should have: what a deep pass walks over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lptui.checkpoints.draft import Draft
from lptui.checkpoints.info import RefusalError, TensorEntry
from lptui.checkpoints.legacy import read_keys, read_object
from lptui.checkpoints.probe import FileBytes
from lptui.checkpoints.safetensors import header_length
from lptui.checkpoints.sb3 import prefix_of
from lptui.checkpoints.zipfiles import DEFLATED, ZipRecord, read_directory, record_data_at


@dataclass(frozen=True, slots=True)
class Region:
    """Consecutive bytes. `crc` is what the file says of them (None: it says nothing); `dtype` is '' for what holds no
    numbers; `tensors` are the names of those that view them. `deflated` bytes have to be inflated first: then `parts`
    are the (length, dtype, name) of what follows one another in the inflated stream, `size` its length."""

    name: str
    at: int
    size: int
    crc: int | None = None
    dtype: str = ""
    tensors: tuple[str, ...] = ()
    deflated: bool = False
    stored_size: int = 0
    parts: tuple[tuple[int, str, str], ...] = ()


def list_regions(file: FileBytes, draft: Draft) -> list[Region]:
    """All regions of a file that was listed whole, in the order of the file. RefusalError as the readers."""
    if draft.format in ("torch-zip", "torchscript", "sb3", "mpt", "bundle-zip", "zip"):
        return list(_zip_regions(file, draft))
    if draft.format == "npz":
        return list(_npz_regions(file, draft))
    if draft.format == "flax-msgpack":
        return [span for t, at in zip(draft.contents.tensors, draft.starts, strict=False) for span in _spans([t], at)]
    if draft.format == "npy":
        return list(
            _spans(draft.contents.tensors, (draft.expected_size or file.size) - draft.contents.tensors[0].nbytes)
        )
    if draft.format == "torch-legacy":
        return list(_legacy_regions(file, draft))
    if draft.format == "safetensors":
        at = 8 + header_length(file.read(0, 8), file.size)
        return list(_spans(draft.contents.tensors, at))
    return [Region("the file", 0, file.size)]


def _zip_regions(file: FileBytes, draft: Draft) -> Iterator[Region]:
    owners = _owners(draft)
    for record in sorted(read_directory(file), key=lambda r: r.header_at):
        at = record_data_at(file, record)
        crc = record.crc or None
        if record.name == "weights.safetensors":
            yield _weights_region(record, at, crc, draft)
        elif record.name in draft.inner:
            yield Region(record.name, at, record.size, crc)
            inner, part = FileBytes(file.fd, record.size, file.base + at), draft.inner[record.name]
            prefix = prefix_of(record.name)
            for region in _torch_regions(inner, _owners(part), part):
                names = tuple(prefix + name for name in region.tensors)
                yield Region(region.name, at + region.at, region.size, region.crc, region.dtype, names)
        else:
            yield _record_region(record, at, owners, draft)


def _torch_regions(file: FileBytes, owners: dict[str, tuple[str, ...]], draft: Draft) -> Iterator[Region]:
    for record in sorted(read_directory(file), key=lambda r: r.header_at):
        yield _record_region(record, record_data_at(file, record), owners, draft)


def _record_region(record: ZipRecord, at: int, owners: dict[str, tuple[str, ...]], draft: Draft) -> Region:
    _, _, key = record.name.rpartition("/data/")
    storage = draft.contents.storages.get(key) if key and "/data/" in record.name else None
    # a file written with checksums off has 0 everywhere; 0 beside others is the honest checksum of a few contents
    crc = record.crc if record.crc or (draft.has_crc and storage is None) else None
    return Region(
        record.name,
        at,
        record.size,
        crc,
        storage.dtype if storage is not None else "",
        owners.get(key, ()) if storage is not None else (),
        record.method == DEFLATED,
        record.stored_size,
    )


def _weights_region(record: ZipRecord, at: int, crc: int | None, draft: Draft) -> Region:
    """The weights of an .mpt: safetensors inside of a compressed record."""
    tensors = draft.contents.tensors
    head = record.size - sum(t.nbytes for t in tensors)
    parts = ((head, "", "the header"), *((t.nbytes, t.dtype, t.name) for t in tensors))
    return Region(record.name, at, record.size, crc, "", (), record.method == DEFLATED, record.stored_size, parts)


def _npz_regions(file: FileBytes, draft: Draft) -> Iterator[Region]:
    for record, tensor in zip(read_directory(file), draft.contents.tensors, strict=True):
        parts = ((record.size - tensor.nbytes, "", "the header"), (tensor.nbytes, tensor.dtype, tensor.name))
        at, crc = record_data_at(file, record), record.crc if draft.has_crc else None
        deflated = record.method == DEFLATED
        yield Region(tensor.name, at, record.size, crc, "", (), deflated, record.stored_size, parts)


def _legacy_regions(file: FileBytes, draft: Draft) -> Iterator[Region]:
    owners = _owners(draft)
    raw, reading = read_object(file)
    head = read_keys(file, raw, reading)
    at = head.storages_at
    for key in head.keys:
        storage = draft.contents.storages.get(key)
        if storage is None:
            raise RefusalError("mismatch", "it holds a storage that no tensor names")
        yield Region(f"storage {key}", at + 8, storage.nbytes, None, storage.dtype, owners.get(key, ()))
        at += 8 + storage.nbytes


def _spans(tensors: list[TensorEntry], at: int) -> Iterator[Region]:
    for tensor in tensors:
        yield Region(tensor.name, at, tensor.nbytes, None, tensor.dtype, (tensor.name,))
        at += tensor.nbytes


def _owners(draft: Draft) -> dict[str, tuple[str, ...]]:
    table: dict[str, list[str]] = {}
    for tensor in draft.contents.tensors:
        if tensor.storage:
            table.setdefault(tensor.storage, []).append(tensor.name)
    return {key: tuple(names) for key, names in table.items()}
