"""A series in one line of eighths: its course at a glance, where a chart would be too large."""

from __future__ import annotations

from collections.abc import Sequence

_EIGHTHS, _PLAIN = "▁▂▃▄▅▆▇█", "_.-~=+*#"


def sparkline(values: Sequence[float | None], broken: Sequence[bool] = (), *, plain: bool = False) -> str:
    """One cell for each of `values`, from their minimum to their maximum; a blank where there is none, a cross where
    something was not finite."""
    known = [v for v in values if v is not None]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    span = high - low
    ladder = _PLAIN if plain else _EIGHTHS
    cells: list[str] = []
    for i, value in enumerate(values):
        if i < len(broken) and broken[i]:
            cells.append("X" if plain else "✖")
        elif value is None:
            cells.append(" ")
        elif 0 < span < float("inf"):
            cells.append(ladder[min(7, int((value - low) / span * 8))])
        else:
            cells.append(ladder[3])
    return "".join(cells)


def bridged(values: Sequence[float | None], broken: Sequence[bool]) -> list[float | None]:
    """`values` with those that lie between two others on the line that joins them, as in a chart; not across a place
    where something was not finite."""
    filled = list(values)
    left: int | None = None
    for right, value in enumerate(values):
        if value is None:
            left = None if broken[right] else left
            continue
        if left is not None and right - left > 1:
            start = values[left] or 0.0
            for i in range(left + 1, right):
                share = (i - left) / (right - left)
                filled[i] = start * (1 - share) + value * share
        left = None if broken[right] else right
    return filled
