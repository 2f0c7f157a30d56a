"""One run looked at in a millisecond or two: the ends of its log and W&B file, small files, its writers.

What is seen goes through the same fold and the same judgement of life as a run that is attached, and the end of the log
through the same failure catalogue; only the rest of the files is left unread, and the summary says so.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

from lptui.detect.log_failures import LOG_FAILURES
from lptui.engine.core import advance_all
from lptui.engine.quick_records import HEADLINES, read_records, wanted
from lptui.files import Entry, FileFailure, list_folder, open_file, stat_file
from lptui.formats.columns import to_points
from lptui.formats.leveldb import BLOCK, NotWandbFile, RecordReader
from lptui.formats.log_points import collect_points
from lptui.formats.log_time import date_facts
from lptui.formats.progress import Progress, scan
from lptui.formats.wandb import HistoryRow, RunExit, decode
from lptui.model.events import (
    DatedFact,
    Event,
    Facts,
    HeartbeatSeen,
    LogBlock,
    LogSeen,
    ProcessesSeen,
    Samples,
    StatusSeen,
    Tick,
    WitnessSeen,
)
from lptui.model.log import LogSegment, LogView
from lptui.model.readings import ProcessReading, SourceStatus
from lptui.model.run import RunInfo
from lptui.model.summary import Looked, RunSummary
from lptui.run import layout
from lptui.run.wandb_beside import read_ipc
from lptui.sources.writers import Writers
from lptui.state.metrics import STEP_KEYS
from lptui.state.run_state import RunState
from lptui.trends.roles import find_role

TAIL = 16 * 1024
"""Bytes at the end of the log in which failures are looked for; progress in the last quarter of it."""
BLOCKS = 2
_FOLDERS = 64


def look_at(run: RunInfo, writers: Writers, now: float) -> RunSummary:
    """What a quick look tells of `run`. Never raises for the state of the files."""
    state = RunState(run=replace(run, logs=run.logs[:1], wandb=run.wandb[-1:]), now=now, began=now)
    events = [*_small_files(run, now), *_log_end(run, now), *_wandb_end(run, now), *read_records(run, now)]
    events.append(_processes(run, writers, now))
    state = advance_all(state, [*events, Tick(now=now, seen_at=now)], (LOG_FAILURES,))
    summary = summarise(state, "quick")
    size, count = measure(run)
    last = max((t for t in (summary.modified_at, run.modified_at) if t is not None), default=None)
    return replace(summary, size=size, checkpoints=count, modified_at=last, restarts=_restarts(run, summary.restarts))


def summarise(state: RunState, looked: Looked) -> RunSummary:
    """A run's state in one row."""
    life, progress, worst = state.life, state.progress, state.worst
    metric, value = _headline(state)
    alarming = [f for f in state.findings if f.active and not f.acknowledged and f.role != "follow-up"]
    return RunSummary(
        state.run.name,
        state.run.path,
        state.run.layout,
        looked,
        life.condition,
        life.reason,
        life.last_sign,
        progress.step,
        progress.total,
        progress.epoch,
        progress.steps_per_second,
        metric,
        value,
        life.restarts_known if life.restarts_known is not None else max(0, life.attempts - 1),
        worst.severity if worst is not None else None,
        worst.title if worst is not None else "",
        worst.cls if worst is not None else "",
        len(alarming),
        len(state.checkpoints),
    )


def _headline(state: RunState) -> tuple[str, float | None]:
    best: tuple[int, int, str] | None = None
    for key in state.series:
        role = find_role(key)
        if role in HEADLINES:
            rank = (HEADLINES.index(role), len(key), key)
            best = rank if best is None or rank < best else best
    newest = state.series[best[2]].last() if best is not None else None
    return (best[2], newest.value) if best is not None and newest is not None else ("", None)


def measure(run: RunInfo) -> tuple[int, int]:
    """(bytes of the run's files, number of checkpoints): its folders flat, its checkpoint folders and bundles."""
    total, count = 0, 0
    own = (file.path for file in run.metric_files if file.path.startswith(f"{run.path}/"))  # a tracker's lie elsewhere
    files = dict.fromkeys((*run.logs, *run.wandb, *run.event_files, *own))
    for folder in dict.fromkeys((run.path, *run.checkpoint_dirs[:_FOLDERS])):
        for entry in _entries(folder):
            bundle = entry.stat.is_folder and layout.is_checkpoint_folder(entry.name)
            if bundle:
                total += sum(inner.stat.size for inner in _entries(entry.path) if inner.stat.is_file)
            elif entry.stat.is_file and entry.path not in files:
                total += entry.stat.size
            count += bundle or (entry.stat.is_file and layout.is_checkpoint_file(entry.name))
    for path in files:
        try:
            total += stat_file(path).size
        except FileFailure:
            continue
    return total, count


def _entries(folder: str) -> list[Entry]:
    try:
        return list_folder(folder)
    except FileFailure:
        return []


def _restarts(run: RunInfo, told: int | None) -> int | None:
    """Also a W&B folder each start: the end of a log does not tell how often it began."""
    return max(told or 0, len(run.wandb) - 1)


