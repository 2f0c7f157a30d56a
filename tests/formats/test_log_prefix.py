from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lptui.formats.log_prefix import level, parse_clock, read_prefix, strip_prefix


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


@given(st.binary(max_size=600))
def test_garbage_never_raises(line: bytes) -> None:
    parse_clock(line)
    level(line)
    assert len(strip_prefix(line)) <= len(line)
