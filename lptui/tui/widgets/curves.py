"""Lines reduced to the dots of a chart, and smoothed there: what is drawn costs the dots of the screen, not points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from lptui.stores.axes import Axis
from lptui.stores.columns import Columns, reduce
from lptui.stores.series import Series
from lptui.tui.widgets.braille import Scale, find_scale
from lptui.tui.widgets.chartlines import Line

_TAIL = 20
"""Newest points among which the last two finite ones are looked for."""
VIEW = 1000.0
"""A weight is per thousandth of what the x axis shows, so that it smooths as much at any density of points."""


@dataclass(frozen=True, slots=True)
class Smooth:
    """An exponential moving average: `weight` (0 to 1) of what came a thousandth of the shown range before, or
    `half` seconds (or steps) after which a point counts half."""

    kind: Literal["weight", "half"] = "weight"
    amount: float = 0.0

    @property
    def off(self) -> bool:
        return self.amount <= 0


NO_SMOOTHING = Smooth()


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One line in the dot columns of a chart: minimum, maximum and mean of each, and the smoothed mean."""

    line: Line
    columns: Columns
    smooth: Columns | None = None

    @property
    def middle(self) -> Columns:
        """A line through the means."""
        return replace(self.columns, low=self.columns.mean, high=self.columns.mean)

    @property
    def course(self) -> Columns:
        """The line that stands for it among others: smoothed, or through the means; drawn on to its newest value where
        that lies outside of all of it, as when a loss explodes."""
        line = self.smooth or self.middle
        means, last = line.mean, line.last
        at = next((i for i in range(len(means) - 1, -1, -1) if means[i] is not None), None)
        before = [v for v in means[:at] if v is not None]
        if at is None or last is None or not before or not math.isfinite(last[1]):
            return line
        if min(before) <= last[1] <= max(before):
            return line
        ends = [v for v in (means[at], last[1]) if v is not None]
        low, high = (*means[:at], min(ends), *means[at + 1 :]), (*means[:at], max(ends), *means[at + 1 :])
        return replace(line, low=low, high=high)


def scale_of(curves: Sequence[Curve], *, log: bool, clip: bool) -> Scale | None:
    """The y range that shows `curves`; of several runs only the one in front is followed beyond what most columns span:
    one that explodes would flatten the others."""
    first = curves[0].line.series.key if curves else ""
    newest = [None if i and curve.line.series.key == first else _find_newest(curve) for i, curve in enumerate(curves)]
    return find_scale([curve.columns for curve in curves], log=log, clip=clip, newest=newest)


def _find_newest(curve: Curve) -> list[float]:
    """The last two finite values of a line whose end is in view."""
    shown, last = curve.columns.last, curve.line.series.last()
    if shown is None or last is None or (shown[1] != last.value and last.value == last.value):
        return []
    return [value for value in curve.line.series.tail(_TAIL) if math.isfinite(value)][-2:]


def curve_of(line: Line, dots: int, axis: Axis, window: tuple[float, float], smooth: Smooth) -> Curve:
    """`line` in `dots` columns over `window` of the x axis."""
    columns = reduce(line.series, dots, axis, window, line.axes)
    if not columns.end > columns.start:  # nothing is known of it
        columns = replace(columns, start=window[0], end=window[1])
    return Curve(line, columns, None if smooth.off else smoothed(columns, smooth))


def smoothed(columns: Columns, smooth: Smooth) -> Columns:
    """The exponential moving average of the means, free of the bias of its start (as in Adam's). A column counts once,
    however many points it holds; a gap lets what came before it fade."""
    span = columns.end - columns.start
    width = len(columns.mean) or 1
    if smooth.kind == "weight":
        keep = min(smooth.amount, 0.9999) ** (VIEW / width)
    else:
        keep = 0.5 ** (span / width / smooth.amount) if span > 0 else 0.0
    total = weight = 0.0
    values: list[float | None] = []
    for mean in columns.mean:
        total, weight = total * keep, weight * keep
        if mean is None:
            values.append(None)
            continue
        total, weight = total + mean, weight + 1.0
        value = total / weight
        values.append(value if math.isfinite(value) else mean)
    line = tuple(values)
    return replace(columns, low=line, high=line, mean=line, through=())


def same_look(before: Series, after: Series, dots: int) -> bool:
    """Whether `after` drawn in `dots` columns looks like `before`: few new points, none of them outside of the old."""
    if after is before:
        return True
    quarter = max(1, before.count // (dots * 4 or 1))
    return (
        0 <= after.count - before.count < quarter
        and after.overview is before.overview
        and (after.minimum, after.maximum, after.nonfinite) == (before.minimum, before.maximum, before.nonfinite)
        and quarter > 1
    )
