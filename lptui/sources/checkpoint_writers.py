"""Who holds a file open for writing, by /proc/PID/fd and fdinfo: that disturbs nobody, where a lease could stall."""

from __future__ import annotations

import os
from collections.abc import Sequence

from lptui.formats.proc_text import find_file_system, is_network
from lptui.run.checkpoint_writing import Writers
from lptui.sources.procfs import ProcFs

MOST_LINKS = 20_000
"""Descriptors that one look goes through; a machine with more cannot be told about."""


def find_writers(run: str, paths: Sequence[str], proc: ProcFs | None = None) -> Writers | None:
    """Who writes `paths` (absolute) or anything else below `run`. None where absence would prove nothing: another host
    may write (network file system), or its processes cannot be looked into (another user's, another container's)."""
    proc = proc or ProcFs()
    real = os.path.realpath(run)
    wanted = {os.path.realpath(path): path for path in paths}
    holders: dict[str, int] = {}
    alive, links = False, 0
    for name in proc.names(""):
        pid = int(name)
        if pid == os.getpid():
            continue
        for descriptor in proc.names(f"{pid}/fd"):
            links += 1
            if links > MOST_LINKS:
                return None
            target = proc.link(f"{pid}/fd/{descriptor}")
            if target.startswith(real + "/") and proc.writes(pid, descriptor):
                alive = True
                if target in wanted:
                    holders.setdefault(wanted[target], pid)
    return Writers(holders, alive) if holders or _sees_all(real, proc) else None


def _sees_all(run: str, proc: ProcFs) -> bool:
    mounts = (proc.read("self/mountinfo", 1 << 22) or b"").decode("utf-8", "replace")
    if not mounts or is_network(find_file_system(run, mounts)):
        return False
    try:
        owner = os.stat(run).st_uid
    except OSError:
        return False
    return os.geteuid() in (0, owner) and not proc.in_container()
