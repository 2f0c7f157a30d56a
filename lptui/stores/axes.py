"""What the x axis of a chart counts, and the places of points on it: the run's own step, its epochs, wall time, or time
since the start. A source that counts something else (epochs, updates, rows) is converted by columns of the same source
that say both; where nothing says it, its points keep a count of their own and that is told (`own`). numpy, late.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from lptui.model.value import frozen

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lptui.stores.series import Series

Axis = Literal["step", "epoch", "time", "since"]
"""The run's step; its epochs; unix seconds; seconds since the run's first record."""
AXES: tuple[Axis, ...] = ("step", "epoch", "time", "since")

STEP_KEYS = (
    "metric/agent_step",
    "global_step",
    "trainer/global_step",
    "train/global_step",
    "agent_steps",
    "time/total_timesteps",
    "num_env_steps_sampled_lifetime",
    "num_env_steps_sampled",
    "timesteps_total",
    "total_timesteps",
)
"""Columns by which runs declare their own step, the most telling first (Metta, Lightning, HF, SB3, RLlib)."""
EPOCH_KEYS = ("metric/epoch", "epoch", "train/epoch", "trainer/epoch", "training_iteration", "log/epoch")
"""Columns that hold the epoch of a row."""
_WORDS = {"step": "steps", "epoch": "epochs", "update": "updates", "row": "rows"}
_STRAIGHT, _REACH = 0.01, 0.1
"""A ramp that leaves its chord by less than the first share of its range goes on for ever, another by the second."""


@frozen(eq=False)
class Axes:
    """How the counts of one run relate; made by the fold. Each series holds pairs: a count, and what it is in another.

    start: unix time of the run's first record. clock: a series whose points carry both time and step. epochs: a series
    whose values are epochs at steps. counts: (source, unit) -> a series whose values are the run's steps.
    """

    start: float | None = None
    clock: Series | None = None
    epochs: Series | None = None
    counts: Mapping[tuple[str, str], Series] = field(default_factory=dict[tuple[str, str], "Series"])


NO_AXES = Axes()


@frozen(eq=False)
class Ramp:
    """Pairs in order of `xs`; straight lines between them."""

    xs: NDArray[np.float64]
    ys: NDArray[np.float64]

    def at(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """What `places` are in the other count; NaN where that cannot be told."""
        import numpy as np

        xs, ys = self.xs, self.ys
        if not len(xs):
            return np.full(len(places), np.nan)
        found = np.interp(places, xs, ys)
        if len(xs) < 2:
            return np.where(places == xs[0], found, np.nan)
        with np.errstate(all="ignore"):  # pairs that lie next to each other
            span, rise = xs[-1] - xs[0], ys[-1] - ys[0]
            chord = ys[0] + (xs - xs[0]) / span * rise
            straight = np.abs(ys - chord).max() <= _STRAIGHT * abs(rise)
            reach = np.inf if straight else max(_REACH * span, xs[-1] - xs[-2])
            slope = rise / span if straight else (ys[-1] - ys[-2]) / (xs[-1] - xs[-2])
            after, before = places - xs[-1], xs[0] - places
            found = np.where(after > 0, ys[-1] + after * slope, found)
            found = np.where(before > 0, ys[0] - before * rise / span, found)
        return np.where((after > reach) | (before > reach), np.nan, found)


def place(
    series: Series, steps: NDArray[np.float64], times: NDArray[np.float64], axis: Axis, axes: Axes = NO_AXES
) -> tuple[NDArray[np.float64], str]:
    """Where points of `series` (its own, not those of `others`) lie on `axis`, NaN where unknown; and what is counted
    instead ('points', 'epochs', ...) when none of them can be placed there, else ''."""
    import numpy as np

    if axis in ("time", "since"):
        found = _times(series, steps, times, axes)
        if axis == "since":
            found = found - (axes.start if axes.start is not None else np.nan)
    else:
        found = _steps(series, steps, times, axes)
        if axis == "epoch":
            found = _epochs(series, steps, found, axes)
    if np.isfinite(found).any():
        return found, ""
    if np.isfinite(steps).any():
        return steps, _WORDS.get(series.unit, "rows")
    return np.arange(len(steps), dtype=np.float64), "points"


def _steps(series: Series, steps: NDArray[np.float64], times: NDArray[np.float64], axes: Axes) -> NDArray[np.float64]:
    """In the run's own steps: as they are, by the source's own column of steps, or by the time they were written."""
    import numpy as np

    if series.unit == "step":
        found = steps
    else:
        pairs = axes.counts.get((series.source, series.unit))
        found = _values_over_steps(pairs).at(steps) if pairs is not None else np.full(len(steps), np.nan)
        if pairs is None and series.unit == "epoch" and axes.epochs is not None:
            found = _steps_over_values(axes.epochs).at(steps)
    unknown = ~np.isfinite(found)
    if axes.clock is not None and unknown.any():
        found = np.where(unknown, _steps_over_time(axes.clock).at(times), found)
    return found


def _times(series: Series, steps: NDArray[np.float64], times: NDArray[np.float64], axes: Axes) -> NDArray[np.float64]:
    import numpy as np

    unknown = ~np.isfinite(times)
    if axes.clock is None or not unknown.any():
        return times
    return np.where(unknown, _time_over_steps(axes.clock).at(_steps(series, steps, times, axes)), times)


def _epochs(series: Series, own: NDArray[np.float64], steps: NDArray[np.float64], axes: Axes) -> NDArray[np.float64]:
    import numpy as np

    if series.unit == "epoch":
        return own
    return _values_over_steps(axes.epochs).at(steps) if axes.epochs is not None else np.full(len(own), np.nan)


@lru_cache(maxsize=16)
def _values_over_steps(series: Series) -> Ramp:
    steps, _, values = _columns(series)
    return _ramp(steps, values, rising=True)


@lru_cache(maxsize=16)
def _steps_over_values(series: Series) -> Ramp:
    steps, _, values = _columns(series)
    return _ramp(values, steps, rising=True)


@lru_cache(maxsize=4)
def _steps_over_time(series: Series) -> Ramp:
    steps, times, _ = _columns(series)
    return _ramp(times, steps, rising=False)  # a resumed run goes back


@lru_cache(maxsize=4)
def _time_over_steps(series: Series) -> Ramp:
    steps, times, _ = _columns(series)
    return _ramp(steps, times, rising=True)


def _columns(series: Series) -> tuple[NDArray[np.float64], ...]:
    import numpy as np

    parts = series.parts()
    columns = [[p.steps for p in parts], [p.times for p in parts], [p.values for p in parts]]
    return tuple(np.concatenate([np.frombuffer(c, dtype=np.float64) for c in cs] or [np.empty(0)]) for cs in columns)


def _ramp(xs: NDArray[np.float64], ys: NDArray[np.float64], *, rising: bool) -> Ramp:
    """The pairs that are known, in order of `xs`, of equal ones the newest; `rising`: a fall counts as level."""
    import numpy as np

    known = np.isfinite(xs) & np.isfinite(ys)
    xs, ys = xs[known], ys[known]
    order = np.argsort(xs, kind="stable")
    xs, ys = xs[order], ys[order]
    last = np.append(xs[1:] != xs[:-1], True) if len(xs) else np.empty(0, dtype=bool)
    xs, ys = xs[last], ys[last]
    return Ramp(xs, np.maximum.accumulate(ys) if rising and len(ys) else ys)
