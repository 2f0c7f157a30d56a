"""Filtering, counting, seeking and saving over a whole log, held against what a plain loop over its lines gives."""

from __future__ import annotations

import errno
import os
import re
from array import array
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lptui.engine.log_walk as walk_module
import lptui.engine.saving as saving_module
import lptui.engine.seek as seek_module
from lptui.engine.rows_at import read_rows
from lptui.engine.saving import save
from lptui.engine.search import search
from lptui.engine.seek import seek
from lptui.engine.sieve import Sieve
from lptui.engine.sift import sift
from lptui.formats.log_query import read_place, read_query
from lptui.model.log import Chunk, LogSegment, LogView
from lptui.model.log_query import LogPlace, LogQuery
from lptui.model.request import ReadRows, SaveLog, SearchLog, SeekLog, Sifted, SiftLog
from lptui.sources.log import LogSource

ROWS = [
    b"12:00:00 [INFO] a: fine loss 0.5",
    b"12:00:01 [WARNING] a: slow",
    b"12:00:02 [ERROR] a: it broke",
    b"Traceback (most recent call last):",
    b'  File "t.py", line 3, in f',
    b"RuntimeError: boom",
    b"[rank3]: 12:00:03 [ERROR] b: it broke too",
    b"\x1b[31mERR\x1b[0mOR in colour",
    b" 10%|#  |\r 20%|## | loss 0.4",
    b"",
]


def view_of(data: bytes) -> LogView:
    return LogView("f", (LogSegment(0, 0, len(data)),), data[-64:], max(0, len(data) - 64))


def reader(data: bytes):
    return lambda at, size: Chunk("f", at, data[at : at + size])


def sifted(data: bytes, query: LogQuery, pattern: str = "", most: int = 1_000_000) -> tuple[list[int], Sifted]:
    answers = list(sift(SiftLog("f", query, pattern), view_of(data), reader(data), most))
    assert [a.done for a in answers] == [False] * (len(answers) - 1) + [True]
    found = [at for a in answers for at in a.found]
    assert found == sorted(found, reverse=True)
    return found[::-1], answers[-1]


def lines_with_starts(data: bytes) -> list[tuple[int, bytes]]:
    starts = [0, *(m.end() for m in re.finditer(b"\n", data))]
    return [(a, data[a:b]) for a, b in zip(starts, [*starts[1:], len(data)], strict=True) if a < len(data)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(ROWS), max_size=40), st.integers(80, 300), st.booleans())
def test_a_pattern_finds_each_line_once_whatever_the_blocks(rows: list[bytes], block: int, ended: bool) -> None:
    data = b"\n".join(rows) + (b"\n" if ended else b"")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(walk_module, "BLOCK", block)
        found, last = sifted(data, LogQuery(text="broke|loss"))
    wanted = [at for at, line in lines_with_starts(data) if re.search(b"broke|loss", line)]
    assert found == wanted
    assert last.matches == len(wanted)


def test_a_level_brings_the_traceback_below_it_and_no_more() -> None:
    data = b"\n".join(ROWS) + b"\n"
    shown = [data[at:].split(b"\n")[0] for at in sifted(data, LogQuery(level="error"))[0]]
    assert shown == [ROWS[2], ROWS[3], ROWS[4], ROWS[5], ROWS[6], ROWS[7]]
    shown = [data[at:].split(b"\n")[0] for at in sifted(data, LogQuery(level="warning"))[0]]
    assert shown[0] == ROWS[1]


