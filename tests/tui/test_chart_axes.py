"""Labels of axes: round values, at their places, never odd, never two that read the same."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lptui.stores.columns import Columns
from lptui.tui.widgets.axes import round_scale, tick_text, y_labels
from lptui.tui.widgets.braille import Scale, find_scale
from lptui.tui.widgets.xaxis import round_end, x_labels


def columns(*values: float) -> Columns:
    return Columns(0.0, float(len(values)), values, values, (False,) * len(values))


def labels(low: float, high: float, rows: int, room: int = 8, *, log: bool = False) -> list[str]:
    scale, values = round_scale(Scale(low, high, log), rows)
    return [text for _, text in sorted(y_labels(scale, values, rows, room).items(), reverse=True)]


@pytest.mark.parametrize(
    ("low", "high", "rows", "told"),
    [
        (0.0237, 0.769, 5, ["0", "0.4", "0.8"]),
        (0.37, 1.04, 9, ["0.3", "0.5", "0.7", "0.9", "1.1"]),
        (0, 1, 9, ["0", "0.25", "0.50", "0.75", "1.00"]),
        (-3, 1, 5, ["-3", "-1", "1"]),
        (41_000, 48_200, 5, ["41k", "45k", "49k"]),
        (1.2e-5, 3e-4, 9, ["0", "1e-4", "2e-4", "3e-4"]),
        (56.8, 58.7, 9, ["56.75", "57.25", "57.75", "58.25", "58.75"]),
        (3.1103, 3.59, 6, ["3.10", "3.35", "3.60"]),
        (0, 0.25, 6, ["0", "0.125", "0.250"]),
        (12_500, 37_500, 6, ["12.5k", "25.0k", "37.5k"]),
        (0.693152, 0.693172, 5, ["0.693150", "0.693175"]),
        (-1e300, 1e300, 5, ["-1e300", "0", "1e300"]),
    ],
)
def test_values_are_round(low: float, high: float, rows: int, told: list[str]) -> None:
    assert labels(low, high, rows) == told


def test_neighbours_that_would_read_the_same_are_told_as_differences() -> None:
    assert labels(1, 1.0000001, 5, 6) == ["1", "+5e-8", "+1e-7"]
    assert labels(0.693152, 0.693172, 3, 6) == ["~0.693", "+25e-6"]  # 0.69315 has no room
    assert labels(0.00029934, 0.0003, 6, 6) == ["-8e-7", "-4e-7", "3e-4"]  # from the one that is told as it is


def test_a_label_says_no_other_number_where_its_own_has_room() -> None:
    assert labels(1.25e-4, 2.75e-4, 5, 6) == ["125e-6", "2e-4", "275e-6"]
    assert tick_text(-0.0055, 0.0005, 6) == "-55e-4"


def test_decades_on_a_logarithmic_axis() -> None:
    assert labels(1e-5, 3.2, 7, log=True) == ["1e-5", "0.001", "0.1", "10"]
    assert labels(1, 1e9, 7, log=True) == ["1", "1000", "1M", "1G"]
    assert labels(0.2, 0.9, 7, log=True) == ["0.2", "0.5"]


def test_the_one_value_of_a_constant_series_is_what_is_labelled() -> None:
    for value, told in ((3.25, "3.25"), (123_456_789.0, "123M"), (42.0, "42"), (0.0, "0"), (1.7e308, "1.7e308")):
        scale = find_scale([columns(value, value)])
        assert scale is not None
        wide, values = round_scale(scale, 5)
        assert y_labels(wide, values, 5, 8) == {2 if value < 1e308 else 1: told}


def test_a_logarithmic_axis_over_less_than_a_power_is_not_a_point() -> None:
    scale, values = round_scale(Scale(1e9, 1e9 + 1, True), 5)
    assert scale.low < scale.high
    assert y_labels(scale, values, 5, 6) == {4: "1G", 2: "+0.5", 0: "+1"}
    assert labels(2.1, 4.8, 7, log=True) == ["3", "4"]


def test_a_logarithmic_axis_ends_at_the_largest_number() -> None:
    scale = find_scale([columns(1.7e308, 1.7e308), columns(1e308, 1.7e308)], log=True)
    assert scale is not None
    assert round_scale(scale, 6)[1]


@given(st.floats(-1e300, 1e300), st.floats(-1e300, 1e300), st.integers(1, 30), st.booleans())
def test_any_scale_is_shown_whole_with_labels_that_fit(one: float, two: float, rows: int, log: bool) -> None:
    low, high = min(one, two), max(one, two)
    if low == high or (log and low <= 0):
        return
    scale, values = round_scale(Scale(low, high, log), rows)
    slack = max(abs(low), abs(high)) * 1e-9
    assert scale.low <= low + slack
    assert scale.high >= high - slack
    assert all(len(text) <= 6 for text in y_labels(scale, values, rows, 6).values())


@pytest.mark.parametrize(
    ("start", "end", "width", "axis", "told"),
    [
        (0, 9999, 40, "step", ["0", "2000", "4000", "6000", "8000"]),
        (65_536, 62_914_560, 24, "step", ["20M", "40M", "60M"]),
        (0, 9999, 21, "step", ["0", "5000", "10k"]),
        (4e6, 4.1e6, 30, "step", ["4.00M", "4.05M", "4.10M"]),
        (0, 1.5, 30, "epoch", ["0", "1"]),
        (39.68, 39.98, 60, "epoch", ["39.70", "39.75", "39.80", "39.85", "39.90", "39.95"]),
        (0, 0.5, 40, "epoch", ["0", "0.1", "0.2", "0.3", "0.4", "0.5"]),
        (0, 7000, 40, "since", ["0s", "30m", "1h", "1h 30m"]),
        (0, 3, 40, "since", ["0s", "1s", "2s", "3s"]),
    ],
)
def test_places_on_the_x_axis_are_round(start: float, end: float, width: int, axis: str, told: list[str]) -> None:
    assert [text for _, text in x_labels(start, end, width, axis)] == told  # type: ignore[arg-type]


def test_clock_times_are_round_where_the_reader_is(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "Asia/Kolkata")  # half an hour off
    time.tzset()
    try:
        assert all(text.endswith(("00", "30")) for _, text in x_labels(1e9, 1e9 + 7000, 40, "time"))
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    import time

    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize("day", [1_792_770_000.0, 1_774_450_000.0])  # summer time ends, and begins, three days later
def test_days_are_told_once_each_where_clocks_are_put_back_or_on(day: float) -> None:
    told = [text for _, text in x_labels(day, day + 5 * 86_400, 60, "time")]
    assert len(told) == len(set(told)) == 5
    hours = [text for _, text in x_labels(day, day + 4 * 86_400, 120, "time")]
    assert hours.count("12:00") == 4
    assert "00:00" not in hours  # midnight is told by the day that begins
    assert [text for text in hours if "-" in text] == told[:4]


def test_a_time_that_is_none_is_drawn_as_such() -> None:
    assert x_labels(1.79e18, 1.8e18, 40, "time")  # nanoseconds
    assert x_labels(-1e300, 1e300, 40, "time")


def test_labels_stand_where_their_values_are() -> None:
    placed = x_labels(0, 100, 101, "step")
    assert all(abs(at + len(text) / 2 - float(text)) <= 1.5 for at, text in placed[1:-1])


@given(st.floats(-1e15, 1e15), st.floats(0, 1e15), st.integers(1, 200), st.sampled_from(["step", "epoch", "since"]))
def test_labels_never_overlap_nor_leave_the_plot(start: float, span: float, width: int, axis: str) -> None:
    free = 0
    for at, text in x_labels(start, start + span, width, axis):  # type: ignore[arg-type]
        assert at >= free
        assert at + len(text) <= width
        free = at + len(text)


def test_a_growing_axis_ends_at_a_round_place() -> None:
    assert round_end(0, 41_000) == (0, 50_000)
    assert round_end(65_536, 62_914_560) == (0, 70_000_000)
    assert round_end(1e9, 1e9 + 41) == (1e9, 1e9 + 50)
    assert round_end(5, 5) == (5, 5)
    assert round_end(0, math.inf) == (0, math.inf)


def test_ticks_tell_neighbours_apart() -> None:
    assert tick_text(0.693152, 0.00002) != tick_text(0.693172, 0.00002)
    assert tick_text(1e-17, 1.0) == "0"
    assert all(len(tick_text(v, s)) <= 8 for v in (-1.23456e-300, 1e300, -123456.7, 12.5) for s in (0.0, 1.0, 1e300))


def test_a_small_value_below_zero_is_not_told_as_minus_zero() -> None:
    assert tick_text(-0.3, 2.0, 8) == "-0.3"
    assert tick_text(-0.004, 1.0, 6) == "-0.004"
