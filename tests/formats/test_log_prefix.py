from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lptui.formats.log_clock import NEVER, LineClock
from lptui.formats.log_prefix import level, parse_clock, read_prefix, strip_prefix
from lptui.formats.log_time import line_time


def day(hour: int, minute: int, second: float) -> float:
    return hour * 3600 + minute * 60 + second


DATED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp()

LINES = [
    # Metta: three consoles, two files
    (
        b"[06:32:26.766554] INFO     Epoch 100 - 4 steps/sec",
        day(6, 32, 26.766554),
        False,
        "info",
        b"Epoch 100 - 4 steps/sec",
    ),
    (
        b"[06:32:27.132] WARNING  Low disk [trainer.py:390]",
        day(6, 32, 27.132),
        False,
        "warning",
        b"Low disk [trainer.py:390]",
    ),
    (b"[06:32:27.258] [1-1]  INFO     Hello [p.py:1]", day(6, 32, 27.258), False, "info", b"Hello [p.py:1]"),
    (b"[06:32:27.258] [3]  ERROR    Hello", day(6, 32, 27.258), False, "error", b"Hello"),
    (b"[06:32:27.258]   INFO     Hello", day(6, 32, 27.258), False, "info", b"Hello"),
    (b"[06:32:26.766554] INFO     [1-0] Hello", day(6, 32, 26.766554), False, "info", b"Hello"),
    (b"06:32:27 [INFO] trainer-0-0: Epoch 100", day(6, 32, 27), False, "info", b"Epoch 100"),
    (b"23:59:59 [ERROR] metta.rl.training: boom: x", day(23, 59, 59), False, "error", b"boom: x"),
    # logging
    (b"2026-01-02 03:04:05,250 - my.mod - INFO - hello", DATED + 0.25, True, "info", b"hello"),
    (b"2026-01-02 03:04:05,250 INFO hello", DATED + 0.25, True, "info", b"hello"),
    (b"2026-01-02 03:04:05 [DEBUG] mod: hello", DATED, True, "debug", b"hello"),
    (b"[2026-01-02 03:04:05,250][my.mod][CRITICAL] - hello", DATED + 0.25, True, "critical", b"hello"),
    (b"[2026-01-02 03:04:05,250] [INFO] [engine.py:12:step] hello", DATED + 0.25, True, "info", b"hello"),
    (b"[INFO|trainer.py:12] 2026-01-02 03:04:05,250 >> hello", DATED + 0.25, True, "info", b"hello"),
    (b"2026-01-02 03:04:05 | INFO | rank=2 step=0", DATED, True, "info", b"rank=2 step=0"),
    # loguru, ISO, glog
    (b"2026-01-02 03:04:05.250 | SUCCESS  | a.b:run:12 - hello", DATED + 0.25, True, "info", b"hello"),
    (b"2026-01-02T03:04:05.250Z hello", DATED + 0.25, True, None, b"hello"),
    (b"2026-01-02T03:04:05+01:00 hello", DATED - 3600, True, None, b"hello"),
    (b"2026-01-02T03:04:05-0530 ERROR hello", DATED + 19800, True, "error", b"hello"),
    (b"I0102 03:04:05.250000 1234 file.cc:123] hello", day(3, 4, 5.25), False, "info", b"hello"),
    (b"W1123 00:00:00.763000 12 torch/distributed/run.py:793] hello", 0.763, False, "warning", b"hello"),
    (b"[rank1]:[W1123 00:00:00.763774618 reducer.cpp:1400] hello", 0.763774618, False, "warning", b"hello"),
    # dates whose order is the locale's, or that have no year
    (b"01/02/2026 03:04:05 - INFO - __main__ - hello", day(3, 4, 5), False, "info", b"hello"),
    (b"INFO 01-02 03:04:05 [core.py:12] hello", day(3, 4, 5), False, "info", b"[core.py:12] hello"),
    (b"[01/02 03:04:05 d2.utils]: hello", day(3, 4, 5), False, None, b"d2.utils]: hello"),
    (
        b"2026-01-02 03:04:05.250000: W tensorflow/c/x.cc:12] hello",
        DATED + 0.25,
        True,
        "warning",
        b"tensorflow/c/x.cc:12] hello",
    ),
    # Slurm
    (b"[2026-01-02T03:04:05.250] error: hello", DATED + 0.25, True, None, b"error: hello"),
    # no clock
    (b"[rank2]:[E ProcessGroupNCCL.cpp:632] hello", None, False, "error", b"hello"),
    (b"WARNING:root:hello", None, False, "warning", b"hello"),
    (b"ERROR: hello", None, False, "error", b"hello"),
    (b"[ERROR] hello", None, False, "error", b"hello"),
    (b"[SUMMARY] Exit code: 1", None, False, None, b"[SUMMARY] Exit code: 1"),
    (b"[TrainerCheckpoint] hello", None, False, None, b"[TrainerCheckpoint] hello"),
    (b"(RayTrainWorker pid=12, ip=10.0.0.1) hello", None, False, None, b"hello"),
    (b"[default2]:2026-01-02 03:04:05,250 | INFO | hello", DATED + 0.25, True, "info", b"hello"),
    (b"\x1b[2;36m[06:32:26]\x1b[0m \x1b[33mWARNING \x1b[0m hello", day(6, 32, 26), False, "warning", b"hello"),
    (b"hello world", None, False, None, b"hello world"),
    (b"INFORMATION is power", None, False, None, b"INFORMATION is power"),
    (b"2026-13-45 03:04:05 hello", None, False, None, b"hello"),
    (b"99:99:99 hello", None, False, None, b"99:99:99 hello"),
    (b"", None, False, None, b""),
]


