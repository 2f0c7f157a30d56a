"""Long segments in buckets of points: what a chart needs of them, worked out once and kept while the segment lives, so
that drawing costs buckets and not points (numpy, imported late)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from lptui.stores.axes import Axes, Axis, place
from lptui.stores.segments import Rows, Segment

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lptui.stores.series import Series

BUCKET = 64
ENOUGH = 2.0
"""Buckets in a column from which on it does not matter that one may lie across its edge."""


@dataclass(frozen=True, slots=True, eq=False)
class Buckets:
    """Consecutive points: lowest and highest finite value (infinite where there is none), the sum and the number of
    finite ones, whether any is not finite."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    total: NDArray[np.float64]
    count: NDArray[np.int64]
    bad: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """Steps and times of the first and of the last point of each bucket; whether the steps never fall."""

    steps: tuple[NDArray[np.float64], NDArray[np.float64]]
    times: tuple[NDArray[np.float64], NDArray[np.float64]]
    rising: bool


_buckets: WeakKeyDictionary[Segment, Buckets] = WeakKeyDictionary()
_edges: WeakKeyDictionary[Rows, Edges] = WeakKeyDictionary()
worked_out = 0
"""Segments put into buckets since the start: what tests count."""


def find_buckets(
    series: Series, width: int, axis: Axis, window: tuple[float, float] | None, axes: Axes
) -> tuple[NDArray[np.float64], NDArray[np.float64], Buckets] | None:
    """Where the buckets of a long series begin and end on `axis`, and what is in them. None for one that is short, goes
    back, is sampled or joined, or has no place on the axis: its points are looked at one by one."""
    if any(o.agrees is not False for o in series.others) or series.overview is not None:
        return None
    if sum(map(len, series.segments)) < ENOUGH * BUCKET * width:
        return None
    import numpy as np

    edges = [edges_of(segment.rows) for segment in series.segments]
    if not all(e.rising for e in edges) or not _follow(edges):
        return None
    steps, times = (
        [np.concatenate([getattr(e, of)[end] for e in edges]) for end in (0, 1)] for of in ("steps", "times")
    )
    begins, own = place(series, steps[0], times[0], axis, axes)
    ends, _ = place(series, steps[1], times[1], axis, axes)
    if own or not (np.isfinite(begins).all() and np.isfinite(ends).all()):
        return None
    if window is not None and ((ends >= window[0]) & (begins <= window[1])).sum() < ENOUGH * width:
        return None
    parts = [buckets_of(segment) for segment in series.segments]
    joined = (np.concatenate([getattr(p, name) for p in parts]) for name in ("low", "high", "total", "count", "bad"))
    return begins, ends, Buckets(*joined)


def _follow(edges: list[Edges]) -> bool:
    return all(not a.steps[1][-1] > b.steps[0][0] for a, b in pairwise(edges))


def buckets_of(segment: Segment) -> Buckets:
    """The buckets of a segment."""
    found = _buckets.get(segment)
    if found is None:
        found = _buckets[segment] = _work_out(segment)
    return found


def _work_out(segment: Segment) -> Buckets:
    import numpy as np

    global worked_out
    worked_out += 1
    values = np.frombuffer(segment.values, dtype=np.float64)
    firsts = np.arange(0, len(values), BUCKET)
    finite = np.isfinite(values)
    if finite.all():
        count = np.diff(np.append(firsts, len(values)))
        low = high = total = values
    else:
        count = np.add.reduceat(finite.astype(np.int64), firsts)
        low, high = np.where(finite, values, np.inf), np.where(finite, values, -np.inf)
        total = np.where(finite, values, 0.0)
    sizes = np.diff(np.append(firsts, len(values)))
    with np.errstate(over="ignore", invalid="ignore"):
        sums = np.add.reduceat(total, firsts)
    return Buckets(np.minimum.reduceat(low, firsts), np.maximum.reduceat(high, firsts), sums, count, count < sizes)


def edges_of(rows: Rows) -> Edges:
    """The edges of the buckets of a segment's rows."""
    found = _edges.get(rows)
    if found is None:
        import numpy as np

        steps, times = (np.frombuffer(a, dtype=np.float64) for a in (rows.steps, rows.times))
        firsts = np.arange(0, len(steps), BUCKET)
        lasts = np.append(firsts[1:] - 1, len(steps) - 1)
        rising = bool((steps[1:] >= steps[:-1]).all())  # not so where one is unknown
        found = _edges[rows] = Edges((steps[firsts], steps[lasts]), (times[firsts], times[lasts]), rising)
    return found
