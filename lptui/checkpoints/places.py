"""Where the bytes of each tensor of a checkpoint are, whatever its format, and how to read them in order."""

from __future__ import annotations

import os
import zlib
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Self

from lptui.checkpoints import dcp
from lptui.checkpoints.assembly import Part, part_name
from lptui.checkpoints.draft import Draft
from lptui.checkpoints.folders import look_at
from lptui.checkpoints.info import RefusalError, TensorEntry
from lptui.checkpoints.kernels import CHUNK
from lptui.checkpoints.probe import FileBytes, open_regular
from lptui.checkpoints.regions import Region, list_regions


class Inflated:
    """A compressed record as a stream. Going forward costs what lies between; going back begins anew."""

    def __init__(self, file: FileBytes, region: Region) -> None:
        self._file, self._region = file, region
        self._pending = b""
        self._restart()

    def read(self, at: int, length: int) -> bytes:
        """`length` inflated bytes at `at`. RefusalError where the stream ends before or is damaged."""
        if at < self._at:
            self._restart()
        while self._at < at:
            self._take(min(at - self._at, CHUNK))
        parts: list[bytes] = []
        while length > 0:
            part = self._take(length)
            parts.append(part)
            length -= len(part)
        return b"".join(parts)

    def _restart(self) -> None:
        self._inflater = zlib.decompressobj(-15)
        self._at, self._raw_at, self._pending = 0, 0, b""

    def _take(self, most: int) -> bytes:
        while True:
            if not self._pending and self._raw_at < self._region.stored_size:
                left = self._region.stored_size - self._raw_at
                self._pending = self._file.read(self._region.at + self._raw_at, min(left, CHUNK))
                self._raw_at += len(self._pending)
            ended = not self._pending
            try:
                out = self._inflater.decompress(self._pending, most)
            except zlib.error as error:
                raise RefusalError("crc-mismatch", "its compressed bytes are damaged") from error
            self._pending = self._inflater.unconsumed_tail
            if out:
                self._at += len(out)
                return out
            if ended or self._inflater.eof:
                raise RefusalError("truncated", "its compressed bytes end too early")


@dataclass(frozen=True, slots=True)
class Place:
    """One stretch of a tensor's bytes: `at` in the file, or in the inflated `stream` of its record."""

    file: FileBytes
    at: int
    size: int
    dtype: str
    crc: int | None = None
    stream: Inflated | None = None

    def chunks(self) -> Iterator[bytes]:
        """Its bytes, at most CHUNK at a time."""
        at, left = self.at, self.size
        while left > 0:
            source = self.stream or self.file
            chunk = source.read(at, min(left, CHUNK))
            yield chunk
            at, left = at + len(chunk), left - len(chunk)


@dataclass(slots=True)
class Places:
    """The tensors of one checkpoint by name, and where each is, in one or more stretches. Close it."""

    tensors: dict[str, TensorEntry] = field(default_factory=dict[str, TensorEntry])
    places: dict[str, list[Place]] = field(default_factory=dict[str, list[Place]])
    closing: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.close()


def open_places(path: str, groups: Collection[str] = ()) -> Places:
    """Open a file or folder; only tensors of these groups (none: all). RefusalError if it is damaged or holds no
    tensors that can be listed; PickleError, OSError."""
    info, parts = look_at(path)
    name = os.path.basename(path.rstrip("/"))
    if info.damaged or info.n_tensors is None:
        raise RefusalError(info.verdict, f"{name}: {info.reason}")
    found = Places()
    found.tensors = {t.name: t for t in info.tensors if not groups or t.group in groups}
    try:
        for part in parts:
            _add_file(found, part)
    except BaseException:
        found.closing.close()
        raise
    return found


def _add_file(found: Places, part: Part) -> None:
    draft = part.draft
    if draft.format == "dcp":
        _add_items(found, draft)
        return
    if not draft.listed or draft.format in ("json", "orbax", "pickle"):
        return
    file = _open(found, part.path)
    for region in list_regions(file, draft):
        for name, place in _places_of(file, region):
            found.places.setdefault(part_name(part.name, name), []).append(place)


def _places_of(file: FileBytes, region: Region) -> Iterator[tuple[str, Place]]:
    if not region.parts:
        place = Place(file, region.at, region.size, region.dtype, region.crc)
        yield from ((name, place) for name in region.tensors)
        return
    stream = Inflated(file, region) if region.deflated else None
    at = 0 if region.deflated else region.at
    for length, dtype, name in region.parts:
        if dtype:
            yield name, Place(file, at, length, dtype, None, stream)
        at += length


def _add_items(found: Places, draft: Draft) -> None:
    folder = os.path.dirname(draft.path)
    opened: dict[str, FileBytes] = {}
    for item in sorted(dcp.items_of(draft.path), key=lambda i: (i.tensor, i.corner)):
        if item.tensor not in found.tensors:
            continue
        if item.file not in opened:
            opened[item.file] = _open(found, os.path.join(folder, item.file))
        whole = opened[item.file]
        if item.offset + item.length > whole.size:
            raise RefusalError("truncated", f"{item.file} ends before its last item")
        part = FileBytes(whole.fd, item.length, item.offset)
        for region in dcp.item_regions(part, item):
            for name, place in _places_of(part, region):
                found.places.setdefault(name, []).append(place)


def _open(found: Places, path: str) -> FileBytes:
    fd = open_regular(path)
    found.closing.callback(os.close, fd)
    return FileBytes(fd, os.fstat(fd).st_size)
