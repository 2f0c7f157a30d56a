"""All runs below some roots: named first, glanced at where they are many, then looked at, newest first, many by a few
processes; and again as they change."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from lptui.engine.errand import Errand
from lptui.engine.known_run import KnownRun, is_below, list_going_on, name_run, tell_lost
from lptui.engine.look_pool import MANY, LookHand, OwnHand, count_hands, start_hands
from lptui.engine.look_queue import LookQueue
from lptui.engine.store_list import StoreList
from lptui.engine.summary_cache import GOES_ON, SummaryCache, to_summary
from lptui.model.summary import UNLOOKED, RunBoard, RunSummary, board_order
from lptui.run.listing import Listing
from lptui.run.lookup import find_runs
from lptui.sources.writers import Writers, find_writers

log = logging.getLogger(__name__)
LOOKERS = 3
"""Threads where few runs are looked at: what waits for a slow disk does not keep the others waiting."""
BUDGET = 2_000_000
"""Entries of folders that are looked at in one pass; past it runs are left out, and that is said."""
PUBLISH = 0.2
MANY_ROWS = 2000
"""Seconds between two boards; of more rows than that they come more slowly, as each takes longer to sort and draw."""
REFRESH = 2.0
"""Seconds between looks at what is going on; the folders are listed again every 5 s, or 50 times what that costs."""
RELIST = 5.0
AGES = 30.0
"""Seconds after which a list that stays as it is is told again, since ages grow; REFRESH where a run goes on."""
SHARE = 0.05
"""Of one processor that may go into looks at what goes on."""
LOOK_AGAIN = 10.0
"""Seconds after which a run that goes on is looked at again although its files are as they were."""

OnBoard = Callable[[RunBoard], None]


class RunList:
    """`start` publishes boards from a thread of its own, `stop` ends it; or `read` everything once and return.

    `clock` gives unix time; `cache_folder` '' keeps no looks on disk; `hands` is the number of processes that share in
    many looks, as many as the machine is good for by default; `find_more` is asked for further roots in that thread.
    """

    def __init__(
        self,
        roots: tuple[str, ...],
        clock: Callable[[], float] = time.time,
        *,
        cache_folder: str | None = None,
        writers: Callable[[], Writers] = find_writers,
        hands: int | None = None,
        find_more: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        self.roots = tuple(dict.fromkeys(os.path.abspath(os.path.expanduser(root)) for root in roots))
        self._clock, self._find_writers = clock, writers
        self._find_more = find_more
        self._cache = SummaryCache(self.roots, cache_folder)
        self._runs: dict[str, KnownRun] = {}
        self._notes: tuple[str, ...] = ()
        self._lost: dict[str, str] = {}
        """Roots that are not there now, and why."""
        self._listed = False
        self._stores = StoreList()
        self._writers = Writers(reason="not looked yet")
        self._listing = Listing(BUDGET)
        self._most_hands = count_hands() if hands is None else hands
        self._hands: list[LookHand] = []
        self._queue = LookQueue()
        self._streams = False
        self._tell_at = 0.0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._dirty, self._wake = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def read(self, on_board: OnBoard = lambda _board: None) -> RunBoard:
        """Everything once; `on_board` is told how far it is."""
        self._begin()
        self._publish_while(on_board, self._look_at_all)
        self._cache.save()
        return self.board()

    def start(self, on_board: OnBoard) -> None:
        """Publish the list as it grows, and then whenever it changes."""
        self._streams = True
        self._thread = threading.Thread(target=self._run, args=(on_board,), name="lptui runs", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and its processes; what hangs in a dead mount is left behind."""
        self._stopping.set()
        self._queue.end()
        for hand in self._hands:
            hand.kill()
        if self._thread is not None:
            self._thread.join(1.0)

    def prefer(self, paths: Iterable[str]) -> None:
        """Look at these first, of those that wait for their first look."""
        self._queue.prefer(paths)

    def board(self) -> RunBoard:
        """The list as it is now."""
        now = self._clock()
        with self._lock:
            rows = tuple(known.summary for known in self._runs.values())
        looked = sum(row.looked not in UNLOOKED for row in rows)
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
        self._tell(on_board)
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
            if self._clock() >= self._tell_at:
                self._tell(on_board)
            self._cache.save()

    def _tell(self, on_board: OnBoard) -> None:
        board = self.board()
        self._tell_at = board.now + (REFRESH if any(row.condition in GOES_ON for row in board.rows) else AGES)
        on_board(board)

    def _publish_while(self, on_board: OnBoard, work: Callable[[], None]) -> None:
        """Do `work` in a thread and publish what it has changed so far, at a bounded rate and at its end."""
        errand, goes_on = Errand(work, self._wake), True
        while goes_on and not self._stopping.is_set():
            goes_on = errand.wait(PUBLISH * max(1.0, len(self._runs) / MANY_ROWS))
            if self._dirty.is_set():
                self._dirty.clear()
                self._tell(on_board)

    def _begin(self) -> None:
        self.roots = tuple(dict.fromkeys((*self.roots, *self._find_more())))
        self._cache.load()
        self._writers = self._find_writers()
        self._list()

    def _list(self) -> None:
        """Name all runs there are now; what was seen of those that stay is kept."""
        self._listing = listing = Listing(BUDGET)
        self._lost = {root: why for root in self.roots if (why := tell_lost(root))}
        found = {path: known for path, known in self._runs.items() if is_below(path, self._lost)}
        strange, there = 0, [root for root in self.roots if root not in self._lost]
        for root in there:
            for path, modified in find_runs(root, listing):
                old = self._runs.get(path)
                found[path] = old or name_run(path, modified)
                strange += old is None and not self._cache.has(path)
                if strange == MANY:  # they start while the rest is named
                    self._hands = self._hands or start_hands(self._most_hands, self._writers, BUDGET)
        due = self._stores.add_to(found, there, listing, self._clock())
        fresh = [path for path, known in found.items() if not known.store and path not in self._runs]
        fresh.sort(key=lambda path: -found[path].modified_at)
        changed = self._runs.keys() != found.keys()
        with self._lock:
            self._runs = found
        spent = [f"looked at the first {BUDGET:,} entries; runs past them are left out"] if listing.spent else []
        notes = [*self._lost.values(), *dict.fromkeys(listing.failures[:8]), *spent]
        if changed or tuple(notes) != self._notes or not self._listed:
            self._dirty.set()
        self._notes, self._listed = tuple(notes), True
        self._queue.add_new(fresh, glance=self._streams and len(fresh) >= MANY)
        self._queue.add_again(due)

    def _queue_changed(self, now: float) -> None:
        """What changed since its last look, and what goes on: its age and its processes may have changed."""
        self._writers = self._find_writers()
        with self._lock:
            runs = dict(self._runs)
        self._listing = Listing(BUDGET)
        going_on = list_going_on(runs, self._writers.folders)
        rest = sum(known.cost for path in going_on if (known := self._runs.get(path))) / SHARE
        due = (path for path in going_on if not is_below(path, self._lost) and self._is_due(path, now, rest))
        self._queue.add_again(due)

    def _is_due(self, path: str, now: float, rest: float) -> bool:
        known = self._runs.get(path)
        if known is None:
            return True
        if now - known.looked_at < rest:
            return False
        if self._cache.changed(path):
            return True
        return known.summary.condition in GOES_ON and now - known.looked_at >= LOOK_AGAIN

    def _look_at_all(self) -> None:
        hands = [*self._hands] or [OwnHand(self._writers, self._listing)] * LOOKERS
        threads = [threading.Thread(target=self._look, args=(hand,), name="lptui look", daemon=True) for hand in hands]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        while self._hands:
            self._hands.pop().end()

    def _look(self, hand: LookHand | OwnHand) -> None:
        while (turn := self._queue.take(hand.chunk, hand.glances)).paths and not self._stopping.is_set():
            answered = {path for path in turn.paths if self._answer(path)}
            paths = [path for path in turn.paths if path not in answered]
            try:
                if paths:
                    (self._glance if turn.glance else self._look_at)(hand, paths)
            finally:
                if self._queue.done(turn, answered):  # the screenful that is in view, or all have a row now, or nearly
                    self._wake.set()

    def _look_at(self, hand: LookHand | OwnHand, paths: list[str]) -> None:
        begun = hand.clock()
        answers = hand.look(paths, self._clock())
        cost = (hand.clock() - begun) / len(paths)
        for path, told in zip(paths, answers, strict=True):
            self._take(path, told, cost)

    def _answer(self, path: str) -> bool:
        """Whether the look at a run is kept; that is its row, then."""
        kept = self._cache.find(path, self._clock(), path in self._writers.folders)
        if kept is not None:
            self._put(path, kept)
        return kept is not None

    def _glance(self, hand: LookHand | OwnHand, paths: list[str]) -> None:
        """Put what can be said of them at once."""
        with self._lock:
            listed = [known.modified_at if (known := self._runs.get(path)) else 0.0 for path in paths]
        answers = hand.glance(paths, listed, self._clock())
        for path, told in zip(paths, answers, strict=True):
            if "summary" in told:
                self._put(path, to_summary(told["summary"]), only_first=True)

    def _take(self, path: str, told: dict[str, Any], cost: float) -> None:
        """What a look told of a run; nothing, if the process that looked at it died."""
        known = self._runs.get(path)
        if known is not None:
            known.cost = cost
        if told.get("gone"):
            if any(is_below(path, (root,)) and tell_lost(root) for root in self.roots):
                return  # with all others: the next listing tells it
            with self._lock:
                self._runs.pop(path, None)
            self._dirty.set()
        elif "store" in told:
            with self._lock:
                self._runs = self._stores.take(path, map(to_summary, told["store"]), self._runs, self._clock())
            self._dirty.set()
        elif "summary" in told:
            if "files" in told:
                self._cache.keep(path, told["files"], told["stamp"], told["summary"])
            self._put(path, to_summary(told["summary"]))
        elif path in self._runs:
            died = "lptui: the process that looked at it died or hung; attach it to see more"
            self._put(path, replace(self._runs[path].summary, looked="quick", reason=died))

    def _put(self, path: str, summary: RunSummary, *, only_first: bool = False) -> None:
        """`only_first`: unless more is known."""
        with self._lock:
            known = self._runs.get(path)
            if known is None or (only_first and known.summary.looked != "listed"):
                return
            known.looked_at = self._clock()
            if known.summary == summary:
                return
            known.summary = summary
        self._dirty.set()
