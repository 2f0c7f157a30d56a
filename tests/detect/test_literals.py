"""The index of literals: what it keeps of a line holds for all lines of its shape, and none that occurs is left out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lptui.detect.catalogue import load_catalogue
from lptui.detect.literals import LiteralIndex

PATTERNS = [(e, p) for e in load_catalogue().entries.values() for p in e.patterns]
LITERALS = sorted({pattern.literal for _, pattern in PATTERNS})
INDEX = LiteralIndex(PATTERNS)


def occurring(text: str) -> set[tuple[str, str]]:
    """By looking for each of them."""
    return {
        (entry.id, pattern.regex)
        for entry, pattern in PATTERNS
        if (pattern.literal.lower() in text.lower() if pattern.ignore_case else pattern.literal in text)
    }


def found(text: str) -> set[tuple[str, str]]:
    return {(entry.id, pattern.regex) for entry, pattern in INDEX.find(text)}


@given(
    st.lists(
        st.one_of(st.sampled_from(LITERALS), st.sampled_from(["7", "404 ", "[12]", "x", " "]), st.text(max_size=8)),
        max_size=5,
    ).map("".join)
)
def test_it_finds_what_looking_for_each_literal_finds(text: str) -> None:
    assert occurring(text) == found(text)


def test_numbers_of_the_line_itself_count_where_another_line_of_its_shape_came_before() -> None:
    one, other = "worker: exit code 137", "worker: exit code 143"
    assert found(one) != found(other)
    assert found(one) == occurring(one)
    assert found(other) == occurring(other)


def test_a_literal_of_one_number_is_found() -> None:
    assert "-1073741819" in LITERALS
    text = "ended with -1073741819"
    assert found(text) == occurring(text)


def test_answers_are_kept_for_so_many_lines_only() -> None:
    index = LiteralIndex(PATTERNS)
    for number in range(5000):
        index.find("word " + "x" * (number % 399) + chr(97 + number % 26) + chr(97 + number // 26 % 26))
    index.find("a" * 5000)
    assert len(index._kept) <= 2048
    assert max(map(len, index._kept)) <= 400
