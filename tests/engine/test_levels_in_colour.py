"""A level is found wherever colours stand in its lines: as in the same lines without them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lptui.engine.sieve import Sieve
from lptui.formats.log_shape import level_run
from lptui.model.log_query import LogQuery

LEVELS = ("debug", "info", "warning", "error", "critical")
COLOURS = (b"\x1b[0m", b"\x1b[1;36m", b"\x1b[32m\x1b[1m", b"\x1b[38;2;255;100;0m", b"\x1b[K", b"\x1b[m")
RICH = b"\x1b[2;36m[00:00:00.787]\x1b[0m \x1b[33mWARNING \x1b[0m rollout \x1b[1;36m1\x1b[0m"
LOGURU = (
    b"\x1b[32m2026-01-01 00:00:00.787\x1b[0m | \x1b[33m\x1b[1mWARNING \x1b[0m | \x1b[36mm\x1b[0m:\x1b[36mf\x1b[0m - x"
)
NEITHER = (b"\x1b", b"\x1b[", b"\x1b[31", b"m", b"[0m")
"""What is no colour and stays in the text."""
SHAPES = (
    b"12:00:00 [%s] a: x", b"[12:00:00.787] %s     rollout 1", b"2026-01-01 00:00:00.1 | %s     | m:f:1 - x",
    b"2026-01-01 00:00:00,1 - m.n - %s - x", b"[rank2]: 12:00:00 %s: x", b"%s", b"%s:root:x", b"the %s of all", b"x%sx",
    b'{"a": 1, "level": "%s"}', b"time=12:00 level=%s msg=x", b"2026-01-01 00:00:00 [%s    ] x", b"slurmstepd: %s: x",
)  # fmt: skip
WORDS = (
    b"DEBUG",
    b"INFO",
    b"WARN",
    b"WARNING",
    b"ERROR",
    b"ERR",
    b"FATAL",
    b"info",
    b"warning",
    b"error",
    b"exception",
)
OTHERS = (
    b"E1123 10:00:00.120000 812 x.cc:12] broke", b"[I x/y.py:3] fine", b"I1123 is a room", b"C a:1", b"",
    b"node7:812:901 [3] NCCL WARN x", b"t.py:3: UserWarning: x", b"ValueError: x", b"KeyboardInterrupt  ", b"Errors",
    b"Traceback (most recent call last):", b"Fatal Python error: x", b"srun: error: x", b"plain",
)  # fmt: skip


def say(shape: bytes, word: bytes) -> bytes:
    return shape % word


PLAIN = st.one_of(st.builds(say, st.sampled_from(SHAPES), st.sampled_from(WORDS)), st.sampled_from(OTHERS))
MARKS = st.lists(st.tuples(st.integers(0, 45), st.sampled_from(COLOURS)), max_size=6)


def mark(line: bytes, marks: list[tuple[int, bytes]]) -> bytes:
    for at, colour in sorted(((min(at, len(line)), colour) for at, colour in marks), reverse=True):
        line = line[:at] + colour + line[at:]
    return line


def kept(lines: list[bytes], level: str, unless: tuple[str, ...] = ()) -> list[int]:
    """Numbers of the lines that are kept of what ends in a line feed."""
    data = b"".join(line + b"\n" for line in lines)
    return [data.count(b"\n", 0, at) for at in Sieve(LogQuery(level=level, unless=unless)).keep(data)]


@settings(max_examples=600, deadline=None)
@given(PLAIN, MARKS, st.sampled_from(LEVELS))
def test_a_line_in_colour_has_the_level_of_the_line_without(
    line: bytes, marks: list[tuple[int, bytes]], level: str
) -> None:
    assert kept([mark(line, marks)], level) == kept([line], level)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        st.builds(mark, PLAIN, st.lists(st.tuples(st.integers(0, 45), st.sampled_from(COLOURS + NEITHER)), max_size=4)),
        max_size=12,
    ),
    st.sampled_from(LEVELS),
)
def test_many_lines_in_colour_are_those_that_a_close_look_keeps(lines: list[bytes], level: str) -> None:
    assert kept(lines, level) == kept(lines, level, ("no line has this",))


@pytest.mark.parametrize("deep", [0, 70_000])
def test_a_huge_line_in_colour_is_told_by_the_place_that_is_known(deep: int) -> None:
    line = b"12:00:00 [ERROR] " + b"." * deep + b"\x1b[31mERROR\x1b[0m"
    late = b'{"a": "' + b"." * deep + b'"} \x1b[31mERROR\x1b[0m'
    for one in (line, late):
        query = LogQuery(level="error")
        data = b"\x1b[32m12:00:00\x1b[0m INFO x\n" + one + b"\n"
        assert Sieve(query).keep(data) == Sieve(LogQuery(level="error", unless=("none",))).keep(data)


@pytest.mark.parametrize("line", [RICH, LOGURU])
def test_lines_as_rich_and_loguru_write_them_are_taken_many_at_a_time(line: bytes) -> None:
    run = re.compile(level_run(["warning"], coloured=True))
    assert re.fullmatch(run, (line + b"\n") * 3)
    assert not re.match(run, line.replace(b"WARNING", b"INFO   ") + b"\n")
    assert kept([line] * 3, "warning") == [0, 1, 2]
    assert kept([line] * 3, "error") == []
