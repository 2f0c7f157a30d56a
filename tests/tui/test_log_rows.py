"""Rows of a log told from bytes close by; what is in hand; what a row shows."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lptui.model.finding import Evidence, Finding
from lptui.model.log import Chunk, LogSegment, LogView
from lptui.model.place import Anchor
from lptui.model.request import ReadLog
from lptui.text import cell_width
from lptui.tui.widgets import loghand, logrows
from lptui.tui.widgets.logcards import Cards
from lptui.tui.widgets.loghand import Hand, Unit
from lptui.tui.widgets.logrows import Held, row_end, row_start
from lptui.tui.widgets.logtext import frame_bounds, level_style, line_row, mark_matches, stamp_length

LINES = st.lists(
    st.sampled_from(
        [b"\n", b"\r", b"a", b"line\n", b"50%\r", b"\r\n", b"x" * 40, b"\x00" * 20, b"\xe2\x82\xac", b"y" * 9]
    ),
    max_size=60,
).map(b"".join)


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same rules at a size that hypothesis can explore."""
    monkeypatch.setattr(logrows, "PIECE", 16)
    monkeypatch.setattr(logrows, "BAR", 64)
    for name, size in (("PIECE", 16), ("CHUNK", 48), ("LARGE", 96), ("MARGIN", 16), ("KEEP", 100_000)):
        monkeypatch.setattr(loghand, name, size)


def all_rows(data: bytes) -> list[tuple[int, int]]:
    held = Held(0, data, 0, len(data))
    rows: list[tuple[int, int]] = []
    at = 0
    while at < len(data):
        end = row_end(held, at)
        assert end is not None
        assert end > at
        rows.append((at, end))
        at = end
    return rows


def extent(data: bytes, tail: int, base: int = 0) -> LogView:
    size = len(data)
    keep = min(tail, size)
    return LogView("x.log", (LogSegment(0, base, size),), data[size - keep :], base + size - keep)


def walk_back(hand: Hand, data: bytes, base: int = 0) -> list[Unit]:
    """Every unit from the newest to the oldest, answering each request at once, as an engine would."""

    def fetched(get):
        for _ in range(10_000):
            hand.wanted = None
            unit = get()
            if unit is not None or hand.wanted is None:
                return unit
            request: ReadLog = hand.wanted
            assert request.length > 0
            low = request.start - base
            hand.add(request, Chunk("x.log", request.start, data[low : low + request.length]))
        raise AssertionError("asks for ever")

    units: list[Unit] = []
    unit = fetched(hand.last)
    while unit is not None:
        units.append(unit)
        unit = fetched(lambda: hand.before(units[-1]))
    return units


def test_rows_end_at_line_feeds() -> None:
    assert all_rows(b"a\nbc\r\n\nd") == [(0, 2), (2, 6), (6, 7), (7, 8)]


def test_a_long_line_is_cut_and_a_progress_bar_is_not() -> None:
    long_line = b"h\n" + b"x" * 300_000 + b"\nend\n"
    rows = all_rows(long_line)
    assert rows[0] == (0, 2)
    assert all(end % 65_536 == 0 for _, end in rows[1:-2])
    assert len(rows) > 4
    bar = b"h\n" + b"".join(b"%6d/9999 [##    ]\r" % i for i in range(20_000)) + b"\nend\n"
    assert len(bar) > 300_000
    assert [bar[s:e] for s, e in all_rows(bar)][2:] == [b"end\n"]


@given(LINES, st.integers(0, 30), st.integers(0, 30))
@settings(max_examples=300)
def test_rows_do_not_depend_on_what_is_in_hand(data: bytes, drop: int, cut: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logrows, "PIECE", 16)
        patch.setattr(logrows, "BAR", 64)
        rows = all_rows(data)
        part = Held(drop, data[drop : len(data) - cut], 0, len(data))
        for start, end in rows:
            for position in {start, (start + end) // 2, end - 1}:
                told = row_start(part, position)
                assert told in (None, start)
                if drop == 0 and position < len(data) - cut:
                    assert told == start
            assert row_end(part, start) in (None, end)


@given(LINES, st.integers(1, 70), st.sampled_from([0, -1000, 4096]))
@settings(max_examples=200)
def test_walking_back_through_chunks_gives_the_rows_of_the_whole(data: bytes, tail: int, base: int) -> None:
    base *= 16
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logrows, "PIECE", 16)
        patch.setattr(logrows, "BAR", 64)
        for name, size in (("PIECE", 16), ("CHUNK", 48), ("LARGE", 96), ("KEEP", 100_000)):
            patch.setattr(loghand, name, size)
        hand = Hand(extent(data, tail, base))
        units = walk_back(hand, data, base)[::-1]
        assert [(u.start - base, u.end - base) for u in units if u.end > u.start] == all_rows(data)


