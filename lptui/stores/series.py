"""One metric over time, in immutable segments: old views stay valid, appending copies at most one small segment."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass, replace

from lptui.model.events import Points

SMALL = 256
"""Segments shorter than this are merged with the next one, so that live points do not pile up one by one."""
LIMIT = 400_000
"""Points kept of one series in full; beyond it the older half is thinned to its extremes."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Points in the order their source wrote them. `order` sorts segments (byte or record position in the source)."""

    order: float
    points: Points
    marks: tuple[tuple[float, int], ...] = ()
    """(order, index of its first point) of the batches that were merged into this segment after its first."""
    thinned: bool = False

    @property
    def until(self) -> float:
        """The order of its newest batch."""
        return self.marks[-1][0] if self.marks else self.order

    def __len__(self) -> int:
        return len(self.points.values)


@dataclass(frozen=True, slots=True)
class Spot:
    """One point: step and unix time are None where the source did not say."""

    step: float | None
    time: float | None
    value: float


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """A metric: its segments, and what is known of all its points without reading them again."""

    key: str
    source: str
    segments: tuple[Segment, ...] = ()
    count: int = 0
    minimum: float | None = None
    maximum: float | None = None
    nonfinite: int = 0
    overview: Points | None = None
    """A sample over the whole range, shown beyond what has been read in full; dropped once that has caught up."""
    unit: str = "step"
    """What its steps count, as `Samples.unit`."""

    @property
    def sampled(self) -> bool:
        """Whether part of what is shown rests on a sample."""
        return self.overview is not None

    def last(self) -> Spot | None:
        """The newest point, or None."""
        newest = self.overview or (self.segments[-1].points if self.segments else None)
        return spot(newest, -1) if newest else None

    def previous(self, back: int = 1) -> Spot | None:
        """The point `back` before the newest one, or None."""
        for segment in reversed(self.segments):
            if back < len(segment):
                return spot(segment.points, -1 - back)
            back -= len(segment)
        return None

    def tail(self, count: int) -> list[float]:
        """The newest `count` values, oldest first."""
        values: list[float] = []
        for segment in reversed(self.segments):
            want = count - len(values)
            if want <= 0:
                break
            values[:0] = segment.points.values[-want:]
        return values


def spot(points: Points, index: int) -> Spot:
    """Point `index` of `points`, NaN steps and times as None."""
    step, time = points.steps[index], points.times[index]
    return Spot(None if math.isnan(step) else step, None if math.isnan(time) else time, points.values[index])


def overlay(series: Series, points: Points) -> Series:
    """`series` with `points` as the sampled overview of what has not been read yet."""
    return replace(series, overview=points) if points.values else series


def extend(series: Series, points: Points, order: float) -> Series:
    """`series` with complete `points` added at `order` (their place in the source)."""
    if not points.values:
        return series
    minimum, maximum, nonfinite = series.minimum, series.maximum, series.nonfinite
    finite = [v for v in points.values if math.isfinite(v)]
    if finite:
        low, high = min(finite), max(finite)
        minimum = low if minimum is None else min(minimum, low)
        maximum = high if maximum is None else max(maximum, high)
    overview = series.overview
    if overview is not None and not points.steps[-1] < overview.steps[-1]:
        overview = None
    return Series(  # spelt out: `replace` costs more, and this runs for every metric of every entry
        series.key,
        series.source,
        _compact(_insert(series.segments, Segment(order, points))),
        series.count + len(points.values),
        minimum,
        maximum,
        nonfinite + len(points.values) - len(finite),
        overview,
        series.unit,
    )


def _insert(segments: tuple[Segment, ...], new: Segment) -> tuple[Segment, ...]:
    last = segments[-1] if segments else None
    if last is None or new.order >= last.until:
        if last is not None and len(last) < SMALL and len(new) < SMALL and not last.thinned:
            return (*segments[:-1], _join(last, new))
        return (*segments, new)
    place = next(i for i, s in enumerate(segments) if new.order < s.until)
    found = segments[place]
    if new.order < found.order:
        return (*segments[:place], new, *segments[place:])
    return (*segments[:place], *_split(found, new), *segments[place + 1 :])


def _join(one: Segment, two: Segment) -> Segment:
    a, b = one.points, two.points
    points = Points(a.key, a.steps + b.steps, a.times + b.times, a.values + b.values)
    return Segment(one.order, points, (*one.marks, (two.order, len(one))))


def _split(segment: Segment, new: Segment) -> tuple[Segment, ...]:
    """A late batch that belongs between two that were merged: the segment is cut there again."""
    count = sum(1 for order, _ in segment.marks if order <= new.order)
    order, index = segment.marks[count]
    after = tuple((o, i - index) for o, i in segment.marks[count + 1 :])
    before = Segment(segment.order, _slice(segment.points, 0, index), segment.marks[:count])
    return before, new, Segment(order, _slice(segment.points, index, None), after)


def _slice(points: Points, start: int, stop: int | None) -> Points:
    part = slice(start, stop)
    return Points(points.key, points.steps[part], points.times[part], points.values[part])


def _compact(segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
    if sum(len(s) for s in segments) <= LIMIT:
        return segments
    half = max(1, len(segments) // 2)
    old = (s if len(s) < SMALL else Segment(s.order, thin(s.points), thinned=True) for s in segments[:half])
    return (*old, *segments[half:])


def thin(points: Points, group: int = 8) -> Points:
    """Every `group` points reduced to their extremes in order (2 of 8), NaN kept, so a chart looks the same."""
    keep: list[int] = []
    for start in range(0, len(points.values), group):
        block = range(start, min(start + group, len(points.values)))
        bad = [i for i in block if not math.isfinite(points.values[i])]
        good = [i for i in block if math.isfinite(points.values[i])]
        chosen = set(bad[:1])
        if good:
            chosen |= {min(good, key=points.values.__getitem__), max(good, key=points.values.__getitem__)}
        keep += sorted(chosen)
    steps, times, values = (array("d", [a[i] for i in keep]) for a in (points.steps, points.times, points.values))
    return Points(points.key, steps, times, values)
