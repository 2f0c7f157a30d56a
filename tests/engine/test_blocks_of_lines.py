"""Whatever the size of a block and the way through it, the same rows are found: those that a slow loop finds."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import lptui.engine.log_blocks as blocks_module
import lptui.engine.log_walk as walk_module
import lptui.engine.search as search_module
import lptui.engine.sieve as sieve_module
import lptui.engine.sift as sift_module
from lptui.engine.log_blocks import lines_ahead, lines_back
from lptui.engine.pattern import Pattern, find_words
from lptui.engine.search import search
from lptui.engine.sift import sift
from lptui.formats.log_shape import last_frame
from lptui.model.log import Chunk, LogSegment, LogView
from lptui.model.log_query import LogQuery
from lptui.model.request import SearchLog, SiftLog

LONGEST, PIECE = 512, 64
PIECES = st.sampled_from(
    [b"loss", b"Loss nan", b"12:00:00 [ERROR] a: it broke", b"12:00:00 [INFO] fine",
     b"Traceback (most recent call last):", b"  File \"t.py\", line 3", b"RuntimeError: boom", b"lo\x1b[31mss\x1b[0m",
     b"\x1b[31mERR\x1b[0mOR", b" 10%|# |\r", b" 20%|## | loss 0.4\r", b"." * 40, b"." * 700,
     b"\xc3\x89t\xc3\xa9", b"LOSS", b"\r", b"x|loss\x00", b"@[{"]
)  # fmt: skip
LINES = st.lists(st.builds(b"".join, st.lists(PIECES, max_size=5)), max_size=14)
ENDS = st.sampled_from([b"\n", b"\r\n"])
COLOUR = re.compile(rb"\x1b\[[0-9;:?]{0,32}[A-Za-z]")


@pytest.fixture(autouse=True, scope="module")
def small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks_module, "LONGEST", LONGEST)
        patch.setattr(sieve_module, "PIECE", PIECE)
        yield


def pieces_of(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Lines; of long ones the pieces that end at multiples of LONGEST."""
    at = 0
    while at < len(data):
        feed = data.find(b"\n", at)
        end = len(data) if feed < 0 else feed + 1
        end = min(end, -(-at // LONGEST) * LONGEST + LONGEST)
        yield at, data[at:end]
        at = end


def found_slowly(data: bytes, pattern: re.Pattern[bytes]) -> list[int]:
    found: list[int] = []
    for start, line in pieces_of(data):
        body = line.removesuffix(b"\n")
        first = pattern.search(COLOUR.sub(b"", body))
        shown = last_frame(body) if b"\r" in body else body
        if first is None or pattern.search(COLOUR.sub(b"", shown)) is None:
            continue
        before = COLOUR.sub(b"", body)[: first.start()]
        deep = len(before) >= PIECE and body.startswith(before)
        found.append(start + first.start() if deep else start)
    return found


def view_of(data: bytes) -> LogView:
    return LogView("f", (LogSegment(0, 0, len(data)),), data[-64:], max(0, len(data) - 64))


def sifted(data: bytes, query: LogQuery, block: int) -> list[int]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(walk_module, "BLOCK", block)
        answers = list(sift(SiftLog("f", query), view_of(data), lambda at, size: Chunk("f", at, data[at : at + size])))
    return [at for answer in answers for at in answer.found][::-1]


def hit_of(data: bytes, text: str, start: int, block: int, *, back: bool) -> int | None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(walk_module, "BLOCK", block)
        request = SearchLog("f", text, start, back)
        return list(search(request, view_of(data), lambda at, size: Chunk("f", at, data[at : at + size])))[-1].hit


@settings(max_examples=150, deadline=None)
@given(LINES, ENDS, st.booleans(), st.integers(1, 3000))
def test_blocks_are_whole_lines_and_all_of_the_text_both_ways(
    lines: list[bytes], end: bytes, ended: bool, block: int
) -> None:
    data = end.join(lines) + (end if ended else b"")
    starts = {at for at, _ in pieces_of(data)}

    def read(at: int, size: int) -> bytes:
        return data[at : at + size]

    for begins in (None, sieve_module.begins_anew):
        ahead = list(lines_ahead(read, 0, len(data), block, begins))
        back = list(lines_back(read, 0, len(data), block, begins))[::-1]
        for blocks in (ahead, back):
            assert b"".join(lines for lines, _ in blocks) == data
            assert {at for _, at in blocks} <= starts


@settings(max_examples=300, deadline=None)
@given(
    LINES, ENDS, st.booleans(), st.integers(1, 3000),
    st.sampled_from(["loss", "Loss", "LOSS", "los", "loss nan", "ss.*nan", "x\\|loss", "^loss", "nan|boom", "été",
                     "s\\s+t", "[^q]*boom", "broke$", "@[{]", "0\\.4", "error", "lo", "loss*", "o?ss +nan"]),
)  # fmt: skip
def test_text_is_found_where_a_slow_loop_finds_it(
    lines: list[bytes], end: bytes, ended: bool, block: int, text: str
) -> None:
    data = end.join(lines) + (end if ended else b"")
    flags = 0 if any(c.isupper() for c in text) else re.IGNORECASE
    wanted = found_slowly(data, re.compile(text.encode(), flags | re.MULTILINE))
    if end == b"\r\n" and "$" in text:
        wanted = sifted(data, LogQuery(text=text), 100_000)  # a line that ends so has its end behind the CR
    assert sifted(data, LogQuery(text=text), block) == wanted
    for start in (0, *(at for at, _ in pieces_of(data)), len(data)):
        if data[:start].endswith(b"\n") or start in (0, len(data)):
            hit = hit_of(data, text, start, block, back=False)
            assert hit == next((at for at in wanted if at >= start), None)
            hit = hit_of(data, text, start, block, back=True)
            assert hit == next((at for at in reversed(wanted) if at < start), None)


@settings(max_examples=200, deadline=None)
@given(LINES, ENDS, st.integers(1, 3000), st.sampled_from(["error", "info"]), st.booleans())
def test_a_level_keeps_the_same_rows_whatever_the_blocks(
    lines: list[bytes], end: bytes, block: int, level: str, unless: bool
) -> None:
    data = end.join(lines)
    query = LogQuery(level=level, unless=("loss",) if unless else ())
    assert sifted(data, query, block) == sifted(data, query, LONGEST)
    wanted = sieve_module.Sieve(query).keep(data)
    if all(len(line) < LONGEST for line in data.split(b"\n")):  # none is cut
        assert sifted(data, query, block) == wanted


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(st.sampled_from("abAB.*+?^$ é{1|"), min_size=1, max_size=12),
        st.text(st.sampled_from("ab.|"), min_size=5, max_size=12).map(lambda text: f"({text})"),
        st.text(st.sampled_from("ab.*?|()"), min_size=5, max_size=14),
        st.lists(st.sampled_from(["a*?", "b??", ".*?", "a+?", "ab", "ba"]), min_size=2, max_size=5).map("".join),
    ),
    st.lists(st.sampled_from("abAB.é {1"), max_size=30),
)
@example("b.*?aba", list("bbaba"))
def test_a_block_that_is_passed_over_has_no_match(text: str, said: list[str]) -> None:
    try:
        pattern = Pattern(text)
    except ValueError:
        return
    data = "".join(said).encode()
    for block in (data, data + data):  # the part to look for was chosen by the first
        assert pattern.may_match(block) or pattern.search(block) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [("nccl timeout", "nccl timeout"), ("loss.*nan", "loss"), ("ab?cde", "cde"), ("step 9+ x", "step 9"),
     ("a|bcd", "a|bcd"), ("b.*?ca", "ca"), ("b+?ca??de", "de"),
     ("x(yz)", "x"), ("t.py", "py"), ("^end$", "end"), ("a+", "a"), ("", ""), ("(oom|killed.*)", "oom|killed"),
     ("(?:a|b)", "a|b"), ("(?i)a", ""), ("(a)|(b)", ""), ("(ab)?", ""), ("a|b|c|d|e", ""), ("abc|", ""), ("abc|x*", ""),
     ("((a))", ""), ("a|b{2}", ""), ("cuda (error|oom)?", "cuda "), ("(a(b|c))+? end|last", " end|last"), ("a)b", ""),
     ("(a[)bbb|ccc(]d)", ""), ("it(s)*", "it")],
)  # fmt: skip
def test_a_pattern_has_words_of_which_each_match_has_one(text: str, words: str) -> None:
    assert find_words(text) == (tuple(words.split("|")) if words else ())


@pytest.mark.parametrize(
    "data", [b"x" * 40_000, b"a line\n" * 6_000, b"  indented\n" * 4_000], ids=["one", "many", "below"]
)
def test_an_answer_comes_soon_whatever_the_lines(data: bytes) -> None:
    """Only between two answers is it seen that nobody waits any more."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(walk_module, "BLOCK", 100)
        patch.setattr(search_module, "OFTEN", 1000)
        patch.setattr(sift_module, "OFTEN", 1000)
        view = view_of(data)

        def read(at: int, size: int) -> Chunk:
            return Chunk("f", at, data[at : at + size])

        searched = [a.scanned for a in search(SearchLog("f", "nothing", 0), view, read)]
        sifted = [a.scanned for a in sift(SiftLog("f", LogQuery(level="error")), view, read)]
    for told in (searched, sifted):
        assert max(b - a for a, b in zip([0, *told], told, strict=False)) <= 1000 + 2 * LONGEST