@pytest.mark.usefixtures("small_pieces")
def test_a_growing_log_keeps_the_starts_of_its_rows() -> None:
    data = b"first\nsecond line\n" + b"z" * 50
    hand = Hand(extent(data, 100))
    first = hand.unit(0)
    grown = data + b"z" * 10 + b"\nlast"
    hand.update(extent(grown, 20))
    units = walk_back(hand, grown)[::-1]
    assert first == units[0]
    assert [(u.start, u.end) for u in units] == all_rows(grown)


def test_the_tail_alone_tells_the_end_of_a_huge_log() -> None:
    tail = b"half a line\n" + b"x\n" * 100
    view = LogView("x.log", (LogSegment(0, 0, 10**12),), tail, 10**12 - len(tail))
    hand = Hand(view)
    assert hand.last() == Unit(10**12 - 2, 10**12)
    assert hand.wanted is None
    assert hand.unit(10**12 - len(tail)) is None
    wanted = hand.wanted
    assert wanted is not None
    assert wanted.length == 256 * 1024
    assert wanted.start + wanted.length == view.tail_start


def test_generations_are_separated_and_lost_bytes_are_said() -> None:
    segments = (
        LogSegment(0, 0, 10, kept_from=6, lost="overwritten when it was truncated"),
        LogSegment(1, 10, 4, seam="truncated", seam_at=5.0),
        LogSegment(2, 14, 0, seam="rotated", seam_at=9.0),
    )
    hand = Hand(LogView("x.log", segments, b"", 14))
    last = hand.last()
    assert last == Unit(14, 14, "", (("rotated", 9.0),))
    hand.add(ReadLog("x.log", 0, 14), Chunk("x.log", 6, b"d\nefab\nc"))
    middle = hand.before(last)
    assert middle == Unit(13, 14)
    begin = hand.before(middle)
    assert begin == Unit(10, 13, "", (("truncated", 5.0),))
    old = hand.before(begin)
    assert old == Unit(8, 10)  # ends at the seam, without a line feed
    lost = hand.before(Unit(6, 8))
    assert lost is not None
    assert (lost.start, lost.end) == (0, 6)
    assert "truncated" in lost.lost
    assert hand.before(lost) is None


def test_a_chunk_with_a_reason_becomes_a_row_that_says_it() -> None:
    hand = Hand(extent(b"a\n" * 40_000, 1000))
    hand.unit(0)
    wanted = hand.wanted
    assert wanted is not None
    hand.add(wanted, Chunk("x.log", wanted.start, b"", "the file is gone"))
    unit = hand.unit(0)
    assert unit is not None
    assert unit.lost == "the file is gone"
    hand.forget_losses()
    assert hand.unit(0) is None


def text_of(data: bytes, left: int = 0, width: int = 60) -> str:
    return "".join(text for text, _ in line_row(data, 0, len(data), left, width))


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"plain\n", "plain"),
        (b"dos\r\n", "dos"),
        (b"10%\r20%\r30%", "30%"),
        (b"10%\r20%\r      \r", "20%"),
        (b"10%\r99%\r\x1b[K\x1b[A\r\n", "99%"),
        (b"\r\r\r\n", ""),
        (b" 1% done" + b"\b" * 8 + b" 2% done" + b"\b" * 8 + b" 3% done\n", " 3% done"),
        ("█▌ 50%".encode() + b"\b" * 6 + "███ 99%".encode(), "███ 99%"),
        (b"secret\b\b\b\b\b\bplain\n", "plain"),
        (b"see secret\b\b\b\b\b\bplain\n", "see secret␈␈␈␈␈␈plain"),
        (b"\x1b[?25l50%\x1b[?25h\n", "50%"),
        (b"a\x00\x00\x00\x00b\n", "a␀ × 4b"),
        (b"\x00" * 4096 + b"\n", "␀ × 4,096"),
        (b"cut \xe2\x82", "cut "),
        (b"bad \xff byte\n", "bad � byte"),
        (b"\x1b]0;title\x07ok\x1bc\n", "␛ok␛"),
        ("a\u202eb\n".encode(), "a<U+202E>b"),
    ],
)
def test_what_a_row_shows(data: bytes, shown: str) -> None:
    assert text_of(data) == shown


