"""The memory limit that a process lives under: cgroup v2 and v1, after the kernel's admin guide."""

from __future__ import annotations

import os

from lptui.model.value import frozen

_NO_LIMIT = 1 << 60
"""Version 1 says 'no limit' with the largest multiple of the page size; nothing of this size is a limit."""


@frozen
class MemoryLimit:
    """Bytes. `used` leaves out file cache that the kernel can drop at once, as that kills nobody."""

    limit: int
    used: int | None


def read_memory_limit(pid: str = "self", *, proc: str = "/proc", mount: str = "/sys/fs/cgroup") -> MemoryLimit | None:
    """The tightest limit on the way from the process's group to the root, or None: there is none.

    Raises OSError when the process's groups cannot be read.
    """
    with open(f"{proc}/{pid}/cgroup", encoding="utf-8", errors="replace") as listing:
        groups = [line.rstrip("\n").split(":", 2) for line in listing]
    found: list[MemoryLimit] = []
    for _, controllers, path in (group for group in groups if len(group) == 3):
        if "memory" in controllers.split(","):
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
            found += _walk(f"{mount}/memory", path, *names)
        elif not controllers:
            found += _walk(mount, path, "memory.max", "memory.current", "inactive_file")
    return min(found, key=lambda limit: limit.limit, default=None)


def _walk(root: str, path: str, limit_name: str, usage_name: str, cache_name: str) -> list[MemoryLimit]:
    """The limits of the group and all above it. In a container its own path does not exist; its root does."""
    found: list[MemoryLimit] = []
    parts = [part for part in path.split("/") if part not in ("", "..")]
    for depth in range(len(parts), -1, -1):
        folder = os.path.join(root, *parts[:depth])
        limit = _read_number(f"{folder}/{limit_name}")
        if limit is not None and limit < _NO_LIMIT:
            found.append(MemoryLimit(limit, _read_use(folder, usage_name, cache_name)))
    return found


def _read_use(folder: str, usage_name: str, cache_name: str) -> int | None:
    usage = _read_number(f"{folder}/{usage_name}")
    if usage is None:
        return None
    try:
        with open(f"{folder}/memory.stat", encoding="ascii", errors="replace") as stat:
            rows = dict(line.split(" ", 1) for line in stat if " " in line)
        return max(0, usage - int(rows.get(cache_name, "0")))
    except (OSError, ValueError):
        return usage


def _read_number(path: str) -> int | None:
    """The number in a file; None for 'max', and where there is no such file."""
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return int(file.read(64))
    except (OSError, ValueError):
        return None
