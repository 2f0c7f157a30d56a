"""The values that a judgement rests on come from the whole series, however much of it has been read."""

from __future__ import annotations

from array import array

from lptui.model.events import Points
from lptui.state.expectations import MOST_VALUES, thin_values
from lptui.stores.series import Series, extend, overlay


def points(start: int, stop: int, every: int = 1) -> Points:
    steps = array("d", range(start, stop, every))
    return Points("k", steps, steps, steps)


def test_while_the_middle_is_sampled_every_part_counts_for_its_steps() -> None:
    series = overlay(Series("k", "s"), points(0, 100_000, 250))
    series = extend(series, points(0, 1000), 0, until=1)
    series = extend(series, points(90_000, 100_000), 9, until=10)
    values = thin_values(series)
    assert values == sorted(values)
    assert len(values) < 2 * MOST_VALUES
    in_the_middle = sum(1000 <= v < 90_000 for v in values) / len(values)
    assert 0.75 < in_the_middle < 0.95


def test_thinned_points_are_no_extremes_and_the_end_is_exact() -> None:
    series = Series("k", "s")
    for start in range(0, 40_960, 512):
        steps = array("d", range(start, start + 512))
        noise = array("d", [1.0 if int(s) % 16 == 15 else (-1e6) ** (int(s) % 2) for s in steps])
        series = extend(series, Points("k", steps, steps, noise), start, until=start + 512, limit=4000)
    assert any(segment.level for segment in series.segments)
    values = thin_values(series)
    assert values[-100:] == series.tail(100)
    assert set(values[: len(values) // 2]) == {1.0}
