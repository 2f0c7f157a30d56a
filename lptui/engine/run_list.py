"""All runs below some roots: named first, then looked at, newest first, by a few threads; and again as they change."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from lptui.engine.quick_look import look_at
from lptui.engine.summary_cache import SummaryCache
from lptui.model.summary import RunBoard, RunSummary, board_order
from lptui.run.discovery import discover
from lptui.run.listing import Listing
from lptui.run.lookup import find_runs
from lptui.sources.writers import Writers, find_writers

log = logging.getLogger(__name__)
LOOKERS = 3
BUDGET = 2_000_000
"""Entries of folders that are looked at in one pass; past it runs are left out, and that is said."""
PUBLISH = 0.2
REFRESH = 2.0
"""Seconds between looks at what is going on; the folders are listed again every 5 s, or 50 times what that costs."""
RELIST = 5.0
LOOK_AGAIN = 10.0
"""Seconds after which a run that goes on is looked at again although its files are as they were."""
MOST_ALIVE = 64
ALIVE = ("running", "stalled", "waiting")

OnBoard = Callable[[RunBoard], None]


@dataclass(slots=True)
class _Known:
    """A run on the list: when it was written, as its folder says, and what was seen of it when."""

    modified_at: float
    summary: RunSummary
    looked_at: float = 0.0


class RunList:
    """`start` publishes boards from a thread of its own, `stop` ends it; or `read` everything once and return.

    `clock` gives unix time; `cache_folder` '' keeps no looks on disk.
    """

    def __init__(
        self,
        roots: tuple[str, ...],
        clock: Callable[[], float] = time.time,
        *,
        cache_folder: str | None = None,
        writers: Callable[[], Writers] = find_writers,
    ) -> None:
        self.roots = tuple(dict.fromkeys(os.path.abspath(os.path.expanduser(root)) for root in roots))
        self._clock, self._find_writers = clock, writers
        self._cache = SummaryCache(self.roots, cache_folder)
        self._runs: dict[str, _Known] = {}
        self._notes: tuple[str, ...] = ()
        self._listed = False
        self._writers = Writers(reason="not looked yet")
        self._listing = Listing(BUDGET)
        self._todo: deque[str] = deque()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._dirty = threading.Event()
        self._thread: threading.Thread | None = None

    def read(self) -> RunBoard:
        """Everything once, in this thread and the lookers'."""
        self._begin()
        self._look_at_all()
        self._cache.save()
        return self.board()

    def start(self, on_board: OnBoard) -> None:
        """Publish the list as it grows, and then whenever it changes."""
        self._thread = threading.Thread(target=self._run, args=(on_board,), name="lptui runs", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; one that hangs in a dead mount is left behind."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(1.0)

    def board(self) -> RunBoard:
        """The list as it is now."""
        now = self._clock()
        with self._lock:
            rows = tuple(known.summary for known in self._runs.values())
        looked = sum(row.looked != "listed" for row in rows)
        return RunBoard(board_order(rows, now), now, self._listed, looked, self._notes, self.roots)

    def _run(self, on_board: OnBoard) -> None:
        try:
            self._watch(on_board)
        except Exception as error:  # the list must not die without a word
            log.exception("run list")
            board = self.board()
            on_board(replace(board, notes=(*board.notes, f"lptui: the list of runs failed: {type(error).__name__}")))

    def _watch(self, on_board: OnBoard) -> None:
        self._begin()
        listed_at = self._clock()
        relist = RELIST
        on_board(self.board())
        self._publish_while(on_board, self._look_at_all)
        self._cache.save()
        while not self._stopping.wait(REFRESH):
            now = self._clock()
            if now - listed_at >= relist:
                self._list()
                listed_at = self._clock()
                relist = max(RELIST, 50 * (listed_at - now))
            self._queue_changed(now)
            self._publish_while(on_board, self._look_at_all)
            self._cache.save()

    def _publish_while(self, on_board: OnBoard, work: Callable[[], None]) -> None:
        """Do `work` in a thread and publish what it has changed so far, at a bounded rate and at its end."""
        worker = threading.Thread(target=work, name="lptui look", daemon=True)
        worker.start()
        while worker.is_alive() and not self._stopping.is_set():
            worker.join(PUBLISH)
            if self._dirty.is_set():
                self._dirty.clear()
                on_board(self.board())

    def _begin(self) -> None:
        self._cache.load()
        self._writers = self._find_writers()
        self._list()

    def _list(self) -> None:
        """Name all runs there are now; what was seen of those that stay is kept."""
        self._listing = listing = Listing(BUDGET)
        found: dict[str, _Known] = {}
        for root in self.roots:
            for path, modified in find_runs(root, listing):
                old = self._runs.get(path)
                if old is None:
                    name = path.rpartition("/")[2] or path
                    found[path] = _Known(modified, RunSummary(name, path, modified_at=modified or None))
                else:
                    found[path] = old
        fresh = sorted((p for p in found if p not in self._runs), key=lambda p: -found[p].modified_at)
        gone = self._runs.keys() - found.keys()
        with self._lock:
            self._runs = found
        notes = list(dict.fromkeys(listing.failures[:8]))
        if listing.spent:
            notes.append(f"looked at the first {BUDGET:,} entries; runs past them are left out")
        if fresh or gone or tuple(notes) != self._notes or not self._listed:
            self._dirty.set()
        self._notes, self._listed = tuple(notes), True
        self._todo.extend(fresh)

    def _queue_changed(self, now: float) -> None:
        """What changed since its last look, and what goes on: its age and its processes may have changed."""
        self._writers = self._find_writers()
        with self._lock:
            runs = sorted(self._runs.items(), key=lambda item: -(item[1].summary.modified_at or 0.0))
        alive = [path for path, known in runs if known.summary.condition in ALIVE][:MOST_ALIVE]
        written = [path for path, _ in runs if path in self._writers.folders]
        self._listing = Listing(BUDGET)
        self._todo.extend(dict.fromkeys(p for p in (*alive, *written) if self._is_due(p, now)))

    def _is_due(self, path: str, now: float) -> bool:
        known = self._runs.get(path)
        if known is None or self._cache.changed(path):
            return True
        return known.summary.condition in ALIVE and now - known.looked_at >= LOOK_AGAIN

    def _look_at_all(self) -> None:
        threads = [threading.Thread(target=self._look, name="lptui look", daemon=True) for _ in range(LOOKERS - 1)]
        for thread in threads:
            thread.start()
        self._look()
        for thread in threads:
            thread.join()

    def _look(self) -> None:
        while not self._stopping.is_set():
            try:
                path = self._todo.popleft()
            except IndexError:
                return
            try:
                self._look_at_one(path)
            except Exception:  # one odd run must not hide the others
                log.exception("look at %s", path)
                self._put(path, replace(self._runs[path].summary, looked="quick", reason="lptui: the look failed"))

    def _look_at_one(self, path: str) -> None:
        now = self._clock()
        summary = self._cache.find(path, now, path in self._writers.folders)
        if summary is None:
            run = discover(path, listing=self._listing)
            if not run.exists:
                with self._lock:
                    self._runs.pop(path, None)
                self._dirty.set()
                return
            summary = look_at(run, self._writers, now)
            self._cache.keep(run, summary)
        self._put(path, summary)

    def _put(self, path: str, summary: RunSummary) -> None:
        with self._lock:
            known = self._runs.get(path)
            if known is None:
                return
            known.looked_at = self._clock()
            if known.summary == summary:
                return
            known.summary = summary
        self._dirty.set()