@pytest.mark.parametrize(("line", "clock", "dated", "word", "message"), LINES)
def test_known_prefixes(line: bytes, clock: float | None, dated: bool, word: str | None, message: bytes) -> None:
    found = parse_clock(line)
    if clock is None:
        assert found is None
    else:
        assert found is not None
        assert found == (pytest.approx(clock, abs=1e-6), dated)
    assert level(line) == word
    assert strip_prefix(line) == message


def test_zone_and_rank() -> None:
    assert read_prefix(b"2026-01-02T03:04:05Z x").has_zone
    assert not read_prefix(b"2026-01-02 03:04:05 x").has_zone
    assert read_prefix(b"[rank12]: x").rank == 12
    assert read_prefix(b"x").rank is None


AT_MARCH = datetime(2026, 3, 1, 12, 4, 5, tzinfo=UTC).timestamp()
MOST_FAR = b'{"event": "' + b"x" * 3900 + b'", "timestamp": "2026-03-01T12:04:05Z"}'

JSON_LINES = [
    (b'{"time": "2026-03-01T12:04:05.250Z", "level": "INFO", "msg": "x"}', 0.25, True),
    (b'{"level": "info", "ts": 1772366645.25, "msg": "x"}', 0.25, True),
    (b'{"ts":1772366645250,"level":"info"}', 0.25, True),
    (b'{"ts":1772366645250000000}', 0.25, True),
    (b'{"created": 1772366645, "msg": "x"}', 0, True),
    (b'{"asctime": "2026-03-01 12:04:05,250", "levelname": "INFO"}', 0.25, False),
    (b'{"event": "epoch {1}", "level": "info", "timestamp": "2026-03-01T12:04:05.250000Z"}', 0.25, True),
    (b'{"@timestamp":"2026-03-01T12:04:05.250+01:00"}', 0.25 - 3600, True),
    (b'[rank3]: {"timestamp": "2026-03-01T12:04:05"}', 0, False),
    (b'{"text": "", "record": {"a": {}, "time": {"repr": "2026-03-01 12:04:05.25+00:00"}}}', 0.25, True),
    # what only looks like one
    (b'{"message": "say \\"time\\": \\"2026-03-01T12:04:05\\"", "step": 3}', None, False),
    (b'{"time": 0.31, "step": 3}', None, False),
    (b'{"time": 0.31, "timestamp": 1772366645}', 0, True),
    (b'{"time": "2026-13-45T12:04:05", "step": 3}', None, False),
    (MOST_FAR, 0, True),
    (MOST_FAR.replace(b"xx", b"x" * 4), None, False),
    (b"{", None, False),
]  # fmt: skip


@pytest.mark.parametrize(("line", "after", "zone"), JSON_LINES)
def test_clocks_of_json_lines(line: bytes, after: float | None, zone: bool) -> None:
    found = read_prefix(line)
    assert found.clock == (None if after is None else pytest.approx(AT_MARCH + after, abs=1e-5))
    if after is not None:
        assert (found.has_date, found.has_zone) == (True, zone)


@pytest.mark.parametrize("line", [line for line, *_ in JSON_LINES] + [line for line, *_ in LINES])
def test_many_times_at_once_are_those_of_single_lines(line: bytes) -> None:
    """The second line of a kind is read by the shape of the first."""
    later = line.replace(b"04:05", b"04:06").replace(b"1772366645", b"1772366646")
    limit = AT_MARCH + 3600
    assert LineClock().times([line, later], limit) == [
        pytest.approx(at) if (at := line_time(each, 0, limit)) is not None else NEVER for each in (line, later)
    ]


def test_a_json_line_ends_where_the_next_begins() -> None:
    data = b'{"step": 1}\n{"step": 2, "time": "2026-03-01T12:04:05Z"}\n'
    assert line_time(data, 0, AT_MARCH) is None
    assert line_time(data, 12, AT_MARCH) == AT_MARCH


@given(st.binary(max_size=600))
def test_garbage_never_raises(line: bytes) -> None:
    parse_clock(line)
    level(line)
    assert len(strip_prefix(line)) <= len(line)
