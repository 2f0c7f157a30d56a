"""The older generations of a log beside it: `train.log.1`, `train.log.2.gz`, `train.log-20260301.zst`."""

from __future__ import annotations

import re

from lptui.files.packed import Unpacking, is_packed
from lptui.files.seam import Entry, FileFailure, list_folder, open_file
from lptui.files.tail import Tail

MOST_OLDER = 6
"""Generations that are looked at; what is older is of no run that anybody still asks about."""
_STAMP = r"(?:[.-](?:\d{1,4}|\d{4}-?\d\d-?\d\d(?:[_T-]?\d\d[-:]?\d\d(?:[-:]?\d\d)?)?))(?:\.gz|\.zst)?"


def find_older(path: str) -> list[Entry]:
    """Files beside `path` that it was rotated to, newest first. Raises FileFailure."""
    folder, _, name = path.rpartition("/")
    pattern = re.compile(re.escape(name) + _STAMP + r"\Z")
    entries = [e for e in list_folder(folder or "/") if e.stat.is_file and e.stat.size and pattern.match(e.name)]
    return sorted(entries, key=lambda e: (-e.stat.modified_at, _number(e.name, name)))


def _number(name: str, of: str) -> int:
    match = re.match(r"[.-](\d+)", name[len(of) :])
    return int(match[1]) if match else 0


class OlderParts:
    """Puts the older generations of a tailed log in front of it, a step at a time, the newest first."""

    def __init__(self, tail: Tail) -> None:
        self._tail = tail
        self._waiting: list[Entry] | None = None
        self._unpacking: Unpacking | None = None
        self._ended_at = 0.0
        self.problem = ""
        """Why one of them, and all before it, cannot be read."""

    @property
    def pending(self) -> bool:
        """Whether there may be more to do."""
        return self._waiting is None or bool(self._waiting) or self._unpacking is not None

    def step(self) -> None:
        """Do a little."""
        try:
            if self._waiting is None:
                self._waiting = [e for e in find_older(self._tail.path) if not self._tail.is_open(e.stat.identity)]
                self._waiting = self._waiting[:MOST_OLDER]
            elif self._unpacking is not None:
                if self._unpacking.step():
                    self._tail.add_older(self._unpacking.handle(), self._ended_at)
                    self._unpacking = None
            elif self._waiting:
                entry = self._waiting.pop(0)
                self._ended_at = entry.stat.modified_at
                if is_packed(entry.path):
                    self._unpacking = Unpacking(entry.path)
                else:
                    self._tail.add_older(open_file(entry.path), self._ended_at)
        except FileFailure as failure:
            self.problem = f"{failure}" + (f"; {failure.next_step}" if failure.next_step else "")
            self.close()

    def close(self) -> None:
        """Stop."""
        self._waiting = []
        if self._unpacking is not None:
            self._unpacking.close()
            self._unpacking = None
