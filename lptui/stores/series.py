"""One metric over time, in immutable segments: old views stay valid, appending copies little."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right
from dataclasses import replace

from lptui.model.events import Points
from lptui.model.value import frozen
from lptui.stores.segments import SEALED, SMALL, Segment, Sharing, compact, insert, settle_end

LIMIT = 400_000
"""Points kept of one series, fewer when there are many series; beyond it older ones are thinned to their extremes."""


@frozen
class Spot:
    """One point: step and unix time are None where the source did not say."""

    step: float | None
    time: float | None
    value: float


@frozen(eq=False)
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
    """A sample over the whole range; what has been read in full takes the place of its part of it."""
    unit: str = "step"
    """What its steps count, as `Samples.unit`."""
    name: str = ""
    """What its source calls it, if not `key`: names that mean the same quantity are joined."""
    others: tuple[Series, ...] = ()
    """The same quantity as other sources tell it; this source, the finest one, leads."""
    agrees: bool | None = None
    """Of one of `others`: whether its values are those of the lead where both have a point; None: not known."""
    compared: int = 0
    """Of one of `others`: the points that the two had when that was found out."""

    @property
    def sampled(self) -> bool:
        """Whether part of what is shown rests on a sample."""
        return self.overview is not None

    def last(self) -> Spot | None:
        """The newest point of all sources that do not contradict the lead, or None."""
        newest = self.own_last()
        for other in self.others:
            found = other.own_last() if other.agrees is not False else None
            if found is not None and (newest is None or _is_newer(found, newest, same=other.unit == self.unit)):
                newest = found
        return newest

    def own_last(self) -> Spot | None:
        """The newest point of this source."""
        newest = self.segments[-1].points if self.segments else self.overview
        sample = self.overview
        if sample is not None and newest is not None and sample.steps[-1] > newest.steps[-1]:
            newest = sample
        return spot(newest, -1) if newest is not None else None

    def parts(self, *, fair: bool = False) -> list[Points]:
        """All points of this source in their order, what a sample tells of the steps between them among them. `fair`:
        of thinned ones only those that were not chosen for their value."""
        read = [segment.sample() if fair else segment.points for segment in self.segments]
        if self.overview is None:
            return read
        mixed: list[Points] = []
        sample, used = self.overview, 0
        for part in read:
            until = bisect_left(sample.steps, part.steps[0], used) if part.steps else used
            if until > used:
                mixed.append(_cut(sample, used, until))
                used = until
            mixed.append(part)
        return [*mixed, _cut(sample, used, len(sample.values))]

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


def _cut(points: Points, start: int, stop: int) -> Points:
    return Points(points.key, points.steps[start:stop], points.times[start:stop], points.values[start:stop])


def _is_newer(one: Spot, two: Spot, *, same: bool) -> bool:
    """Whether a point of another source came after `two`: by the clock, else by the step, if they count the `same`."""
    if one.time is not None and two.time is not None and one.time != two.time:
        return one.time > two.time
    return same and one.step is not None and two.step is not None and one.step > two.step


def spot(points: Points, index: int) -> Spot:
    """Point `index` of `points`, NaN steps and times as None."""
    step, time = points.steps[index], points.times[index]
    return Spot(None if math.isnan(step) else step, None if math.isnan(time) else time, points.values[index])


def overlay(series: Series, points: Points) -> Series:
    """`series` with `points` as the sampled overview of what has not been read yet; without points, with none."""
    rest = points if points.values else None
    for segment in series.segments:
        rest = rest and _uncovered(rest, min(segment.rows.steps), max(segment.rows.steps))
    return series if rest is series.overview else replace(series, overview=rest)


def extend(
    series: Series,
    points: Points,
    order: float,
    file: str = "",
    until: float | None = None,
    *,
    sharing: Sharing | None = None,
    limit: int = LIMIT,
) -> Series:
    """`series` with complete `points` added at `order` to `until` of `file` (their place in the source; None: how far
    they reach is not known). Metrics of one batch share their rows when they are given the same `sharing`."""
    if not points.values:
        return series
    sharing = sharing or Sharing()
    minimum, maximum, bad = _widen(series, points.values)
    start = (file, order)
    rows = sharing.first(points, start)
    new = Segment(start, None if until is None else (file, until), start, rows, points.values)
    segments = settle_end(insert(series.segments, new, sharing), sharing, min(SEALED, max(SMALL, limit // 8)))
    count = series.count + len(points.values)
    if count > limit:
        segments = compact(segments, limit, sharing)
    return Series(  # spelt out: `replace` costs more, and this runs for every metric of every entry
        series.key,
        series.source,
        segments,
        count,
        minimum,
        maximum,
        series.nonfinite + bad,
        series.overview and _uncovered(series.overview, *sharing.span(points)),
        series.unit,
        series.name,
        series.others,
        series.agrees,
        series.compared,
    )


def _widen(series: Series, values: array[float]) -> tuple[float | None, float | None, int]:
    """(minimum, maximum, how many of `values` are not finite) with `values` counted in."""
    low, high, bad = _range(values)
    minimum, maximum = series.minimum, series.maximum
    if low is not None and high is not None:
        minimum = low if minimum is None or low < minimum else minimum
        maximum = high if maximum is None or high > maximum else maximum
    return minimum, maximum, bad


def _range(values: array[float]) -> tuple[float | None, float | None, int]:
    """(lowest, highest finite value, number of values that are not finite)."""
    if len(values) == 1:
        return (values[0], values[0], 0) if math.isfinite(values[0]) else (None, None, 1)
    low, high = min(values), max(values)
    # A NaN in front makes both NaN, one further back is passed over: the sum tells.
    if math.isfinite(sum(values)):
        return low, high, 0
    finite = [v for v in values if math.isfinite(v)]
    return min(finite, default=None), max(finite, default=None), len(values) - len(finite)


def _uncovered(overview: Points, first: float, last: float) -> Points | None:
    """What a sampled overview tells of the steps before `first` and after `last`; None when that is nothing."""
    start, stop = bisect_left(overview.steps, first), bisect_right(overview.steps, last)
    if start >= stop:
        return overview
    steps, times, values = (a[:start] + a[stop:] for a in (overview.steps, overview.times, overview.values))
    return Points(overview.key, steps, times, values) if values else None
