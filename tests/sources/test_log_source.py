"""The log source: live lines first, history newest block first, every byte scanned exactly once."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lptui.sources.log as log_source
from lptui.formats.log_points import collect_points
from lptui.formats.log_time import date_facts
from lptui.formats.progress import scan
from lptui.model.events import Event, Facts, LogBlock, LogSeen, Samples, StatusSeen
from lptui.sources.log import LogSource


class Reader:
    """A log source with its own clock."""

    def __init__(self, path: Path) -> None:
        self.source, self.now = LogSource(str(path)), 1_000.0

    def look(self, times: int = 1) -> list[Event]:
        events: list[Event] = []
        for _ in range(times):
            self.now += 0.3
            events += self.source.poll(self.now)
        return events

    def drain(self) -> list[Event]:
        events = self.look(2)
        while self.source.pending:
            events += self.look()
        return events


def blocks(events: list[Event]) -> list[LogBlock]:
    return [e for e in events if isinstance(e, LogBlock)]


def test_history_comes_newest_block_first_and_in_whole_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_source, "BLOCK", 4096)
    text = b"".join(b"line %06d of the log\n" % i for i in range(2000))
    path = tmp_path / "a.log"
    path.write_bytes(text + b"open line")
    found = blocks(Reader(path).drain())
    starts = [b.start for b in found]
    assert starts == sorted(starts, reverse=True)
    assert all(b.data.endswith(b"\n") for b in found)
    assert b"".join(b.data for b in reversed(found)) == text
    assert all(b.backfill for b in found)
    assert all(text[: b.start].endswith(b.lead) for b in found)


def test_an_open_line_is_scanned_once_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"one\nhal")
    reader = Reader(path)
    reader.drain()
    with path.open("ab") as out:
        out.write(b"f\nnext")
    assert [(b.start, b.data, b.backfill) for b in blocks(reader.look(3))] == [(4, b"half\n", False)]


def test_a_line_that_came_is_told_in_one_view_with_the_lines_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"one\n")
    reader = Reader(path)
    reader.drain()
    with path.open("ab") as out:
        out.write(b"two\n")
    views = [event.view for event in reader.look(6) if isinstance(event, LogSeen)]
    assert [(view.end, view.modified_at) for view in views] == [(8, path.stat().st_mtime)]
    assert views[0].lines is reader.source.view.lines


def test_a_bar_without_newlines_is_complete_at_each_carriage_return(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"")
    reader = Reader(path)
    reader.drain()
    with path.open("ab") as out:
        out.write(b" 1/9\r 2/9\r 3/")
    assert [b.data for b in blocks(reader.look(3))] == [b" 1/9\r 2/9\r"]


def test_truncation_flushes_the_open_line_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"first\nopen")
    reader = Reader(path)
    reader.drain()
    path.write_bytes(b"new\n")
    found = blocks(reader.look(4))
    assert [(b.data, b.generation, b.base) for b in found] == [(b"open", 0, 0), (b"new\n", 1, 10)]


@settings(max_examples=40, deadline=None)
@given(pieces=st.lists(st.sampled_from([b"a\n", b"bc", b"\n", b"x\r", b"long " * 30, b"\xc3", b"\xa9\n"]), max_size=30))
def test_every_complete_byte_is_scanned_exactly_once(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]
) -> None:
    path = tmp_path_factory.mktemp("log") / "a.log"
    path.write_bytes(b"history\n")
    reader = Reader(path)
    found = blocks(reader.drain())
    for piece in pieces:
        with path.open("ab") as out:
            out.write(piece)
        found += blocks(reader.look(2))
    whole = b"history\n" + b"".join(pieces)
    end = max(whole.rfind(b"\n"), whole.rfind(b"\r")) + 1
    assert b"".join(b.data for b in sorted(found, key=lambda b: b.start)) == whole[:end]


def test_progress_lines_become_facts_and_samples_with_dates(tmp_path: Path) -> None:
    path = tmp_path / "script.log"
    line = (
        "{} [INFO] trainer-0-0: Epoch {} [me.run] / 41.23 ksps / 5.24% of 1.00 Gsteps / "
        "(45% train / 50% rollout / 5% stats)"
    )
    now = time.mktime((2026, 11, 23, 0, 0, 30, 0, 0, -1))
    path.write_text(line.format("23:59:58", 7) + "\n" + line.format("00:00:10", 8) + "\n")
    import os

    os.utime(path, (now, now))
    reader = Reader(path)
    reader.now = now
    events = reader.drain()
    dated = [d for e in events if isinstance(e, Facts) for d in e.facts]
    assert [d.at for d in dated] == [pytest.approx(now - 32), pytest.approx(now - 20)]
    samples = next(e for e in events if isinstance(e, Samples))
    rate = next(p for p in samples.points if p.key == "log/steps_per_second")
    assert list(rate.values) == [41230.0, 41230.0]


def test_a_missing_log_waits_and_says_so(tmp_path: Path) -> None:
    reader = Reader(tmp_path / "later.log")
    statuses = [e.status for e in reader.look(2) if isinstance(e, StatusSeen)]
    assert [(s.condition, s.complete) for s in statuses] == [("waiting", False)]
    (tmp_path / "later.log").write_bytes(b"here\n")
    events = reader.drain()
    assert any(isinstance(e, LogSeen) for e in events)
    assert [e.status.condition for e in events if isinstance(e, StatusSeen)][-1] == "ok"


def test_undated_lines_stay_undated() -> None:
    assert date_facts(b"", 0, (), 100.0) == ()


def test_a_line_without_a_count_is_of_the_heading_before_it() -> None:
    text = b"Epoch 3/10\nTrain Loss: 0.50 Acc: 0.80\nEpoch 4/10\nTrain Loss: 0.40 Acc: 0.82\nstep 9 x=1\nval loss=2\n"
    points = {p.key: list(p.steps) for p in collect_points(date_facts(text, 0, scan(text), float("inf")))}
    assert points["Train_Loss"] == [3.0, 4.0]
    assert str(points["val_loss"]) == "[nan]"


@pytest.mark.parametrize(("size", "most"), [(8 * 1024, None), (20 * 1024, 40), (200 * 1024, 10)])
def test_of_a_flood_few_numbers_are_read(size: int, most: int | None, tmp_path: Path) -> None:
    path = tmp_path / "train.log"
    path.write_text("12:00:00 INFO begins\n")
    reader = Reader(path)
    reader.drain()
    lines = [f"step {n} loss {1 / (n + 1):.6f}\n" for n in range(size // 24)]
    with path.open("a") as file:
        file.write("".join(lines))
    facts = [fact for event in reader.look(1) if isinstance(event, Facts) for fact in event.facts]
    assert len(facts) in ([len(lines)] if most is None else [most - 1, most])
