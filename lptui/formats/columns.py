"""Rows of a metrics file as one column a key: the same few keys come in nearly every row."""

from __future__ import annotations

from array import array

from lptui.model.events import Points

Reading = tuple[float, float, tuple[tuple[str, float], ...]]
"""One row: step and unix time (NaN where unknown), and what was measured."""


def to_points(readings: list[Reading]) -> list[Points]:
    """Rows of (step, time, values) as one column a key. Keys that are in every row share their steps and times."""
    if not readings:
        return []
    common = tuple([key for key, _ in readings[0][2]])
    if all(tuple([key for key, _ in r[2]]) == common for r in readings) and len(set(common)) == len(common):
        steps, times = array("d", [r[0] for r in readings]), array("d", [r[1] for r in readings])
        columns = zip(*[[value for _, value in r[2]] for r in readings], strict=True)
        return [Points(key, steps, times, array("d", c)) for key, c in zip(common, columns, strict=True)]
    table: dict[str, tuple[list[float], list[int]]] = {}
    for index, reading in enumerate(readings):
        for key, value in reading[2]:
            column = table.get(key)
            if column is None:
                column = table[key] = ([], [])
            column[0].append(value)
            column[1].append(index)
    return [_to_column(key, values, rows, readings) for key, (values, rows) in table.items()]


def _to_column(key: str, values: list[float], rows: list[int], readings: list[Reading]) -> Points:
    steps, times = array("d", [readings[i][0] for i in rows]), array("d", [readings[i][1] for i in rows])
    return Points(key, steps, times, array("d", values))
