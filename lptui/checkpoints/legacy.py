"""Torch files from before 1.6: magic, version and system pickles, the object, the keys, then raw storages.

Layout: torch/serialization.py `_legacy_save`. Each storage is an 8-byte item count followed by its bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

from lptui.checkpoints.info import RefusalError
from lptui.checkpoints.pickles import BrokenPickleError, Budget, PickleReading, read_pickle
from lptui.checkpoints.probe import LEGACY_MAGIC, FileBytes
from lptui.checkpoints.stubs import StorageStub

MAX_OBJECT = 128 << 20
_FIRST = 1 << 20


@dataclass(frozen=True, slots=True)
class LegacyHead:
    """The object pickle, the storage keys in file order, and where the first storage starts."""

    reading: PickleReading
    keys: tuple[str, ...]
    storages_at: int


def read_head(file: FileBytes, budget: Budget | None = None) -> LegacyHead:
    """Read the pickles in front, more bytes only while one is cut short.

    Raises BrokenPickleError, OverBudgetError or RefusalError("truncated").
    """
    length = min(file.size, _FIRST)
    while True:
        raw = file.read(0, length)
        try:
            return _parse_head(raw, budget)
        except BrokenPickleError as error:
            if not error.ends_early or (length >= MAX_OBJECT and length < file.size):
                raise
            if length == file.size:
                raise RefusalError("truncated", "the file ends inside its table of contents") from error
            length = min(file.size, length * 4, MAX_OBJECT)


def expected_size(head: LegacyHead, storages: dict[str, StorageStub]) -> int:
    """The size that the file must have. RefusalError("mismatch") if a storage's size cannot be known."""
    size = head.storages_at
    for key in head.keys:
        storage = storages.get(key)
        if storage is None:
            raise RefusalError("mismatch", "it holds a storage that no tensor names: its size is not known")
        size += 8 + storage.nbytes
    return size


def check_storages(file: FileBytes, head: LegacyHead, storages: dict[str, StorageStub]) -> None:
    """Compare every storage's item count with its stub. RefusalError: truncated, zeroed or mismatch."""
    at = head.storages_at
    for key in head.keys:
        storage = storages[key]
        if at + 8 <= file.size:
            count = int.from_bytes(file.read(at, 8), "little")
            if count != storage.numel:
                verdict = "mismatch" if count else "zeroed"
                text = f"a storage of {storage.numel:,} items says {count:,} at {at:,} B"
                raise RefusalError(verdict, text)
        at += 8 + storage.nbytes
    if at > file.size:
        raise RefusalError("truncated", f"it holds {file.size:,} B of {at:,} B")


def _parse_head(raw: bytes, budget: Budget | None) -> LegacyHead:
    at = len(LEGACY_MAGIC) + 1
    for _ in ("version", "system"):
        at = read_pickle(raw, at, budget).end
    reading = read_pickle(raw, at, budget)
    keys = read_pickle(raw, reading.end, budget)
    found: list[str] = []
    if isinstance(keys.value, list):
        found = [key for key in keys.value if isinstance(key, str)]  # pyright: ignore[reportUnknownVariableType]
    if not isinstance(keys.value, list) or len(found) != len(keys.value):  # pyright: ignore[reportUnknownArgumentType]
        raise BrokenPickleError("the list of storages is malformed", reading.end)
    return LegacyHead(reading, tuple(found), keys.end)
