"""One axis for sources that count differently: converted where a column says how, told where none does."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lptui.model.events import Points
from lptui.stores.axes import Axes, Axis, Ramp
from lptui.stores.columns import reduce
from lptui.stores.series import Series, extend

NAN = math.nan


def series(
    values: Sequence[float],
    steps: Sequence[float] | None = None,
    times: Sequence[float] | None = None,
    source: str = "csv",
    unit: str = "step",
) -> Series:
    count = len(values)
    points = Points(
        "k",
        array("d", range(count) if steps is None else steps),
        array("d", [NAN] * count if times is None else times),
        array("d", values),
    )
    return extend(Series("k", source, unit=unit), points, 0.0)


def span(of: Series, axis: Axis, axes: Axes) -> tuple[float, float, str]:
    columns = reduce(of, 4, axis, axes=axes)
    return columns.start, columns.end, columns.own


def test_epochs_become_steps_by_a_column_of_the_same_source() -> None:
    axes = Axes(counts={("csv", "epoch"): series([0, 500, 1000], [0, 1, 2], unit="epoch")})
    assert span(series([3, 2, 1], [0, 1, 2], unit="epoch"), "step", axes) == (0, 1000, "")
    assert span(series([3, 2], [0.5, 1], unit="epoch"), "step", axes) == (250, 500, "")


def test_a_column_of_another_source_does_not_convert() -> None:
    axes = Axes(counts={("other", "row"): series([0, 500], [0, 1], source="other", unit="row")})
    assert span(series([3, 2, 1], [0, 1, 2], unit="row"), "step", axes) == (0, 2, "rows")


def test_steps_become_epochs_and_epochs_steps_by_the_runs_own_epochs() -> None:
    axes = Axes(epochs=series([0, 1, 2], [0, 100, 200]))
    assert span(series([3, 2, 1], [0, 50, 200]), "epoch", axes) == (0, 2, "")
    assert span(series([3, 2, 1], [0, 1, 2], unit="epoch", source="log"), "step", axes) == (0, 200, "")


def test_time_alone_places_a_point_among_the_steps_and_the_other_way_round() -> None:
    axes = Axes(start=1000.0, clock=series([1, 1, 1], [0, 100, 200], [1000, 1010, 1020]))
    assert span(series([7, 8], [NAN, NAN], [1000, 1010]), "step", axes) == (0, 100, "")
    assert span(series([7, 8], [100, 200]), "time", axes) == (1010, 1020, "")
    assert span(series([7, 8], [100, 200]), "since", axes) == (10, 20, "")


def test_what_nothing_tells_is_said() -> None:
    assert span(series([1, 2], [5, 9]), "time", Axes()) == (5, 9, "steps")
    assert span(series([1, 2], [5, 9], unit="update"), "step", Axes()) == (5, 9, "updates")
    assert span(series([1, 2], [NAN, NAN]), "step", Axes()) == (0, 1, "points")
    assert span(series([1, 2], [0, 1], [10, 20]), "since", Axes()) == (0, 1, "steps")  # no start is known


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e6)), min_size=1, max_size=40), st.floats(-1e6, 2e6))
def test_a_ramp_keeps_the_order_and_passes_through_its_pairs(pairs: list[tuple[float, float]], place: float) -> None:
    xs = np.unique(np.array([x for x, _ in pairs]))
    ys = np.sort(np.array([y for _, y in pairs]))[: len(xs)]
    ramp = Ramp(xs, ys)
    assert np.array_equal(ramp.at(xs), ys)
    places = np.sort(np.append(xs, place))
    found = ramp.at(places)
    known = found[np.isfinite(found)]
    assert (np.diff(known) >= -1e-6 * max(1.0, np.abs(known).max())).all()


def test_a_straight_ramp_goes_on_and_a_bent_one_only_a_little() -> None:
    straight, bent = Ramp(np.arange(5.0), np.arange(5.0) * 10), Ramp(np.arange(5.0), np.arange(5.0) ** 2)
    assert straight.at(np.array([9.0]))[0] == 90.0
    assert math.isnan(bent.at(np.array([9.0]))[0])
    assert bent.at(np.array([4.5]))[0] == 19.5


def test_a_rewind_is_a_break_and_what_was_written_again_is_older() -> None:
    columns = reduce(series([0, 1, 2, 3, 4, 12, 13, 14], [0, 10, 20, 30, 40, 20, 30, 40]), 5)
    assert [(b.place, b.left, b.resumed) for b in columns.breaks] == [(20, 40, 20)]
    assert columns.older is not None
    assert columns.older.high == (None, None, 2, 3, 4)
    assert columns.high == (0, 1, 12, 13, 14)
    assert columns.last == (40, 14)


def test_on_a_time_axis_nothing_is_older() -> None:
    columns = reduce(series([0, 1, 2, 3], [0, 10, 0, 10], [1, 2, 3, 4]), 4, "time")
    assert [b.place for b in columns.breaks] == [3]
    assert columns.older is None


def test_entries_out_of_order_are_no_rewind_and_counters_of_an_epoch_no_steps() -> None:
    assert reduce(series([1, 1, 1, 1, 1], [0, 10, 30, 20, 40]), 4).breaks == ()
    within = reduce(series([1.0] * 800, [i % 8 for i in range(800)]), 4)
    assert (within.own, within.breaks, within.end) == ("points", (), 799)


@given(st.lists(st.integers(0, 30), max_size=60), st.integers(1, 12))
def test_every_point_is_in_the_line_or_in_the_older_branch(steps: list[int], width: int) -> None:
    values = [float(i) for i in range(len(steps))]
    columns = reduce(series(values, steps), width)
    low = [v for v in (*columns.low, *(columns.older.low if columns.older else ())) if v is not None]
    high = [v for v in (*columns.high, *(columns.older.high if columns.older else ())) if v is not None]
    assert min(low, default=0.0) == min(values, default=0.0)
    assert max(high, default=0.0) == max(values, default=0.0)