def _small_files(run: RunInfo, now: float) -> Iterator[Event]:
    for name in ("restart_count", "termination_reason"):
        for folder in (run.job_metadata, run.path):
            found = _read_end(f"{folder}/{name}", 256) if folder else None
            if found is not None:
                value = found[0].decode("utf-8", "replace").strip().partition("\n")[0]
                yield WitnessSeen(seen_at=now, source=".job_metadata", name=name, value=value, at=found[2])
                break
    if run.heartbeat:
        found = _read_end(run.heartbeat, 0)
        if found is not None:
            yield HeartbeatSeen(seen_at=now, path=run.heartbeat, modified_at=found[2])
    ipc = read_ipc(run.wandb_ipc) if run.wandb_ipc else None
    if ipc is not None:
        yield WitnessSeen(seen_at=now, source="wandb_ipc.json", name="wandb_run", value=ipc.run_id)


def _log_end(run: RunInfo, now: float) -> Iterator[Event]:
    path = run.logs[0] if run.logs else ""
    found = _read_end(path, TAIL) if path else None
    if not path:
        return
    yield _read_in_full("log", path, now)
    if found is None:
        return
    data, start, modified = found
    if start:
        cut = data.find(b"\n") + 1
        data, start = data[cut:], start + cut
    view = LogView(path, (LogSegment(0, 0, start + len(data)),), b"", start + len(data), None, modified)
    yield LogSeen(seen_at=now, view=view)
    yield LogBlock(seen_at=now, backfill=True, file=path, start=start, data=data)
    dated = _dated(data, start, modified)
    yield Facts(seen_at=now, backfill=True, file=path, facts=dated)
    points = tuple(p for p in collect_points(dated) if wanted(p.key))
    if points:
        yield Samples(seen_at=now, backfill=True, source="log", points=points, order=float(start))


def _dated(data: bytes, start: int, modified: float) -> tuple[DatedFact, ...]:
    """What the last lines say; those before them only if no progress is in sight: a traceback may be long."""
    late = data.find(b"\n", max(0, len(data) - TAIL // 2)) + 1
    facts = scan(data[late:])
    if late and not any(isinstance(fact.fact, Progress) for fact in facts):
        late, facts = 0, scan(data)
    return date_facts(data[late:], start + late, facts, modified)


def _wandb_end(run: RunInfo, now: float) -> Iterator[Event]:
    path = run.wandb[-1] if run.wandb else ""
    if not path:
        return
    yield _read_in_full("wandb", path, now)
    try:
        size = stat_file(path).size
        start = max(0, (size - 1) // BLOCK - BLOCKS + 1) * BLOCK
        found = _read_end(path, size - start)
        payloads = list(RecordReader(start).feed(found[0])) if found is not None and found[1] == start else []
    except (FileFailure, NotWandbFile):
        return
    row: HistoryRow | None = None
    ending: RunExit | None = None
    for payload in reversed(payloads):
        record = decode(payload)
        if isinstance(record, RunExit):
            ending = ending or record
        elif isinstance(record, HistoryRow):
            row = record
            break
    at = row.timestamp if row is not None else None
    if ending is not None:
        yield WitnessSeen(seen_at=now, source="W&B", name="exit_code", value=str(ending.exit_code), at=at)
    if row is None:
        return
    yield WitnessSeen(seen_at=now, source="W&B", name="wandb_record", value=path, at=at)
    values = tuple((key, value) for key, value in row.values if wanted(key))
    step = next((v for k, v in row.values if k in STEP_KEYS), float("nan") if row.step is None else float(row.step))
    points = to_points([(step, float("nan") if at is None else at, values)])
    if points:
        yield Samples(seen_at=now, backfill=True, source="wandb", points=tuple(points))


def _processes(run: RunInfo, writers: Writers, now: float) -> Event:
    found = writers.of(run.path, (*run.logs, *run.wandb, *run.event_files))
    if found is not None:
        return ProcessesSeen(seen_at=now, processes=(ProcessReading(found[0], 0, found[1], ""),))
    reason = writers.reason or _foreign(run.path)
    if reason:
        return ProcessesSeen(seen_at=now, processes=None, reason=reason, local=False)
    return ProcessesSeen(seen_at=now, processes=(), reason="no process here writes the run's files")


def _foreign(path: str) -> str:
    """Why processes of this run could be there unseen: another user's cannot be looked into."""
    try:
        owner = os.stat(path).st_uid
    except OSError:
        return "the run directory does not answer"
    return (
        "" if os.geteuid() in (0, owner) else "the run belongs to another user, whose processes cannot be looked into"
    )


def _read_in_full(source: str, path: str, now: float) -> StatusSeen:
    """So that the end that was read is judged as an end."""
    return StatusSeen(seen_at=now, status=SourceStatus(f"{source} {path}", "ok", since=now, path=path))


def _read_end(path: str, length: int) -> tuple[bytes, int, float] | None:
    """(the last bytes of a file, where they start, its mtime), or None."""
    try:
        handle = open_file(path)
    except FileFailure:
        return None
    try:
        stat = handle.stat()
        start = max(0, stat.size - length)
        return (handle.pread(start, length) if length else b""), start, stat.modified_at
    except FileFailure:
        return None
    finally:
        handle.close()
