"""Search, filter, seek and save over merged logs give what a plain loop over the merged lines gives."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

import lptui.stores.log_cuts as log_cuts
from lptui.engine.log_answers import LogAnswers
from lptui.engine.saving import save
from lptui.engine.search import search
from lptui.engine.seek import seek
from lptui.engine.sift import sift
from lptui.model.log_query import LogPlace, LogQuery
from lptui.model.merged import PlaceAnchors
from lptui.model.place import Anchor
from lptui.model.request import SaveLog, SearchLog, SeekLog, SiftLog
from lptui.sources.log import LogSource
from lptui.sources.merged_log import MergedLog

NOW = time.mktime((2026, 11, 23, 12, 0, 0, 0, 0, -1))
Lines = list[tuple[int, bytes]]


@pytest.fixture
def merged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MergedLog:
    monkeypatch.setattr(log_cuts, "CHUNK", 4096)
    monkeypatch.setattr(log_cuts, "PER_FILE", 512)
    sources: dict[str, LogSource] = {}
    for rank in range(3):
        rng, at, lines = random.Random(rank), NOW - 3000, list[str]()
        for number in range(1500):
            at += rng.random() * 2
            level = rng.choice(["INFO"] * 30 + ["WARNING", "ERROR"])
            clock = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
            lines.append(f"{clock} [{level}] trainer: step {number} loss {rng.random():.3f} on rank {rank}")
        path = tmp_path / f"rank{rank}.log"
        path.write_text("\n".join(lines) + "\n")
        os.utime(path, (NOW, NOW))
        sources[str(path)] = LogSource(str(path))
    log = MergedLog(str(tmp_path), lambda: sources)
    log.wanted = True
    for turn in range(6):
        for source in sources.values():
            list(source.poll(NOW + turn))
        list(log.poll(NOW + turn))
    assert log.view.complete
    return log


def lines_of(merged: MergedLog) -> Lines:
    found: Lines = []
    at = merged.view.start
    for line in merged.read(at, merged.view.end - at).data.splitlines(keepends=True):
        found.append((at, line))
        at += len(line)
    return found


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (LogQuery(text="loss 0.00"), (b"loss 0.00",)),
        (LogQuery(level="error"), (b"[ERROR]",)),
        (LogQuery(ranks=(1,)), (b"[rank1]: ",)),
        (LogQuery(ranks=(2,), level="error"), (b"[rank2]: ", b"[ERROR]")),
        (LogQuery(text="rank1.: 2026"), (b"[rank1]: 2026",)),  # the column is text for a search
        (LogQuery(unless=("INFO", "WARN")), (b"[ERROR]",)),
        (LogQuery(text="no such thing"), (b"no such thing",)),
    ],
)
def test_a_filter_keeps_what_a_loop_keeps(merged: MergedLog, query: LogQuery, words: tuple[bytes, ...]) -> None:
    answers = list(sift(SiftLog(merged.file, query), merged.view, merged.read))
    found = [at for answer in answers for at in answer.found][::-1]
    assert found == [at for at, line in lines_of(merged) if all(word in line for word in words)]
    assert answers[-1].scanned == answers[-1].total


def test_a_search_goes_from_match_to_match_both_ways(merged: MergedLog) -> None:
    matches = [at for at, line in lines_of(merged) if b"step 777 " in line]
    at, back = merged.view.end, list[int]()
    while (
        hit := list(search(SearchLog(merged.file, "step 777 ", at, True), merged.view, merged.read))[-1].hit
    ) is not None:
        back.append(hit)
        at = hit
    assert back == matches[::-1]
    at, ahead = merged.view.start, list[int]()
    while (hit := list(search(SearchLog(merged.file, "step 777 ", at), merged.view, merged.read))[-1].hit) is not None:
        ahead.append(hit)
        at = hit + 1
    assert [m for m in ahead if m in matches] == matches


def test_times_steps_and_shares_are_found(merged: MergedLog) -> None:
    lines = lines_of(merged)

    def where(place: LogPlace) -> int | None:
        return list(seek(SeekLog(merged.file, place, -1), merged.view, merged.read))[-1].position

    clock = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(NOW - 2000)).encode()
    assert where(LogPlace("time", float(int(NOW - 2000)))) == next(at for at, line in lines if line[9:28] >= clock)
    assert where(LogPlace("step", 500)) == next(
        at for at, line in lines if line.startswith(b"[rank0]") and b"step 500 " in line
    )
    assert where(LogPlace("line", -3)) == lines[-3][0]
    label = lines[-1][1].partition(b" ")[0]  # a line of the file whose row is near
    assert where(LogPlace("line", 100)) == [at for at, line in lines if line.startswith(label)][99]
    bounded = LogQuery(since=NOW - 2000, until=NOW - 1990)
    found = [at for a in sift(SiftLog(merged.file, bounded), merged.view, merged.read) for at in a.found]
    until = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(NOW - 1990)).encode()
    assert found[::-1] == [at for at, line in lines if clock <= line[9:28] < until]


def test_what_is_saved_says_of_which_rank_it_is(merged: MergedLog, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere" / "rows.txt"
    target.parent.mkdir()
    list(save(SaveLog(merged.file, LogQuery(level="error"), str(target)), merged.view, merged.read, "/nowhere"))
    assert target.read_bytes().splitlines() == [line[:-1] for _, line in lines_of(merged) if b"[ERROR]" in line]


def test_a_line_that_is_gone_to_before_all_is_counted_has_its_place(tmp_path: Path) -> None:
    sources: dict[str, LogSource] = {}
    for rank in range(2):
        path = tmp_path / f"rank{rank}.log"
        clock = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(NOW - 60))
        path.write_text("".join(f"{clock},{rank}00 [INFO] step {n} {'x' * 90}\n" for n in range(40_000)))
        os.utime(path, (NOW, NOW))
        sources[str(path)] = LogSource(str(path))
    merged = MergedLog(str(tmp_path), lambda: sources)
    merged.wanted = True
    for source in sources.values():
        list(source.poll(NOW))
    list(merged.poll(NOW))
    answers = LogAnswers(lambda path: merged if path == merged.file else sources.get(path), str(tmp_path))
    anchor = Anchor(next(iter(sources)), 0, 0)
    found: list[tuple[int | None, ...]] = []
    for whole in (False, True):
        reply = lambda answer: found.append(answer.positions)  # noqa: E731
        answers._answer("moments", PlaceAnchors(merged.file, (anchor,), whole), reply)
    assert found == [(None,), (merged.view.start,)]
    for source in sources.values():
        source.close()
