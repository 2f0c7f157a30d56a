"""Packed logs: unpacked bit by bit into a temporary file, so that any place of them can be read."""

from __future__ import annotations

import os
import weakref
from importlib import import_module
from typing import Any, BinaryIO

from lptui.files.seam import FileFailure, Handle, open_file, stat_file
from lptui.text.units import short_bytes

_READ = 64 * 1024
_PIECE = 4096
"""Packed bytes that a decoder gets at once: so much is lost before a damage, and what it gives back is bounded."""
_MOST_AT_ONCE = 1024 * 1024
TURN = 8 * 1024 * 1024
"""Unpacked bytes a step: some 50 ms."""
MOST_UNPACKED = 1024 * 1024 * 1024


class Unpacking:
    """One packed file, into a temporary one or `target`. `step` until it is true, then `handle`; later steps take up
    what was written to it since."""

    def __init__(
        self, path: str, packed: Handle | None = None, most: int = MOST_UNPACKED, target: BinaryIO | None = None
    ) -> None:
        """Raises FileFailure, also when what would unpack it is not installed, or there is no room."""
        self.path, self.size = path, 0
        self.torn = ""
        """Why there is less than the file should hold."""
        self._packed = packed or open_file(path)
        self._at, self._most, self._held = 0, most, b""
        self._damaged = False
        try:
            self._decoder = _make_decoder(path)
            self._plain = target or _open_plain()
        except FileFailure:
            self._packed.close()
            raise
        except OSError as error:
            self._packed.close()
            raise _no_room(path, error) from error

    @property
    def progress(self) -> str:
        """How far it is, in words."""
        share = min(99, 100 * self._at // max(1, self._packed.stat().size))
        return f"unpacking {self.path.rsplit('/', 1)[-1]}: {share} %, {short_bytes(self.size)}"

    def step(self) -> bool:
        """Unpack a little more; true at the present end, and then `torn` says if it is none. Raises FileFailure for one
        that is no packed file, is too large, or for which there is no room."""
        done, start = self._damaged, self.size
        while not done and self.size - start < TURN:
            try:
                plain, done = self._decode()
            except FileFailure:
                raise
            except Exception as error:  # zlib.error, or that of one of the zstd packages
                if not self.size:
                    raise FileFailure(self.path, f"damaged: {error}", "look at what rotates this log") from error
                self.torn = f"damaged after {short_bytes(self.size)} of text: {error}"
                self._damaged = True
                return True
            self._write(plain)
        if done and not self._damaged:
            whole = self._decoder.eof or not self._at or self._decoder.fresh
            self.torn = "" if whole else "its end is not written yet"
        return done

    def _decode(self) -> tuple[bytes, bool]:
        """(the next bytes, whether there are no more now)."""
        if not self._held and self._decoder.hungry:
            self._held = self._packed.pread(self._at, _READ)
            self._at += len(self._held)
            if not self._held:  # a decoder may still hold back what did not go into its last answer
                plain = b"" if self._decoder.eof or self._decoder.fresh else self._decoder.decode(b"")[0]
                return plain, not plain
        if self._decoder.eof:
            self._held = self._held.lstrip(b"\0")  # padding between members
            if not self._held:
                return b"", False
            self._decoder = _make_decoder(self.path)
        plain, unused = self._decoder.decode(self._held[:_PIECE])
        self._held = unused + self._held[_PIECE:]
        return plain, False

    def _write(self, plain: bytes) -> None:
        self.size += len(plain)
        if self.size > self._most:
            words = f"larger than {short_bytes(self._most)} unpacked"
            raise FileFailure(self.path, words, "unpack it and attach to that file")
        try:
            self._plain.write(plain)
            self._plain.flush()
        except OSError as error:
            raise _no_room(self.path, error) from error

    def stat_identity(self) -> str:
        """Of the packed file."""
        return self._packed.stat().identity

    def handle(self) -> Handle:
        """What was unpacked, to be read by position."""
        handle = Handle(self.path, os.dup(self._plain.fileno()))
        self.close()
        return handle

    def close(self) -> None:
        """Release the files."""
        self._packed.close()
        self._plain.close()


def _open_plain() -> BinaryIO:
    import tempfile  # here, not at the top: few logs are packed

    return tempfile.TemporaryFile()  # it lives as long as its handle


def _no_room(path: str, error: OSError) -> FileFailure:
    import tempfile

    words = f"cannot be unpacked into {tempfile.gettempdir()}: {(error.strerror or str(error)).lower()}"
    return FileFailure(path, words, "make room there, or set TMPDIR to a folder that has some")


class _Gzip:
    """One member. `hungry`: it has given all that it can of what it got."""

    def __init__(self) -> None:
        import zlib

        self._object = zlib.decompressobj(wbits=31)
        self.fresh = True

    @property
    def eof(self) -> bool:
        return self._object.eof

    hungry = True

    def decode(self, data: bytes) -> tuple[bytes, bytes]:
        """(text, what was not used of `data`)."""
        self.fresh = False
        plain = self._object.decompress(data, _MOST_AT_ONCE)
        return plain, self._object.unused_data if self._object.eof else self._object.unconsumed_tail


class _Zstd:
    """One frame by `compression.zstd` or its backport."""

    def __init__(self, decompressor: Any) -> None:
        self._object, self.fresh = decompressor, True

    @property
    def eof(self) -> bool:
        return bool(self._object.eof)

    @property
    def hungry(self) -> bool:
        return self.eof or bool(self._object.needs_input)

    def decode(self, data: bytes) -> tuple[bytes, bytes]:
        """(text, what was not used of `data`)."""
        self.fresh = False
        plain = self._object.decompress(data, _MOST_AT_ONCE)
        return plain, self._object.unused_data if self.eof else b""


class _ZstandardPackage:
    """One frame by the package `zstandard`, which cannot be told how much to give."""

    hungry = True

    def __init__(self, decompressor: Any) -> None:
        self._object, self.fresh = decompressor, True

    @property
    def eof(self) -> bool:
        return bool(self._object.eof)

    def decode(self, data: bytes) -> tuple[bytes, bytes]:
        """(text, what was not used of `data`)."""
        self.fresh = False
        return self._object.decompress(data), self._object.unused_data if self.eof else b""


def _make_decoder(path: str) -> _Gzip | _Zstd | _ZstandardPackage:
    if path.endswith(".gz"):
        return _Gzip()
    for module in ("compression.zstd", "backports.zstd"):
        try:
            return _Zstd(import_module(module).ZstdDecompressor())
        except ImportError:
            continue
    try:
        return _ZstandardPackage(import_module("zstandard").ZstdDecompressor().decompressobj())
    except ImportError:
        words = "this Python reads no .zst"
        raise FileFailure(path, words, "pip install 'lptui[zstd]', or use Python 3.14") from None


class PackedText:
    """The text of a log that is packed itself, as a private temporary file at `path`: from when all is unpacked that
    the packed file holds at first, and then as it grows."""

    def __init__(self, source: str) -> None:
        import shutil
        import tempfile

        self._source = source
        self._folder = tempfile.mkdtemp(prefix="lptui-")
        self._remove = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self.path = f"{self._folder}/{source.rsplit('/', 1)[-1].rsplit('.', 1)[0]}"
        self._unpacking: Unpacking | None = None
        self._seen = (0, 0.0, "")
        self._shown = False
        self.failure: FileFailure | None = None
        """Why it cannot be read."""
        self.note = ""
        """How far it is, or why there is less of it than there should be."""

    def fill(self) -> bool:
        """Unpack a little more; whether there is more to do now."""
        try:
            return self._fill()
        except FileFailure as failure:
            self._end(failure)
        except OSError as error:
            self._end(_no_room(self._source, error))
        return False

    def _fill(self) -> bool:
        stat = stat_file(self._source)
        seen = (stat.size, stat.modified_at, stat.identity)
        if seen == self._seen or (self.failure is not None and not self.failure.missing):
            return False
        if self._unpacking is None or stat.identity != self._unpacking.stat_identity():
            self._begin()
            return True
        self.failure = None
        if not self._unpacking.step():
            self.note = "" if self._shown else self._unpacking.progress
            return True
        self._seen, self.note = seen, self._unpacking.torn
        os.utime(f"{self.path}.part" if not self._shown else self.path, (stat.modified_at, stat.modified_at))
        if not self._shown:
            os.rename(f"{self.path}.part", self.path)
            self._shown = True
        return False

    def _begin(self) -> None:
        if self._unpacking is not None:
            self._unpacking.close()
        self._shown = False
        target = open(f"{self.path}.part", "wb")  # noqa: SIM115  it lives as long as the log is followed
        self._unpacking = Unpacking(self._source, target=target)

    def close(self) -> None:
        """Remove the text."""
        if self._unpacking is not None:
            self._unpacking.close()
        self.failure = self.failure or FileFailure(self._source, "closed")
        self._remove()

    def _end(self, failure: FileFailure) -> None:
        self.failure = failure
