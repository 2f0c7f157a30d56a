"""The stand-in for RE2: a line whose shape was found clean holds no match, whatever its digits are."""

from __future__ import annotations

import re

import pytest

from lptui.detect.catalogue import load_catalogue
from lptui.detect.scanner import MARKS, make_scanner
from lptui.detect.trie import LONGEST_SHAPE, Shapes, forgive_digits

PATTERNS = [p for e in load_catalogue().entries.values() for p in e.patterns]
LINES = [
    line
    for e in load_catalogue().entries.values()
    for text in (*e.examples, *e.counter_examples)
    for line in text.splitlines()
]


def doubtful(shapes: Shapes, *lines: str) -> list[str]:
    data = "\n".join(lines).encode()
    return [data[a:b].decode() for a, b in shapes.doubtful(data)]


@pytest.mark.parametrize(
    ("regex", "text"),
    [
        (r"exit code:? (?:-9|137)\b", "exit code: 137"),
        (r"step [1-9][0-9]*/[0-9]+", "step 12/99"),
        (r"sm_\d+[a-z]? is not", "sm_120a is not"),
        (r"rank [0-9] .* of \S+ lost", "rank 3 and 4 of 16 lost"),
        (r"0x[0-9a-f]+ at \[[^\]]+\]\.", "0x7f21 at [12]."),
        (r"\w at .\b", "7 at 9"),
        (r"(?:[2-9]|[1-9][0-9]+)(?:st|nd|rd|th)? try", "22nd try"),
        (r"a{2} \x41[\x30-\x39]?", "a{2} A4"),
        (r"[^\n]{0,9}[^0-8]x", "9x"),
    ],
)
def test_a_match_survives_the_loss_of_its_digits(regex: str, text: str) -> None:
    regex = regex.replace("{0,9}", "*").replace("{2}", r"\{2\}")
    assert re.search(regex, text)
    assert re.search(forgive_digits(regex), re.sub("[0-9]", "", text)), forgive_digits(regex)


def test_what_needs_letters_still_needs_them() -> None:
    assert not re.search(forgive_digits(r"exit code:? (?:-9|137)\b"), "exit with code ")
    assert not re.search(forgive_digits(r"[A-Z_]+ of [a-z]+x"), " of ")


def test_every_line_that_a_pattern_matches_is_doubtful() -> None:
    scanner = make_scanner(load_catalogue(), use_re2=False)
    shapes = scanner.shapes
    assert shapes is not None
    matched = [x for x in LINES if any(re.search(p.regex, x) for _, p in scanner.candidates(x))]
    assert len(matched) > 150
    assert [x for x in matched if doubtful(shapes, x) != [x]] == []


def test_a_shape_is_searched_once_and_then_known() -> None:
    shapes = Shapes(PATTERNS, MARKS)
    assert doubtful(shapes, "step 1 loss 2.25", "CUDA out of memory", "step 22 loss 1.125") == ["CUDA out of memory"]
    assert doubtful(shapes, "step 333 loss 0.5") == []
    assert doubtful(shapes, "step 4 loss 1\rKilled", "step 5 loss 2") == ["Killed"]


def test_a_code_without_letters_is_found_in_a_clean_shape() -> None:
    shapes = Shapes(PATTERNS, MARKS)
    assert doubtful(shapes, "ended: -12 now") == []
    assert doubtful(shapes, "ended: -1073741819 now", "ended: -12 now") == ["ended: -1073741819 now"]


def test_a_long_line_is_searched_as_it_is() -> None:
    line = "x" * (LONGEST_SHAPE + 1)
    assert doubtful(Shapes(PATTERNS, MARKS), line) == [line]
