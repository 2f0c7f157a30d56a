"""Puts the older generations of a log in front of it: `train.log.1`, `train.log.2.gz`, `train.log-20260301.zst`."""

from __future__ import annotations

from lptui.files.generations import find_older, is_packed
from lptui.files.packed import Unpacking
from lptui.files.seam import Entry, FileFailure, Handle, open_file
from lptui.files.tail import Tail
from lptui.model.log import LogSegment

MOST_OLDER = 6
"""Generations that are read; what is older is of no run that anybody still asks about."""
MOST_BYTES = 1024 * 1024 * 1024
"""Bytes of all of them together."""


class OlderParts:
    """The older generations of a tailed log, a step at a time, the newest first.

    Names change under us when the log is rotated: each file is known by its identity, and the folder is looked at again
    when a name does not mean what it meant.
    """

    def __init__(self, tail: Tail) -> None:
        self._tail = tail
        self._waiting: list[Entry] | None = None
        self._tried: set[str] = set()
        self._unpacking: Unpacking | None = None
        self._ended_at = 0.0
        self._added = self._bytes = 0
        self.problem = ""
        """Why one of them, and all before it, cannot be read in full."""
        self.left = ""
        """What is left out because there is so much."""

    @property
    def pending(self) -> bool:
        """Whether there may be more to do."""
        return self._waiting is None or bool(self._waiting) or self._unpacking is not None

    @property
    def progress(self) -> str:
        """What is being unpacked, and how far."""
        return self._unpacking.progress if self._unpacking is not None else ""

    def step(self) -> LogSegment | None:
        """Do a little; a generation that is in hand now."""
        try:
            if self._unpacking is not None:
                return self._unpack(self._unpacking)
            if not self._waiting:
                self._waiting = self._look() if self._waiting is None else []
            elif self._added >= MOST_OLDER or self._bytes >= MOST_BYTES:
                self.left = f"{self._waiting[0].name} and what is older is not read: {self._limit()}"
                self.close()
            else:
                return self._take(self._waiting.pop(0))
        except FileFailure as failure:
            name = failure.path.rsplit("/", 1)[-1]
            self._end(f"{name}: {failure.cause}" + (f"; {failure.next_step}" if failure.next_step else ""))
        return None

    def aside(self, segment: LogSegment) -> None:
        """Say that `segment` is shown but not judged: it was written at the same time as what follows it."""
        name = segment.path.rsplit("/", 1)[-1]
        self.left = f"{name} was written at the same time (another rank?): it is shown above, and not judged"

    def _limit(self) -> str:
        return f"{MOST_OLDER} older files are" if self._added >= MOST_OLDER else "1 GiB of older files is"

    def _look(self) -> list[Entry]:
        return [e for e in find_older(self._tail.path) if e.stat.identity not in self._tried]

    def _take(self, entry: Entry) -> LogSegment | None:
        handle = open_file(entry.path)
        if handle.stat().identity != entry.stat.identity:  # rotated since we looked
            handle.close()
            self._waiting = None
            return None
        self._tried.add(entry.stat.identity)
        self._ended_at = entry.stat.modified_at
        if not is_packed(entry.name):
            return self._add(handle)
        self._unpacking = Unpacking(entry.path, handle, MOST_BYTES)
        return None

    def _unpack(self, unpacking: Unpacking) -> LogSegment | None:
        if not unpacking.step():
            return None
        self._unpacking = None
        added = self._add(unpacking.handle())
        if unpacking.torn:
            self._end(f"{unpacking.path.rsplit('/', 1)[-1]}: {unpacking.torn}; what could be unpacked is shown")
        return added

    def _add(self, handle: Handle) -> LogSegment | None:
        added = self._tail.add_older(handle, self._ended_at)
        if added is not None:
            self._added, self._bytes = self._added + 1, self._bytes + added.size
        return added

    def _end(self, problem: str) -> None:
        self.problem = problem
        self.close()

    def close(self) -> None:
        """Stop."""
        self._waiting = []
        if self._unpacking is not None:
            self._unpacking.close()
            self._unpacking = None
