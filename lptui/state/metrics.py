"""Samples into series, and the series that belong to a curriculum into its task table."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from lptui.curriculum.keys import CurriculumStat, TaskCell, classify, name_tasks
from lptui.curriculum.signals import read_signals
from lptui.model.events import Points, Samples
from lptui.state.progress import report
from lptui.state.run_state import Curriculum, Reported, RunState, TaskRow
from lptui.stores.series import Series, extend, overlay

SERIES_LIMIT = 20_000
STEP_KEYS = ("metric/agent_step", "global_step", "trainer/global_step", "agent_steps")
RATE_KEYS = ("overview/sps", "overview/steps_per_second", "SPS", "steps_per_second", "perf/steps_per_second")


def add_samples(state: RunState, event: Samples) -> RunState:
    """`state` with the points of `event` in their series; series that were not touched keep their identity."""
    series = dict(state.series)
    fresh: list[str] = []
    for points in event.points:
        old = series.get(points.key)
        if old is None:
            if len(series) >= SERIES_LIMIT:
                continue
            old = Series(points.key, event.source, unit=event.unit)
            fresh.append(points.key)
        elif old.source != event.source:
            continue  # the first source that named a key keeps it; joining sources comes with provenance
        series[points.key] = overlay(old, points) if event.sampled else extend(old, points, event.order)
    cells = state.cells
    if fresh:
        cells = {**cells, **{key: classify(key) for key in fresh}}
    state = report(replace(state, series=series, cells=cells), event.source, _said(event))
    if any(cells.get(p.key) is not None for p in event.points):
        state = replace(state, curriculum=build_curriculum(series, cells))
    return state


def _said(event: Samples) -> Iterator[tuple[str, Reported]]:
    """What a batch says of progress: the step that the run itself declares, else W&B's own, and the pace."""
    table = {points.key: points for points in event.points if points.values}
    declared = next((table[key] for key in STEP_KEYS if key in table), None)
    if declared is not None:
        yield from _last_word("step", declared, declared.values[-1], "declared")
    elif event.source == "wandb" and table:
        longest = max(table.values(), key=lambda p: _last_time(p))
        yield from _last_word("step", longest, longest.steps[-1])
    rate = next((table[key] for key in RATE_KEYS if key in table), None)
    if rate is not None:
        yield from _last_word("rate", rate, rate.values[-1])


def _last_word(name: str, points: Points, value: float, form: str = "record") -> Iterator[tuple[str, Reported]]:
    at = _last_time(points)
    if math.isfinite(value):
        yield name, Reported(value, at, at if at > 0 else None, form)


def _last_time(points: Points) -> float:
    at = points.times[-1]
    return at if at == at else 0.0


def build_curriculum(series: Mapping[str, Series], cells: Mapping[str, TaskCell | CurriculumStat | None]) -> Curriculum:
    """The task table from the newest point of every series that fills a cell of it."""
    filled = [(cell, series[key]) for key, cell in cells.items() if isinstance(cell, TaskCell)]
    names = name_tasks(cell.task for cell, _ in filled)
    table: dict[str, dict[str, float | str]] = {}
    for cell, one in filled:
        newest = one.last()
        if newest is None:
            continue
        name = names[cell.task]
        row = table.setdefault(name.canonical, {"task": name.canonical, "name": name.display})
        row[cell.column] = newest.value
        if newest.step is not None:
            row["updated_step"] = max(newest.step, float(row.get("updated_step", newest.step)))
    rows = tuple(_to_row(values) for _, values in sorted(table.items()))
    stats = tuple(
        (cell.name, newest.value)
        for key, cell in sorted(cells.items())
        if isinstance(cell, CurriculumStat) and (newest := series[key].last())
    )
    return Curriculum(rows, read_signals(rows) if rows else None, stats)


def _to_row(values: Mapping[str, Any]) -> TaskRow:
    return TaskRow(**values)
