"""Reads /proc. Every answer is a value or None: a process may end between any two calls, or belong to another."""

from __future__ import annotations

import os
from functools import lru_cache

from lptui.formats.proc_text import (
    ProcStat,
    find_file_system,
    find_rank,
    is_network,
    is_open_for_writing,
    parse_stat,
    split_arguments,
)

_COMMAND_BYTES = 1 << 16
_ENVIRON_BYTES = 1 << 20
_FIRST_NAMESPACE = "pid:[4026531836]"
"""The inode that the kernel gives the machine's own pid namespace (PROC_PID_INIT_INO)."""


class ProcFs:
    """The process table under `root`; only ever reads, and follows no link of a process."""

    def __init__(self, root: str = "/proc") -> None:
        self.root = root

    def read(self, name: str, limit: int = 1 << 16) -> bytes | None:
        """The beginning of one file."""
        try:
            handle = os.open(f"{self.root}/{name}", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            parts: list[bytes] = []
            while limit > 0 and (part := os.read(handle, min(limit, 1 << 16))):
                parts.append(part)
                limit -= len(part)
                if len(part) < 4096:
                    break
            return b"".join(parts)
        except OSError:
            return None
        finally:
            os.close(handle)

    def link(self, name: str) -> str:
        """Where a link points, as text; what it points at is not touched. '' if it cannot be read."""
        try:
            return os.readlink(f"{self.root}/{name}")
        except OSError:
            return ""

    def names(self, folder: str) -> list[str]:
        """The numbers in a folder ('' is the process table itself), empty if it cannot be read."""
        try:
            return [name for name in os.listdir(f"{self.root}/{folder}") if name.isdigit()]
        except OSError:
            return []

    def stat(self, pid: int) -> ProcStat | None:
        """The process, or None: there is none."""
        text = self.read(f"{pid}/stat", 4096)
        return None if text is None else parse_stat(text)

    def owner(self, pid: int) -> int | None:
        """The user id that the process runs as."""
        try:
            return os.stat(f"{self.root}/{pid}").st_uid
        except OSError:
            return None

    def arguments(self, pid: int) -> tuple[str, ...]:
        """Its command line; () for kernel threads, zombies, and what may not be read."""
        text = self.read(f"{pid}/cmdline", _COMMAND_BYTES) or b""
        if len(text) == _COMMAND_BYTES:  # the argument that was cut may be half a secret
            text = text[: text.rfind(b"\0") + 1]
        return split_arguments(text)

    def rank(self, pid: int) -> int | None:
        """RANK or LOCAL_RANK of its environment, if that may be read."""
        return find_rank(self.read(f"{pid}/environ", _ENVIRON_BYTES) or b"")

    def writes(self, pid: int, descriptor: str) -> bool:
        """Whether the process holds `descriptor` open for writing."""
        return is_open_for_writing(self.read(f"{pid}/fdinfo/{descriptor}", 4096) or b"")

    def in_container(self) -> bool:
        """Whether processes of the machine may be hidden from us: we have a pid namespace of our own."""
        return self.link("self/ns/pid") not in ("", _FIRST_NAMESPACE)


@lru_cache(maxsize=64)
def name_user(user: int | None) -> str:
    """The name of a user id; the number where it has none."""
    import pwd

    try:
        return "" if user is None else pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)


def is_on_network(path: str) -> bool:
    """Whether other machines can write to the file system that holds `path`."""
    mounts = (ProcFs().read("self/mountinfo", 1 << 22) or b"").decode("utf-8", "replace")
    return is_network(find_file_system(os.path.realpath(path), mounts))
