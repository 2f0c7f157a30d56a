"""Which files the processes of this machine hold open for writing: one pass over /proc for any number of runs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import field

from lptui.model.value import frozen
from lptui.sources.procfs import ProcFs

MOST_LINKS = 200_000


@frozen
class Writers:
    """By path of a regular file: the process that writes it, as (pid, its name)."""

    files: dict[str, tuple[int, str]] = field(default_factory=dict[str, tuple[int, str]])
    folders: dict[str, tuple[int, str]] = field(default_factory=dict[str, tuple[int, str]])
    reason: str = ""
    """Why the absence of a writer proves nothing here; '' where it does, for runs of the user's own."""

    def of(self, folder: str, files: Iterable[str] = ()) -> tuple[int, str] | None:
        """Who writes anything in a folder (at any depth), or one of `files`."""
        found = self.folders.get(folder)
        return found or next((self.files[file] for file in files if file in self.files), None)


def find_writers(proc: ProcFs | None = None, own_pid: int | None = None) -> Writers:
    """Everything that is written by processes that may be looked into; lptui's own files do not count."""
    proc = proc or ProcFs()
    own = os.getpid() if own_pid is None else own_pid
    files: dict[str, tuple[int, str]] = {}
    budget = MOST_LINKS
    for name in proc.names(""):
        pid = int(name)
        if pid == own:
            continue
        for descriptor in proc.names(f"{name}/fd"):
            budget -= 1
            if budget <= 0:
                break
            link = proc.link(f"{name}/fd/{descriptor}").removesuffix(" (deleted)")
            regular = link.startswith("/") and not link.startswith(("/dev/", "/proc/"))
            if regular and link not in files and proc.writes(pid, descriptor):
                stat = proc.stat(pid)
                files[link] = (pid, stat.name if stat is not None else "")
    folders: dict[str, tuple[int, str]] = {}
    for path, writer in files.items():
        parts = path.split("/")
        for depth in range(2, len(parts)):
            folders.setdefault("/".join(parts[:depth]), writer)
    return Writers(files, folders, _doubt(proc, budget))


def _doubt(proc: ProcFs, budget: int) -> str:
    if budget <= 0:
        return "there are too many open files here to look at all"
    if not proc.names(""):
        return "this system has no /proc"
    if proc.in_container():
        return "lptui runs in a container: the training may run outside of it"
    return ""
