"""torch.distributed.checkpoint folders: `.metadata` (a pickle, written last) and `__RANK_N.distcp` files full of items.

Layout: torch/distributed/checkpoint/{metadata,filesystem}.py. torch reads `.metadata` with a raw pickle.load, which
runs whatever is in it; here it is read by the bounded machine. Every item of a .distcp file is a complete torch archive
with checksums of its own, which nothing of torch compares.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

from lptui.checkpoints.draft import Draft
from lptui.checkpoints.info import GlobalName, RefusalError, TensorEntry, count_numbers
from lptui.checkpoints.pickles import read_pickle
from lptui.checkpoints.probe import FileBytes, escape, open_regular
from lptui.checkpoints.regions import Region
from lptui.checkpoints.stubs import ITEM_BITS, Instance, Label
from lptui.checkpoints.walk import walk
from lptui.checkpoints.zipfiles import read_directory, read_stored, record_data_at

NAME = ".metadata"
MAX_METADATA = 128 << 20
_LOOKED_AT = 128
_OWN = (
    "torch.distributed.checkpoint.metadata.", "torch.distributed.checkpoint.filesystem._StorageInfo",
    "torch.distributed.checkpoint.filesystem.StorageMeta", "pathlib.PosixPath", "pathlib.Path",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a .distcp file: a torch archive of `length` bytes at `offset`, which holds the stretch of `tensor`
    that begins at `corner`."""

    file: str
    offset: int
    length: int
    tensor: str = ""
    corner: tuple[int, ...] = ()


def read_metadata(file: FileBytes, draft: Draft) -> None:
    """List a folder by its `.metadata`, and compare it with the files beside it. RefusalError or PickleError."""
    draft.format, draft.has_crc = "dcp", True
    reading = read_pickle(file.read(0, min(file.size, MAX_METADATA)))
    draft.take_labels(reading.labels, reading.reaches_out)
    own = [GlobalName(g.name, "plain") if g.name.startswith(_OWN) else g for g in draft.globals]
    draft.globals = tuple(own)
    foreign = [g for g in own if g.kind != "plain"]
    if foreign:
        draft.blame("custom-pickle", f"its .metadata also holds objects of {foreign[0].name}")
    table = _state_of(reading.value)
    _list_tensors(table, draft)
    items = list_items(table)
    if not items:
        raise RefusalError("mismatch", "its .metadata names no item of any file")
    folder = os.path.dirname(draft.path)
    draft.notes.append(f"{len(items):,} items, files: {len({i.file for i in items}):,}")
    _check_files(folder, items)


def list_items(table: Mapping[str, Any]) -> list[Item]:
    """What `storage_data` lists. RefusalError for what no writer of torch leaves."""
    found: list[Item] = []
    rows = table.get("storage_data")
    for key, row in cast("dict[object, object]", rows).items() if isinstance(rows, dict) else ():
        match row.state if isinstance(row, Instance) else None:
            case {"relative_path": str() as file, "offset": int() as offset, "length": int() as length}:
                if "/" in file or file in ("", ".", "..") or "\0" in file:
                    raise RefusalError("unsafe-pickle", f"its .metadata points out of its folder: {escape(file)}")
                if offset < 0 or length < 0:
                    raise RefusalError("mismatch", "an item of its .metadata has an impossible place")
                found.append(Item(file, offset, length, *_owner(key)))
            case _:
                raise RefusalError("mismatch", "an item of its .metadata is malformed")
    return sorted(found, key=lambda i: (i.file, i.offset))


def _owner(key: object) -> tuple[str, tuple[int, ...]]:
    """(name, first corner) of what an item belongs to; a MetadataIndex is the key of its row."""
    match key.state if isinstance(key, Instance) else None:
        case {"fqn": str() as name, "offset": tuple() as corner}:
            return escape(name), tuple(n for n in cast("tuple[object, ...]", corner) if isinstance(n, int))
        case {"fqn": str() as name}:
            return escape(name), ()
        case _:
            return "", ()


def items_of(path: str) -> list[Item]:
    """The items of the folder whose `.metadata` is at `path`."""
    fd = open_regular(path)
    try:
        size = os.fstat(fd).st_size
        return list_items(_state_of(read_pickle(FileBytes(fd, size).read(0, min(size, MAX_METADATA))).value))
    finally:
        os.close(fd)


