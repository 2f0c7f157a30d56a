"""What it costs to reduce series to the columns of a grid of charts, beside reading each point once.

    python benchmarks/series_cost.py [--charts 24] [--columns 88] [--repeat 20]

The line grows by one point before each drawing, as a live one does. The reference looks at every point once (numpy's
minimum and maximum of the whole series): what costs pixels and not points stays below it as series grow.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from array import array
from collections.abc import Callable

import numpy as np
from probing import table, tell_machine

from lptui.model.events import Points
from lptui.stores.columns import reduce
from lptui.stores.segments import Sharing
from lptui.stores.series import Series, extend

BATCH = 800


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--charts", type=int, default=24)
    parser.add_argument("--columns", type=int, default=88, help="dot columns of one chart")
    parser.add_argument("--repeat", type=int, default=20)
    args = parser.parse_args()
    before = tell_machine()
    rows = [measure(count, args.charts, args.columns, args.repeat) for count in (1_000, 10_000, 100_000)]
    print(f"{args.charts} charts of {args.columns} columns; before: {before}; after: {tell_machine()}\n")
    print(table(["points a series", "grow, ms", "reduce, ms", "each point once, ms", "bytes a point"], rows))


def measure(count: int, charts: int, columns: int, repeat: int) -> list[object]:
    """Milliseconds for all charts, medians; bytes of values and of the rows that the charts share."""
    many = [Series(f"m{i}", "benchmark") for i in range(charts)]
    for start in range(0, count, BATCH):
        many = grow(many, start, min(BATCH, count - start))
    for series in many:
        reduce(series, columns)
    growing, reducing, reading = [], [], []
    for turn in range(repeat):
        before = time.process_time()
        many = grow(many, count + turn, 1)
        growing.append(time.process_time() - before)
        reducing.append(cpu(lambda many=many: [reduce(s, columns) for s in many]))
        reading.append(cpu(lambda many=many: [extremes(s) for s in many]))
    middle = [1000 * statistics.median(times) for times in (growing, reducing, reading)]
    return [f"{count:,}", *middle, size(many) / (count * charts)]


def grow(many: list[Series], start: int, count: int) -> list[Series]:
    """The series with `count` points more, logged together."""
    sharing = Sharing()
    steps = array("d", range(start, start + count))
    times = array("d", [1.8e9 + step for step in steps])
    rows = [array("d", [math.sin(step / 100 + i) for step in steps]) for i in range(len(many))]
    return [
        extend(s, Points("", steps, times, values), start, until=start + count, sharing=sharing)
        for s, values in zip(many, rows, strict=True)
    ]


def extremes(series: Series) -> tuple[float, float]:
    values = np.concatenate([np.frombuffer(s.values, dtype=np.float64) for s in series.segments])
    return float(values.min()), float(values.max())


def cpu(act: Callable[[], object]) -> float:
    before = time.process_time()
    act()
    return time.process_time() - before


def size(many: list[Series]) -> int:
    rows = {id(s.rows): s.rows for one in many for s in one.segments}
    shared = sum(8 * (len(r.steps) + len(r.times)) for r in rows.values())
    return shared + sum(8 * len(s) for one in many for s in one.segments)


if __name__ == "__main__":
    main()
