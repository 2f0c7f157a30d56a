"""Which part of the x axis is shown: all of it, a window, or the newest part, which follows. Pure arithmetic."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from lptui.stores.axes import Axis
from lptui.text import short_duration, short_number
from lptui.tui.widgets.axes import nice_steps
from lptui.tui.widgets.xaxis import round_end

Range = tuple[float, float]
_FOLLOWED_S = (600.0, 3600.0, 6 * 3600.0, 86_400.0)
_FOLLOWED_SHARES = (0.03, 0.1, 0.3)
_FOLLOWED_POINTS = 5
"""A newest part shows this many points at least, where there are so many: one that shows none tells nothing."""
_LEAST = 1e-9
"""No window is a smaller part than this of what there is."""


@dataclass(frozen=True, slots=True)
class Window:
    """`span` is a fixed part of the axis; `follow` the length of its newest part; neither: all there is."""

    span: Range | None = None
    follow: float | None = None

    @property
    def whole(self) -> bool:
        return self.span is None and self.follow is None


def join(ranges: Iterable[tuple[float, float, str] | None]) -> Range | None:
    """The range that holds all of `ranges` (first, last, what they count)."""
    known = [r for r in ranges if r is not None]
    return (min(r[0] for r in known), max(r[1] for r in known)) if known else None


def resolve(window: Window, extent: Range, furthest: float, *, growing: bool) -> Range:
    """What a chart whose points lie in `extent` shows. `furthest` is where the newest point of any chart lies; one that
    grows gets a round end ahead of its newest point, so that what is drawn does not move with each point."""
    if window.span is not None:
        return window.span
    if window.follow is not None:
        end = furthest
        if growing:  # in steps of a thirtieth: the picture moves then, and not with each point
            step = window.follow / 30
            end = math.ceil(furthest / step) * step
        return end - window.follow, end
    return round_end(*extent) if growing else extent


_SHORTEST = {"step": 2.0, "epoch": 0.02, "time": 2.0, "since": 2.0}
"""No window is shorter by zooming: there would be nothing in it, or one point."""


def zoom(shown: Range, whole: Range, factor: float, at: float | None = None, axis: Axis = "step") -> Window:
    """`shown` made `factor` times as long around `at` (default: its end, where a run happens), within `whole`. A chart
    of a single point has no length to begin with: `whole` is taken."""
    start, end = shown if shown[1] > shown[0] else whole
    at = end if at is None else min(max(at, start), end)
    factor = max(factor, min(1.0, _SHORTEST[axis] / (end - start or 1.0)))
    length = min((end - start) * factor, whole[1] - whole[0])
    begin = max(whole[0], min(at - (at - start) * factor, whole[1] - length))
    return clamp((begin, begin + length), whole)


def pan(shown: Range, whole: Range, share: float) -> Window:
    """`shown` moved by `share` of its length, within `whole`."""
    by = (shown[1] - shown[0]) * share
    by = max(whole[0] - shown[0], min(whole[1] - shown[1], by))
    return clamp((shown[0] + by, shown[1] + by), whole)


def clamp(span: Range, whole: Range) -> Window:
    """A window on `span` that does not leave `whole`; all of it if it is as long."""
    start, end = max(span[0], whole[0]), min(span[1], whole[1])
    length = whole[1] - whole[0]
    if not end - start > length * _LEAST:
        return Window((start - length * _LEAST, start + length * _LEAST)) if length > 0 else Window()
    return Window() if end - start >= length * (1 - 1e-9) else Window((start, end))


def follow_lengths(axis: Axis, length: float, apart: float = 0.0) -> list[float]:
    """The lengths of newest parts that make sense on an axis of `length`, shortest first; `apart` is the usual distance
    of points, of which a part shows some."""
    if not length > 0:
        return []
    least = min(apart * _FOLLOWED_POINTS, length * _FOLLOWED_SHARES[-1])
    if axis in ("time", "since"):
        return [s for s in _FOLLOWED_S if least <= s < length] or [_round_up(max(length * 0.1, least))]
    return list(dict.fromkeys(_round_up(max(length * share, least)) for share in _FOLLOWED_SHARES))


def _round_up(length: float) -> float:
    return next(nice_steps(length, (1.0, 2.0, 5.0)), length)


def window_words(window: Window, axis: Axis) -> str:
    """'last 100k steps', 'last 10m', 'zoomed'; nothing when all is shown."""
    if window.follow is not None:
        if axis in ("time", "since"):
            return f"last {short_duration(window.follow)}"
        return f"last {short_number(window.follow)} {axis}s"
    return "zoomed" if window.span is not None else ""
