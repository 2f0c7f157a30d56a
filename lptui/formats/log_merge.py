"""Lines of several files in the order of their times. Pure; stable; each file keeps its own order."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lptui.formats.clock_columns import line_starts
from lptui.model.value import frozen

if TYPE_CHECKING:
    import numpy as np


@frozen
class Slice:
    """Whole lines of one file. `times` has one for each line, minus infinity where it has no clock: such a line
    stays with the one before it. `label` is put before each."""

    label: bytes
    data: bytes
    times: Sequence[float] | np.ndarray[Any, Any]


@frozen
class MergedLines:
    """`data` are the lines; line n of it is line `order[n]` of all slices laid one behind the other, of which slice f
    has those of [`firsts[f]`, `firsts[f + 1]`)."""

    data: bytes
    order: array[int]
    firsts: tuple[int, ...]


def split_lines(data: bytes) -> list[bytes]:
    """The lines of `data`; the last one may lack its line feed."""
    if not data:
        return []
    return (data[:-1] if data.endswith(b"\n") else data).split(b"\n")


def merge_lines(slices: Sequence[Slice]) -> MergedLines:
    """All lines by time; where times are equal, by the order of `slices`."""
    lines: list[bytes] = []
    firsts = [0]
    for one in slices:
        if one.data:
            lines += label_lines(one)[:-1].split(b"\n")
        firsts.append(len(lines))
    if sum(bool(one.data) for one in slices) > 1:
        order = array("I", order_lines(slices).tolist())
        lines = [lines[n] for n in order]
    else:
        order = array("I", range(len(lines)))
    data = b"\n".join(lines) + b"\n" if lines else b""
    return MergedLines(data, order, tuple(firsts))


def label_lines(one: Slice) -> bytes:
    """The lines as they are shown, each with its line feed."""
    body = one.data[:-1] if one.data.endswith(b"\n") else one.data
    return one.label + body.replace(b"\n", b"\n" + one.label) + b"\n"


def order_lines(slices: Sequence[Slice]) -> np.ndarray[Any, Any]:
    """The numbers of all lines, laid one slice behind the other, as they follow each other in time."""
    import numpy as np

    keys = [np.maximum.accumulate(np.asarray(one.times, float)) for one in slices if len(one.times)]
    return np.argsort(np.concatenate(keys), kind="stable") if keys else np.zeros(0, np.int64)


def place_lines(slices: Sequence[Slice]) -> tuple[np.ndarray[Any, Any], ...]:
    """Where the lines of each slice begin in what `merge_lines` makes of all, without making it."""
    import numpy as np

    starts = [line_starts(one.data) for one in slices]
    sizes = [
        np.diff(np.append(at, len(one.data) + (not one.data.endswith(b"\n")))) + len(one.label)
        for one, at in zip(slices, starts, strict=True)
    ]
    order, size = order_lines(slices), np.concatenate(sizes)
    places = np.empty(len(size), np.int64)
    places[order] = np.cumsum(size[order]) - size[order]
    return tuple(np.split(places, np.cumsum([len(at) for at in starts])[:-1]))
