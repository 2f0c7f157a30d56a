"""The middle of some numbers: the module `statistics` costs a start-up more than all that is done with it."""

from __future__ import annotations

from collections.abc import Iterable


def median(values: Iterable[float]) -> float:
    """The middle one in order, or the mean of the two in the middle. ValueError if there are none."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no median of no values")
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
