"""The cheapest look at a file (L0): is it a regular file, what do its two ends hold, is there a hole."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass

from lptui.checkpoints.info import RefusalError

HEAD = 16
TAIL = 4096
LEGACY_MAGIC = bytes.fromhex("80028a0a6cfc9c46f9206aa85019")
MAX_TEXT = 200


class FileBytes:
    """Bounded reads of one open file, or of the part of it that starts at `base`.

    Never mmap, which dies of SIGBUS when a trainer truncates in place.
    """

    def __init__(self, fd: int, size: int, base: int = 0) -> None:
        self.fd = fd
        self.size = size
        self.base = base

    def read(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes at `offset`, or RefusalError("truncated")."""
        if offset < 0 or length < 0 or offset + length > self.size:
            raise RefusalError("truncated", f"the file ends at {self.size:,} B, before {offset + length:,} B")
        parts: list[bytes] = []
        while length > 0:
            part = os.pread(self.fd, min(length, 1 << 18), self.base + offset)
            if not part:
                raise RefusalError("truncated", f"the file became shorter while it was read, at {offset:,} B")
            parts.append(part)
            offset += len(part)
            length -= len(part)
        return b"".join(parts)


@dataclass(frozen=True, slots=True)
class Probe:
    """Identity and ends of a file. `hole_at` is the first byte that was never written; None = no hole seen.

    `zero_tail` tells that the last bytes (up to 4 KiB) are all zero.
    """

    key: tuple[int, ...]
    size: int
    allocated: int
    format: str
    head: bytes
    hole_at: int | None
    zero_tail: bool


def open_regular(path: str) -> int:
    """A read-only descriptor of a regular file, without following a last symlink and without blocking.

    Raises RefusalError: vanished, no-permission or not-regular.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise RefusalError(*_open_failure(error)) from error
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise RefusalError("not-regular", "it is not a regular file (a folder, a pipe or a device)")
    return fd


def _open_failure(error: OSError) -> tuple[str, str]:
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return "vanished", "the file is no longer there"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "no-permission", "you may not read this file (some writers leave mode 0600)"
    if error.errno in (errno.ELOOP, errno.ENXIO, errno.ENODEV):
        return "not-regular", "it is a symbolic link, a socket or a device, not a regular file"
    return "not-read", f"the file cannot be opened: {error.strerror}"


def probe(fd: int) -> Probe:
    """L0 of an open regular file: at most 4,112 bytes read. OSError if the disk fails."""
    status = os.fstat(fd)
    size = status.st_size
    head = os.pread(fd, HEAD, 0)
    tail = os.pread(fd, TAIL, max(0, size - TAIL))
    return Probe(
        key=file_key(status),
        size=size,
        allocated=status.st_blocks * 512,
        format=format_by_head(head, size),
        head=head,
        hole_at=first_hole(fd, size),
        zero_tail=bool(tail) and not tail.strip(b"\0"),
    )


def file_key(status: os.stat_result) -> tuple[int, ...]:
    """(device, inode, size, mtime_ns, ctime_ns): equal keys mean that nothing was written in between."""
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def format_by_head(head: bytes, size: int) -> str:
    """zip, npy, torch-legacy, safetensors, pickle, json or unknown, from the first 16 bytes."""
    if head.startswith((b"PK\3\4", b"PK\5\6")):
        return "zip"
    if head.startswith(b"\x93NUMPY"):
        return "npy"
    if head.startswith(LEGACY_MAGIC):
        return "torch-legacy"
    if len(head) > 8 and head[8:9] == b"{" and 2 <= int.from_bytes(head[:8], "little") <= 100_000_000:
        return "safetensors"
    if head[:1] == b"\x80" and len(head) > 2 and head[1] <= 5:
        return "pickle"
    if head.lstrip()[:1] == b"{" and size <= 1 << 25:
        return "json"
    return "unknown"


def first_hole(fd: int, size: int) -> int | None:
    """Offset of the first hole before the end; None where there is none or the file system cannot tell."""
    if size == 0 or not hasattr(os, "SEEK_HOLE"):
        return None
    try:
        hole = os.lseek(fd, 0, os.SEEK_HOLE)
    except OSError:
        return None
    return hole if hole < size else None


def escape(text: str) -> str:
    """Text of the file made printable: control and unprintable characters as \\xNN or \\uNNNN, cut at 200."""
    cut = text[:MAX_TEXT]
    if not cut.isprintable():
        cut = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in cut)
    return cut + "…" if len(text) > MAX_TEXT else cut
