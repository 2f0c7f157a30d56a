"""One run looked at in a millisecond: the ends of its log and W&B file, small files, its writers.

What is seen goes through the same judgement of life as a run that is attached, and the end of the log through the same
failure catalogue; only the rest of the files is left unread, and the summary says so.
"""

from __future__ import annotations

from dataclasses import replace

from lptui.detect.log_failures import Memory, take_block, take_facts, tell
from lptui.detect.scanner import load_scanner
from lptui.engine.headline import choose_headline
from lptui.engine.quick_ends import LogEnd, collect_samples, read_facts, read_log_end, read_wandb_end
from lptui.engine.quick_mlflow import read_mlflow_end
from lptui.engine.quick_records import read_records
from lptui.engine.quick_state import begin, count_restarts, find_processes
from lptui.engine.run_size import measure
from lptui.model.events import Facts, FindingsChanged, LogBlock, Samples, WitnessSeen
from lptui.model.run import RunInfo
from lptui.model.summary import Looked, RunSummary
from lptui.run.listing import Listing
from lptui.sources.writers import Writers
from lptui.state.fold import fold, fold_all
from lptui.state.life import judge
from lptui.state.progress import count_done
from lptui.state.quantities import match_sources
from lptui.state.run_state import RunState

_LATELY = 86400.0
"""Seconds since its log was written for which a run may go on: longer than any patience."""


def look_at(run: RunInfo, writers: Writers, now: float, listing: Listing | None = None) -> RunSummary:
    """What a quick look tells of `run`. Never raises for the state of the files. `listing`: what discovery listed."""
    log = read_log_end(run.logs[0]) if run.logs else None
    wandb = read_wandb_end(run.wandb[-1]) if run.wandb else None
    listing = listing or Listing()
    records = [*read_records(run, now), *read_mlflow_end(run, now, listing)]
    witnesses = [event for event in records if isinstance(event, WitnessSeen)]
    state = begin(run, log, wandb, now, witnesses, listing)
    processes, reason, local = find_processes(run, writers)
    state = replace(state, processes=processes, processes_reason=reason, local=local)
    if log is not None:
        state = _read_log(state, log, whole=bool(processes) or now - log.modified_at < _LATELY)
    if wandb is not None and wandb.points:
        state = fold(state, Samples(seen_at=now, backfill=True, source="wandb", points=wandb.points))
    state = fold_all(state, (event for event in records if isinstance(event, Samples | Facts)))
    if len({series.source for series in state.series.values()}) > 1:
        state = match_sources(state)
    summary = summarise(replace(state, life=judge(state)), "quick")
    size, count = measure(run, listing)
    last = max((t for t in (summary.modified_at, run.modified_at) if t is not None), default=None)
    return replace(
        summary, size=size, checkpoints=count, modified_at=last, restarts=count_restarts(run, summary.restarts)
    )


def summarise(state: RunState, looked: Looked) -> RunSummary:
    """A run's state in one row."""
    life, progress, worst = state.life, state.progress, state.worst
    metric = choose_headline(state.series)
    newest = state.series[metric].last() if metric else None
    alarming = [f for f in state.findings if f.active and not f.acknowledged and f.role != "follow-up"]
    return RunSummary(
        state.run.name,
        state.run.path,
        state.run.layout,
        looked,
        life.condition,
        life.reason,
        life.last_sign,
        count_done(state, progress.total, life.condition),
        progress.total,
        progress.epoch,
        progress.steps_per_second,
        metric if newest is not None else "",
        newest.value if newest is not None else None,
        life.restarts_known if life.restarts_known is not None else max(0, life.attempts - 1),
        worst.severity if worst is not None else None,
        worst.title if worst is not None else "",
        worst.cls if worst is not None else "",
        len(alarming),
        len(state.checkpoints),
    )


def _read_log(state: RunState, log: LogEnd, *, whole: bool) -> RunState:
    """`state` with what the end of the log says of progress, life and failures."""
    path, now = state.run.logs[0], state.now
    block = LogBlock(seen_at=now, backfill=True, file=path, start=log.start, data=log.data)
    memory = take_block(Memory(), block, load_scanner(state.rules))
    hits = [s.hit.position for file in memory.files.values() for kept in file.kept.values() for s in kept.all]
    facts = Facts(seen_at=now, backfill=True, file=path, facts=read_facts(log, hits, whole=whole))
    state = fold(state, facts)
    state = fold_all(state, collect_samples(path, log, facts, now))
    if not hits:
        return state
    changes = tell(take_facts(memory, facts), state)[1]
    return fold(state, FindingsChanged(seen_at=now, changes=tuple(changes)))
