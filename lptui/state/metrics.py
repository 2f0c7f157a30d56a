"""Samples into series, and the series that belong to a curriculum into its task table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lptui.curriculum.keys import CurriculumStat, TaskCell, classify, name_tasks
from lptui.curriculum.signals import read_signals
from lptui.model.events import Points, Samples
from lptui.state.run_state import Curriculum, Progress, RunState, TaskRow
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
            old = Series(points.key, event.source)
            fresh.append(points.key)
        elif old.source != event.source:
            continue  # the first source that named a key keeps it; joining sources comes with provenance
        series[points.key] = overlay(old, points) if event.sampled else extend(old, points, event.order)
    cells = state.cells
    if fresh:
        cells = {**cells, **{key: classify(key) for key in fresh}}
    state = replace(state, series=series, cells=cells, progress=_read_progress(state, event, series))
    if any(cells.get(p.key) is not None for p in event.points):
        state = replace(state, curriculum=build_curriculum(series, cells))
    return state


def _read_progress(state: RunState, event: Samples, series: Mapping[str, Series]) -> Progress:
    """Progress as the newest points tell it, unless a log line said it later."""
    progress = state.progress
    longest = max(event.points, key=lambda p: _newest(p.times), default=None)
    if longest is None or not longest.values:
        return progress
    at = _newest(longest.times)
    if event.backfill and not event.sampled and progress.at is not None and at < progress.at:
        return progress
    if progress.at is not None and at < progress.at - 1:
        return progress
    step = next((s.value for k in STEP_KEYS if (found := series.get(k)) and (s := found.last())), None)
    if step is None:
        step = longest.steps[-1] if event.source == "wandb" else None
    rate = next((s.value for k in RATE_KEYS if (found := series.get(k)) and (s := found.last())), None)
    if step is not None and math.isfinite(step) and (progress.step is None or at >= (progress.at or 0)):
        progress = replace(progress, step=int(step), source=event.source, form="wandb", at=at)
    if rate is not None and math.isfinite(rate):
        progress = replace(progress, steps_per_second=rate)
    return progress


def _newest(times: Any) -> float:
    return max((t for t in times[-1:] if t == t), default=0.0)


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


def points_of(key: str, rows: list[tuple[float, float, float]]) -> Points:
    """Points from (step, time, value) rows."""
    from array import array

    steps, times, values = zip(*rows, strict=True) if rows else ((), (), ())
    return Points(key, array("d", steps), array("d", times), array("d", values))
