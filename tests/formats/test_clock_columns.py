"""Clocks that are read by columns are those that are read line by line, and lines lie where merging would lay them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from lptui.formats.clock_columns import line_starts
from lptui.formats.log_clock import NEVER, LineClock
from lptui.formats.log_merge import Slice, merge_lines, place_lines, split_lines

NOON = 1772359200.0
FORMS = st.sampled_from(
    [b"2026-03-01 09:%02d:%02d,%03d [INFO] x", b"12:%02d:%02d [INFO] x %d",
     b"[2026-03-01T09:%02d:%02d.%06dZ] WARNING x",
     b"2026-03-01 09:%02d:%02d+01:00 | INFO     | m:f:%d - x", b"[rank3]: 2026-03-01 09:%02d:%02d,%03d x",
     b'{"time": "2026-03-01T09:%02d:%02d.%03dZ", "m": 1}', b"no clock %d %d %d", b"  at %d:%d:%d",
     b"2026-03-01 09:%02d:%02d,%03d"]
)  # fmt: skip
NUMBER = st.integers(0, 59)
LINE = st.builds(lambda form, a, b, c: form % (a, b, c), FORMS, NUMBER, NUMBER, st.integers(0, 999))
RUN = st.builds(lambda line, count: [line] * count, LINE, st.integers(1, 90))
LINES = st.lists(st.one_of(RUN, st.builds(lambda line: [line], LINE)), max_size=8).map(
    lambda runs: [line for run in runs for line in run]
)


@settings(max_examples=300, deadline=None)
@given(LINES, st.booleans())
def test_columns_tell_what_lines_tell(lines: list[bytes], ended: bool) -> None:
    data = b"\n".join(lines) + (b"\n" if ended and lines else b"")
    wanted = LineClock().times(split_lines(data), NOON)
    assert LineClock().times_of(data, NOON).tolist() == wanted
    known = LineClock()
    known.times([b"2026-03-01 09:00:00,000 [INFO] x", b"12:00:00 [INFO] x"], NOON)
    assert known.times_of(data, NOON).tolist() == wanted


@given(st.lists(st.sampled_from([b"", b"a", b"bc"]), max_size=9), st.booleans())
def test_lines_begin_where_they_are_split(lines: list[bytes], ended: bool) -> None:
    data = b"\n".join(lines) + (b"\n" if ended else b"")
    assert [data[at:].split(b"\n")[0] for at in line_starts(data)] == split_lines(data)


CLOCKED = st.tuples(st.sampled_from([b"x", b"longer", b""]), st.sampled_from([NEVER, 1.0, 2.0, 3.0]))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([b"", b"[rank1]: "]), st.lists(CLOCKED, max_size=6), st.booleans()), max_size=4)
)
def test_lines_lie_where_merging_lays_them(files: list[tuple[bytes, list[tuple[bytes, float]], bool]]) -> None:
    slices = [
        Slice(label, b"".join(line + b"\n" for line, _ in lines)[: None if ended else -1], [at for _, at in lines])
        for label, lines, ended in files
        if lines and (ended or lines[-1][0])
    ]
    merged, places = merge_lines(slices), place_lines(slices) if slices else ()
    starts = line_starts(merged.data).tolist()
    at = {number: starts[place] for place, number in enumerate(merged.order)}
    for index, found in enumerate(places):
        assert found.tolist() == [at[merged.firsts[index] + n] for n in range(len(found))]
