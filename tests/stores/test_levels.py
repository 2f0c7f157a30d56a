"""Drawing a long series costs buckets: worked out once, extremes kept, whatever is appended."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lptui.stores.levels as levels
from lptui.model.events import Points
from lptui.stores.axes import Axes
from lptui.stores.columns import Columns, reduce
from lptui.stores.laying import lay
from lptui.stores.segments import SMALL, Sharing
from lptui.stores.series import Series, extend

NAN = math.nan


def series(values: Sequence[float], batch: int = 1000, steps: Sequence[float] | None = None) -> Series:
    found = Series("k", "s")
    xs = array("d", range(len(values)) if steps is None else steps)
    ys = array("d", values)
    for i in range(0, len(ys), batch):
        part = slice(i, i + batch)
        times = array("d", [1e9 + x for x in xs[part]])
        found = extend(found, Points("k", xs[part], times, ys[part]), i, until=min(i + batch, len(ys)))
    return found


def extremes(columns: Columns) -> tuple[float, float, bool]:
    low = min((v for v in columns.low if v is not None), default=NAN)
    high = max((v for v in columns.high if v is not None), default=NAN)
    return low, high, any(columns.broken)


@settings(deadline=None)
@given(
    st.lists(st.floats(), min_size=1, max_size=40),
    st.integers(0, 300),
    st.integers(1, 12),
    st.sampled_from([100, 1000]),
)
def test_buckets_keep_extremes_ends_and_what_is_not_finite(
    some: list[float], more: int, width: int, batch: int
) -> None:
    values = [some[i * i % len(some)] for i in range(2000 + more)] + [0.5]
    one = series(values, batch)
    columns = reduce(one, width)
    finite = [v for v in values if math.isfinite(v)]
    assert repr(extremes(columns)) == repr((min(finite), max(finite), len(finite) < len(values)))
    assert (columns.start, columns.end) == (0, len(values) - 1)
    assert repr(columns.last) == repr((float(len(values) - 1), values[-1]))
    for low, mean, high in zip(columns.low, columns.mean, columns.high, strict=True):
        assert low is None or (mean is not None and high is not None and low <= mean <= high)


def test_columns_of_buckets_are_those_of_points_but_for_their_edges(monkeypatch: pytest.MonkeyPatch) -> None:
    one = series([math.sin(i / 900) for i in range(40_000)])
    coarse = reduce(one, 50)
    monkeypatch.setattr(levels, "ENOUGH", math.inf)
    exact = reduce(one, 50)
    for a, b in zip((*coarse.low, *coarse.high, *coarse.mean), (*exact.low, *exact.high, *exact.mean), strict=True):
        assert a == pytest.approx(b, abs=0.05)


def test_only_new_segments_are_put_into_buckets() -> None:
    one = series([0.5] * 50_000)
    reduce(one, 40)
    before = levels.worked_out
    reduce(one, 60, "time")
    assert levels.worked_out == before
    for i in range(10):
        one = extend(one, Points("k", array("d", [50_000 + i]), array("d", [NAN]), array("d", [9.0])), 50_000 + i)
        assert reduce(one, 40).high[-1] == 9.0
    assert levels.worked_out - before <= 10


def test_a_window_of_few_points_shows_each_of_them() -> None:
    one = series([float(i % 2) for i in range(50_000)])
    columns = reduce(one, 10, window=(100.0, 109.0))
    assert columns.low == columns.high == (0, 1, 0, 1, 0, 1, 0, 1, 0, 1)


def test_a_rewind_in_a_long_series_is_seen() -> None:
    columns = reduce(series([1.0] * 40_000, steps=[*range(30_000), *range(29_990, 39_990)]), 20)
    assert [(b.left, b.resumed) for b in columns.breaks] == [(29_999, 29_990)]


@pytest.mark.parametrize("axis", ["step", "time", "since"])
def test_every_axis_is_cheap(axis: str) -> None:
    one = series([1.0] * 40_000)
    columns = reduce(one, 20, axis, axes=Axes(start=1e9))  # type: ignore[arg-type]
    assert (columns.own, None in columns.low) == ("", False)


def test_many_series_share_rows_and_stay_within_the_limit() -> None:
    many = [Series(f"m{i}", "s") for i in range(20)]
    for batch in range(60):
        sharing = Sharing()
        steps = array("d", range(batch * 100, batch * 100 + 100))
        values = [array("d", [math.sin(x + i) for x in steps]) for i in range(20)]
        many = [
            extend(s, Points("", steps, steps, v), batch, until=batch + 1, sharing=sharing, limit=2000)
            for s, v in zip(many, values, strict=True)
        ]
    assert {len({id(s.segments[i].rows) for s in many}) for i in range(len(many[0].segments))} == {1}
    assert all(sum(map(len, s.segments)) <= 2000 + SMALL for s in many)
    assert {s.count for s in many} == {6000}
    assert len(many[0].segments) < 20


@settings(deadline=None)
@given(st.permutations(range(12)), st.sampled_from([60, 300, 100_000]))
def test_batches_of_known_reach_in_any_order_give_the_same_line(order: Sequence[int], limit: int) -> None:
    one = Series("k", "s")
    for batch in order:
        steps = array("d", range(batch * 50, batch * 50 + 50))
        values = array("d", [math.sin(x) for x in steps])
        one = extend(one, Points("k", steps, steps, values), batch, until=batch + 1, limit=limit)
    laid = lay(one, "step")
    assert (laid.xs[1:] >= laid.xs[:-1]).all()
    values = [math.sin(x) for x in range(600)]
    assert (one.minimum, one.maximum, one.count) == (min(values), max(values), 600)
    assert (laid.ys.min(), laid.ys.max()) == (min(values), max(values))
    assert (laid.xs[-1], laid.ys[-1]) == (599, math.sin(599))
    if limit == 100_000:
        assert laid.xs.tolist() == [*range(600)]
