"""Which files of a run may be checkpoints: the run directory and its checkpoint folders, flat, and bundles
inside."""

from __future__ import annotations

import os  # and not pathlib, which costs 10 ms before the first paint

from lptui.files import Entry, FileFailure, list_folder
from lptui.model.readings import CheckpointPointer
from lptui.model.run import RunInfo
from lptui.model.value import frozen
from lptui.run import layout
from lptui.run.discovery import discover
from lptui.run.listing import read_head

MAX_FILES = 5_000
LOOK_AGAIN = 30.0
POINTERS = frozenset(("latest", "latest_checkpointed_iteration.txt"))
"""Small files that name the checkpoint to resume (DeepSpeed, Megatron)."""
MAX_POINTER = 512
_ORBAX = frozenset(("_CHECKPOINT_METADATA", "_METADATA", "commit_success.txt"))
_ORBAX_TEMPORARY = ".orbax-checkpoint-tmp"
INSIDE = 400
"""Files of one checkpoint folder that are listed, also one folder deeper (iter_0000100/mp_rank_00)."""


@frozen
class FoundFile:
    """Path relative to the run, bytes, mtime."""

    path: str
    size: int
    mtime: float


@frozen
class FoundFiles:
    """The files, the set of their paths, whether some were left out, and which folders could not be
    listed."""

    files: tuple[FoundFile, ...]
    known: frozenset[str]
    cut: bool = False
    failures: tuple[str, ...] = ()
    pointers: tuple[CheckpointPointer, ...] = ()


class CheckpointFiles:
    """Lists again at each `look`; new checkpoint folders are found as they appear."""

    def __init__(self, run: RunInfo) -> None:
        self._run = run
        self._folders = run.checkpoint_dirs
        self._looked_at: float | None = None
        self._tags: frozenset[str] = frozenset()
        # a log named by itself: what else lies in its folder is none of its business
        self._single = f"{run.path}/{run.name}" in run.written

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders that are listed."""
        return self._folders if self._single else tuple(dict.fromkeys((self._run.path, *self._folders)))

    def absolute(self, path: str) -> str:
        """From a path relative to the run ('.' is the run directory itself, where that is one checkpoint)."""
        return self._run.path if path == "." else f"{self._run.path.rstrip('/')}/{path}"

    def look(self, now: float) -> FoundFiles:
        """All files there are now, at most MAX_FILES, the newest."""
        self._find_folders(now)
        files: dict[str, FoundFile] = {}
        failures: list[str] = []
        pointers: list[CheckpointPointer] = []
        for folder in self.folders:
            entries = _list(folder, failures)
            pointers += [p for e in entries if e.name in POINTERS for p in self._read_pointer(e)]
            self._tags = frozenset(p.names for p in pointers)
            for entry in entries:
                if entry.stat.is_folder:
                    self._add_bundle(entry, files, failures)
                elif entry.name not in POINTERS:
                    self._add(entry, files)
        newest = sorted(files.values(), key=lambda f: (f.mtime, f.path))
        kept = tuple(newest[-MAX_FILES:])
        return FoundFiles(
            kept, frozenset(f.path for f in kept), len(kept) < len(newest), tuple(failures), tuple(pointers)
        )

    def _find_folders(self, now: float) -> None:
        """Folders that came after discovery: in the run at once, deeper ones (lightning_logs/version_N) now
        and then."""
        if self._single:
            return
        if self._looked_at is None:
            self._looked_at = now
        own = [e.path for e in _list(self._run.path, []) if e.stat.is_folder and e.name in layout.CHECKPOINT_FOLDERS]
        if not self._folders and not own and now - self._looked_at >= LOOK_AGAIN:
            self._looked_at = now
            own = list(discover(self._run.path).checkpoint_dirs)
        self._folders = tuple(dict.fromkeys((*self._folders, *own)))

    def _add_bundle(self, entry: Entry, files: dict[str, FoundFile], failures: list[str]) -> None:
        """A folder that is one checkpoint by its name, by what the pointer beside it names, or (orbax, which calls
        them by their step alone) by what lies in it."""
        if os.path.islink(entry.path):
            return
        numbered = entry.name.isdecimal() or _ORBAX_TEMPORARY in entry.name
        if not (numbered or entry.name in self._tags or layout.is_checkpoint_folder(entry.name)):
            return
        inside = _list(entry.path, failures)
        if entry.name.isdecimal() and not any(inner.name in _ORBAX for inner in inside):
            return
        for inner in inside[:INSIDE]:
            if inner.stat.is_folder and not os.path.islink(inner.path):
                for deep in _list(inner.path, failures)[:INSIDE]:
                    self._add(deep, files)
            else:
                self._add(inner, files)

    def _read_pointer(self, entry: Entry) -> list[CheckpointPointer]:
        if not entry.stat.is_file or entry.stat.size > MAX_POINTER:
            return []
        text = read_head(entry.path, MAX_POINTER).decode("utf-8", "replace").strip()
        names = text.partition("\n")[0].strip()
        if entry.name.endswith(".txt") and names.isdecimal():  # Megatron writes the number of the iteration
            names = f"iter_{int(names):07d}"
        fits = names.isprintable() and "/" not in names and names not in ("", ".", "..")
        return [CheckpointPointer(entry.path, names, entry.stat.modified_at)] if fits else []

    def _add(self, entry: Entry, files: dict[str, FoundFile]) -> None:
        prefix = self._run.path.rstrip("/") + "/"
        if entry.stat.is_file and entry.path.startswith(prefix):
            path = entry.path[len(prefix) :]
            files[path] = FoundFile(path, entry.stat.size, entry.stat.modified_at)


def _list(folder: str, failures: list[str]) -> list[Entry]:
    try:
        return list_folder(folder)
    except FileFailure as failure:
        if not failure.missing:
            failures.append(str(failure))
        return []
