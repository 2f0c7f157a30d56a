"""A run's state before its numbers are read: its small files, what its records witness, and who writes it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from lptui.engine.quick_ends import LogEnd, WandbEnd, read_end
from lptui.model.events import WitnessSeen
from lptui.model.log import LogSegment, LogView
from lptui.model.readings import ProcessReading, SourceStatus
from lptui.model.run import RunInfo
from lptui.run.listing import Listing
from lptui.run.wandb_beside import read_ipc
from lptui.sources.writers import Writers
from lptui.state.run_state import RunState, Seen


def begin(
    run: RunInfo,
    log: LogEnd | None,
    wandb: WandbEnd | None,
    now: float,
    records: Sequence[WitnessSeen],
    listing: Listing,
) -> RunState:
    """What is known before the numbers are; its files count as read, so that their ends are judged as ends."""
    paths = [f"log {path}" for path in run.logs[:1]] + [f"wandb {path}" for path in run.wandb[-1:]]
    statuses = {name: SourceStatus(name, "ok", since=now, path=name.partition(" ")[2]) for name in paths}
    seen = [*_small_files(run, listing), *(Seen(event.name, event.value, event.source, event.at) for event in records)]
    if wandb is not None and wandb.exit_code is not None:
        seen.append(Seen("exit_code", str(wandb.exit_code), "W&B", wandb.at))
    if wandb is not None and wandb.at is not None:
        seen.append(Seen("wandb_record", run.wandb[-1], "W&B", wandb.at))
    views: dict[str, LogView] = {}
    if log is not None:
        path, end = run.logs[0], log.start + len(log.data)
        views[path] = LogView(path, (LogSegment(0, 0, end),), b"", end, None, log.modified_at)
    return RunState(
        run=replace(run, logs=run.logs[:1], wandb=run.wandb[-1:]),
        now=now,
        began=now,
        logs=views,
        seen={one.name: one for one in seen},
        statuses=statuses,
    )


def _small_files(run: RunInfo, listing: Listing) -> list[Seen]:
    seen: list[Seen] = []
    for name in ("restart_count", "termination_reason"):
        for folder in (run.job_metadata, run.path):
            missing = not folder or listing.lacks(folder, name)
            found = None if missing else read_end(f"{folder}/{name}", 256)
            if found is not None:
                value = found[0].decode("utf-8", "replace").strip().partition("\n")[0]
                seen.append(Seen(name, value, ".job_metadata", found[2]))
                break
    beats = read_end(run.heartbeat, 0) if run.heartbeat else None
    if beats is not None:
        seen.append(Seen("heartbeat", run.heartbeat, "heartbeat file", beats[2]))
    ipc = read_ipc(run.wandb_ipc) if run.wandb_ipc else None
    if ipc is not None:
        seen.append(Seen("wandb_run", ipc.run_id, "wandb_ipc.json"))
    return seen


def find_processes(run: RunInfo, writers: Writers) -> tuple[tuple[ProcessReading, ...] | None, str, bool]:
    """The process that writes the run's files, or why none is known, and whether it would be seen from here."""
    found = writers.of(run.path, (*run.logs, *run.wandb, *run.event_files))
    if found is not None:
        return (ProcessReading(found[0], 0, found[1], ""),), "", True
    reason = writers.reason or _foreign(run.path)
    if reason:
        return None, reason, False
    return (), "no process here writes the run's files", True


def _foreign(path: str) -> str:
    """Why processes of this run could be there unseen: another user's cannot be looked into."""
    try:
        owner = os.stat(path).st_uid
    except OSError:
        return "the run directory does not answer"
    return (
        "" if os.geteuid() in (0, owner) else "the run belongs to another user, whose processes cannot be looked into"
    )


def count_restarts(run: RunInfo, told: int | None) -> int | None:
    """Also a W&B folder each start: the end of a log does not tell how often it began."""
    return max(told or 0, len(run.wandb) - 1)
