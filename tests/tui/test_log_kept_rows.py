"""Rows are made once: what a page shows again is not worked out again; places are counted without a walk in Python."""

from __future__ import annotations

from array import array

from hypothesis import given
from hypothesis import strategies as st

from lptui.model.log_query import LogQuery
from lptui.model.request import SiftLog
from lptui.tui.widgets import logtext
from lptui.tui.widgets.logfound import Found
from lptui.tui.widgets.logtext import SHORT, line_row

LINE = b"12:00:01 [ERROR] trainer: \x1b[31mlost\x1b[0m token=abcdefgh12345678abcdefgh\r12:00:02 [INFO] 3/4 done"


def test_a_row_that_was_made_is_not_made_again() -> None:
    data = b"x\n" + LINE + b"\ny"
    logtext._short_row.cache_clear()
    first = line_row(data, 2, 2 + len(LINE), 0, 40)
    for before in (b"", b"other text\n" * 9):
        assert line_row(before + LINE, len(before), len(before) + len(LINE), 0, 40) == first
    assert logtext._short_row.cache_info().misses == 1
    assert line_row(LINE, 0, len(LINE), 5, 40) != first
    assert line_row(LINE, 0, len(LINE), 0, 20) != first


@given(st.binary(max_size=200), st.integers(0, 30), st.integers(1, 60), st.booleans())
def test_a_kept_row_is_what_is_made(line: bytes, left: int, width: int, more: bool) -> None:
    made = logtext._make_row(b"ab" + line + b"cd", 2, 2 + len(line), left, width, more=more)
    assert line_row(line, 0, len(line), left, width, more=more) == made


def test_a_long_line_is_not_kept() -> None:
    logtext._short_row.cache_clear()
    line_row(b"x" * (SHORT + 1), 0, SHORT + 1, 0, 40)
    assert logtext._short_row.cache_info().currsize == 0


@given(st.sets(st.integers(-50, 50)), st.integers(0, 20), st.integers(-60, 60))
def test_places_are_counted(places: set[int], cut: int, position: int) -> None:
    found = Found(SiftLog("/r/log", LogQuery("x")))
    ordered = sorted(places)
    found.older, found.newer = array("q", ordered[:cut][::-1]), array("q", ordered[cut:])
    assert found.count_before(position) == sum(at < position for at in ordered)
    assert found.count_upto(position) == sum(at <= position for at in ordered)
