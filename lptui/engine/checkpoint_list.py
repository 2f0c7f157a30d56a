"""The checkpoints of a run, or below a folder, read once to the end, or followed, without threads or a screen."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from lptui.checkpoints.groups import CheckpointGroup, group
from lptui.model.events import CheckpointsSeen, Event, Tick
from lptui.model.readings import CheckpointReading
from lptui.model.run import RunInfo
from lptui.run.checkpoint_files import CheckpointFiles
from lptui.run.checkpoint_readings import deep_paths
from lptui.sources.checkpoints import CheckpointSource, Inspecting
from lptui.sources.host import HostSource
from lptui.sources.launch import LaunchSource
from lptui.state.fold import fold_all
from lptui.state.run_state import RunState

Wait = Callable[[float], bool]
"""Waits so many seconds; False: it is time to stop."""


def read_checkpoints(
    run: RunInfo, clock: Callable[[], float] = time.time, inspector: Inspecting | None = None
) -> tuple[tuple[CheckpointReading, ...], tuple[str, ...]]:
    """(checkpoints, oldest first, each looked into; leftovers of interrupted saves)."""
    state = read_saving(run, clock, inspector)
    return state.checkpoints, state.leftovers


def read_saving(
    run: RunInfo, clock: Callable[[], float] = time.time, inspector: Inspecting | None = None, *, disk: bool = False
) -> RunState:
    """A state that knows the run's checkpoints and how it was started, with `disk` what the disk holds, and nothing
    else of the run."""
    source = CheckpointSource(run, inspector)
    state = RunState(run=run, now=clock(), began=clock())
    try:
        events = _read_all(source, clock)
        last = _last_list(events)
        unread = [c.path for c in last.checkpoints if c.verdict == "unread"] if last is not None else []
        for path in unread:  # beyond the newest that are read unasked
            source.request(path)
        events += _read_all(source, clock) if unread else []
    finally:
        source.close()
    last = _last_list(events)
    state = fold_all(state, [e for e in events if e is last or not isinstance(e, CheckpointsSeen)])
    state = fold_all(state, LaunchSource(run).poll(clock()))
    if disk:
        host = HostSource(run.path)
        for _ in range(20):  # the disk answers from a thread of its own, at once or not at all
            state = fold_all(state, host.poll(clock()))
            if state.host is not None and state.host.disk_free is not None:
                break
    return fold_all(state, (Tick(now=clock()),))


def _read_all(source: CheckpointSource, clock: Callable[[], float]) -> list[Event]:
    events = list(source.poll(clock()))
    while source.pending:
        events += source.poll(clock())
    return events


def _last_list(events: Sequence[Event]) -> CheckpointsSeen | None:
    return next((e for e in reversed(events) if isinstance(e, CheckpointsSeen)), None)


def follow_checkpoints(
    run: RunInfo, wait: Wait, clock: Callable[[], float] = time.time, inspector: Inspecting | None = None
) -> Iterator[tuple[CheckpointReading, ...]]:
    """The rows that are new, or of which the verdict is, at each look that shows any; the first are all there are."""
    source = CheckpointSource(run, inspector)
    known: dict[str, tuple[str, float]] = {}
    try:
        while True:
            seen = _last_list(_read_all(source, clock))
            rows = seen.checkpoints if seen is not None else None
            changed = tuple(c for c in rows or () if known.get(c.path) != _mark(c))
            if rows is not None:
                known = {c.path: _mark(c) for c in rows}
            if changed:
                yield changed
            if not wait(source.period):
                return
    finally:
        source.close()


def _mark(one: CheckpointReading) -> tuple[str, float]:
    """What makes it news: another verdict, or a new save under the same name that has ended."""
    return one.verdict, 0.0 if one.verdict == "being-written" else one.modified_at


def find_payloads(run: RunInfo, clock: Callable[[], float] = time.time) -> list[str]:
    """Absolute paths of what is read whole, oldest first: files that hold weights or state, and folders that are one
    checkpoint, of which it is asked as well whether they are complete."""
    from lptui.checkpoints.folders import is_known

    files = CheckpointFiles(run)
    groups: Iterable[CheckpointGroup] = group([(f.path, f.size, f.mtime) for f in files.look(clock()).files])
    found: list[str] = []
    for one in groups:
        whole = one.name.bundle is not None and is_known(files.absolute(one.path))
        found += [files.absolute(name) for name in ([one.path] if whole else deep_paths(one))]
    return found


def as_run(path: str) -> RunInfo:
    """A folder that is no run, or holds one file: what lies in it is looked at as checkpoints of a run there."""
    folder = path if os.path.isdir(path) else os.path.dirname(path)
    return RunInfo(os.path.basename(folder) or folder, folder, "generic", checkpoint_dirs=(folder,))
