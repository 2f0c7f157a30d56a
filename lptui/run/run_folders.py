"""What makes a folder a run: what lies in it, by names, and by what a table or a log holds where names do not tell."""

from __future__ import annotations

import os  # and not pathlib, which costs 10 ms before the first paint
import re
from collections.abc import Iterator, Sequence

from lptui.files import Entry, FileFailure, open_file
from lptui.files.generations import original_name
from lptui.run import layout
from lptui.run.listing import Listing, may_enter
from lptui.run.metric_files import holds_table
from lptui.run.metric_stores import is_mlflow_run, may_be_store

MOST_LOOKS = 4
"""Files of a folder that are looked into, where only what they hold can tell that it is a run."""
_DEEP = 3
"""How far below a log is looked for other runs."""
_END = 8 * 1024
_STEP_FOLDER = re.compile(r"version_\d+\Z")


def is_run(listing: Listing, path: str) -> bool:
    """Whether `path` itself is a run: checkpoints, metrics, or a configuration with anything beside it, or a
    log."""
    entries = listing.entries(path)
    return (bool(_logs(entries)) or _is_strong(listing, entries) or _is_table_run(listing, entries)) and not _is_source(
        entries
    )


def holds_run(listing: Listing, entries: Sequence[Entry]) -> bool:
    """Whether a folder that holds these is listed as a run, by more than a log."""
    return (_is_strong(listing, entries) or _is_table_run(listing, entries)) and not _is_source(entries)


def is_log_run(listing: Listing, folder: str) -> bool:
    """Whether a folder is a run by nothing but a log that tells of progress. One above several folders of runs, or
    beside a tracker's database, is none: those tell the runs; a single one is what this training keeps."""
    entries = listing.entries(folder)
    if _is_source(entries) or any(e.stat.is_file and may_be_store(e.name) for e in entries):
        return False
    notes = [e for e in _logs(entries) if e.stat.size and not _log_name(e).lower().endswith(".txt")]
    newest = sorted(notes, key=lambda e: (-e.stat.modified_at, e.path))[:MOST_LOOKS]
    return any(_tells_progress(listing, e) for e in newest) and len(list(_runs_below(listing, folder, _DEEP))) <= 1


def _logs(entries: Sequence[Entry]) -> list[Entry]:
    """Logs; of one that was rotated and holds nothing yet, or is not there yet, its older generations too."""
    begun = {e.name for e in entries if e.stat.is_file and e.stat.size}
    return [e for e in entries if e.stat.is_file and (name := _log_name(e)) and (name == e.name or name not in begun)]


def _log_name(entry: Entry) -> str:
    """The name of the log that this is, or was until it was rotated; "" if it is none."""
    return next((name for name in (entry.name, original_name(entry.name)) if layout.is_log(name)), "")


def _runs_below(listing: Listing, folder: str, deep: int) -> Iterator[str]:
    for entry in listing.entries(folder):
        if not entry.stat.is_folder or not may_enter(entry.name) or os.path.islink(entry.path):
            continue
        if holds_run(listing, listing.entries(entry.path)) or is_log_run(listing, entry.path):
            yield entry.path
        elif deep > 1:
            yield from _runs_below(listing, entry.path, deep - 1)


def _is_strong(listing: Listing, entries: Sequence[Entry]) -> bool:
    files = {e.name for e in entries if e.stat.is_file}
    folders = {e.name for e in entries if e.stat.is_folder}
    if "meta.yaml" in files and is_mlflow_run(entries):
        return True
    if any(layout.is_event_file(n) or n.endswith(".wandb") for n in files) or "lightning_logs" in folders:
        return True
    if files & layout.METRIC_FILES or _has_split(listing, entries):
        return True
    if any(layout.is_checkpoint_folder(n) and not _STEP_FOLDER.match(n) for n in folders):
        return True
    saved = any(layout.is_checkpoint_file(n) for n in files) or bool(folders & layout.CHECKPOINT_FOLDERS)
    config = any(n in layout.CONFIG_NAMES for n in files) or ".hydra" in folders
    logged = bool(_logs(entries)) or _has_script_log(listing, entries)
    return sum((saved, config, logged, "wandb" in folders)) >= 2 or "trainer_state.pt" in files


def _has_split(listing: Listing, entries: Sequence[Entry]) -> bool:
    """Whether TensorBoard's curves of training and validation lie in folders of their own."""
    folders = [e for e in entries if e.stat.is_folder and e.name in layout.SPLITS]
    return any(layout.is_event_file(e.name) for folder in folders for e in listing.entries(folder.path))


def _has_script_log(listing: Listing, entries: Sequence[Entry]) -> bool:
    folders = [e for e in entries if e.stat.is_folder and e.name in layout.LOG_FOLDERS]
    return any(_logs(listing.entries(folder.path)) for folder in folders)


def _is_table_run(listing: Listing, entries: Sequence[Entry]) -> bool:
    """Whether a folder is a run by nothing but a file of metrics in it. One above folders of runs is none: a table
    there sums them up."""
    if not _holds_table(listing, entries):
        return False
    below = [listing.entries(e.path) for e in entries if e.stat.is_folder and may_enter(e.name)]
    return not any(_is_strong(listing, inside) or _holds_table(listing, inside) for inside in below)


def _holds_table(listing: Listing, entries: Sequence[Entry]) -> bool:
    return any(holds_table(listing, e) for e in [e for e in entries if layout.may_be_table(e.name)][:MOST_LOOKS])


def _is_source(entries: Sequence[Entry]) -> bool:
    """A checkout (configs and logs lie in it as well) holds runs, but is none."""
    return any(e.name in (".git", "pyproject.toml", "setup.py") for e in entries)


def _tells_progress(listing: Listing, entry: Entry) -> bool:
    known = listing.tables.get(entry.path)
    if known is None:
        from lptui.formats.progress import Progress, scan

        facts = scan(_read_end(entry))
        known = listing.tables[entry.path] = any(
            isinstance(f.fact, Progress) and (f.fact.step is not None or f.fact.epoch is not None) for f in facts
        )
    return known


def _read_end(entry: Entry) -> bytes:
    """The last bytes of a log, without the line that they begin in; empty when it cannot be read."""
    start = max(0, entry.stat.size - _END)
    try:
        handle = open_file(entry.path)
    except FileFailure:
        return b""
    try:
        data = handle.pread(start, _END)
    except FileFailure:
        return b""
    finally:
        handle.close()
    return data.partition(b"\n")[2] if start else data
