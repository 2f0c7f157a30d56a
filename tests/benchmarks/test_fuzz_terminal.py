"""Any bytes, the whole way to the terminal: first paint and log pane write text and our own sequences, nothing else."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import fuzz_terminal
from fuzz_terminal import FOREIGN, OWN, PIECES, WIDTHS, judge, make_case, write_corpus

pieces = st.sampled_from([piece for some in PIECES.values() for piece in some])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(pieces, st.binary(max_size=20)), max_size=12), st.sampled_from(WIDTHS), st.integers(0, 9))
@example([b"\x1b[1\n2J"], 80, 1)
def test_no_bytes_steer_the_terminal(parts: list[bytes], width: int, seed: int) -> None:
    assert judge(b"".join(parts), width, random.Random(seed)) == []


@pytest.mark.parametrize("seed", range(100))
def test_nor_do_pieces_that_are_cut_nested_or_flipped(seed: int) -> None:
    dice = random.Random(seed)
    assert judge(make_case(dice), dice.choice(WIDTHS), dice) == []


def test_each_piece_of_the_corpus_is_harmless_and_would_be_noticed_if_it_were_not(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus.log"
    write_corpus(corpus)
    data = corpus.read_bytes()
    assert len(data.splitlines()) > 150
    for start in range(0, len(data), 1500):
        assert judge(data[start : start + 1600], 80, random.Random(start)) == []
    for name in ("OSC 52", "OSC 8", "title", "DCS", "APC, PM, SOS", "reset", "C1", "bidi", "invisible"):
        assert all(FOREIGN.search(OWN.sub("", piece.decode("utf-8", "replace"))) for piece in PIECES[name][:3]), name


def test_a_filter_that_does_nothing_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lptui.text.hostile.sanitise", lambda text: text)
    assert fuzz_terminal.main(["--count", "50"], tell=lambda _: None) == 1
