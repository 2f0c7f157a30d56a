"""The numbers of progress lines as series."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from lptui.formats.progress import Progress
from lptui.model.events import DatedFact, Points


def collect_points(dated: tuple[DatedFact, ...]) -> tuple[Points, ...]:
    """The numbers of progress lines as series; what the line itself names keeps its name, ours begin with `log/`."""
    columns: dict[str, Points] = {}
    heading = float("nan")
    for item in dated:
        line = item.fact
        if not isinstance(line, Progress):
            continue
        counted = line.epoch if line.step is None else line.step
        if counted is not None:
            heading = float("nan") if line.metrics else float(counted)
        # A line without a count belongs to the heading (`Epoch 3/10`) before it.
        step = (float("nan") if line.form == "bar" else heading) if counted is None else float(counted)
        for key, value in _numbers(line):
            points = columns.get(key)
            if points is None:
                points = columns[key] = Points(key, array("d"), array("d"), array("d"))
            points.steps.append(step)
            points.times.append(float("nan") if item.at is None else item.at)
            points.values.append(value)
    return tuple(columns.values())


def _numbers(line: Progress) -> Iterator[tuple[str, float]]:
    if line.steps_per_second is not None:
        yield "log/steps_per_second", float(line.steps_per_second)
    yield from line.metrics
