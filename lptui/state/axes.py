"""Which series of a run tell how its counts relate: step and time, step and epoch, a count of a source and the step."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import islice

from lptui.stores.axes import EPOCH_KEYS, STEP_KEYS, Axes
from lptui.stores.series import Series

_SERIES = 2000


def find_axes(series: Mapping[str, Series], before: Axes) -> Axes:
    """The axes of a run; `before` itself when what they rest on is as it was."""
    looked_at = [part for one in islice(series.values(), _SERIES) for part in (one, *one.others)]
    start = min((t for s in looked_at if (t := _first_time(s)) is not None), default=None)
    clock = max((s for s in looked_at if _is_clock(s)), key=lambda s: (s.count, s.key), default=None)
    epochs = next((s for s in _named(series, EPOCH_KEYS) if s.unit == "step"), None)
    counts = {(s.source, s.unit): s for s in reversed([*_named(series, STEP_KEYS)]) if s.unit != "step"}
    same = (start, clock, epochs) == (before.start, before.clock, before.epochs) and counts == before.counts
    return before if same else Axes(start, clock, epochs, counts)


def _named(series: Mapping[str, Series], keys: Iterable[str]) -> Iterable[Series]:
    return (part for key in keys if key in series for part in (series[key], *series[key].others))


def _first_time(series: Series) -> float | None:
    parts = [series.overview] if series.overview is not None else []
    times = [p.times[0] for p in (*parts, *(s.points for s in series.segments[:1])) if len(p.times)]
    return min((t for t in times if math.isfinite(t)), default=None)


def _is_clock(series: Series) -> bool:
    """Whether its points tell both time and the run's step. W&B's system readings know no step."""
    newest = series.own_last()
    return series.unit == "step" and newest is not None and newest.step is not None and newest.time is not None
