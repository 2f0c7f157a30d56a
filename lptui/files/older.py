"""The older generations of a log beside it: `train.log.1`, `train.log.2.gz`, `train.log-20260301.zst`.

A packed one is unpacked bit by bit into a temporary file without a name, so that any place of it can be read.
"""

from __future__ import annotations

import os
import re
import tempfile
import zlib
from importlib import import_module
from typing import Any

from lptui.files.seam import Entry, FileFailure, Handle, list_folder, open_file
from lptui.files.tail import Tail

STEP = 1024 * 1024
"""Packed bytes per step: some 50 ms."""
MOST_OLDER = 6
"""Generations that are looked at; what is older is of no run that anybody still asks about."""
MOST_UNPACKED = 1024 * 1024 * 1024
_PACKED = (".gz", ".zst")
_STAMP = r"(?:[.-](?:\d{1,4}|\d{4}-?\d\d-?\d\d(?:[_T-]?\d\d[-:]?\d\d(?:[-:]?\d\d)?)?))(?:\.gz|\.zst)?"


def find_older(path: str) -> list[Entry]:
    """Files beside `path` that it was rotated to, newest first. Raises FileFailure."""
    folder, _, name = path.rpartition("/")
    pattern = re.compile(re.escape(name) + _STAMP + r"\Z")
    entries = [e for e in list_folder(folder or "/") if e.stat.is_file and e.stat.size and pattern.match(e.name)]
    return sorted(entries, key=lambda e: (-e.stat.modified_at, _number(e.name, name)))


def is_packed(path: str) -> bool:
    """Whether it must be unpacked to be read."""
    return path.endswith(_PACKED)


class Unpacking:
    """One packed file. `step` until it is true, then `handle`."""

    def __init__(self, path: str) -> None:
        """Raises FileFailure, also when what would unpack it is not installed."""
        self.path = path
        self._at = self._size = 0
        self._decoder = _make_decoder(path)
        self._packed = open_file(path)
        self._plain = tempfile.TemporaryFile()  # noqa: SIM115  it lives as long as its handle

    def step(self) -> bool:
        """Unpack a little more; true at the end. Raises FileFailure for a damaged or a huge one."""
        data = self._packed.pread(self._at, STEP)
        self._at += len(data)
        while data:
            try:
                plain = self._decoder.decompress(data)
            except Exception as error:  # zlib.error, or that of one of the zstd packages
                raise FileFailure(self.path, f"damaged: {error}", "look at what rotates this log") from error
            self._plain.write(plain)
            self._size += len(plain)
            if self._size > MOST_UNPACKED:
                raise FileFailure(self.path, "larger than 1 GiB unpacked", "unpack it and attach to that file")
            data = b""
            if self._decoder.eof:
                data = self._decoder.unused_data.lstrip(b"\0")
                self._decoder = _make_decoder(self.path)
        return self._at >= self._packed.stat().size

    def handle(self) -> Handle:
        """What was unpacked, to be read by position."""
        self._plain.flush()
        handle = Handle(self.path, os.dup(self._plain.fileno()))
        self.close()
        return handle

    def close(self) -> None:
        """Release the files."""
        self._packed.close()
        self._plain.close()


def _make_decoder(path: str) -> Any:
    if path.endswith(".gz"):
        return zlib.decompressobj(wbits=31)
    for module, name in (("compression.zstd", "ZstdDecompressor"), ("backports.zstd", "ZstdDecompressor")):
        try:
            return getattr(import_module(module), name)()
        except ImportError:
            continue
    try:
        return import_module("zstandard").ZstdDecompressor().decompressobj()
    except ImportError:
        words = "this Python reads no .zst"
        raise FileFailure(path, words, "install the package zstandard beside lptui, or use Python 3.14") from None


def _number(name: str, of: str) -> int:
    match = re.match(r"[.-](\d+)", name[len(of) :])
    return int(match[1]) if match else 0


class OlderParts:
    """Puts the older generations of a tailed log in front of it, a step at a time, the newest first."""

    def __init__(self, tail: Tail) -> None:
        self._tail = tail
        self._waiting: list[Entry] | None = None
        self._unpacking: Unpacking | None = None
        self._ended_at = 0.0
        self.problem = ""
        """Why one of them, and all before it, cannot be read."""

    @property
    def pending(self) -> bool:
        """Whether there may be more to do."""
        return self._waiting is None or bool(self._waiting) or self._unpacking is not None

    def step(self) -> None:
        """Do a little."""
        try:
            if self._waiting is None:
                self._waiting = [e for e in find_older(self._tail.path) if not self._tail.is_open(e.stat.identity)]
                self._waiting = self._waiting[:MOST_OLDER]
            elif self._unpacking is not None:
                if self._unpacking.step():
                    self._tail.add_older(self._unpacking.handle(), self._ended_at)
                    self._unpacking = None
            elif self._waiting:
                entry = self._waiting.pop(0)
                self._ended_at = entry.stat.modified_at
                if is_packed(entry.path):
                    self._unpacking = Unpacking(entry.path)
                else:
                    self._tail.add_older(open_file(entry.path), self._ended_at)
        except FileFailure as failure:
            self.problem = f"{failure}" + (f"; {failure.next_step}" if failure.next_step else "")
            self.close()

    def close(self) -> None:
        """Stop."""
        self._waiting = []
        if self._unpacking is not None:
            self._unpacking.close()
            self._unpacking = None
