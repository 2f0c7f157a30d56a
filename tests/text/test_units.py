"""Numbers for people."""

from __future__ import annotations

import pytest

from lptui.text import format_value, plural, short_age, short_bytes, short_duration, short_number


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (812, "812"), (41234, "41.2k"), (999_999, "1.00M"), (1e10, "10.0G"), (None, "-"), (-41234, "-41.2k")],
)
def test_short_number(value: float | None, text: str) -> None:
    assert short_number(value) == text


@pytest.mark.parametrize(("value", "text"), [(0, "0 B"), (1023, "1023 B"), (1_990_000_000, "1.9 GiB"), (None, "-")])
def test_short_bytes(value: int | None, text: str) -> None:
    assert short_bytes(value) == text


def test_ages_step_as_they_grow() -> None:
    assert [short_age(s) for s in (4.9, 9, 14, 44, 61, 119, 3700)] == ["4s", "9s", "10s", "40s", "1m", "1m", "1h 01m"]
    assert short_age(None) == "-"


def test_durations_have_two_units() -> None:
    assert [short_duration(s) for s in (42, 200, 7500, 90_000)] == ["42s", "3m 20s", "2h 05m", "1d 1h"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(float("nan"), "NaN"), (float("-inf"), "-inf"), (1.3e-05, "1.30e-05"), (0.6931471, "0.69315"), (3.0, "3")],
)
def test_format_value(value: float, text: str) -> None:
    assert format_value(value) == text


def test_plural() -> None:
    assert (plural(1, "task"), plural(2000, "task")) == ("1 task", "2,000 tasks")
