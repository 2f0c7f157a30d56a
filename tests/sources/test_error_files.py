"""Error files of torchrun's ranks: found, read within bounds, followed; and files that are none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lptui.formats.error_record import read_error_record
from lptui.model.events import LogBlock, StatusSeen, WitnessSeen
from lptui.run import discover
from lptui.run.ranks import attempt_of, is_error_file, rank_of
from lptui.sources.error_files import LIMIT, ErrorFileSource

STACK = 'Traceback (most recent call last):\n  File "/a/t.py", line 3, in f\nKeyError: 1\n'


def text(message: str = "KeyError: 1", stack: str = STACK, at: str = "1700000000") -> str:
    return json.dumps({"message": {"message": message, "extraInfo": {"py_callstack": stack, "timestamp": at}}})


def write(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def test_torchruns_folders_are_found_and_read_with_rank_attempt_and_time(tmp_path: Path) -> None:
    for attempt in (0, 1):
        write(tmp_path / f"logs/elastic/none_ab/attempt_{attempt}/3/error.json", text())
        write(tmp_path / f"logs/elastic/none_ab/attempt_{attempt}/3/stderr.log", "x\n")
    info = discover(str(tmp_path))
    assert len(info.error_files) == 2
    assert len(info.logs) == 2
    source = ErrorFileSource(info)
    events = list(source.poll(1.0))
    blocks = [e for e in events if isinstance(e, LogBlock)]
    assert [(b.place.rank, b.place.attempt) for b in blocks] == [(3, 1), (3, 2)]
    assert {b.happened_at.at for b in blocks if b.happened_at} == {1_700_000_000.0}
    assert blocks[0].data.endswith(b"KeyError: 1\n")
    assert [e.value for e in events if isinstance(e, WitnessSeen)] == ["1"]
    assert [e.status.detail for e in events if isinstance(e, StatusSeen)] == ["2 error files"]
    assert not [e for e in source.poll(2.0) if isinstance(e, LogBlock)]
    write(tmp_path / "logs/elastic/none_ab/attempt_2/0/error.json", text())
    assert [e.place.attempt for e in source.poll(20.0) if isinstance(e, LogBlock)] == [3]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[1, 2]",
        '{"message": {"no": 1}}',
        '{"error": "x"}',
        "[" * 100_000,
        json.dumps({"message": 3}),
        "\x00\xff",
    ],
)
def test_what_is_no_error_record_is_said_to_be_none(content: str, tmp_path: Path) -> None:
    assert read_error_record(content.encode()) is None
    write(tmp_path / "error.json", content)
    events = list(ErrorFileSource(discover(str(tmp_path))).poll(1.0))
    assert not [e for e in events if isinstance(e, LogBlock)]


def test_a_record_without_stack_or_with_a_strange_time_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    bare = read_error_record(json.dumps({"message": "Signal 11 (SIGSEGV) received by PID 7"}).encode())
    assert bare is not None
    assert (bare.text, bare.at) == ("Signal 11 (SIGSEGV) received by PID 7", None)
    for at in ("soon", "nan", "-4", "1e30"):
        odd = read_error_record(text(at=at).encode())
        assert odd is not None
        assert odd.at is None
    write(tmp_path / "error.json", text("x" * 2 * LIMIT, ""))  # cut in the middle: no JSON any more
    assert len(list(ErrorFileSource(discover(str(tmp_path))).poll(1.0))) == 1


@pytest.mark.parametrize(
    ("path", "rank", "attempt"),
    [
        ("/r/logs/script.log", None, None),
        ("/r/logs/script_2.log", 2, None),
        ("/r/rank-3.out", 3, None),
        ("/r/log_rank_12.txt", 12, None),
        ("/r/rank4/train.log", 4, None),
        ("/r/local_rank0.err", 0, None),
        ("/r/none_x/attempt_1/5/stderr.log", 5, 2),
        ("/r/frank3.log", None, None),
        ("/r/train_3.log", None, None),
    ],
)
def test_rank_and_attempt_by_path(path: str, rank: int | None, attempt: int | None) -> None:
    assert (rank_of(path), attempt_of(path)) == (rank, attempt)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("error.json", True), ("torchelastic_error.json", True), ("error_rank3.json", True), ("terror.json", False)],
)
def test_names_of_error_files(name: str, expected: bool) -> None:
    assert is_error_file(name) is expected
