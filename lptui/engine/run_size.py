"""What a run takes on disk, and how many checkpoints it has: from names and sizes alone."""

from __future__ import annotations

from collections.abc import Iterable

from lptui.files import Entry, FileFailure, stat_file
from lptui.model.run import RunInfo
from lptui.run import layout
from lptui.run.listing import Listing

_FOLDERS = 64


def measure(run: RunInfo, listing: Listing) -> tuple[int, int]:
    """(bytes of the run's files, number of checkpoints): its folders flat, its checkpoint folders and bundles."""
    total, count = 0, 0
    own = (file.path for file in run.metric_files if file.path.startswith(f"{run.path}/"))  # a tracker's lie elsewhere
    files = dict.fromkeys((*run.logs, *run.wandb, *run.event_files, *own))
    for folder in dict.fromkeys((run.path, *run.checkpoint_dirs[:_FOLDERS])):
        for entry in listing.entries(folder):
            bundle = entry.stat.is_folder and layout.is_checkpoint_folder(entry.name)
            if bundle:
                total += _size_of(listing.entries(entry.path))
            elif entry.stat.is_file and entry.path not in files:
                total += entry.stat.size
            count += bundle or (entry.stat.is_file and layout.is_checkpoint_file(entry.name))
    for path in files:
        try:
            total += stat_file(path).size
        except FileFailure:
            continue
    return total, count


def _size_of(entries: Iterable[Entry]) -> int:
    return sum(entry.stat.size for entry in entries if entry.stat.is_file)
