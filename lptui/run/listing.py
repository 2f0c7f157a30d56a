"""Folders as discovery sees them: each listed once, within one budget, never out of the run through a
link."""

from __future__ import annotations

import os  # and not pathlib, which costs 10 ms before the first paint
import re
from collections.abc import Iterator

from lptui.files import Entry, FileFailure, list_folder, open_file, stat_file

ENTRY_BUDGET = 20_000
MAX_DEPTH = 4
MAX_ELASTIC_DEPTH = 6
"""torchrun's folders, RUN_ID/attempt_N/RANK, may begin this far down to be walked to their end."""
_ELASTIC = re.compile(r"/attempt_\d+(?:/\d+)?$")
# nothing of interest, or large trees that the run itself reads: not walked through
SKIPPED = frozenset(
    {"wandb", "mlruns", "replays", "artifacts", "media", "profile", "traces", "torch_traces", "src", "code"}
    | {"__pycache__", "node_modules", "venv", "env", "site-packages"}
)


class Listing:
    """Answers of the file seam, remembered for one discovery (so that a thousand runs list their parents
    once).

    `seen` counts entries against `budget`; `failures` are folders that could not be listed; `links_out`
    counts links that were not followed.
    """

    def __init__(self, budget: int = ENTRY_BUDGET) -> None:
        self.budget = budget
        self.seen = 0
        self.failures: list[str] = []
        self.links_out = 0
        self.ends: dict[str, bytes] = {}
        """First and last bytes of files that may name one of many runs."""
        self.tables: dict[str, bool] = {}
        """Files of which was looked whether they hold metrics."""
        self._folders: dict[str, tuple[Entry, ...]] = {}
        self._partial: set[str] = set()
        self._names: dict[str, dict[str, Entry]] = {}
        self._matches: dict[tuple[str, re.Pattern[str]], tuple[Entry, ...]] = {}

    @property
    def spent(self) -> bool:
        """Whether the budget is used up: what follows was not looked at."""
        return self.seen >= self.budget

    def entries(self, folder: str) -> tuple[Entry, ...]:
        """What `folder` holds, sorted by name; empty when it cannot be listed (why: `failures`) or nothing is
        left of the budget."""
        known = self._folders.get(folder)
        if known is not None:
            return known
        if self.spent:
            return ()
        try:
            found = sorted(list_folder(folder), key=lambda e: e.name)
        except FileFailure as failure:
            if not failure.missing:
                self.failures.append(str(failure))
                self._partial.add(folder)
            found = []
        if len(found) > self.budget - self.seen:
            found = found[: self.budget - self.seen]
            self._partial.add(folder)
        self.seen += len(found)
        self._folders[folder] = tuple(found)
        return self._folders[folder]

    def lacks(self, folder: str, name: str) -> bool:
        """Whether it is known, without asking for it, that `folder` has no such entry."""
        if folder not in self._folders or folder in self._partial:
            return False
        return self.find(folder, name) is None

    def find(self, folder: str, name: str) -> Entry | None:
        """The entry of that name, if it is there."""
        names = self._names.get(folder)
        if names is None:
            names = {e.name: e for e in self.entries(folder)}
            if folder in self._folders:
                self._names[folder] = names
        return names.get(name)

    def named(self, folder: str, pattern: re.Pattern[str]) -> tuple[Entry, ...]:
        """The files in `folder` whose name matches: worked out once for all runs that ask for what lies above them."""
        known = self._matches.get((folder, pattern))
        if known is None:
            known = tuple(e for e in self.entries(folder) if e.stat.is_file and pattern.match(e.name))
            if folder in self._folders:
                self._matches[folder, pattern] = known
        return known

    def stays_inside(self, entry: Entry, root: str) -> bool:
        """False for a link that leads out of `root` (a real path); such a link is counted and not
        followed."""
        if not os.path.islink(entry.path):
            return True
        target = os.path.realpath(entry.path)
        inside = target == root or target.startswith(root.rstrip("/") + "/")
        self.links_out += not inside
        return inside

    def walk(self, root: str, descend: object = None) -> Iterator[tuple[Entry, int]]:
        """Everything below `root`, breadth first (what is near is seen before the budget ends), with its
        depth.

        Hidden folders (but `.hydra`) and those that hold no answer are not entered. `descend(entry)` may
        refuse more.
        """
        real = os.path.realpath(root)
        queue: list[tuple[str, int]] = [(root, 1)]
        entered = {real}
        for folder, depth in queue:
            for entry in self.entries(folder):
                if not (entry.stat.is_folder or entry.stat.is_file) or not self.stays_inside(entry, real):
                    continue
                yield entry, depth
                if not entry.stat.is_folder or depth >= _limit(entry.path) or not may_enter(entry.name):
                    continue
                if callable(descend) and not descend(entry):
                    continue
                target = os.path.realpath(entry.path)
                if target not in entered:  # a link to a folder above it would go round in circles
                    entered.add(target)
                    queue.append((entry.path, depth + 1))


def _limit(path: str) -> int:
    return MAX_ELASTIC_DEPTH if _ELASTIC.search(path) else MAX_DEPTH


def may_enter(name: str) -> bool:
    """Whether a folder of this name can hold parts of a run that are worth walking to."""
    return name == ".hydra" or not (name.startswith(".") or name in SKIPPED)


def read_head(path: str, limit: int) -> bytes:
    """The first `limit` bytes of a regular file; empty when it cannot be read."""
    try:
        handle = open_file(path)
    except FileFailure:
        return b""
    try:
        return handle.pread(0, limit)
    except FileFailure:
        return b""
    finally:
        handle.close()


def is_folder(path: str) -> bool:
    """Whether there is a folder at `path`."""
    try:
        return stat_file(path).is_folder
    except FileFailure:
        return False