def test_colours_of_the_log_are_kept_and_levels_coloured() -> None:
    assert line_row(b"\x1b[31mred\x1b[0m plain\n", 0, 18, 0, 40) == (("red", "sgr:31"), (" plain", ""))
    line = b"[12:04:11.120] ERROR lost it\n"
    assert line_row(line, 0, len(line), 0, 40) == (("[12:04:11.120] ", "dim"), ("ERROR lost it", "error"))
    assert level_style(b"torch.OutOfMemoryError: CUDA out of memory") == "error"
    assert level_style(b"2026-11-23 12:04:11 WARNING slow") == "warn"
    assert level_style(b"0 errors in ERRORS.txt") == ""
    assert stamp_length("2026-11-23 12:04:11,120 - INFO") == 26
    assert stamp_length("12 apples") == 0


def test_scrolling_sideways_keeps_cells_whole() -> None:
    data = "ab漢字cd\n".encode()
    assert text_of(data, 1, 4) == "b漢›"
    assert text_of(data, 3, 5) == " 字cd"
    assert text_of(data, 3, 4) == " 字›"
    assert text_of(b"x" * 100_000 + b"end", 99_998, 10) == "xxend"


def test_a_long_row_costs_what_is_visible(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[int] = []
    from lptui.tui.widgets import logtext

    real = logtext.parse_sgr

    def counted(text, limit=4096):
        decoded.append(len(text))
        return real(text, limit)

    monkeypatch.setattr(logtext, "parse_sgr", counted)
    data = b"z" * 120_000
    assert text_of(data, 0, 80) == "z" * 79 + "›"
    assert sum(decoded) < 1000


def test_blank_frames_are_looked_back_over_only_so_far() -> None:
    data = b"start\r" + b"\r \r" * 400_000
    assert frame_bounds(data, 0, len(data)) == (0, 5)


@given(st.binary(max_size=300), st.integers(0, 40), st.integers(1, 60))
@settings(max_examples=400)
def test_no_bytes_make_a_control_character(data: bytes, left: int, width: int) -> None:
    row = line_row(data.replace(b"\n", b""), 0, len(data.replace(b"\n", b"")), left, width)
    text = "".join(t for t, _ in row)
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in text)
    assert cell_width(text) <= width
    assert all("\x1b" not in style for _, style in row)


def test_matches_are_marked_across_spans() -> None:
    row = (("abc", ""), ("def", "error"))
    assert mark_matches(row, [(2, 4)]) == (("ab", ""), ("c", "match"), ("d", "error match"), ("ef", "error"))
    assert mark_matches(row, []) is row


def test_a_follow_up_of_a_metric_says_its_fix_at_the_line() -> None:
    line = Evidence("ValueError: NaN", anchor=Anchor("f", 0, 3))
    noticed = Finding("log", "nan-in-model-or-grad", "error", "NaN", "follow-up", "nan", evidence=(line,))
    onset = Finding("nan", "nan-loss", "error", "loss is NaN since step 9")
    view = LogView("f", (LogSegment(0, 0, 10),))
    assert [card.brief for card in Cards((onset, noticed), view).within(0, 10)] == [False]
    assert [card.brief for card in Cards((noticed,), view).within(0, 10)] == [True]


@pytest.mark.parametrize("padding", [b"   ", b"   \x1b[0m", b" \x1b[0m  \x1b[2m   \x1b[0m\r"])
def test_blanks_that_fill_a_row_up_are_nothing_that_goes_on(padding: bytes) -> None:
    assert text_of(b"12345678" + padding, 0, 8) == "12345678"
    assert text_of(b"123456789" + padding, 0, 8) == "1234567›"
    assert text_of(b" " * 4000 + b"end", 0, 8) == "       ›"


@pytest.mark.parametrize("scrolled", [False, True])
def test_rows_in_hand_stay_when_a_new_generation_begins(scrolled: bool) -> None:
    data = b"".join(b"line %d\n" % number for number in range(50_000))
    hand = Hand(extent(data, 4096))
    far = hand.unit(1000) if scrolled else None
    if scrolled:
        assert far is None
        assert hand.wanted is not None
        wanted = hand.wanted
        hand.add(wanted, Chunk("x.log", wanted.start, data[wanted.start : wanted.start + wanted.length]))
    newer = LogSegment(1, len(data), 4, "rotated", 1.0)
    hand.update(LogView("x.log", (*hand.view.segments, newer), b"new\n", len(data)))
    if scrolled:
        assert hand.unit(1000) is not None, "what a reader looks at far above stays too"
    else:
        assert hand.unit(len(data) - 20) is not None
    assert hand.unit(len(data)) is not None
