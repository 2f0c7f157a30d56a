"""Reduce a series to what a chart can show: the minimum and maximum of each of its columns (numpy, imported late)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from lptui.model.events import Points

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lptui.stores.series import Series

Axis = Literal["step", "time", "index"]


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """A series over [start, end] in equal columns. `low[i]`/`high[i]` are None where no finite point falls;
    `broken[i]` is true where a NaN or infinity does."""

    start: float
    end: float
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]
    broken: tuple[bool, ...]
    last: tuple[float, float] | None = None

    @property
    def extent(self) -> tuple[float, float] | None:
        """The smallest and largest finite value shown, or None."""
        lows = [v for v in self.low if v is not None]
        highs = [v for v in self.high if v is not None]
        return (min(lows), max(highs)) if lows else None


def reduce(series: Series, width: int, axis: Axis = "step", window: tuple[float, float] | None = None) -> Columns:
    """`series` in `width` columns over `window` (default: all of it) of `axis`.

    Points whose axis value is unknown are left out; a series that knows no step at all falls back to its index.
    """
    import numpy as np

    xs, ys = _arrays(series, axis)
    if axis != "index" and not np.isfinite(xs).any():
        xs = np.arange(len(ys), dtype=np.float64)
    known = np.isfinite(xs)
    xs, ys = xs[known], ys[known]
    if not len(xs) or width <= 0:
        return Columns(0.0, 0.0, (None,) * max(width, 0), (None,) * max(width, 0), (False,) * max(width, 0))
    start, end = window or (float(xs.min()), float(xs.max()))
    inside = (xs >= start) & (xs <= end)
    xs, ys = xs[inside], ys[inside]
    span = (end - start) or 1.0
    slots = np.minimum(((xs - start) / span * width).astype(np.int64), width - 1)
    finite = np.isfinite(ys)
    low, high = np.full(width, np.inf), np.full(width, -np.inf)
    np.minimum.at(low, slots[finite], ys[finite])
    np.maximum.at(high, slots[finite], ys[finite])
    broken = np.zeros(width, dtype=bool)
    broken[slots[~finite]] = True
    last = (float(xs[-1]), float(ys[-1])) if len(xs) else None
    return Columns(start, end, _optional(low), _optional(high), tuple(bool(b) for b in broken), last)


def _arrays(series: Series, axis: Axis) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    import numpy as np

    parts = [s.points for s in series.segments]
    if series.overview is not None:
        parts.append(_beyond(series.overview, parts[-1].steps[-1] if parts else -np.inf))
    if not parts:
        return np.empty(0), np.empty(0)
    ys = np.concatenate([np.frombuffer(p.values, dtype=np.float64) for p in parts])
    if axis == "index":
        return np.arange(len(ys), dtype=np.float64), ys
    pick = [p.steps if axis == "step" else p.times for p in parts]
    return np.concatenate([np.frombuffer(x, dtype=np.float64) for x in pick]), ys


def _beyond(overview: Points, step: float) -> Points:
    """The part of a sampled overview that lies past what was read in full."""
    first = next((i for i, s in enumerate(overview.steps) if s > step), len(overview.steps))
    return Points(overview.key, overview.steps[first:], overview.times[first:], overview.values[first:])


def _optional(values: NDArray[np.float64]) -> tuple[float | None, ...]:
    return tuple(None if abs(v) == float("inf") else float(v) for v in values)