@pytest.mark.parametrize(
    ("line", "level"),
    [
        (b"06:32:27 [ERROR] trainer: x", "error"),
        (b"[06:32:26.766554] WARNING  slow    trainer.py:390", "warning"),
        (b'{"time": "2026-01-01T00:00:00Z", "level": "error", "msg": "x"}', "error"),
        (b'{"levelname":"WARN","message":"x"}', "warning"),
        (b"node7:812:901 [3] NCCL WARN Call to connect failed", "warning"),
        (b"node7:812:901 [3] misc/socket.cc:412 NCCL WARN x", "warning"),
        (b"E1123 10:00:00.120000 812 x.cc:12] failed", "error"),
        (b"[rank2]:[W1123 10:00:00.120000 ProcessGroup.cpp:4] slow", "warning"),
        (b"slurmstepd: error: *** JOB 812 ON node7 CANCELLED ***", "error"),
        (b"2026-01-01 00:00:00.123 | CRITICAL | mod:fn:12 - gone", "critical"),
        (b"WARNING:root:x", "warning"),
        (b"ValueError: bad", "error"),
        (b"the error rate is 0.2", ""),
        (b"12:00:00 [INFO] Error_rate=0 ERROR_BUDGET 3", ""),
    ],
)
def test_levels_are_found_in_every_known_format(line: bytes, level: str) -> None:
    data = b"12:00:00 [INFO] x: before\n" + line + b"\n12:00:00 [INFO] x: after\n"
    found, _ = sifted(data, LogQuery(level="warning"))
    assert [data[at:].split(b"\n")[0] for at in found] == ([line] if level else [])
    if level:
        assert (sifted(data, LogQuery(level="critical"))[0] != []) == (level == "critical")


STAMPS = (b"12:00:00", b"[2026-01-01 00:00:00,123]", b"2026-01-01T00:00:00.5Z", b"[rank2]:12:00:00", b"25:00:00")
LEVELLED = (
    *(stamp + form % word for stamp in STAMPS for word in (b"INFO", b"ERROR", b"DEBUG")
      for form in (b" [%s] m: x", b" %s: x", b" | %s     | m:f:1 - x", b" - m.n - %s - x", b" x %s x", b" [%s]x")),
    b"I1123 10:00:00.120000 812 x.cc:12] fine", b"[rank1]:[E1123 10:00:00.1 x.cc:12] broke", b"I1123 is a room",
    b"node7:812:901 [3] NCCL INFO x", b"node7:812:901 [3] NCCL WARN x", b"12:00:00 [3] NCCL INFO x",
    b'{"ts": "2026", "level": "info", "m": 1}', b'{"level":"ERROR"}', b'{"m": "level", "x": "info"}',
    b"\x1b[32mINFO\x1b[0m     x", b"12:00:00 [INFO] \x1b[31mred\x1b[0m", b"12:00:00 [INFO] 10%\r12:00:00 [DEBUG] 20%",
    b"  wrapped", b"plain", b"", b"ValueError: x", b"Traceback (most recent call last)",
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(LEVELLED), max_size=30), st.sampled_from(("info", "warning", "error")), st.booleans())
def test_many_lines_at_a_time_are_those_that_a_close_look_keeps(rows: list[bytes], level: str, ended: bool) -> None:
    data = b"\n".join(rows) + (b"\n" if ended else b"")
    fast, slow = Sieve(LogQuery(level=level)), Sieve(LogQuery(level=level, unless=("no line has this",)))
    assert fast.keep(data) == slow.keep(data)


@pytest.mark.parametrize(
    ("line", "rank"),
    [
        (b"[rank3]: boom", 3),
        (b"[default13]:boom", 13),
        (b"[06:32:27.258] [4-1]  INFO     x [a.py:1]", 4),
        (b"node7:812:901 [5] NCCL INFO x", 5),
        (b'{"rank": 6, "msg": "x"}', 6),
        (b"episode [3] of rank 3", None),
    ],
)
def test_ranks_are_found_in_every_known_format(line: bytes, rank: int | None) -> None:
    for wanted in (3, 4, 5, 6, 13):
        found, _ = sifted(line + b"\n", LogQuery(ranks=(wanted,)))
        assert found == ([0] if wanted == rank else [])


