"""Round places for the labels of a chart's x axis, and the words that stand there. Pure arithmetic."""

from __future__ import annotations

import math

from lptui.stores.axes import Axis
from lptui.text import clock, short_duration, short_number
from lptui.text.units import date
from lptui.tui.widgets.axes import nice_steps, scaled, times

_DAY = 86_400.0
ROOM_FOR_UNIT = 24
"""Cells of a plot whose x axis ends with what it counts; a narrower one with a number, where one lies there."""
_SECONDS = (
    1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 10_800.0, 21_600.0,
    43_200.0, _DAY, 2 * _DAY, 7 * _DAY, 14 * _DAY, 28 * _DAY, 91 * _DAY, 364 * _DAY,
)  # fmt: skip
_SPANS = (1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0)


def round_end(start: float, end: float) -> tuple[float, float]:
    """[start, end] made longer to a round span, so that a line that grows does not move what is drawn already."""
    span = end - start
    if not (span > 0 and math.isfinite(span)):
        return start, end
    if 0 < start <= span * 0.05:
        start, span = 0.0, end
    power = 10.0 ** math.floor(math.log10(span))
    return start, start + next(head for head in _SPANS if head * power >= span * (1 - 1e-9)) * power


def x_labels(start: float, end: float, width: int, axis: Axis, *, own: str = "") -> list[tuple[int, str]]:
    """(first cell, text) of the labels below a plot of `width` cells: round places, where they lie."""
    span = end - start
    if width <= 0 or not math.isfinite(span):
        return []
    if span <= 0:
        return [(0, x_text(start, 1.0 if axis == "step" and abs(start) >= 10 else 0.0, axis, own=own)[:width])]
    ladder = _SECONDS if axis in ("time", "since") and not own and span > 2 else None
    steps = (s for s in ladder if s >= span / 10) if ladder else nice_steps(span / 10, (1.0, 2.0, 5.0))
    for step in steps:
        if axis in ("step", "epoch") and span >= 1 and step < 1:
            continue
        labels = _placed(start, end, width, axis, step, own)
        if labels is not None:
            return labels
        if step > span:
            break
    return [(0, x_text(start, span, axis, own=own)[:width])]


def _placed(start: float, end: float, width: int, axis: Axis, step: float, own: str) -> list[tuple[int, str]] | None:
    """Labels at the multiples of `step`; None if they do not fit."""
    local = axis == "time" and not own
    placed: list[tuple[int, str]] = []
    free = 0
    slack = 0.5 / width if axis in ("step", "epoch") and width < ROOM_FOR_UNIT else 1e-9  # 9,999: 10k stands there
    for place in _clock_places(start, end, step) if local else _places(start, end, step):
        share = (place - start) / (end - start)
        if not share <= 1 + slack:
            continue
        text = x_text(place, step, axis, own=own)
        cell = min(width - 1, int(share * width))
        at = min(width - len(text), max(0, cell - len(text) // 2))
        if at < free or at < 0:
            return None
        placed.append((at, text))
        free = at + len(text) + 2
    return placed if placed else None


def _places(start: float, end: float, step: float) -> list[float]:
    """Multiples of `step`, with the one behind `end`."""
    first, last = math.ceil(start / step - 1e-9), math.floor(end / step + 1e-9) + 1
    return [times(i, step) for i in range(first, last + 1)]


def _clock_places(start: float, end: float, step: float) -> list[float]:
    """Unix times at which the reader's clock stands at a multiple of `step`: midnight stays midnight where clocks were
    put on or back in between."""
    first = math.ceil((start + _zone(start)) / step - 1e-9) - 1
    last = math.floor((end + _zone(end)) / step + 1e-9) + 1
    local_times = [i * step for i in range(first, last + 1)]
    places = sorted({local - _zone(local - _zone(local)) for local in local_times})
    return [place for place in places if start - 1e-6 * step <= place <= end + 1e-6 * step]


def _zone(at: float) -> float:
    """Seconds that local time is ahead of UTC, so that round clock times are round where the reader is."""
    import time

    try:
        return float(time.localtime(at).tm_gmtoff)
    except (OverflowError, ValueError, OSError):
        return 0.0


def x_text(place: float, step: float, axis: Axis, *, own: str = "") -> str:
    """A place on the x axis, as exact as `step` asks."""
    if axis == "time" and not own:
        told = clock(place) if step < 60 else clock(place)[:5]
        return date(place)[5:10] if step >= _DAY or told == "00:00" else told
    if axis == "since" and not own:
        return short_duration(place) if step >= 1 else f"{place:.3g}s"
    if abs(place) < 10_000:
        if step <= 0 or step >= 1:
            return f"{place:g}" if step <= 0 else f"{round(place)}"
        digits = next((d for d in range(1, 10) if abs(step * 10**d - round(step * 10**d)) < 1e-6), 10)
        return f"{place:.{digits}f}" if place else "0"  # as many for each: 39.70, 39.75
    return scaled(place, step) if step > 0 else short_number(place)
