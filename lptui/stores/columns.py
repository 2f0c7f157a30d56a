"""Reduce a series to what a chart can show: what each of its columns holds (numpy, imported late)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lptui.model.value import frozen
from lptui.stores.axes import NO_AXES, Axes, Axis
from lptui.stores.laying import Break, lay
from lptui.stores.levels import Buckets, find_buckets

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lptui.stores.laying import Laid
    from lptui.stores.series import Series

__all__ = ["Axis", "Band", "Break", "Columns", "reach", "reduce"]

Cells = tuple[float | None, ...]


@frozen
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
    through: tuple[tuple[int, float], ...] = ()
    """(column, value) at the edges where no point falls, but where the line to a point beyond the window runs."""

    @property
    def extent(self) -> tuple[float, float] | None:
        """The smallest and largest finite value shown, or None."""
        lows = [v for v in self.low if v is not None]
        highs = [v for v in self.high if v is not None]
        return (min(lows), max(highs)) if lows else None


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

    with np.errstate(all="ignore"):  # steps and values of any size; a warning would be written over the screen
        coarse = find_buckets(series, width, axis, window, axes)
        if coarse is not None:
            return _reduce_buckets(series, width, axis, window, coarse)
        return _reduce_points(lay(series, axis, axes), width, axis, window)


def _reduce_points(laid: Laid, width: int, axis: Axis, window: tuple[float, float] | None) -> Columns:
    import numpy as np

    known = np.isfinite(laid.xs)
    width = max(width, 0)
    nothing: Cells = (None,) * width
    if not known.any() or not width:
        return Columns(0.0, 0.0, nothing, nothing, (False,) * width, mean=nothing, axis=axis, own=laid.own)
    start, end = window or (float(laid.xs[known].min()), float(laid.xs[known].max()))
    inside = known & (laid.xs >= start) & (laid.xs <= end)
    xs, ys = laid.xs[inside], laid.ys[inside]
    slots = _slots(xs, start, end, width)
    behind = None
    if laid.older is not None:
        older = laid.older[inside]
        behind = Band(*_gather(slots[older], ys[older], width)[:2])
        slots, ys = slots[~older], ys[~older]
    low, high, mean, broken = _gather(slots, ys, width)
    breaks = tuple(b for b in laid.breaks if start <= b.place <= end)
    last = find_last(laid, inside)
    through = _through(laid, known, (start, end), low)
    return Columns(start, end, low, high, broken, last, mean, axis, laid.own, breaks, behind, through)


def _through(
    laid: Laid, known: NDArray[np.bool_], window: tuple[float, float], low: Cells
) -> tuple[tuple[int, float], ...]:
    """Where the line between the points next to an edge of the window crosses it."""
    import numpy as np

    found: list[tuple[int, float]] = []
    own = known if laid.older is None else known & ~laid.older
    for column, edge, side in ((0, window[0], 1.0), (len(low) - 1, window[1], -1.0)):
        if low[column] is not None:
            continue
        ahead = (laid.xs - edge) * side
        outside = own & (ahead < 0)
        if not outside.any():  # the usual case: the window holds all there is
            continue
        beyond, within = np.where(outside, ahead, np.nan), np.where(own & (ahead >= 0), ahead, np.nan)
        if np.isnan(within).all():
            continue
        one, two = int(np.nanargmax(beyond)), int(np.nanargmin(within))
        share = float(beyond[one] / (beyond[one] - within[two]))
        value = float(laid.ys[one] + (laid.ys[two] - laid.ys[one]) * share)
        if np.isfinite(value):
            found.append((column, value))
    return tuple(found)


def reach(series: Series, axis: Axis = "step", axes: Axes = NO_AXES) -> tuple[float, float, str] | None:
    """The first and the last place of `series` on `axis`, and what is counted instead (`own`); None without points."""
    import numpy as np

    with np.errstate(all="ignore"):
        coarse = find_buckets(series, 1, axis, None, axes)
        if coarse is not None:
            return float(coarse[0].min()), float(coarse[1].max()), ""
        laid = lay(series, axis, axes)
    known = laid.xs[np.isfinite(laid.xs)]
    return (float(known.min()), float(known.max()), laid.own) if len(known) else None


def _reduce_buckets(
    series: Series,
    width: int,
    axis: Axis,
    window: tuple[float, float] | None,
    coarse: tuple[NDArray[np.float64], NDArray[np.float64], Buckets],
) -> Columns:
    import numpy as np

    begins, ends, of = coarse
    start, end = window or (float(begins.min()), float(ends.max()))
    middles = begins / 2 + ends / 2
    inside = (middles >= start) & (middles <= end)
    slots = _slots(middles[inside], start, end, width)
    order = np.argsort(slots, kind="stable")
    slots, picked = slots[order], np.flatnonzero(inside)[order]
    low, high, mean = (np.full(width, np.nan) for _ in range(3))
    broken = np.zeros(width, dtype=bool)
    broken[slots[of.bad[picked]]] = True
    firsts = np.flatnonzero(np.diff(slots, prepend=-1))
    if len(firsts):
        filled = slots[firsts]
        counts = np.add.reduceat(of.count[picked], firsts)
        low[filled], high[filled] = (
            np.minimum.reduceat(of.low[picked], firsts),
            np.maximum.reduceat(of.high[picked], firsts),
        )
        mean[filled] = np.clip(np.add.reduceat(of.total[picked], firsts) / counts, low[filled], high[filled])
        for values in (low, high, mean):
            values[filled[counts == 0]] = np.nan
    last = series.own_last()
    newest = (float(ends[-1]), last.value) if last is not None and start <= ends[-1] <= end else None
    return Columns(start, end, _cells(low), _cells(high), tuple(broken.tolist()), newest, _cells(mean), axis)


def _slots(xs: NDArray[np.float64], start: float, end: float, width: int) -> NDArray[np.int64]:
    """The column of each place between `start` and `end`; halves, since a span may be too large for a number."""
    import numpy as np

    shares = (xs / 2 - start / 2) / ((end / 2 - start / 2) or 1.0)
    return np.clip((shares * width).astype(np.int64), 0, width - 1)


def find_last(laid: Laid, inside: NDArray[np.bool_]) -> tuple[float, float] | None:
    """(place, value) of the newest point in a window."""
    index = laid.last if laid.last >= 0 else len(laid.xs) - 1
    if not inside[index]:
        own = inside[: len(inside) - laid.borrowed].nonzero()[0]
        if not len(own):
            return None
        index = int(own[-1])
    return float(laid.xs[index]), float(laid.ys[index])


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
        mean[filled] = np.clip(np.add.reduceat(ys, firsts) / counts, low[filled], high[filled])
    return _cells(low), _cells(high), _cells(mean), tuple(broken.tolist())


def _cells(values: NDArray[np.float64]) -> Cells:
    return tuple(None if v != v else v for v in values.tolist())
