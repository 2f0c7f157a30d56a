"""Places on the x axis of a series: the point nearest to a step or a time, and one in terms of the other."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from typing import Literal

from lptui.stores.series import Series, Spot, spot

Axis = Literal["step", "time"]


def nearest(series: Series, place: float, axis: Axis) -> Spot | None:
    """The point nearest to `place` (a step, or unix seconds); None if no point has one. Points are taken to
    be in order within each segment, as their source wrote them."""
    best: tuple[float, Spot] | None = None
    parts = [segment.points for segment in series.segments]
    for points in [*parts, series.overview] if series.overview is not None else parts:
        xs: array[float] = points.steps if axis == "step" else points.times
        index = bisect_left(xs, place)
        for i in (index - 1, index):
            if 0 <= i < len(xs) and math.isfinite(xs[i]):
                distance = abs(xs[i] - place)
                if best is None or distance < best[0]:
                    best = (distance, spot(points, i))
    return best[1] if best is not None else None


def place_of(series: Series, step: float | None, at: float | None, axis: Axis) -> float | None:
    """Where a moment given as step or time (or both) lies on `axis` of this series."""
    wanted, other, other_axis = (step, at, "time") if axis == "step" else (at, step, "step")
    if wanted is not None:
        return wanted
    point = nearest(series, other, other_axis) if other is not None else None
    if point is None:
        return None
    return point.step if axis == "step" else point.time
