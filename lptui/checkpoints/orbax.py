"""Orbax folders (JAX, Flax): the tree of arrays from its JSON, and whether the save was committed.

The bytes are in tensorstore's zarr or OCDBT chunks, with checksums of their own; they are not read here. Layout as
orbax-checkpoint 0.11 writes it: STEP/_CHECKPOINT_METADATA, STEP/ITEM/_METADATA, and a temporary name until the commit.
"""

from __future__ import annotations

import json
import os
import re
from typing import Any, cast

from lptui.checkpoints.draft import Draft
from lptui.checkpoints.info import RefusalError, TensorEntry, count_numbers
from lptui.checkpoints.probe import FileBytes, escape, open_regular

MARK = "_CHECKPOINT_METADATA"
TREE = "_METADATA"
TEMPORARY = ".orbax-checkpoint-tmp"
MAX_JSON = 16 << 20
_MOST_ITEMS = 64
_DTYPE = re.compile(r"[<|]([a-z]\d{1,2})")
_KINDS = {
    "f2": ("float16", 2), "f4": ("float32", 4), "f8": ("float64", 8), "i1": ("int8", 1), "i2": ("int16", 2),
    "i4": ("int32", 4), "i8": ("int64", 8), "u1": ("uint8", 1), "u4": ("uint32", 4), "b1": ("bool", 1),
}  # fmt: skip


def read_tree(file: FileBytes, draft: Draft) -> None:
    """List the arrays that a `_METADATA` names. RefusalError if it is no JSON of orbax."""
    draft.format, draft.has_crc = "orbax", True
    table = parse_json(file)
    rows = table.get("tree_metadata")
    if not isinstance(rows, dict):
        raise RefusalError("mismatch", "its _METADATA names no tree")
    folder = os.path.dirname(draft.path)
    for row in cast("dict[str, Any]", rows).values():
        _add(draft, row, folder, chunked=not table.get("use_ocdbt", True))
    draft.listed = True
    draft.notes.append("its chunks carry checksums of their own, which only tensorstore compares; they were not read")


def parse_json(file: FileBytes) -> dict[str, Any]:
    """A JSON object of bounded size. RefusalError for anything else."""
    if file.size > MAX_JSON:
        raise RefusalError("not-read", f"a JSON file of {file.size:,} B is more than is read safely")
    try:
        table: object = json.loads(file.read(0, file.size))
    except (ValueError, RecursionError) as error:
        raise RefusalError("mismatch", "it is no JSON that can be read") from error
    if not isinstance(table, dict):
        raise RefusalError("mismatch", "it is no table")
    return cast("dict[str, Any]", table)


def find_trees(folder: str, names: list[str]) -> list[str]:
    """The `_METADATA` files of a step folder, relative to it: its own and those of its items."""
    found = [TREE] if TREE in names else []
    for name in sorted(names)[: _MOST_ITEMS * 4]:
        item = os.path.join(folder, name)
        if not os.path.islink(item) and os.path.isfile(os.path.join(item, TREE)):
            found.append(f"{name}/{TREE}")
    return found[:_MOST_ITEMS]


def _add(draft: Draft, row: object, folder: str, *, chunked: bool) -> None:
    match row:
        case {"key_metadata": [*keys], "value_metadata": {"value_type": str() as kind, **rest}}:
            pass
        case _:
            raise RefusalError("mismatch", "an entry of its _METADATA is malformed")
    parts = [str(key.get("key", "?")) for key in keys if isinstance(key, dict)]  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType, reportUnknownVariableType]
    if kind not in ("jax.Array", "np.ndarray", "scalar"):
        return
    raw: object = rest.get("write_shape")
    sides = cast("list[object]", raw) if isinstance(raw, list) else []
    shape = tuple(n for n in sides if type(n) is int and 0 <= n < 1 << 62)
    name = escape(".".join(parts))
    dtype, nbytes = _zarr_type(folder, ".".join(parts)) if chunked else ("not told", 0)
    group = "optimizer" if parts and parts[0].startswith(("opt", "optimizer")) else "model"
    count = count_numbers(shape)
    draft.take_tensor(TensorEntry(name, shape, dtype, count * nbytes, "", group), count)


def _zarr_type(folder: str, name: str) -> tuple[str, int]:
    """(dtype, bytes an item) of an array that has a folder of its own. RefusalError if that is gone."""
    if "/" in name or "\0" in name or name in ("", ".", "..") or os.path.islink(os.path.join(folder, name)):
        return "not told", 0
    try:
        fd = open_regular(os.path.join(folder, name, ".zarray"))
    except RefusalError as refusal:
        if refusal.verdict == "vanished" and not os.path.isdir(os.path.join(folder, name)):
            raise RefusalError("mismatch", f"array {escape(name)} is named but is not there") from refusal
        return "not told", 0
    try:
        size = os.fstat(fd).st_size
        match = _DTYPE.fullmatch(str(parse_json(FileBytes(fd, size)).get("dtype", "")))
        return _KINDS.get(match[1], ("not told", 0)) if match else ("not told", 0)
    finally:
        os.close(fd)
