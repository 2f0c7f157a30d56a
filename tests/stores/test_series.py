"""Series in segments: nothing lost, old views valid, drawing costs columns."""

from __future__ import annotations

import math
import sys
from array import array

from hypothesis import given
from hypothesis import strategies as st

from lptui.model.events import Points
from lptui.stores.columns import reduce
from lptui.stores.segments import SMALL, Rows, Segment, Sharing, thin
from lptui.stores.series import LIMIT, Series, extend, overlay

NAN = float("nan")


def points(values: list[float], start: float = 0.0) -> Points:
    steps = array("d", [start + i for i in range(len(values))])
    return Points("k", steps, array("d", steps), array("d", values))


def values_of(series: Series) -> list[float]:
    return [v for s in series.segments for v in s.points.values]


@given(st.lists(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=400), max_size=8), st.randoms())
def test_batches_in_any_order_give_the_same_series(batches: list[list[float]], random: object) -> None:
    placed = [(float(i), batch) for i, batch in enumerate(batches)]
    shuffled = sorted(placed, key=lambda _: random.random())  # type: ignore[attr-defined]
    series = Series("k", "s")
    for order, batch in shuffled:
        series = extend(series, points(batch, order * 1000), order)
    assert sorted(values_of(series)) == sorted(v for b in batches for v in b)
    assert series.count == sum(map(len, batches))
    if batches:
        last = series.last()
        assert last is not None
        assert last.value == batches[-1][-1]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 300)), max_size=12), st.randoms())
def test_batches_of_several_files_stand_in_the_order_of_the_files_and_of_their_places(
    batches: list[tuple[str, int]], random: object
) -> None:
    placed = [
        (file, float(place), [place * 1000.0 + i for i in range(size)]) for place, (file, size) in enumerate(batches)
    ]
    series = Series("k", "s")
    for file, place, batch in sorted(placed, key=lambda _: random.random()):  # type: ignore[attr-defined]
        series = extend(series, points(batch, place * 1000), place, file)
    assert values_of(series) == [value for _, _, batch in sorted(placed) for value in batch]


def test_a_point_that_came_alone_costs_little_more_than_its_numbers() -> None:
    series, count = Series("k", "s"), SMALL * 8
    for place in range(count):
        series = extend(series, points([0.5], place), float(place), "train.log")
    rows = {id(s.rows): s.rows for s in series.segments}.values()
    kept = [part for r in rows for part in (r.steps, r.times, r.orders, r.firsts)]
    assert all(isinstance(part, array) for part in kept)  # a tuple for each took five times as much as all else
    assert sum(map(sys.getsizeof, kept)) < count * 48


def test_appending_keeps_old_views_and_merges_small_segments() -> None:
    series = Series("k", "s")
    views = []
    for index in range(SMALL * 3):
        series = extend(series, points([float(index)], index), index)
        views.append(series)
    assert values_of(views[10]) == [float(i) for i in range(11)]
    assert len(series.segments) <= 4
    assert series.minimum == 0.0
    assert series.maximum == SMALL * 3 - 1


def test_nonfinite_values_are_counted_and_kept_out_of_the_range() -> None:
    series = extend(Series("k", "s"), points([1.0, NAN, math.inf, 3.0]), 0)
    assert (series.nonfinite, series.minimum, series.maximum) == (2, 1.0, 3.0)


def test_memory_is_bounded_and_the_ends_stay_exact() -> None:
    series = Series("k", "s")
    size = LIMIT // 4
    for batch in range(8):
        series = extend(series, points([float(batch * size + i) for i in range(size)], batch * size), batch)
    assert sum(len(s) for s in series.segments) <= LIMIT + size
    assert series.count == 8 * size
    assert series.last() is not None
    assert series.last().value == 8 * size - 1  # type: ignore[union-attr]
    assert values_of(series)[0] == 0.0


def segment(values: list[float]) -> Segment:
    own = points(values)
    return Segment(("", 0.0), None, ("", 0.0), Rows(own.steps, own.times), own.values)


@given(st.lists(st.floats(), min_size=1, max_size=200))
def test_thinning_keeps_extremes_ends_and_what_is_not_finite(values: list[float]) -> None:
    thinned = thin(segment(values), Sharing())
    finite = [v for v in values if math.isfinite(v)]
    kept = [v for v in thinned.values if math.isfinite(v)]
    assert (min(kept, default=0), max(kept, default=0)) == (min(finite, default=0), max(finite, default=0))
    assert len(kept) < len(thinned) or len(finite) == len(values)
    assert repr(thinned.values[-1]) == repr(values[-1])
    assert len(thinned.rows.steps) == len(thinned.rows.times) == len(thinned)
    assert thinned.rows.steps[-1] == len(values) - 1
    assert len(thinned) == len(values) // 16 * 4 + len(values) % 16


def test_thinned_points_still_give_a_fair_sample() -> None:
    values = [math.sin(i) for i in range(4096)]
    once = thin(segment(values), Sharing())
    twice = thin(once, Sharing())
    assert [*once.sample().values] == values[15::16]
    assert [*twice.sample().values] == values[63::64]
    assert [*twice.sample().steps] == [*range(63, 4096, 64)]


def test_columns_hold_the_extremes_of_their_points() -> None:
    columns = reduce(extend(Series("k", "s"), points([0.0, 5.0, 1.0, 7.0]), 0), 2)
    assert columns.low == (0.0, 1.0)
    assert columns.high == (5.0, 7.0)
    assert columns.last == (3.0, 7.0)


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=200), st.integers(1, 40))
def test_columns_never_fail_and_mark_what_is_broken(values: list[float], width: int) -> None:
    columns = reduce(extend(Series("k", "s"), points(values), 0), width)
    assert len(columns.low) == len(columns.high) == len(columns.broken) == width
    assert any(columns.broken) == any(not math.isfinite(v) for v in values)


def test_an_overview_shows_what_is_not_read_yet_and_goes_when_it_is() -> None:
    series = overlay(Series("k", "s"), points([0.0, 50.0, 100.0], 0))
    assert series.sampled
    series = extend(series, points([0.5], 0), 0)
    assert series.sampled
    assert reduce(series, 3).high[2] == 100.0
    series = extend(series, points([1.0, 2.0, 3.0], 1), 1)
    assert not series.sampled
    assert values_of(series) == [0.5, 1.0, 2.0, 3.0]
