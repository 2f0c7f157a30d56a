"""What can be said of a run before its quick look, for a tenth of the work: step, metric, age, and whether it ended.

A glance says less than a quick look and nothing that the look takes back: what rests on files that it did not look for,
on failures in the log, or on the run's pace, it leaves open.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from lptui.engine.headline import choose_headline
from lptui.engine.quick_ends import WandbEnd, collect_samples, read_last_facts, read_log_end, read_wandb_end
from lptui.engine.quick_state import begin, count_restarts, find_processes
from lptui.files import Entry
from lptui.files.generations import original_name
from lptui.model.events import Facts, Samples
from lptui.model.run import RunInfo
from lptui.model.summary import RunSummary
from lptui.run import layout, wandb_beside
from lptui.run.life_signs import find_life_signs
from lptui.run.listing import Listing
from lptui.run.metric_stores import may_be_store
from lptui.sources.writers import Writers
from lptui.state.attempts import find_starts
from lptui.state.endings import count_attempts, find_ending
from lptui.state.metrics import tell_progress
from lptui.state.progress import add_facts, count_done, report
from lptui.state.run_state import RunState

AT_WORK = 5.0
"""Seconds since a run with a living process wrote something within which it runs, whatever its pace."""
SILENT = 60.0
"""Seconds after which a run that no process writes is called silent, until more is known."""
_KNOWN = layout.CHECKPOINT_FOLDERS | {"wandb", ".hydra", "replays", "stats"}
"""Folders that hold neither logs nor metrics but W&B's."""


def glance_at(path: str, listed_at: float, writers: Writers, now: float, listing: Listing) -> RunSummary:
    """The row of the run at `path`, whose folder was written at `listed_at`; bare, if nothing can be told at once."""
    name = path.rpartition("/")[2] or path
    row = RunSummary(name, path, looked="glance", modified_at=listed_at or None)
    run = _find_files(path, name, listing)
    if run is None:
        return row
    log = read_log_end(run.logs[0]) if run.logs else None
    wandb = read_wandb_end(run.wandb[-1]) if run.wandb else None
    if log is None and wandb is None:
        return row
    processes, reason, local = find_processes(run, writers)
    state = replace(begin(run, log, wandb, now, (), listing), processes=processes, processes_reason=reason, local=local)
    text = ""
    if log is not None:
        facts = Facts(seen_at=now, backfill=True, file=run.logs[0], facts=read_last_facts(log))
        state = add_facts(state, facts)
        for told in collect_samples(run.logs[0], log, facts, now):
            state = report(state, told.source, tell_progress(told, run))
            text = text or choose_headline(p.key for p in told.points)
    if wandb is not None:
        state = report(state, "wandb", tell_progress(_samples(wandb, now), run))
    row = _judge(row, state, _newest(state, wandb, row.modified_at))
    return row if text else _with_metric(row, wandb)


def _samples(wandb: WandbEnd, now: float) -> Samples:
    return Samples(seen_at=now, backfill=True, source="wandb", points=wandb.points)


def _with_metric(row: RunSummary, wandb: WandbEnd | None) -> RunSummary:
    """The headline metric, where W&B alone tells of it."""
    table = {points.key: points.values for points in (wandb.points if wandb is not None else ())}
    metric = choose_headline(table)
    return replace(row, metric=metric, value=table[metric][-1]) if metric else row


def _newest(state: RunState, wandb: WandbEnd | None, listed_at: float | None) -> float | None:
    signs = [view.modified_at for view in state.logs.values()] + [seen.at for seen in state.seen.values()]
    return max((at for at in (*signs, listed_at, wandb.at if wandb else None) if at is not None), default=None)


def _judge(row: RunSummary, state: RunState, newest: float | None) -> RunSummary:
    progress = state.progress
    quiet = state.now - newest if newest is not None else 0.0
    condition, reason = "unknown", ""
    ending = find_ending(state)
    if state.processes:
        condition = "running" if quiet <= AT_WORK else "unknown"
        reason = "its process lives"
    elif ending is not None:
        condition, reason = ("finished" if ending.clean else "crashed"), ending.text
    elif quiet > SILENT:
        condition, reason = "silent", "nobody writes it; how it ended is not known yet"
    told = state.seen.get("restart_count")
    restarts = int(told.value) if told is not None and told.value.isdigit() else max(0, count_attempts(state) - 1)
    starts = find_starts(state.milestones)
    return replace(
        row,
        condition=condition,
        reason=reason,
        modified_at=newest,
        step=count_done(state, progress.total, condition),
        total=progress.total,
        epoch=progress.epoch,
        steps_per_second=progress.steps_per_second,
        restarts=count_restarts(state.run, restarts) if not starts or told is not None else None,
    )


def _find_files(path: str, name: str, listing: Listing) -> RunInfo | None:
    """The log and W&B files that discovery puts first, where few listings tell; None where it takes more."""
    entries = listing.entries(path)
    files, folders = [e for e in entries if e.stat.is_file], {e.name for e in entries if e.stat.is_folder}
    logs = _find_logs(files, folders, path, listing)
    if logs is None or any(_may_measure(e.name) for e in files):
        return None
    for folder in (path, *wandb_beside.parents_of(path)):  # so that what is not in them is not asked for one by one
        listing.entries(f"{folder}/wandb")
    signs = find_life_signs(listing, path, name)
    inside = [f"{path}/wandb"] if "wandb" in folders else []
    found = wandb_beside.find_inside(listing, inside, name, signs.run_id)
    if not found.folders:
        found = wandb_beside.find_beside(listing, path, name, signs.run_id)
    wandb = tuple(file for folder in found.folders for file in wandb_beside.files_of(listing, folder))
    return RunInfo(
        name=name,
        path=path,
        logs=logs,
        wandb=wandb,
        heartbeat=signs.heartbeat,
        job_metadata=signs.job_metadata,
        wandb_ipc=signs.wandb_ipc,
    )


def _find_logs(files: Iterable[Entry], folders: set[str], path: str, listing: Listing) -> tuple[str, ...] | None:
    """The first log; None where which one it is takes a walk through the folders."""
    if "logs" in folders and listing.find(f"{path}/logs", "script.log"):
        return (f"{path}/logs/script.log",)
    unknown = [f for f in folders if f not in _KNOWN and not layout.is_checkpoint_folder(f)]
    own = {e.name: e.path for e in files if layout.is_log(e.name)}
    rotated = {name for e in files if layout.is_log(name := original_name(e.name))}
    return None if unknown or len(own) != 1 or rotated - own.keys() else tuple(own.values())


def _may_measure(name: str) -> bool:
    return layout.is_event_file(name) or layout.may_be_table(name) or may_be_store(name) or name.endswith(".wandb")
