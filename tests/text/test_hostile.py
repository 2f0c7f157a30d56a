"""Foreign text never steers the terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lptui.text.hostile import PLACEHOLDER, Span, parse_sgr, sanitise
from lptui.text.width import cell_width, fit, shorten_middle

HOSTILE = [
    "\x1b]52;c;aGVsbG8=\x07",
    "\x1b]0;owned\x1b\\",
    "\x1b]8;;http://example.org\x1b\\link\x1b]8;;\x1b\\",
    "\x1bc",
    "\x1b[2J\x1b[H",
    "\x1b[6n",
    "\x1bP$q\x1b\\",
    "\x9b2J",
    "\x9d0;t\x9c",
    "\u202eevil\u202c",
    "a\x00b\x07\x08",
    "\x1b]52;c;never ends",
    "e" + "\u0301" * 50,
    "\U000e0041\ufeff\u200b",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    assert_harmless(sanitise("before " + text + " after"))


def assert_harmless(text: str) -> None:
    for char in text:
        category = unicodedata.category(char)
        assert category not in ("Cc", "Cs", "Zl", "Zp"), repr(char)
        assert char not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\ufeff"


@given(st.text(max_size=300))
@example("\x1b[")
@example("\x1b")
def test_any_text_becomes_harmless(text: str) -> None:
    assert_harmless(sanitise(text))
    for span in parse_sgr(text):
        assert_harmless(span.text)


@given(st.binary(max_size=300))
def test_any_bytes_become_harmless_spans(data: bytes) -> None:
    for span in parse_sgr(data):
        assert_harmless(span.text)
        assert set(span.style) <= set("0123456789;")


def test_what_was_there_stays_visible() -> None:
    assert sanitise("a\x1b]0;t\x07b") == f"a{PLACEHOLDER}b"
    assert sanitise("nul\x00") == "nul␀"
    assert sanitise("\u202ex") == "<U+202E>x"
    assert sanitise("tab\there") == "tab    here"


def test_colours_become_values() -> None:
    assert parse_sgr("\x1b[1m\x1b[31merr\x1b[0m ok") == [Span("err", "1;31"), Span(" ok")]
    assert sanitise("\x1b[31mred\x1b[0m") == "red"


@given(st.text(max_size=40), st.integers(1, 30))
def test_fit_is_exact(text: str, width: int) -> None:
    assert cell_width(fit(sanitise(text), width)) == width


def test_metric_names_keep_their_end() -> None:
    assert shorten_middle("env_task_reward/combat/rewards.mean", 20).endswith("rewards.mean")
    assert shorten_middle("short", 20) == "short"


DISPUTED = ["\u0600", "\u1161", "\u4dc0", "\u3164", "\uffa0", "\u0378", "\ufffe", "\U0001fbff"]


@pytest.mark.parametrize("char", DISPUTED)
def test_a_character_that_terminals_measure_differently_is_shown_by_its_number(char: str) -> None:
    assert sanitise(f"a{char}b") == f"a<U+{ord(char):04X}>b"


def test_emoji_are_taken_apart_into_cells_that_every_terminal_counts_alike() -> None:
    assert sanitise("👨\u200d👩\u200d👧") == "👨👩👧"
    assert sanitise("❤\ufe0f") == "❤"
    assert sanitise("👋\U0001f3fd") == "👋"
    assert cell_width(sanitise("नि")) == 2  # a spacing vowel sign has a cell of its own


@pytest.mark.parametrize("end", ["\x07", "\x1b\\"])
def test_a_link_is_its_text(end: str) -> None:
    """As Rich's handler writes it around a file's name."""
    link = f"\x1b]8;id=123;file:///run/train.py{end}\x1b[2mtrain.py\x1b[0m\x1b]8;;{end}:388"
    assert sanitise(link) == "train.py:388"
    assert parse_sgr(link) == [Span("train.py", "2"), Span(":388")]


@pytest.mark.parametrize(
    "broken", ["\x1b]8;;http://a", "\x1b]8;http://a\x07", "\x1b]8;;a b\x07", "\x1b]8;;é\x07", "\x1b]88;;a\x07"]
)
def test_what_is_no_whole_link_leaves_a_placeholder(broken: str) -> None:
    assert sanitise(broken) == PLACEHOLDER
