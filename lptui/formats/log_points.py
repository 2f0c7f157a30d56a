"""The numbers of progress lines as series."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from lptui.formats.progress import Progress
from lptui.model.events import DatedFact, Points

UNITS = ("step", "epoch")
EPOCH_KEY = "log/epoch"
"""The series that tells the epoch at each step, from lines that say both."""


def collect_points(dated: tuple[DatedFact, ...], unit: str = "") -> tuple[Points, ...]:
    """The numbers of progress lines as series; what the line itself names keeps its name, ours begin with `log/`.

    `unit`: only of lines that count this ('epoch': that tell no step but an epoch), default: of all."""
    columns: dict[str, Points] = {}
    heading, counting = float("nan"), "step"
    for item in dated:
        line = item.fact
        if not isinstance(line, Progress):
            continue
        counted = line.epoch if line.step is None else line.step
        if counted is not None:
            counting = "epoch" if line.step is None else "step"
            heading = float("nan") if line.metrics else float(counted)
        # A line without a count belongs to the heading (`Epoch 3/10`) before it.
        step = (float("nan") if line.form == "bar" else heading) if counted is None else float(counted)
        if unit and unit != (counting if step == step else "step"):
            continue
        for key, value in _numbers(line):
            points = columns.get(key)
            if points is None:
                points = columns[key] = Points(key, array("d"), array("d"), array("d"))
            points.steps.append(step)
            points.times.append(float("nan") if item.at is None else item.at)
            points.values.append(value)
    return tuple(columns.values())


def _numbers(line: Progress) -> Iterator[tuple[str, float]]:
    # a speed that the line names itself (`time/fps`) is not told twice
    if line.steps_per_second is not None and all(value != line.steps_per_second for _, value in line.metrics):
        yield "log/steps_per_second", float(line.steps_per_second)
    if line.step is not None and line.epoch is not None:
        yield EPOCH_KEY, float(line.epoch)
    yield from line.metrics
