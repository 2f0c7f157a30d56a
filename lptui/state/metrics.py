"""Samples into series, and the series that belong to a curriculum into its task table."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from lptui.curriculum.keys import CurriculumStat, TaskCell, classify, name_tasks
from lptui.curriculum.signals import read_signals
from lptui.model.events import Points, Samples
from lptui.model.run import RunInfo
from lptui.state.progress import report
from lptui.state.run_state import Curriculum, Reported, RunState, Seen, TaskRow
from lptui.stores.provenance import is_text, join, members
from lptui.stores.segments import Order, Sharing
from lptui.stores.series import LIMIT, Series, extend, overlay

SERIES_LIMIT = 20_000
AT_ONCE = 5.0
"""Seconds within which metrics are of one moment: a value that is logged once, with a step of its own, is not the step
of the run."""
POINTS, FEWEST = 8_000_000, 1_000
"""Points kept of all series together, eight bytes each; and of one, however many there are."""
STEP_KEYS = ("metric/agent_step", "global_step", "trainer/global_step", "agent_steps")
RATE_KEYS = ("overview/sps", "overview/steps_per_second", "SPS", "steps_per_second", "perf/steps_per_second")
_DIGITS = re.compile(r"\d+")


def add_samples(state: RunState, event: Samples) -> RunState:
    """`state` with the points of `event` in their series; series that were not touched keep their identity."""
    if event.sampled and not event.points:
        return _drop_overviews(state, event.source)
    series = dict(state.series)
    names = state.quantities.names
    fresh: list[str] = []
    news = False  # of a cell of the task table: history that is read behind the newest points does not change it
    batch = Batch(event, len(series))
    for points in event.points:
        key = names.get((event.source, points.key), points.key) if names else points.key
        old = series.get(key)
        if old is None:
            if len(series) >= SERIES_LIMIT:
                continue
            fresh.append(key)
        new = series[key] = batch.add(old, key, points)
        if not news and state.cells.get(key) is not None:
            news = old is not None and new.last() != old.last()
    cells = state.cells
    if fresh:
        cells = {**cells, **{key: classify(key) for key in fresh}}
        news = news or any(cells[key] is not None for key in fresh)
    state = report(replace(state, series=series, cells=cells), event.source, tell_progress(event, state.run))
    state = state if event.backfill or event.sampled else _note_news(state, event)
    return replace(state, curriculum=build_curriculum(series, cells)) if news else state


def _note_news(state: RunState, event: Samples) -> RunState:
    """`state` with the time of the newest record that is no history, as a sign of life. Text has its log's; W&B's own
    process reads the system on while the training hangs."""
    own = () if is_text(event.source) else (p for p in event.points if p.times and not p.key.startswith("system"))
    newest = max((_last_time(points) for points in own), default=0.0)
    old = state.seen.get("metrics_news")
    if not newest or (old is not None and (old.at or 0.0) >= newest):
        return state
    return replace(state, seen={**state.seen, "metrics_news": Seen("metrics_news", "", event.source, newest)})


def place_of(event: Samples) -> Order:
    """Where a batch lies in its source: files of one source follow each other in natural order of their names."""
    return _DIGITS.sub(lambda found: found.group().zfill(12), event.place.file), event.order


class Batch:
    """The points of one event on their way into their series."""

    def __init__(self, event: Samples, series: int) -> None:
        self._event = event
        self._file, self._order = place_of(event)
        self._sharing = Sharing()
        self._limit = max(FEWEST, min(LIMIT, POINTS // max(1, series)))

    def add(self, old: Series | None, key: str, points: Points) -> Series:
        """The series with these points in the part of it that is of their source."""
        event = self._event
        if old is None:
            return self._put(Series(key, event.source, unit=event.unit), points)
        if (old.source, old.unit, old.name or old.key) == (event.source, event.unit, points.key):
            new = self._put(old, points)
            return join(members(new)) if old.others else new
        parts = [*members(old)]
        wanted = (event.source, event.unit, points.key)
        place = next((i for i, m in enumerate(parts) if (m.source, m.unit, m.name or m.key) == wanted), None)
        if place is None:
            name = points.key if points.key != key else ""
            parts.append(self._put(Series(key, event.source, unit=event.unit, name=name), points))
        else:
            parts[place] = self._put(parts[place], points)
        return join(parts)

    def _put(self, series: Series, points: Points) -> Series:
        if self._event.sampled:
            return overlay(series, points)
        until = self._event.until
        return extend(series, points, self._order, self._file, until, sharing=self._sharing, limit=self._limit)


def _drop_overviews(state: RunState, source: str) -> RunState:
    """All of this source has been read."""

    def clean(one: Series) -> Series:
        if not any(m.overview is not None and m.source == source for m in (one, *one.others)):
            return one
        return join(replace(m, overview=None) if m.source == source else m for m in members(one))

    series = {key: clean(one) for key, one in state.series.items()}
    return replace(state, series={k: s for k, s in series.items() if s.count})


def tell_progress(event: Samples, run: RunInfo) -> Iterator[tuple[str, Reported]]:
    """What a batch says of progress: the step that the run itself declares, else the record's own, epoch, and pace.
    The server's record of a run with files here says nothing of it: its upload may lag."""
    if event.source.startswith("wandb cloud") and not run.remote:
        return
    table = {points.key: points for points in event.points if points.values}
    declared = next((table[key] for key in STEP_KEYS if key in table), None)
    if declared is not None:
        yield from _last_word("step", declared, declared.values[-1], "declared", event.order)
    elif event.unit in ("step", "epoch") and not is_text(event.source) and table:
        newest = max(_last_time(points) for points in table.values())
        now = [points for points in table.values() if _last_time(points) >= newest - AT_ONCE]
        longest = max(now, key=lambda p: (p.steps[-1] == p.steps[-1], p.steps[-1]))
        yield from _last_word(event.unit, longest, longest.steps[-1], order=event.order)
    epochs = next((table[key] for key in ("epoch", "Epoch") if key in table), None)
    if epochs is not None and not is_text(event.source):
        yield from _last_word("epoch", epochs, epochs.values[-1], order=event.order)
    rate = next((table[key] for key in RATE_KEYS if key in table), None)
    if rate is not None:
        yield from _last_word("rate", rate, rate.values[-1])


def _last_word(
    name: str, points: Points, value: float, form: str = "record", order: float = 0.0
) -> Iterator[tuple[str, Reported]]:
    """`order` is the place of the batch in its source, which tells the newest word of records without times."""
    at = _last_time(points)
    if math.isfinite(value):
        yield name, Reported(value, at or order, at if at > 0 else None, form)


def _last_time(points: Points) -> float:
    at = points.times[-1]
    return at if at == at else 0.0


def build_curriculum(series: Mapping[str, Series], cells: Mapping[str, TaskCell | CurriculumStat | None]) -> Curriculum:
    """The task table from the newest point of every series that fills a cell of it."""
    filled = [(cell, series[key]) for key, cell in cells.items() if isinstance(cell, TaskCell) and key in series]
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
        if isinstance(cell, CurriculumStat) and key in series and (newest := series[key].last())
    )
    return Curriculum(rows, read_signals(rows) if rows else None, stats)


def _to_row(values: Mapping[str, Any]) -> TaskRow:
    return TaskRow(**values)