def test_words_in_colour_and_the_shown_frame_of_a_bar_are_what_counts() -> None:
    data = b"\n".join(ROWS) + b"\n"
    assert [data[at:].split(b"\n")[0] for at in sifted(data, LogQuery(text="ERROR in"))[0]] == [ROWS[7]]
    assert len(sifted(data, LogQuery(text="20%"))[0]) == 1
    assert sifted(data, LogQuery(text="10%"))[0] == []


def test_what_is_left_out_and_what_is_searched_within() -> None:
    data = b"\n".join(ROWS) + b"\n"
    assert len(sifted(data, LogQuery(text="broke", unless=("rank",)))[0]) == 1
    within = LogQuery(level="error")
    assert sifted(data, within, "boom")[0] == [data.index(b"RuntimeError")]
    hit = list(search(SearchLog("f", "boom|fine", 0, within=within), view_of(data), reader(data)))[-1].hit
    assert hit == data.index(b"RuntimeError")


def test_more_matches_than_are_kept_are_said_to_be_there() -> None:
    data = b"x\n" * 100
    found, last = sifted(data, LogQuery(text="x"), most=30)
    assert found == list(range(140, 200, 2))
    assert last.full
    assert last.matches == 30


def test_a_huge_line_is_told_by_the_place_of_its_match() -> None:
    data = b"a\n" + b"." * 300_000 + b"needle" + b"." * 300_000 + b"\nb\n"
    assert sifted(data, LogQuery(text="needle"))[0] == [300_002]


def dated(tmp_path: Path) -> tuple[LogSource, bytes]:
    lines = [
        f"2026-03-01T{10 + n // 3600:02d}:{n // 60 % 60:02d}:{n % 60:02d}Z [INFO] t: step {n * 10} loss 0.5 {'x' * 9}\n"
        for n in range(5000)
    ]
    path = tmp_path / "a.log"
    path.write_text("".join(lines))
    return LogSource(str(path)), path.read_bytes()


BEGAN = 1772359200.0


@pytest.mark.parametrize("indexed", [True, False])
def test_times_steps_and_lines_are_found_with_and_without_an_index(tmp_path: Path, indexed: bool) -> None:
    source, data = dated(tmp_path)
    for turn in range(20 if indexed else 1):
        list(source.poll(2e9 + turn))
    view = source.view
    if not indexed:
        assert view.lines.older_count == 0
    starts = [at for at, _ in lines_with_starts(data)]

    def position(place: LogPlace) -> int | None:
        return list(seek(SeekLog(source.path, place, 0), view, source.read))[-1].position

    for n in (0, 1, 599, 2500, 4999):
        assert position(LogPlace("time", BEGAN + n)) == starts[n]
        assert position(LogPlace("line", n + 1)) == starts[n]
        assert position(LogPlace("line", -(5000 - n))) == starts[n]
        if indexed or n < 1000:
            assert position(LogPlace("step", n * 10)) == starts[n]
    assert position(LogPlace("line", 10_000)) == len(data) - 1
    request = SiftLog(source.path, LogQuery(since=BEGAN + 100, until=BEGAN + 110, text="step"))
    found = [at for a in sift(request, view, source.read) for at in a.found]
    assert found == starts[100:110][::-1]
    request = SiftLog(source.path, LogQuery(text="step", step_from=2000, step_to=2100))
    if indexed:
        assert [at for a in sift(request, view, source.read) for at in a.found] == starts[200:210][::-1]


@pytest.mark.parametrize("spacing", [7, 100, 64 * 1024])
def test_every_line_number_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spacing: int) -> None:
    import lptui.stores.log_index as log_index

    monkeypatch.setattr(log_index, "SPACING", spacing)
    monkeypatch.setattr(seek_module, "BLOCK", 50)
    path = tmp_path / "a.log"
    path.write_bytes(b"\n\none\n\ntwo and more\nthree")
    source = LogSource(str(path))
    for turn in range(3):
        list(source.poll(1000.0 + turn))
    starts = [at for at, _ in lines_with_starts(path.read_bytes())]
    for number, start in enumerate(starts, 1):
        request = SeekLog(str(path), LogPlace("line", number), 0)
        assert list(seek(request, source.view, source.read))[-1].position == start


