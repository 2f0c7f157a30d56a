"""A SQLite database of somebody else, copied so that it can be opened: even read-only, SQLite writes beside the file
that it opens, and may lock out the program that it belongs to.

What is copied: the database, its write-ahead log (`-wal`) or rollback journal (`-journal`); not the shared memory
(`-shm`), which SQLite makes anew. A copy counts only if nothing changed around it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Callable

from lptui.files.seam import FileFailure, Stat, open_file, stat_file
from lptui.model.value import frozen

LARGEST = 512 << 20
"""Bytes of a database that are copied at most."""
PER_MIB = 0.2
"""Seconds between two copies for each MiB: a copy of 500 MiB is made every 100 s."""
_CHUNK = 4 << 20
_BESIDE = ("", "-wal", "-journal")
_HEADER = b"SQLite format 3\0"


@frozen
class Stamp:
    """How the files of a database are: equal stamps mean that nothing was written between them."""

    parts: tuple[Stat | None, ...]

    @property
    def size(self) -> int:
        """Bytes of all parts."""
        return sum(part.size for part in self.parts if part is not None)

    @property
    def modified_at(self) -> float:
        """When the newest part was written (unix s)."""
        return max(part.modified_at for part in self.parts if part is not None)


def stamp_database(path: str) -> Stamp:
    """As the database at `path` is now. Raises FileFailure when it is not there."""
    parts: list[Stat | None] = [stat_file(path)]
    for suffix in _BESIDE[1:]:
        try:
            parts.append(stat_file(path + suffix))
        except FileFailure:
            parts.append(None)
    return Stamp(tuple(parts))


class PrivateCopy:
    """A copy of a database in a folder that only this user can enter; `close` removes it."""

    def __init__(self, path: str) -> None:
        self.source = path
        self._folder = ""
        self._remove: Callable[[], object] | None = None  # also called when the program ends without `close`

    @property
    def path(self) -> str:
        """Where the copy is."""
        return f"{self._folder}/copy.db"

    def refresh(self) -> Stamp | None:
        """Copy the database as it is now; its stamp, or None when it was written to meanwhile (try again).

        Raises FileFailure: not there, not readable, no database, too large, no room for the copy.
        """
        before = stamp_database(self.source)
        if before.size > LARGEST:
            raise FileFailure(self.source, f"of {before.size >> 20} MiB, more than {LARGEST >> 20} are not copied")
        if not self._folder:
            self._folder = tempfile.mkdtemp(prefix="lptui-")
            self._remove = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        for suffix, part in zip(_BESIDE, before.parts, strict=True):
            _remove(self.path + suffix)
            try:
                if part is not None:
                    self._copy(suffix)
            except FileFailure as failure:
                if failure.missing and suffix:  # its writer has just put it into the database
                    return None
                raise
        _remove(self.path + "-shm")
        return before if stamp_database(self.source) == before else None

    def _copy(self, suffix: str) -> None:
        handle = open_file(self.source + suffix)
        try:
            with open(self.path + suffix, "wb") as target:
                at = 0
                while data := handle.pread(at, _CHUNK):
                    if at == 0 and not suffix and not data.startswith(_HEADER):
                        raise FileFailure(self.source, "no SQLite database")
                    if at > LARGEST:
                        raise FileFailure(self.source, f"grew beyond {LARGEST >> 20} MiB while it was copied")
                    target.write(data)
                    at += len(data)
        except OSError as error:
            raise FileFailure(self.source, f"could not be copied to {self._folder}: {error.strerror}") from error
        finally:
            handle.close()

    def close(self) -> None:
        """Remove the copy."""
        if self._remove is not None:
            self._remove()
        self._folder = ""


def holds_text(path: str, text: str) -> bool:
    """Whether `text` stands anywhere in a database or its log: a look without a copy. Raises FileFailure."""
    wanted = text.encode("utf-8", "surrogateescape")
    for suffix in _BESIDE[:2]:
        try:
            handle = open_file(path + suffix)
        except FileFailure:
            if suffix:
                continue
            raise
        try:
            at, rest = 0, b""
            while at <= LARGEST and (data := handle.pread(at, _CHUNK)):
                if wanted in rest + data:
                    return True
                at, rest = at + len(data), data[-len(wanted) :]
        finally:
            handle.close()
    return False


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
