"""Torch files from before 1.6: magic, version and system pickles, the object, the keys, then raw storages.

Layout: torch/serialization.py `_legacy_save`. Each storage is an 8-byte item count followed by its bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lptui.checkpoints.globals import classify_all
from lptui.checkpoints.info import RefusalError
from lptui.checkpoints.pickles import BrokenPickleError, PickleReading, read_pickle
from lptui.checkpoints.probe import LEGACY_MAGIC, FileBytes, escape
from lptui.checkpoints.stubs import StorageStub

MAX_OBJECT = 128 << 20
_FIRST = 1 << 20


@dataclass(frozen=True, slots=True)
class LegacyHead:
    """The storage keys in file order, and where the first storage starts."""

    keys: tuple[str, ...]
    storages_at: int


def read_object(file: FileBytes) -> tuple[bytes, PickleReading]:
    """The bytes in front that were read, and the object pickle in them.

    Raises PickleError, or RefusalError("truncated") with the file at its end.
    """

    def parse(raw: bytes) -> PickleReading:
        at = len(LEGACY_MAGIC) + 1
        for name in ("version", "system"):
            side = read_pickle(raw, at)
            _reject_names(side, name)
            at = side.end
        return read_pickle(raw, at)

    return _read_growing(file, file.read(0, min(file.size, _FIRST)), parse)


def read_keys(file: FileBytes, raw: bytes, reading: PickleReading) -> LegacyHead:
    """The list of storages behind the object pickle; errors as `read_object`."""
    _raw, keys = _read_growing(file, raw, lambda longer: read_pickle(longer, reading.end))
    _reject_names(keys, "storage list")
    found: list[str] = []
    if isinstance(keys.value, list):
        found = [key for key in keys.value if isinstance(key, str)]  # pyright: ignore[reportUnknownVariableType]
    if not isinstance(keys.value, list) or len(found) != len(keys.value):  # pyright: ignore[reportUnknownArgumentType]
        raise BrokenPickleError("the list of storages is malformed", reading.end)
    return LegacyHead(tuple(found), keys.end)


def _reject_names(reading: PickleReading, name: str) -> None:
    if reading.labels:
        full = escape(reading.labels[0].full)
        raise RefusalError("unsafe-pickle", f"its {name} imports {full}, where torch writes plain values only")


def _read_growing(file: FileBytes, raw: bytes, parse: Callable[[bytes], PickleReading]) -> tuple[bytes, PickleReading]:
    """Parse the front of the file, with more of it as long as the pickle is cut short."""
    while True:
        try:
            return raw, parse(raw)
        except BrokenPickleError as error:
            if len(raw) == file.size and error.ends_early and not _is_dangerous(error):
                raise RefusalError("truncated", "the file ends inside its table of contents") from error
            if not error.ends_early or len(raw) >= min(MAX_OBJECT, file.size):
                raise
        raw = file.read(0, min(file.size, len(raw) * 4, MAX_OBJECT))


def _is_dangerous(error: BrokenPickleError) -> bool:
    return any(name.kind == "dangerous" for name in classify_all(error.labels, error.reaches_out))


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