@pytest.mark.parametrize("block", [3, 1000])
@pytest.mark.parametrize("ends", [(b"one\ntwo\n", b"", b"three\nfour"), (b"one", b"two\n\n", b"four\n")])
def test_lines_count_from_the_end_over_all_generations(
    monkeypatch: pytest.MonkeyPatch, ends: tuple[bytes, ...], block: int
) -> None:
    monkeypatch.setattr(seek_module, "BLOCK", block)
    segments, starts, at = list[LogSegment](), list[int](), 0
    for generation, data in enumerate(ends):
        segments.append(LogSegment(generation, at, len(data)))
        starts += [at + start for start, _ in lines_with_starts(data)]
        at += len(data)
    view, read = LogView("f", tuple(segments)), reader(b"".join(ends))
    for near in (0, at - 1):
        for back, start in enumerate(reversed(starts), 1):
            (sought,) = seek(SeekLog("f", LogPlace("line", -back), near), view, read)
            assert (sought.position, sought.reason) == (start, "")
        (sought,) = seek(SeekLog("f", LogPlace("line", -len(starts) - 1), near), view, read)
        assert (sought.position, sought.reason) == (0, "the log has fewer lines: this is the first")


def test_rows_come_with_lines_around_them() -> None:
    data = b"".join(b"line %d\n" % n for n in range(10))
    view = view_of(data)
    read = read_rows(ReadRows("f", (14, 0, 9999), 1), view, reader(data))
    assert [c.data for c in read.chunks] == [b"line 1\nline 2\nline 3\n", b"line 0\nline 1\n", b""]
    assert read.chunks[0].start == 7
    assert read.chunks[2].reason


def test_saving_writes_harmless_masked_rows_outside_of_the_run_only(tmp_path: Path) -> None:
    run, out = tmp_path / "run", tmp_path / "out.txt"
    run.mkdir()
    token = "hf_" + "abcdefghijklmnopqrst1234"
    data = f"keep \x1b]0;t\x07 {token}\nother\nkeep two\n".encode()
    view, log = view_of(data), str(run / "a.log")

    def last(path: Path) -> tuple[str, int]:
        answers = list(save(SaveLog(log, LogQuery(text="keep"), str(path)), view, reader(data), str(run)))
        return answers[-1].error, answers[-1].rows

    assert last(out) == ("", 2)
    text = out.read_text()
    assert text.endswith("\nkeep two\n")
    assert "\x1b" not in text
    assert token not in text
    assert "not overwritten" in last(out)[0]
    assert "own folder" in last(run / "x.txt")[0]
    link = tmp_path / "link"
    link.symlink_to(run)
    assert "own folder" in last(link / "x.txt")[0]
    assert "no such file" in last(tmp_path / "nowhere" / "x.txt")[0]
    assert list(run.iterdir()) == []
    # A log that is a run by itself has no folder of its own.
    answers = list(save(SaveLog(log, LogQuery(), str(tmp_path / "b.txt")), view, reader(data), ""))
    assert answers[-1].error == ""


def test_a_file_that_is_being_saved_is_no_complete_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, out = b"keep\n" * 1000, tmp_path / "out.txt"
    monkeypatch.setattr(saving_module, "OFTEN", 1)
    monkeypatch.setattr(walk_module, "BLOCK", 512)
    answers = save(SaveLog("a.log", LogQuery(), str(out)), view_of(data), reader(data), "")
    assert not next(answers).done
    assert not out.exists()
    assert (tmp_path / "out.txt.part").exists()
    assert (
        "not overwritten"
        in list(save(SaveLog("a.log", LogQuery(), str(out)), view_of(data), reader(data), ""))[-1].error
    )
    out.write_text("made meanwhile")
    assert "exists" in list(answers)[-1].error
    assert out.read_text() == "made meanwhile"
    assert (tmp_path / "out.txt.part").read_bytes() == data


