"""Packed logs: unpacked bit by bit into a temporary file, so that any place of them can be read."""

from __future__ import annotations

import os
import shutil
import tempfile
import zlib
from importlib import import_module
from typing import Any

from lptui.files.seam import FileFailure, Handle, open_file, stat_file

STEP = 1024 * 1024
"""Packed bytes per step: some 50 ms."""
MOST_UNPACKED = 1024 * 1024 * 1024
_PACKED = (".gz", ".zst")


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

    def keep(self, path: str, modified_at: float) -> None:
        """Leave what was unpacked at `path`, all at once, with the time of the packed file. Raises OSError."""
        self._plain.seek(0)
        with open(f"{path}.part", "xb") as out:
            shutil.copyfileobj(self._plain, out)
        os.utime(f"{path}.part", (modified_at, modified_at))
        os.rename(f"{path}.part", path)
        self.close()

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


class PackedText:
    """The text of a log that is packed itself, as a private temporary file at `path` from when all is unpacked."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._folder = tempfile.mkdtemp(prefix="lptui-")
        self.path = f"{self._folder}/{source.rsplit('/', 1)[-1].rsplit('.', 1)[0]}"
        self._unpacking: Unpacking | None = None
        self._done = False
        self.failure: FileFailure | None = None
        """Why it cannot be read."""

    def fill(self) -> bool:
        """Unpack a little more; whether there is more to do."""
        if self._done:
            return False
        try:
            if self._unpacking is None:
                self._unpacking = Unpacking(self._source)
            elif self._unpacking.step():
                self._unpacking.keep(self.path, stat_file(self._source).modified_at)
                self._done = True
        except FileFailure as failure:
            self._end(failure)
        except OSError as error:
            self._end(FileFailure.of(self.path, error))
        return True

    def close(self) -> None:
        """Remove the text."""
        if self._unpacking is not None:
            self._unpacking.close()
        self._done = True
        shutil.rmtree(self._folder, ignore_errors=True)

    def _end(self, failure: FileFailure) -> None:
        self.failure, self._done = failure, True
