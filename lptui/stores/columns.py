"""Reduce a series to what a chart can show: what each of its columns holds (numpy, imported late)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lptui.model.events import Points
from lptui.stores.axes import NO_AXES, Axes, Axis, place
from lptui.stores.rewinds import find_rewinds, find_superseded

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lptui.stores.series import Series

__all__ = ["Axis", "Band", "Break", "Columns", "reduce"]

Cells = tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Break:
    """The run went back: from the count `left` to `resumed` (in the source's own steps), at `place` on the axis."""

    place: float
    left: float
    resumed: float


@dataclass(frozen=True, slots=True)
class Band:
    """The minimum and maximum of each column; None where no finite point falls."""

    low: Cells
    high: Cells


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """A series over [start, end] in equal columns. `low[i]`/`high[i]` are None where no finite point falls, as is
    `mean[i]`; `broken[i]` is true where a NaN or infinity does."""

    start: float
    end: float
    low: Cells
    high: Cells
    broken: tuple[bool, ...]
    last: tuple[float, float] | None = None
    """(place, value) of the newest point in the window."""
    mean: Cells = ()
    axis: Axis = "step"
    own: str = ""
    """What x counts instead of `axis`, because nothing tells where the points lie on that: 'points', 'epochs', ..."""
    breaks: tuple[Break, ...] = ()
    """Where the run went back and began to write steps anew."""
    older: Band | None = None
    """What later branches wrote again: points of before a rewind. They are in no other field."""

    @property
    def extent(self) -> tuple[float, float] | None:
        """The smallest and largest finite value shown, or None."""
        lows = [v for v in self.low if v is not None]
        highs = [v for v in self.high if v is not None]
        return (min(lows), max(highs)) if lows else None


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """Points of a series on an axis, in the order in which they were written."""

    xs: NDArray[np.float64]
    ys: NDArray[np.float64]
    own: str
    breaks: tuple[Break, ...]
    older: NDArray[np.bool_] | None


def reduce(
    series: Series,
    width: int,
    axis: Axis = "step",
    window: tuple[float, float] | None = None,
    axes: Axes = NO_AXES,
) -> Columns:
    """`series` in `width` columns over `window` (default: all of it) of `axis`; `axes` say how the run's counts relate.

    Points whose place is unknown are left out; where that is all of them, x is a count of its own (`own`).
    """
    import numpy as np

    laid = _lay(series, axis, axes)
    known = np.isfinite(laid.xs)
    xs, ys = laid.xs[known], laid.ys[known]
    older = laid.older[known] if laid.older is not None else None
    width = max(width, 0)
    nothing: Cells = (None,) * width
    if not len(xs) or not width:
        return Columns(0.0, 0.0, nothing, nothing, (False,) * width, mean=nothing, axis=axis, own=laid.own)
    start, end = window or (float(xs.min()), float(xs.max()))
    inside = (xs >= start) & (xs <= end)
    xs, ys = xs[inside], ys[inside]
    older = older[inside] if older is not None else None
    last = (float(xs[-1]), float(ys[-1])) if len(xs) else None
    slots = np.minimum(((xs - start) / ((end - start) or 1.0) * width).astype(np.int64), width - 1)
    behind = None
    if older is not None:
        faint = _gather(slots[older], ys[older], width)
        behind = Band(faint[0], faint[1])
        slots, ys = slots[~older], ys[~older]
    low, high, mean, broken = _gather(slots, ys, width)
    breaks = tuple(b for b in laid.breaks if start <= b.place <= end)
    return Columns(start, end, low, high, broken, last, mean, axis, laid.own, breaks, behind)


def _gather(
    slots: NDArray[np.int64], ys: NDArray[np.float64], width: int
) -> tuple[Cells, Cells, Cells, tuple[bool, ...]]:
    """(minimum, maximum, mean, whether something is not finite) of the points in each of `width` slots."""
    import numpy as np

    if len(slots) > 1 and (slots[1:] < slots[:-1]).any():
        order = np.argsort(slots, kind="stable")
        slots, ys = slots[order], ys[order]
    finite = np.isfinite(ys)
    broken = np.zeros(width, dtype=bool)
    if not finite.all():
        broken[slots[~finite]] = True
        slots, ys = slots[finite], ys[finite]
    low, high, mean = (np.full(width, np.nan) for _ in range(3))
    if len(slots):
        firsts = np.flatnonzero(np.concatenate(([True], slots[1:] != slots[:-1])))
        filled = slots[firsts]
        low[filled], high[filled] = np.minimum.reduceat(ys, firsts), np.maximum.reduceat(ys, firsts)
        counts = np.diff(np.append(firsts, len(ys)))
        with np.errstate(over="ignore"):
            mean[filled] = np.clip(np.add.reduceat(ys, firsts) / counts, low[filled], high[filled])
    return _cells(low), _cells(high), _cells(mean), tuple(broken.tolist())


def _lay(series: Series, axis: Axis, axes: Axes) -> Laid:
    import numpy as np

    steps, times, ys = _arrays(series)
    xs, own = place(series, steps, times, axis, axes)
    rewinds = find_rewinds(steps)
    if rewinds is None:
        if axis in ("step", "epoch") and own != "points":  # they count something within an epoch
            xs, own = np.arange(len(ys), dtype=np.float64), "points"
        return Laid(xs, ys, own, (), None)
    breaks = tuple(Break(float(xs[i]), float(np.nanmax(steps[:i])), float(steps[i])) for i in rewinds.tolist())
    older = find_superseded(steps, rewinds) if len(rewinds) and axis in ("step", "epoch") else None
    return Laid(xs, ys, own, breaks, older)


def _arrays(series: Series) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    import numpy as np

    parts = [s.points for s in series.segments]
    if series.overview is not None:
        parts.append(_beyond(series.overview, parts[-1].steps[-1] if parts else -np.inf))
    if not parts:
        return np.empty(0), np.empty(0), np.empty(0)
    columns = ([p.steps for p in parts], [p.times for p in parts], [p.values for p in parts])
    steps, times, ys = (np.concatenate([np.frombuffer(x, dtype=np.float64) for x in column]) for column in columns)
    return steps, times, ys


def _beyond(overview: Points, step: float) -> Points:
    """The part of a sampled overview that lies past what was read in full."""
    first = next((i for i, s in enumerate(overview.steps) if s > step), len(overview.steps))
    return Points(overview.key, overview.steps[first:], overview.times[first:], overview.values[first:])


def _cells(values: NDArray[np.float64]) -> Cells:
    return tuple(None if v != v else v for v in values.tolist())
