"""Local files behind the seam's four calls. A run on another machine is a second implementation of these."""

from __future__ import annotations

import errno
import os
import stat as modes
from contextlib import suppress

from lptui.model.value import frozen

_NEXT_STEP = {
    errno.EACCES: "ask its owner for read permission, or attach as the user who trains",
    errno.EPERM: "ask its owner for read permission, or attach as the user who trains",
    errno.ENOENT: "check the name, or start the training and attach with --wait",
    errno.EMFILE: "raise `ulimit -n`; too many files are open",
    errno.ESTALE: "the file system was remounted; it is tried again",
    errno.EIO: "check the disk or the mount; it is tried again",
    errno.ENOTCONN: "mount it again; it is tried again",
    errno.ETIMEDOUT: "check the network and the server; it is tried again",
    errno.EHOSTDOWN: "check the network and the server; it is tried again",
}


class FileFailure(Exception):
    """A file that cannot be read: which, why, and what to do next. `missing` when it is just not there."""

    def __init__(self, path: str, cause: str, next_step: str = "", *, missing: bool = False) -> None:
        super().__init__(f"{path}: {cause}")
        self.path, self.cause, self.next_step, self.missing = path, cause, next_step, missing

    @staticmethod
    def of(path: str, error: OSError) -> FileFailure:
        """The failure that an OSError means."""
        code = error.errno or 0
        cause = (error.strerror or str(error)).lower()
        return FileFailure(path, cause, _NEXT_STEP.get(code, ""), missing=code in (errno.ENOENT, errno.ENOTDIR))


@frozen
class Stat:
    """Size (bytes), mtime (unix s) and an opaque identity that survives renames; `links` are its names, 0 once
    deleted."""

    size: int
    modified_at: float
    identity: str
    is_folder: bool = False
    is_file: bool = True
    links: int = 1


@frozen
class Entry:
    """One name in a folder."""

    name: str
    path: str
    stat: Stat


class Handle:
    """An open regular file, read by position only; safe to read from several threads."""

    def __init__(self, path: str, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    def stat(self) -> Stat:
        """As it is now. Raises FileFailure."""
        try:
            return _to_stat(os.fstat(self._descriptor))
        except OSError as error:
            raise FileFailure.of(self.path, error) from error

    def pread(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes at `offset`; fewer at the end. Raises FileFailure."""
        try:
            return os.pread(self._descriptor, length, max(0, offset))
        except OSError as error:
            raise FileFailure.of(self.path, error) from error

    def data_start(self) -> int:
        """Where the first byte lies that was ever written: behind a hole that reads as NUL. Raises FileFailure."""
        try:
            return os.lseek(self._descriptor, 0, os.SEEK_DATA)
        except OSError as error:
            if error.errno in (errno.ENXIO, errno.EINVAL, errno.EOPNOTSUPP):  # no data yet, or not known here
                return 0
            raise FileFailure.of(self.path, error) from error

    def close(self) -> None:
        """Release the descriptor; a second call does nothing. On a mount that is gone that fails, and is done."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            with suppress(OSError):
                os.close(descriptor)


def open_file(path: str) -> Handle:
    """Open a regular file for reading. A FIFO or device is refused without blocking. Raises FileFailure."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | getattr(os, "O_NOCTTY", 0))
    except OSError as error:
        raise FileFailure.of(path, error) from error
    handle = Handle(path, descriptor)
    try:
        regular = handle.stat().is_file
    except FileFailure:
        handle.close()
        raise
    if not regular:
        handle.close()
        raise FileFailure(path, "not a regular file", "name a file that holds data, not a pipe or device")
    return handle


def stat_file(path: str) -> Stat:
    """As the path is now (following links). Raises FileFailure."""
    try:
        return _to_stat(os.stat(path))
    except (OSError, ValueError) as error:
        cause = error if isinstance(error, OSError) else OSError(errno.ENOENT, "not a possible path")
        raise FileFailure.of(path, cause) from error


def list_folder(path: str) -> list[Entry]:
    """What a folder holds; entries that vanish meanwhile are left out. Raises FileFailure."""
    entries: list[Entry] = []
    try:
        with os.scandir(path) as found:
            for item in found:
                try:
                    entries.append(Entry(item.name, item.path, _to_stat(item.stat())))
                except OSError:
                    continue
    except OSError as error:
        raise FileFailure.of(path, error) from error
    return entries


def _to_stat(found: os.stat_result) -> Stat:
    return Stat(
        found.st_size,
        found.st_mtime,
        f"{found.st_dev}:{found.st_ino}",
        modes.S_ISDIR(found.st_mode),
        modes.S_ISREG(found.st_mode),
        found.st_nlink,
    )
