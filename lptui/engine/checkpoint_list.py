"""The checkpoints of a run, or below a folder, read once to the end without threads or a screen."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable

from lptui.checkpoints.groups import CheckpointGroup, group
from lptui.model.events import CheckpointsSeen
from lptui.model.readings import CheckpointReading
from lptui.model.run import RunInfo
from lptui.run.checkpoint_files import CheckpointFiles
from lptui.sources.checkpoints import CheckpointSource, Inspecting, targets


def read_checkpoints(
    run: RunInfo, clock: Callable[[], float] = time.time, inspector: Inspecting | None = None
) -> tuple[tuple[CheckpointReading, ...], tuple[str, ...]]:
    """(checkpoints, oldest first, each looked into; leftovers of interrupted saves)."""
    source = CheckpointSource(run, inspector)
    shown: tuple[CheckpointReading, ...] = ()
    leftovers: tuple[str, ...] = ()

    def poll() -> None:
        nonlocal shown, leftovers
        for event in source.poll(clock()):
            if isinstance(event, CheckpointsSeen):
                shown, leftovers = event.checkpoints, event.leftovers

    try:
        poll()
        while source.pending:
            poll()
        for one in [c for c in shown if c.verdict == "unread"]:  # beyond the newest that are looked into unasked
            source.request(one.path)
            poll()
        while source.pending:
            poll()
    finally:
        source.close()
    return shown, leftovers


def find_payloads(run: RunInfo, clock: Callable[[], float] = time.time) -> list[str]:
    """Absolute paths of all files of the run's checkpoints that hold weights or state, oldest first."""
    files = CheckpointFiles(run)
    groups: Iterable[CheckpointGroup] = group([(f.path, f.size, f.mtime) for f in files.look(clock()).files])
    return [files.absolute(file.path) for one in groups for file in targets(one)]


def as_run(path: str) -> RunInfo:
    """A folder that is no run, or holds one file: what lies in it is looked at as checkpoints of a run there."""
    folder = path if os.path.isdir(path) else os.path.dirname(path)
    return RunInfo(os.path.basename(folder) or folder, folder, "generic", checkpoint_dirs=(folder,))
