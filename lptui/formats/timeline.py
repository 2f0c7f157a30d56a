"""Rows of a metrics file placed on their axis: which step and when each was, and what was measured."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from lptui.formats.axes import Axis, choose_axis, to_unix
from lptui.formats.columns import Reading
from lptui.formats.tables import Row

_MONITOR = frozenset("rlt")
_EPISODE = {"r": "episode/reward", "l": "episode/length"}
_LOOK = 200
"""Rows that are looked at to choose the axis."""


class Timeline:
    """Chooses the axis from the first rows and keeps to it. `prefix` is put before every name.

    What a file's other axes say (epoch beside step) stays a series of its own, so that files can be joined by it.
    """

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix
        self.axis: Axis | None = None
        self.unit = "row"
        self._rows = 0
        self._steps_done = 0.0

    def restart(self) -> None:
        """Another attempt begins: rows and episodes are counted anew."""
        self._rows, self._steps_done = 0, 0.0

    def place(self, rows: Sequence[Row], about: Mapping[str, float] | None = None) -> list[Reading]:
        """The rows as readings; `about` is what the file's first line says of it (gym's Monitor)."""
        if not rows:
            return []
        if about and "t_start" in about and dict(rows[0]).keys() >= _MONITOR:
            return [self._place_episode(dict(row), about["t_start"]) for row in rows]
        if self.axis is None:
            self.axis = _choose(rows[:_LOOK])
            self.unit = self.axis.unit
        return [self._place(row, self.axis) for row in rows]

    def _place(self, row: Row, axis: Axis) -> Reading:
        step, when = (float("nan"), float("nan")) if axis.step else (float(self._rows), float("nan"))
        values: list[tuple[str, float]] = []
        for name, value in row:
            if name == axis.step:
                step = value
            elif name == axis.time and (at := to_unix(value)) is not None:
                when = at
            else:
                values.append((self.prefix + name, value))
        self._rows += 1
        return step, when, tuple(values)

    def _place_episode(self, row: dict[str, float], began: float) -> Reading:
        """An episode ends at the steps of all before it and its own."""
        self.unit = "step"
        length = row.get("l", 0.0)
        self._steps_done += length if math.isfinite(length) else 0.0
        values = tuple((self.prefix + _EPISODE.get(n, n), v) for n, v in row.items() if n != "t")
        return self._steps_done, began + row.get("t", float("nan")), values


def _choose(rows: Sequence[Row]) -> Axis:
    axis = choose_axis(dict.fromkeys(name for row in rows for name, _ in row))
    if axis.unit == "step" and _begins_anew_each_epoch(rows, axis.step):
        return Axis("", "row", axis.time)
    return axis


def _begins_anew_each_epoch(rows: Sequence[Row], step: str) -> bool:
    """Whether the step falls where the epoch rises: it counts the batches of one epoch only."""
    last_step = last_epoch = float("-inf")
    for row in rows:
        table = {name.rpartition("/")[2].lower(): value for name, value in row}
        here, epoch = dict(row).get(step, last_step), table.get("epoch", last_epoch)
        if here < last_step and epoch > last_epoch:
            return True
        last_step, last_epoch = here, epoch
    return False
