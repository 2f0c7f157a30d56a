"""Places on the x axis of a chart: the point nearest to one, and where a moment lies (numpy, imported late)."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING, Literal

from lptui.stores.axes import Axis, place
from lptui.stores.laying import lay
from lptui.stores.series import Series, Spot, spot

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lptui.stores.laying import Laid
    from lptui.tui.widgets.chartlines import Line

_RUN = Series("", "")
"""A series that counts the run's own steps, for moments that belong to none."""


def read(line: Line, at: float, axis: Axis) -> Spot | None:
    """The point of `line` nearest to place `at` of the x axis, with its step and its time where they are known."""
    import numpy as np

    laid, distance = _distances(line, at, axis)
    if not np.isfinite(distance).any():
        return None
    index = _last_nearest(distance)
    value = float(laid.ys[index])
    if index >= len(laid.xs) - laid.borrowed:  # of another source: its index on other axes is another
        here = float(laid.xs[index])
        return Spot(here if axis == "step" else None, here if axis == "time" else None, value)
    with np.errstate(all="ignore"):
        step, time = (lay(line.series, other, line.axes) for other in ("step", "time"))
    return Spot(
        None if step.own else _known(float(step.xs[index])), None if time.own else _known(float(time.xs[index])), value
    )


def value_at(line: Line, at: float, axis: Axis) -> float | None:
    """The value of the point nearest to place `at`; None where the line has ended or not begun: further from its points
    than twice their usual distance, and than a hundredth of what it spans."""
    import numpy as np

    laid, distance = _distances(line, at, axis)
    known = laid.xs[np.isfinite(laid.xs)]
    if not len(known) or not np.isfinite(distance).any():
        return None
    nearest = _last_nearest(distance)
    first, last = float(known.min()), float(known.max())
    span, beyond = last - first, max(first - at, at - last)
    ended = span > 0 and beyond > max(span / 100, 2 * span / (len(known) - 1))
    return None if ended else float(laid.ys[nearest])


def _distances(line: Line, at: float, axis: Axis) -> tuple[Laid, NDArray[np.float64]]:
    """The points of `line`, and how far from place `at` each of them lies; NaN of those that were written again after a
    rewind, which no line goes through."""
    import numpy as np

    with np.errstate(all="ignore"):  # steps of any size; a warning would be written over the screen
        laid = lay(line.series, axis, line.axes)
        distance = np.abs(laid.xs - at)
        return laid, distance if laid.older is None else np.where(laid.older, np.nan, distance)


def _last_nearest(distance: NDArray[np.float64]) -> int:
    """The index of the smallest distance; of equal ones that of the newest point."""
    import numpy as np

    return len(distance) - 1 - int(np.nanargmin(distance[::-1]))


def place_of(line: Line, step: float | None, at: float | None, axis: Axis) -> float | None:
    """Where a moment given as the run's step or unix time (or both) lies on `axis`: by how the run's counts relate, or
    else by the nearest point of this line."""
    import numpy as np

    if step is None and at is None:
        return None
    steps, times = (np.array([math.nan if v is None else v]) for v in (step, at))
    with np.errstate(all="ignore"):
        found, own = place(_RUN, steps, times, axis, line.axes)
    if not own and math.isfinite(found[0]):
        return float(found[0])
    if axis in ("time", "step"):
        point = _nearest(line.series, *((step, "step") if axis == "time" else (at, "time")))
        return None if point is None else point.time if axis == "time" else point.step
    return None


def _nearest(series: Series, at: float | None, axis: Literal["step", "time"]) -> Spot | None:
    """The point nearest to a step or a time. Points are taken to be in order within each segment."""
    best: tuple[float, Spot] | None = None
    parts = [segment.points for segment in series.segments]
    for points in [*parts, series.overview] if series.overview is not None else parts:
        xs: array[float] = points.steps if axis == "step" else points.times
        index = bisect_left(xs, at) if at is not None else 0
        for i in (index - 1, index):
            if at is not None and 0 <= i < len(xs) and math.isfinite(xs[i]):
                distance = abs(xs[i] - at)
                if best is None or distance < best[0]:
                    best = (distance, spot(points, i))
    return best[1] if best is not None else None


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
