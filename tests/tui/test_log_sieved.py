"""The rows of a filtered log: in order, each once, with lines around them, whatever was fetched first."""

from __future__ import annotations

from array import array

from hypothesis import given, settings
from hypothesis import strategies as st

from lptui.engine.rows_at import read_rows
from lptui.model.log import Chunk, LogSegment, LogView
from lptui.model.log_query import LogQuery
from lptui.model.request import ReadRows, Sifted, SiftLog
from lptui.tui.widgets.logfound import Found
from lptui.tui.widgets.loghand import Unit
from lptui.tui.widgets.logscroll import Scroll
from lptui.tui.widgets.logsieved import SievedHand


def make(lines: list[bytes], hits: list[int], context: int) -> tuple[SievedHand, bytes, list[int]]:
    data = b"".join(lines)
    starts = [sum(map(len, lines[:n])) for n in range(len(lines))]
    request = SiftLog("f", LogQuery("x"))
    found = Found(request)
    positions = [starts[n] for n in sorted(hits)]
    found.add(Sifted(request, array("q", positions[::-1]), len(positions), 1, 1, len(data), True))
    view = LogView("f", (LogSegment(0, 0, len(data)),))
    return SievedHand(view, found, context), data, starts


def fetch(hand: SievedHand, data: bytes) -> None:
    wanted, hand.wanted = hand.wanted, None
    assert isinstance(wanted, ReadRows)
    hand.add(wanted, read_rows(wanted, hand.view, lambda at, size: Chunk("f", at, data[at : at + size])))


def got(hand: SievedHand, data: bytes, call: str, *args: object) -> Unit | None:
    while True:
        hand.wanted = None
        unit = getattr(hand, call)(*args)
        if unit is not None or hand.wanted is None:
            return unit
        fetch(hand, data)


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 30), st.data(), st.integers(0, 3), st.booleans())
def test_walking_shows_each_wanted_line_once(count: int, draw: st.DataObject, context: int, ended: bool) -> None:
    lines = [b"line %d\n" % n for n in range(count)]
    if not ended:
        lines[-1] = lines[-1][:-1]
    hits = draw.draw(st.sets(st.integers(0, count - 1), min_size=1))
    wanted = sorted({n for hit in hits for n in range(hit - context, hit + context + 1) if 0 <= n < count})
    hand, data, starts = make(lines, list(hits), context)
    up: list[Unit] = []
    unit = got(hand, data, "last")
    while unit is not None:
        up.append(unit)
        unit = got(hand, data, "before", unit)
    assert [u.start for u in reversed(up)] == [starts[n] for n in wanted]
    down: list[Unit] = []
    unit = got(hand, data, "unit", starts[wanted[0]])
    while unit is not None:
        down.append(unit)
        unit = got(hand, data, "after", unit)
    assert [u.start for u in down] == [starts[n] for n in wanted]
    for unit, n in zip(down, wanted, strict=True):
        text, start, end = hand.text_of(unit)
        assert text[start:end] == lines[n]
        assert unit.aside == (context > 0 and n not in hits)
        assert bool(unit.seams) == (context > 0 and n > wanted[0] and n - 1 not in wanted)


def test_a_scroll_over_a_filter_follows_and_stands_still() -> None:
    lines = [b"row %03d\n" % n for n in range(100)]
    hand, data, starts = make(lines, list(range(0, 100, 10)), 0)
    scroll = Scroll(hand, lambda _unit: 1)
    scroll.page(4)
    fetch(hand, data)
    shown = [s.unit.start for s in scroll.page(4) if s.unit]
    assert shown == [starts[n] for n in (60, 70, 80, 90)]
    scroll.move(-1, 4)
    assert [s.unit.start for s in scroll.page(4) if s.unit] == [starts[n] for n in (50, 60, 70, 80)]
    request = SiftLog("f", LogQuery("x"), more=True)
    hand.found.add(Sifted(request, array("q", [starts[95], starts[90]]), 1, 1, 1, len(data), True))
    assert len(hand.found) == 11
    assert [s.unit.start for s in scroll.page(4) if s.unit] == [starts[n] for n in (50, 60, 70, 80)]


def test_a_scroll_goes_to_the_chosen_row_though_newer_rows_come_first() -> None:
    lines = [b"row %03d\n" % n for n in range(100)]
    data, request = b"".join(lines), SiftLog("f", LogQuery("x"))
    found = Found(request)
    hand = SievedHand(LogView("f", (LogSegment(0, 0, len(data)),)), found, 0)
    scroll = Scroll(hand, lambda _unit: 1)
    scroll.jump(55 * 8, 1)
    shown: list[list[int]] = []
    for tens, done in (((90, 80, 70), False), ((60, 50, 40), False), ((30, 20, 10, 0), True)):
        found.add(Sifted(request, array("q", [n * 8 for n in tens]), len(found), 1, 1, len(data), done))
        while True:
            hand.wanted = None
            page = scroll.page(3)
            if hand.wanted is None:
                break
            fetch(hand, data)
        shown.append([s.unit.start // 8 for s in page if s.unit])
    assert shown == [[70, 80, 90], [40, 50, 60], [40, 50, 60]]


def test_a_row_that_cannot_be_read_says_so() -> None:
    hand, _, starts = make([b"one\n", b"two\n"], [1], 0)
    assert hand.last() is None
    hand.wanted = None
    wanted = ReadRows("f", (starts[1],))
    hand.add(wanted, read_rows(wanted, hand.view, lambda at, _size: Chunk("f", at, b"", "gone")))
    unit = hand.last()
    assert unit is not None
    assert unit.lost == "gone"


def test_what_was_found_is_said_in_words() -> None:
    request = SiftLog("f", LogQuery("x"))
    found = Found(request)
    found.add(Sifted(request, array("q", [9]), 1, 40, 100, 0))
    assert found.words("matches") == "1 match, 40 %"
    found.add(Sifted(request, array("q", [5, 3]), 3, 100, 100, 0, True))
    assert found.words("matches") == "3 matches"
    assert [found[n] for n in range(3)] == [3, 5, 9]
    assert found.count_before(5) == 1
    found.full = True
    assert found.words("rows") == "the newest 3 rows, more are older"
