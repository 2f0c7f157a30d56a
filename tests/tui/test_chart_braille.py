"""Curves as braille: values, joins, gaps, outliers."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from lptui.stores.columns import Columns
from lptui.tui.widgets.braille import Scale, dots, find_scale, is_band, plot, shade


def columns(*values: float | None, broken: tuple[int, ...] = ()) -> Columns:
    bad = tuple(i in broken for i in range(len(values)))
    return Columns(0.0, float(len(values)), tuple(values), tuple(values), bad)


def test_a_rising_line_fills_the_diagonal() -> None:
    assert plot(columns(0, 1, 2, 3), 2, 1, Scale(0, 4)) == ["⡠⠊"]
    assert plot(columns(3, 2, 1, 0), 2, 1, Scale(0, 4)) == ["⠑⢄"]


def test_strokes_reach_from_minimum_to_maximum() -> None:
    tall = Columns(0, 1, (0.0, 0.0), (4.0, 4.0), (False, False))
    assert plot(tall, 1, 1, Scale(0, 10)) == ["⣤"]


def test_a_wide_band_is_shaded() -> None:
    tall = Columns(0, 1, (0.0, 0.0), (4.0, 4.0), (False, False))
    assert shade(tall, 1, 2, Scale(0, 4)) == [[ord("⡫") - 0x2800], [ord("⣪") - 0x2800]]
    assert plot(tall, 1, 2, Scale(0, 4)) == ["⣿", "⣿"]
    assert is_band(tall, 2, Scale(0, 4))
    assert not is_band(columns(0, 4, 0, 4), 2, Scale(0, 4))


def test_a_jump_is_joined() -> None:
    assert plot(columns(0, 7, 7, 7), 2, 2, Scale(0, 8)) == ["⢸⠉", "⡸ "]


def test_missing_points_are_bridged_but_not_across_nan() -> None:
    assert plot(columns(0, None, None, 0), 2, 1, Scale(0, 4)) == ["⣀⣀"]
    assert plot(columns(0, None, None, 0, broken=(1,)), 2, 1, Scale(0, 4)) == ["⡀⢀"]
    assert plot(columns(None, None), 1, 1, Scale(0, 4)) == [" "]


def test_clipped_values_stay_on_the_edge() -> None:
    assert plot(columns(-100, 100), 1, 1, Scale(0, 4)) == ["⡸"]
    assert plot(columns(100, 100), 1, 1, Scale(0, 4)) == ["⠉"]


def test_an_early_spike_does_not_flatten_the_rest() -> None:
    values = [1e6] + [0.5 + 0.4 * math.sin(i / 5) for i in range(99)]
    scale = find_scale([columns(*values)])
    assert scale is not None
    assert 0.8 < scale.high < 1.2
    assert scale.low > 0
    assert scale.share(1e6) > 1


def test_where_a_line_goes_at_its_end_is_no_outlier() -> None:
    calm = [0.5 + 0.4 * math.sin(i / 5) for i in range(97)]
    up = find_scale([columns(*calm, 40.0, 3000.0, 1e6)])
    assert up is not None
    assert up.high == 1e6
    broken = find_scale([columns(*calm, 3000.0, 1e6, None, None, broken=(99,))])  # then NaN, and room ahead
    assert broken is not None
    assert broken.high == 1e6
    down = find_scale([columns(*calm), columns(*calm, -40.0, -3000.0)])
    assert down is not None
    assert (down.low, down.high < 1.2) == (-3000.0, True)


def test_a_run_that_broke_early_does_not_flatten_those_that_go_on() -> None:
    calm = [0.5 + 0.4 * math.sin(i / 5) for i in range(100)]
    died = [*calm[:28], 3000.0, 1e6, *([None] * 70)]
    both = find_scale([columns(*calm), columns(*died)])
    assert both is not None
    assert both.high < 1.2
    alone = find_scale([columns(*calm[:40], *([None] * 60)), columns(*calm[:38], 3000.0, 1e6, *([None] * 60))])
    assert alone is not None
    assert alone.high == 1e6


def test_several_points_beyond_in_the_newest_column_are_an_end_and_one_is_a_spike() -> None:
    calm = [0.5 + 0.4 * math.sin(i / 5) for i in range(99)]
    spike, again = find_scale([columns(*calm, 1e6)]), find_scale([columns(*calm[:-3], 1e6, 1e6, 0.5)])
    assert spike is not None
    assert again is not None
    assert spike.high < 1.2
    assert again.high < 1.2
    several = Columns(0, 100, (*calm, 1e5), (*calm, 1e6), (False,) * 100)
    unsure = find_scale([several])
    assert unsure is not None
    assert unsure.high < 1.2
    end = find_scale([several], newest=[(1e5, 1e6)])
    assert end is not None
    assert end.high == 1e6


def test_outliers_are_shown_when_that_is_asked() -> None:
    values = [1e6] + [0.5 + 0.4 * math.sin(i / 5) for i in range(99)]
    whole = find_scale([columns(*values)], clip=False)
    assert whole is not None
    assert whole.high == 1e6


def test_one_scale_for_several_lines() -> None:
    assert find_scale([columns(1, 2), columns(5, 3)]) == Scale(1, 5)


def test_dashes_leave_out_columns() -> None:
    line = columns(*([0] * 8))
    assert dots(line, 4, 1, Scale(0, 4)) == [[0xC0] * 4]
    assert dots(line, 4, 1, Scale(0, 4), (1, 1, 0, 0)) == [[0xC0, 0, 0xC0, 0]]


def test_ordinary_curves_are_shown_whole() -> None:
    ramp = find_scale([columns(*range(100))])
    assert ramp == Scale(0, 99)
    few = find_scale([columns(0, 0, 0, 100)])
    assert few == Scale(0, 100)
    binary = find_scale([columns(*([0.0] * 97 + [1.0] * 3))])
    assert binary == Scale(0, 1)


def test_constant_and_empty() -> None:
    assert find_scale([columns(None, None)]) is None
    flat = find_scale([columns(5, 5)])
    assert flat == Scale(4.5, 5.5, level=5)
    assert find_scale([columns(0, 0)]) == Scale(-1, 1, level=0)


def test_logarithmic_scale_leaves_out_what_it_cannot_show() -> None:
    scale = find_scale([columns(-1, 0, 1, 10, 100)], log=True)
    assert scale == Scale(1, 100, True)
    assert abs(scale.share(10) - 0.5) < 1e-9
    assert scale.value(0.5) == 10
    assert scale.share(-1) == -math.inf
    assert find_scale([columns(-5, -1)], log=True) == Scale(-5, -1)


def test_a_range_too_large_for_a_number_still_tells_its_ends_apart() -> None:
    scale = find_scale([columns(-1.7e308, 1.7e308)])
    assert scale is not None
    assert (scale.share(-1.7e308), scale.share(0.0), scale.share(1.7e308)) == (0.0, 0.5, 1.0)


def test_ascii_twin() -> None:
    assert plot(columns(0, 0, 4, 4), 2, 1, Scale(0, 4), ascii_only=True) == [".|"]


@given(
    st.lists(st.none() | st.floats(-1e300, 1e300), min_size=2, max_size=40).filter(lambda v: len(v) % 2 == 0),
    st.integers(1, 5),
    st.booleans(),
)
def test_any_columns_give_cells_of_the_asked_size(values: list[float | None], height: int, log: bool) -> None:
    shown = columns(*values)
    scale = find_scale([shown], log=log)
    if scale is None:
        return
    rows = plot(shown, len(values) // 2, height, scale)
    assert [len(row) for row in rows] == [len(values) // 2] * height
    if not log:
        for x, value in enumerate(values):
            if value is not None:
                assert any(row[x // 2] != " " for row in rows)
