"""The points of a series on an axis: its own in the order in which they were written, a sample where they have not been
read yet, and those of other sources where it has none (numpy, imported late)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lptui.model.value import frozen
from lptui.stores.axes import NO_AXES, Axes, Axis, place
from lptui.stores.rewinds import find_rewinds, find_superseded, middle_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lptui.stores.series import Series

_GAP = 3.0
"""So many usual distances between its points are a hole that another source may fill."""


@frozen
class Break:
    """The run went back: from the count `left` to `resumed` (in the source's own steps), at `place` on the axis."""

    place: float
    left: float
    resumed: float


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """Places and values. `own` as in `axes.place`; `older` marks what a later branch wrote again (None: nothing);
    `borrowed` is how many points at the end are from other sources; `last` is the index of the newest point."""

    xs: NDArray[np.float64]
    ys: NDArray[np.float64]
    own: str = ""
    breaks: tuple[Break, ...] = ()
    older: NDArray[np.bool_] | None = None
    borrowed: int = 0
    last: int = -1


def lay(series: Series, axis: Axis, axes: Axes = NO_AXES) -> Laid:
    """All points of `series` that are kept, on `axis`."""
    laid = _lay_one(series, axis, axes)
    for other in series.others:
        if other.agrees is not False:
            laid = _fill(laid, _lay_one(other, axis, axes), fresher=_is_fresher(series, other))
    return laid


def _lay_one(series: Series, axis: Axis, axes: Axes) -> Laid:
    import numpy as np

    steps, times, ys = _arrays(series)
    xs, own = place(series, steps, times, axis, axes)
    counted = axis in ("step", "epoch")
    rewinds = find_rewinds(steps)
    if rewinds is None:
        if counted and own != "points":  # they count something within an epoch
            xs, own = np.arange(len(ys), dtype=np.float64), "points"
        return Laid(xs, ys, own)
    breaks = tuple(Break(float(xs[i]), float(np.nanmax(steps[:i])), float(steps[i])) for i in rewinds.tolist())
    older = find_superseded(steps, rewinds) if len(rewinds) and counted else None
    return Laid(xs, ys, own, breaks, older)


def _fill(laid: Laid, other: Laid, *, fresher: bool) -> Laid:
    """`laid` with the points of another source where it has none."""
    import numpy as np

    if laid.own or other.own:
        return laid
    xs = np.sort(laid.xs[np.isfinite(laid.xs)])
    wanted = np.isfinite(other.xs)
    if len(xs) > 1:
        gaps = np.diff(xs)
        usual = middle_of(gaps[gaps > 0]) if (gaps > 0).any() else 0.0
        after = np.searchsorted(xs, other.xs)
        left, right = xs[np.maximum(after - 1, 0)], xs[np.minimum(after, len(xs) - 1)]
        inside = (right - left > _GAP * usual) & (left < other.xs) & (other.xs < right)
        wanted &= inside | (other.xs < xs[0]) | (other.xs > xs[-1])
    count = int(wanted.sum())
    if not count:
        return laid
    older = np.concatenate([laid.older, np.zeros(count, dtype=bool)]) if laid.older is not None else None
    last = laid.last if laid.last >= 0 else len(laid.xs) - 1
    last = len(laid.xs) + count - 1 if fresher and wanted[-1] else last
    return Laid(
        np.concatenate([laid.xs, other.xs[wanted]]),
        np.concatenate([laid.ys, other.ys[wanted]]),
        "",
        laid.breaks,
        older,
        laid.borrowed + count,
        last,
    )


def _is_fresher(series: Series, other: Series) -> bool:
    newest, found = series.last(), other.own_last()
    return newest is not None and newest == found and newest != series.own_last()


def _arrays(series: Series) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    import numpy as np

    parts = series.parts()
    if not parts:
        return np.empty(0), np.empty(0), np.empty(0)
    columns = ([p.steps for p in parts], [p.times for p in parts], [p.values for p in parts])
    steps, times, ys = (np.concatenate([np.frombuffer(x, dtype=np.float64) for x in column]) for column in columns)
    return steps, times, ys
