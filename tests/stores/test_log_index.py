"""The index of a log: marks count line feeds exactly, whatever order the bytes came in."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lptui.stores.log_index as log_index
from lptui.model.log_index import LineIndex, Marks
from lptui.sources.log import LogSource
from lptui.stores.log_index import Indexer

LINES = st.lists(st.sampled_from([b"a\n", b"\n", b"longer line of text\n", b"bar\rbar\r", b"open"]), max_size=60)


def marks_of(index: LineIndex) -> list[tuple[int, int]]:
    return [(m.position, m.feeds) for m in (index.mark(n) for n in range(len(index)))]


@settings(max_examples=60, deadline=None)
@given(history=LINES, live=LINES, block=st.integers(5, 60), spacing=st.integers(3, 40), large=st.booleans())
def test_marks_count_every_line_feed(
    history: list[bytes], live: list[bytes], block: int, spacing: int, large: bool
) -> None:
    text, more = b"".join(history), b"".join(live)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log_index, "SPACING", spacing)
        patch.setattr(log_index, "WORTH_VECTORS", 0 if large else len(text) + 1)
        indexer = Indexer()
        indexer.begin(len(text), complete=not text)
        for start in range(0, len(more), block):
            indexer.take_newer(more[start : start + block], len(text) + start, (), 0.0)
        stop = len(text)
        while stop > 0:
            start = max(0, stop - block)
            indexer.take_older(text[start:stop], start, (), 0.0, last=start == 0)
            stop = start
    index, whole = indexer.index, text + more
    found = marks_of(index)
    assert found == sorted(found)
    assert index.complete
    assert index.start == 0
    for position, feeds in found:
        low, high = sorted((position, len(text)))
        assert abs(feeds) == whole.count(b"\n", low, high)
    for position in range(len(whole)):
        mark = index.at_or_before(position)
        assert mark is not None
        assert mark.position <= position
        later = index.after(position)
        assert later is None or later.position > position


def test_a_look_does_not_change_when_marks_come() -> None:
    indexer = Indexer()
    indexer.begin(0, complete=True)
    before = indexer.index
    indexer.take_newer(b"x\n" * 100_000, 0, (), 0.0)
    assert len(before) == 1
    assert len(indexer.index) > 2


def test_times_and_steps_are_those_of_the_next_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    line = "2026-03-01T10:{:02d}:{:02d}Z INFO step {} loss 0.5 {}\n"
    path.write_text("".join(line.format(n // 60, n % 60, n * 10, "x" * 2000) for n in range(600)))
    source = LogSource(str(path))
    now = path.stat().st_mtime
    for turn in range(20):
        list(source.poll(now + turn))
    index = source.view.lines
    assert index.complete
    began = 1772359200.0
    times = [index.mark(n).at - began for n in range(len(index)) if not math.isnan(index.mark(n).at)]
    assert times[0] == 0
    assert times == sorted(times)
    number = index.before_time(began + 300)
    assert number is not None
    assert index.mark(number).at < began + 300 <= index.mark(number + 1).at
    number = index.before_step(3000)
    assert number is not None
    assert index.mark(number).step < 3000 <= index.mark(number + 1).step


def test_a_run_that_was_set_back_counts_from_its_newest_pass() -> None:
    newer = Marks()
    for place, step in enumerate((0, 100, 200, 300, 50, 150, 250, math.nan)):
        newer.add(place, place, math.nan, float(step))
    index = LineIndex(0, Marks(), newer, 0, len(newer))
    assert index.before_step(200) == 5
    assert index.before_step(0) is None


def test_a_new_generation_is_marked_at_its_first_byte(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"one\ntwo\n")
    source = LogSource(str(path))
    for turn in range(4):
        list(source.poll(1000.0 + turn))
    path.rename(tmp_path / "a.log.1")
    path.write_bytes(b"three\nfour\n")
    for turn in range(6):
        list(source.poll(1010.0 + turn))
    assert (8, 0) in marks_of(source.view.lines)
    assert source.view.segments[-1].base == 8
