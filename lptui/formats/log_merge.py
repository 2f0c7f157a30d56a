"""Lines of several files in the order of their times. Pure; stable; each file keeps its own order."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import accumulate

from lptui.model.value import frozen


@frozen
class Slice:
    """Whole lines of one file. `times` has one for each line, minus infinity where it has no clock: such a line
    stays with the one before it. `label` is put before each."""

    label: bytes
    data: bytes
    times: tuple[float, ...] | list[float]


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
    keys: list[float] = []
    firsts = [0]
    for one in slices:
        if one.data:
            body = one.data[:-1] if one.data.endswith(b"\n") else one.data
            lines += (one.label + body.replace(b"\n", b"\n" + one.label)).split(b"\n")
            keys += accumulate(one.times, max)
        firsts.append(len(lines))
    if sum(bool(one.data) for one in slices) > 1:
        order = array("I", sorted(range(len(lines)), key=keys.__getitem__))
        lines = [lines[n] for n in order]
    else:
        order = array("I", range(len(lines)))
    data = b"\n".join(lines) + b"\n" if lines else b""
    return MergedLines(data, order, tuple(firsts))