def read_regions(path: str, use: Callable[[FileBytes, Region], None]) -> None:
    """Call `use` with every region of every item, one .distcp file open at a time. Regions with numbers carry the
    name of their tensor."""
    folder = os.path.dirname(path)
    by_file: dict[str, list[Item]] = {}
    for item in items_of(path):
        by_file.setdefault(item.file, []).append(item)
    for name, items in by_file.items():
        fd = open_regular(os.path.join(folder, name))
        try:
            size = os.fstat(fd).st_size
            for item in items:
                if item.offset + item.length > size:
                    raise RefusalError("truncated", f"{escape(name)} ends before its last item")
                part = FileBytes(fd, item.length, item.offset)
                for region in item_regions(part, item):
                    use(part, region)
        finally:
            os.close(fd)


def item_regions(file: FileBytes, item: Item) -> Iterator[Region]:
    """The records of one item, of which `file` is the part of a .distcp file. RefusalError or PickleError."""
    label = f"{item.file} at {item.offset:,} B"
    if file.size < 4 or file.read(0, 4) != b"PK\3\4":
        zeroed = file.size > 0 and not file.read(0, min(64, file.size)).strip(b"\0")
        raise RefusalError("zeroed" if zeroed else "mismatch", f"no item begins in {escape(label)}")
    records = read_directory(file)
    pickle = next((r for r in records if r.name.endswith("/data.pkl")), None)
    storages = walk(read_pickle(read_stored(file, pickle, MAX_METADATA)).value).storages if pickle else {}
    for record in records:
        _, found, key = record.name.rpartition("/data/")
        storage = storages.get(key) if found else None
        dtype = storage.dtype if storage is not None else ""
        names = (item.tensor or label,) if storage is not None else ()
        at = record_data_at(file, record)
        yield Region(f"{label}: {record.name}", at, record.size, record.crc or None, dtype, names)


def _state_of(value: object) -> Mapping[str, Any]:
    if isinstance(value, Instance) and isinstance(value.state, dict):
        return cast("dict[str, Any]", value.state)
    raise RefusalError("mismatch", "its .metadata holds something else than a table of contents")


def _list_tensors(table: Mapping[str, Any], draft: Draft) -> None:
    rows = table.get("state_dict_metadata")
    entries = cast("dict[object, object]", rows).items() if isinstance(rows, dict) else ()
    for name, row in entries:
        match row.state if isinstance(row, Instance) else None:
            case {"size": tuple() as size, "properties": Instance(state=(Label() as kind, *_))}:
                _add(draft, str(name), cast("tuple[object, ...]", size), kind.name)
            case _:
                continue
    keys = dict.fromkeys(escape(str(name)).split(".")[0] for name, _ in islice(entries, 5000))
    draft.contents.keys = tuple(keys)[:500]
    draft.listed = True


def _add(draft: Draft, name: str, size: tuple[object, ...], dtype: str) -> None:
    shape = tuple(n for n in size if isinstance(n, int) and 0 <= n < 1 << 62)
    if len(shape) != len(size):
        return
    count = count_numbers(shape)
    group = "optimizer" if name.startswith("optim") else "model"
    tensor = TensorEntry(escape(name), shape, dtype, count * ITEM_BITS.get(dtype, 0) // 8, "", group)
    draft.take_tensor(tensor, count)


def _check_files(folder: str, items: list[Item]) -> None:
    """Every file that is named is there and long enough, and items begin where they should (128 spread ones)."""
    ends: dict[str, int] = {}
    for item in items:
        ends[item.file] = max(ends.get(item.file, 0), item.offset + item.length)
    for name, end in ends.items():
        try:
            fd = open_regular(os.path.join(folder, name))
        except RefusalError as refusal:
            text = f"{escape(name)}, which holds a part of it, cannot be read: {refusal.reason}"
            raise RefusalError("mismatch", text) from refusal
        try:
            size = os.fstat(fd).st_size
            if size < end:
                raise RefusalError("truncated", f"{escape(name)} has {size:,} B of {end:,} B")
            mine = [i for i in items if i.file == name]
            for item in mine[:: max(1, len(mine) // _LOOKED_AT)]:
                head = os.pread(fd, 4, item.offset)
                if head != b"PK\3\4" and item.length >= 4:
                    verdict = "zeroed" if not head.strip(b"\0") else "mismatch"
                    raise RefusalError(verdict, f"no item begins at {item.offset:,} B of {escape(name)}")
        finally:
            os.close(fd)
