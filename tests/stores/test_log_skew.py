"""How far clocks are apart, from what ranks say alike."""

from __future__ import annotations

import pytest

from lptui.stores.log_skew import find_skews


def test_the_rank_whose_clock_is_off_is_told_from_the_others() -> None:
    said = {
        f"r{r}": {b"step %d begins" % n: 100.0 + n + (2.4 if r == 3 else 0.01 * r) for n in range(9)} for r in range(4)
    }
    skews = find_skews(said)
    assert skews["r3"] == pytest.approx(2.4, abs=0.05)
    assert all(abs(skews[f"r{r}"]) < 0.05 for r in range(3))


def test_the_first_rank_itself_can_be_off() -> None:
    said = {f"r{r}": {b"step %d begins" % n: 100.0 + n - (7 if r == 0 else 0) for n in range(9)} for r in range(3)}
    assert find_skews(said) == {"r0": -7.0, "r1": 0.0, "r2": 0.0}


def test_whole_seconds_are_averaged_and_a_few_wild_pairs_do_not_count() -> None:
    said = {
        "r0": {b"step %d begins" % n: float(10 * n) for n in range(40)},
        "r1": {b"step %d begins" % n: float(10 * n + 2 + (n % 2)) for n in range(40)} | {b"step 7 begins": 9999.0},
    }
    assert find_skews(said)["r1"] == pytest.approx(2.5, abs=0.1)


def test_few_common_lines_tell_nothing() -> None:
    said = {f"r{r}": {b"step %d begins" % n: 100.0 + n + r * 5 for n in range(4)} for r in range(2)}
    assert find_skews(said) == {}
    assert find_skews({}) == {}
