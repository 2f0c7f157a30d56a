"""What the list tells of the runs in a tracker's database: their newest values and how they ended, read from a copy."""

from __future__ import annotations

import math
from dataclasses import replace

from lptui.engine.headline import wanted
from lptui.engine.quick_look import summarise
from lptui.engine.store_list import stamp_or_none
from lptui.files import FileFailure
from lptui.formats.columns import Reading, to_points
from lptui.model.events import Samples
from lptui.model.run import MetricStore, RunInfo
from lptui.model.summary import RunSummary
from lptui.sources.store_runs import StoreRun, read_store
from lptui.state.fold import fold
from lptui.state.life import judge
from lptui.state.run_state import RunState, Seen

_LATELY = 86400.0
"""Seconds since its newest reading for which a run may go on: longer than any patience."""
_UNSEEN = "a database does not tell which process writes to it"


def look_at_store(store: MetricStore, now: float) -> list[RunSummary]:
    """A row for each run of a database; one that says why, if it cannot be read."""
    try:
        runs = read_store(store, now - _LATELY)
    except FileFailure as failure:
        return [_tell(store, f"{failure.cause}; {failure.next_step}".rstrip("; "))]
    rows = [_summarise(store, run, now) for run in runs if run.address]
    if len(rows) < len(runs):
        rows.append(_tell(store, f"{len(runs) - len(rows)} of its runs have names that no path can hold"))
    return rows or [_tell(store, "no run in it yet")]


def _tell(store: MetricStore, reason: str) -> RunSummary:
    name = store.path.rpartition("/")[2]
    stamp = stamp_or_none(store.path)
    return RunSummary(
        name,
        store.path,
        store.kind,
        "quick",
        reason=f"{name}: {reason}",
        modified_at=stamp.modified_at if stamp is not None else None,
        size=stamp.size if stamp is not None else None,
    )


def _tell_apart(reading: Reading) -> tuple[object, ...]:
    step, at, values = reading
    return (step, at, *(key for key, _ in values))


def _summarise(store: MetricStore, run: StoreRun, now: float) -> RunSummary:
    path = f"{store.path}/{run.address}"
    at = max((t for _, t, _ in run.readings if t <= now), default=None)
    seen = [Seen("metrics_record", store.path, store.kind, at)] if at is not None else []
    if run.ended is not None:
        seen.append(Seen("termination_reason", run.ended.reason, store.kind, run.ended.at))
    info = RunInfo(run.name, path, "generic", modified_at=at)
    state = RunState(
        run=info, now=now, began=now, seen={one.name: one for one in seen}, processes=None, processes_reason=_UNSEEN
    )
    furthest = max(run.readings, key=lambda r: (math.isfinite(r[0]), r[0]), default=None)  # it tells the step
    told = [r for r in run.readings if r is furthest or any(wanted(key) for key, _ in r[2])]
    known = {_tell_apart(r) for r in run.recent}  # any metric may be the one that tells the pace
    told = [*(r for r in told if _tell_apart(r) not in known), *run.recent]
    if told:
        points = tuple(to_points(told))
        state = fold(state, Samples(seen_at=now, backfill=True, source=store.kind, points=points, order=1.0))
    return summarise(replace(state, life=judge(state)), "quick")
