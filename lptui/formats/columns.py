"""Rows of a metrics file as one column a key: the same few keys come in nearly every row."""

from __future__ import annotations

from array import array

from lptui.model.events import Points

Reading = tuple[float, float, tuple[tuple[str, float], ...]]
"""One row: step and unix time (NaN where unknown), and what was measured."""


def to_points(readings: list[Reading]) -> list[Points]:
    """Rows of (step, time, values) as one column a key. Keys that are in the same rows share their steps and
    times: whoever keeps them, keeps them once."""
    if not readings:
        return []
    table: dict[str, tuple[list[float], list[int]]] = {}
    for index, reading in enumerate(readings):
        for key, value in reading[2]:
            column = table.get(key)
            if column is None:
                column = table[key] = ([], [])
            column[0].append(value)
            column[1].append(index)
    shared: dict[tuple[int, ...], tuple[array[float], array[float]]] = {}
    found: list[Points] = []
    for key, (values, rows) in table.items():
        which = tuple(rows) if len(rows) != len(readings) else ()
        if which not in shared:
            shared[which] = array("d", [readings[i][0] for i in rows]), array("d", [readings[i][1] for i in rows])
        found.append(Points(key, *shared[which], array("d", values)))
    return found
