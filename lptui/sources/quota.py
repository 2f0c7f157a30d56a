"""What a disk quota still allows the owner of a folder: quotactl_fd(2), which needs no root for one's own quota."""

from __future__ import annotations

import os
import struct
import sys

from lptui.model.value import frozen

_QUOTACTL_FD = 443
"""One number on every architecture (Linux 5.14)."""
_GETQUOTA = 0x800007
_KINDS = (("user", 0), ("group", 1))
_BLOCK = struct.Struct("=8QI4x")
"""struct if_dqblk (linux/quota.h): limits of space in KiB (hard, soft), bytes in use, limits and number of inodes,
two grace times, and which fields are valid."""
_KIB = 1024


@frozen
class Quota:
    """The tightest one: bytes allowed and left, inodes left. None: no limit of this kind."""

    whose: str = ""
    limit: int | None = None
    free: int | None = None
    inodes_free: int | None = None


def parse_quota(block: bytes, whose: str) -> Quota:
    """The kernel's answer. A soft limit counts as well where it is the lower one: past it a few days are left."""
    hard, soft, used, inode_hard, inode_soft, inodes, *_ = _BLOCK.unpack(block[: _BLOCK.size])
    limit = min((n * _KIB for n in (hard, soft) if n), default=None)
    most = min((n for n in (inode_hard, inode_soft) if n), default=None)
    return Quota(
        whose,
        limit,
        None if limit is None else max(0, limit - used),
        None if most is None else max(0, most - inodes),
    )


def read_quota(folder: str) -> Quota | None:
    """The quota of `folder`'s owner or group, whichever leaves less; None where none is set or can be read (another
    system, a file system without quotas, somebody else's)."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        owner = os.fstat(handle)
        found = [_ask(handle, kind, owner.st_gid if kind else owner.st_uid, whose) for whose, kind in _KINDS]
    finally:
        os.close(handle)
    set_ones = [q for q in found if q is not None and (q.limit is not None or q.inodes_free is not None)]
    return min(set_ones, key=lambda q: q.free if q.free is not None else 1 << 62, default=None)


def _ask(handle: int, kind: int, number: int, whose: str) -> Quota | None:
    import ctypes  # here, not at the top: few file systems have quotas, and libc has no wrapper

    buffer = ctypes.create_string_buffer(_BLOCK.size)
    call = ctypes.CDLL(None, use_errno=True).syscall
    command = _GETQUOTA << 8 | kind
    refused: int = call(_QUOTACTL_FD, handle, ctypes.c_uint(command), ctypes.c_uint(number), buffer)
    return None if refused else parse_quota(buffer.raw, whose)
