"""Where several logs were at one moment."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from lptui.engine.align import align, time_at
from lptui.model.log import Chunk, LogSegment, LogView
from lptui.model.request import Aligned, AlignLogs, Standing
from lptui.stores.log_index import Indexer

T = 1_790_000_000.0


def stamp(at: float, *, dated: bool = True) -> bytes:
    text = time.strftime("%Y-%m-%d %H:%M:%S" if dated else "[%H:%M:%S]", time.localtime(at))
    return text.encode()


def log_of(*times: float, dated: bool = True, name: str = "x") -> bytes:
    return b"".join(stamp(at, dated=dated) + b" INFO %s line %d\n" % (name.encode(), i) for i, at in enumerate(times))


@dataclass
class Opened:
    """A log in memory; counts what is read of it."""

    view: LogView
    data: bytes
    taken: int = 0

    def read(self, start: int, length: int) -> Chunk:
        data = self.data[max(0, start) : max(0, start) + length]
        self.taken += len(data)
        return Chunk("f", start, data)


def opened(data: bytes, *, indexed: bool, modified: float = T + 90_000) -> Opened:
    indexer = Indexer()
    indexer.begin(len(data), complete=not data, at=modified)
    if indexed:
        indexer.take_older(data, 0, (), modified, last=True)
    view = LogView("f", (LogSegment(0, 0, len(data)),), data[-4096:], max(0, len(data) - 4096), modified_at=modified)
    if indexed:
        view = LogView(view.file, view.segments, view.tail, view.tail_start, modified_at=modified, lines=indexer.index)
    return Opened(view, data)


def find_in(logs: dict[str, bytes], **how: bool) -> Callable[[str], Opened | None]:
    return lambda path: opened(logs[path], indexed=how.get("indexed", True)) if path in logs else None


def standing(data: bytes, line: bytes, at: float) -> Standing:
    return Standing(data.rfind(b"\n", 0, data.index(line)) + 1, at)


@pytest.mark.parametrize("indexed", [False, True])
def test_each_log_is_where_it_had_got_to(indexed: bool) -> None:
    leader = log_of(T, T + 10, T + 20)
    hung = log_of(T, T + 3)
    ahead = log_of(T + 4, T + 9, T + 11)
    late = log_of(T + 15, T + 20)
    same = log_of(T, T + 10, T + 10, T + 10, T + 20)
    logs = {"leader": leader, "hung": hung, "ahead": ahead, "late": late, "same": same}
    at = leader.index(b"line 1")
    answer = align(AlignLogs("leader", at, ("hung", "ahead", "late", "same")), find_in(logs, indexed=indexed))
    assert answer.at == T + 10
    assert answer.places == (
        standing(hung, b"line 1", T + 3),  # said nothing since
        standing(ahead, b"line 1", T + 9),
        standing(late, b"line 0", T + 15),  # had not begun
        standing(same, b"line 1", T + 10),  # the first of those written then
    )


def test_a_row_without_a_clock_has_that_of_the_row_above() -> None:
    data = log_of(T) + b"Traceback (most recent call last):\n" + b'  File "a.py", line 1\n' * 30 + log_of(T + 60)
    log = opened(data, indexed=True)
    view, read = log.view, log.read
    assert time_at(view, read, data.index(b"Traceback")) == T
    assert time_at(view, read, data.rindex(b"  File")) == T
    assert time_at(view, read, data.index(b"line 0", 200)) == T + 60


@pytest.mark.parametrize("indexed", [False, True])
def test_clocks_without_a_date_are_dated_over_midnights(indexed: bool) -> None:
    times = [T + 60 * i for i in range(4000)]  # nearly three days, in more than one mark of the index
    data = log_of(*times, dated=False, name="x" * 60)
    modified = times[-1]
    log = opened(data, indexed=indexed, modified=modified)
    view, read = log.view, log.read
    if indexed:
        where = data.index(b" line 100\n")
        where = data.rfind(b"\n", 0, where) + 1
        assert time_at(view, read, where) == times[100]
    last = data.rfind(b"\n", 0, len(data) - 1) + 1
    assert time_at(view, read, last) == times[-1]


def test_a_log_that_tells_no_time_aligns_nothing_and_is_not_aligned() -> None:
    bars = b"".join(b"step %d loss 0.1\n" % i for i in range(50))
    logs = {"clocks": log_of(T, T + 1), "bars": bars}
    assert align(AlignLogs("bars", 40, ("clocks",)), find_in(logs)) == Aligned(AlignLogs("bars", 40, ("clocks",)), None)
    answer = align(AlignLogs("clocks", 0, ("bars", "closed")), find_in(logs))
    assert (answer.at, answer.places) == (T, (None, None))


def test_nothing_is_looked_for_while_the_time_is_the_same() -> None:
    asked: list[str] = []

    def find(path: str) -> Opened:
        asked.append(path)
        return opened(log_of(T, T, T + 1), indexed=True)

    answer = align(AlignLogs("a", 40, ("b", "c"), known=T), find)
    assert (answer.at, answer.places, asked) == (T, (), ["a"])


def test_what_is_read_is_near_the_place_whatever_the_size() -> None:
    """One block of the index and its neighbour in each log, of several megabytes."""
    data = log_of(*[T + i for i in range(60_000)])
    logs = {path: opened(data, indexed=True) for path in "ab"}
    answer = align(AlignLogs("a", len(data) // 2, ("b",)), logs.get)
    assert answer.places[0] is not None
    assert sum(log.taken for log in logs.values()) < 320 * 1024