def test_a_file_is_saved_where_there_are_no_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse_link(part: str, path: str) -> None:
        raise OSError(errno.EPERM, "not permitted")

    monkeypatch.setattr(os, "link", refuse_link)
    out = tmp_path / "out.txt"
    answers = list(save(SaveLog("a.log", LogQuery(), str(out)), view_of(b"keep\n"), reader(b"keep\n"), ""))
    assert (answers[-1].done, answers[-1].error, answers[-1].rows) == (True, "", 1)
    assert [path.name for path in tmp_path.iterdir()] == ["out.txt"]


NOON = datetime(2026, 3, 1, 12, 0).timestamp()


def test_what_is_typed_becomes_a_query() -> None:
    query = read_query("nccl timeout level:warn rank:0,4-6 last:10m -heartbeat +3 step:4M-5M", NOON)
    assert query == LogQuery("nccl timeout", ("heartbeat",), "warning", (0, 4, 5, 6), False, (), None, None, 600.0,
                             4e6, 5e6, 3)  # fmt: skip
    assert read_query("since:11:30 until:11:45:10", NOON) == LogQuery(since=NOON - 1800, until=NOON - 890)
    assert read_query("since:13:00", NOON).since == NOON - 23 * 3600
    assert read_query("finding:", NOON).findings
    assert read_query("Error: x", NOON).text == "Error: x"


@pytest.mark.parametrize("text", ["level:loud", "rank:x", "last:ten", "since:noon", "step:many", "since:99:99"])
def test_a_wrong_term_is_said_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text.partition(":")[2])):
        read_query(text, NOON)


def test_places_to_go_to() -> None:
    assert read_place("1,234", NOON) == LogPlace("line", 1234)
    assert read_place("-100", NOON) == LogPlace("line", -100)
    assert read_place("50%", NOON) == LogPlace("percent", 50)
    assert read_place("9:30", NOON) == LogPlace("time", NOON - 9000)
    assert read_place("step 4M", NOON) == LogPlace("step", 4e6)
    for wrong in ("", "x", "120%", "25:00"):
        with pytest.raises(ValueError, match=r"."):
            read_place(wrong, NOON)


def test_what_is_added_later_goes_on_from_the_last_whole_line() -> None:
    data = b"hit one\nmiss\nhit op"
    _, last = sifted(data, LogQuery(text="hit"))
    grown = data + b"en\nhit three\n"
    request = SiftLog("f", LogQuery(text="hit"), start=last.covered, more=True)
    found = array("q", (at for a in sift(request, view_of(grown), reader(grown)) for at in a.found))
    assert list(found) == [22, 13]


def test_json_lines_have_times_and_levels() -> None:
    """structlog's order: the clock last; loguru's `serialize`: the level far behind the text."""
    filler = b"x" * 600
    rows = [
        b'{"event": "step %d %s", "level": "info", "timestamp": "2026-03-01T12:%02d:00Z"}\n' % (n, filler, n)
        for n in range(60)
    ]
    rows.append(
        b'{"text": "%s", "record": {"level": {"icon": "x", "name": "ERROR", "no": 40}, "message": "it broke",'
        b' "time": {"repr": "2026-03-01 13:00:00+00:00", "timestamp": 1772370000.0}}}\n' % filler
    )
    data = b"".join(rows)
    starts = [at for at, _ in lines_with_starts(data)]
    assert sifted(data, LogQuery(level="error"))[0] == starts[-1:]
    assert sifted(data, read_query("since:2026-03-01T12:57Z", 2e9))[0] == starts[-4:]
    (sought,) = seek(SeekLog("f", read_place("2026-03-01T12:30Z", 2e9), 0), view_of(data), reader(data))
    assert sought.position == starts[30]
