"""From a path to a RunInfo: everything that belongs to one run, in it and beside it. Reads names, hardly any
content."""

from __future__ import annotations

import os  # and not pathlib, which costs 10 ms before the first paint
from collections.abc import Sequence
from dataclasses import replace

from lptui.files import Entry, FileFailure, stat_file
from lptui.files.generations import current_name, find_latest
from lptui.model.run import Looked, MetricFile, MetricStore, RunInfo
from lptui.run import layout, wandb_beside
from lptui.run.batch_output import find_batch_output
from lptui.run.inside import Inside, look_inside
from lptui.run.life_signs import LifeSigns, find_life_signs
from lptui.run.listing import MAX_DEPTH, Listing, is_folder
from lptui.run.metric_files import MetricsFound, choose_tables, find_metrics
from lptui.run.metric_stores import find_named, find_store, mlflow_name
from lptui.run.rank_logs import find_ranks
from lptui.run.ranks import attempt_of
from lptui.run.wandb_beside import WandbFolder, WandbFound

MAX_LOGS = 64
MAX_FOLDERS = 64
MAX_ERROR_FILES = 256


def discover(
    path: str,
    *,
    logs: Sequence[str] = (),
    wandb: str = "",
    pid: int | None = None,
    listing: Listing | None = None,
) -> RunInfo:
    """The run at `path`: a directory, or one log, `.wandb` or event file.

    `logs` are opened first, before what is found; `wandb` is a `.wandb` file, a folder with some, or a run
    id. The answer never fails: `exists` is False and `looked` says so where nothing is. `listing` may be
    shared by many calls.
    """
    listing = listing or Listing()
    path = _absolute(path)
    given = tuple(_absolute(log) for log in logs)
    name = path.rpartition("/")[2] or path
    try:
        stat = stat_file(path)
    except FileFailure as failure:
        if failure.missing and (store := find_named(path)) is not None:
            return _from_store(store, path, given, pid)
        if failure.missing and layout.is_log(name) and (older := find_latest(path)) is not None:  # renamed just now
            return _with_given(replace(_from_file(listing, path, name), modified_at=older.stat.modified_at), given, pid)
        looked = (Looked("run", (path,), f"{failure.cause}; {failure.next_step}".rstrip("; ")),)
        return RunInfo(name, path, logs=given, pid=pid, looked=looked, exists=False)
    info = _from_folder(listing, path, name, wandb) if stat.is_folder else _from_file(listing, path, name)
    if stat.is_file and info.modified_at is None:
        info = replace(info, modified_at=stat.modified_at)
    return _with_given(info, given, pid)


def _from_store(store: MetricStore, path: str, given: tuple[str, ...], pid: int | None) -> RunInfo:
    """A run of which a tracker's database is all that was named."""
    looked = (Looked("trackers", (store.path,), "a run in a database: nothing beside it was looked for"),)
    written = _modified(store.path) or None
    info = RunInfo(store.run, path, "generic", metric_stores=(store,), modified_at=written, looked=looked)
    return _with_given(info, given, pid)


def _absolute(path: str) -> str:
    return os.path.abspath(os.path.expanduser(path))


def _with_given(info: RunInfo, given: tuple[str, ...], pid: int | None) -> RunInfo:
    if not given:
        return replace(info, pid=pid)
    rest = tuple(log for log in info.logs if log not in given)
    newest = max((_modified(log) for log in given), default=0.0)
    return replace(
        info,
        pid=pid,
        logs=given + rest,
        layout="generic" if info.layout == "empty" else info.layout,
        modified_at=max(newest, info.modified_at or 0.0) or None,
        looked=(*info.looked, Looked("named logs", given, "as given")),
    )


def _modified(path: str) -> float:
    try:
        return stat_file(path).modified_at
    except FileFailure:
        return 0.0


def _from_folder(listing: Listing, path: str, name: str, wandb: str) -> RunInfo:
    inside = look_inside(listing, path)
    metrics = find_metrics(listing, inside, name)
    _return_logs(inside, metrics)
    signs = find_life_signs(listing, path, name)
    chosen = _choose_wandb(listing, inside, name, signs.run_id, wandb)
    files = [file for folder in chosen.folders for file in wandb_beside.files_of(listing, folder)]
    files += [e.path for e in inside.wandb_files if e.path not in files]
    logs = _order_logs(inside.logs) + [log for f in reversed(chosen.folders) if (log := wandb_beside.output_log(f))]
    logs += find_batch_output(listing, path, name)
    configs = [e.path for e in _order_configs(inside)] + _wandb_configs(chosen.folders)
    others = (*files, *(t.path for t in metrics.tables), *filter(None, [signs.heartbeat]))
    modified = max([inside.modified_at, *map(_modified, others)])
    empty = not (logs or files or metrics.found or inside.checkpoint_dirs or configs)
    return RunInfo(
        name=mlflow_name(listing, path) or name,
        path=path,
        layout="empty" if empty else layout.recognise_layout(inside.relative, bool(signs.job_metadata)),
        logs=tuple(dict.fromkeys(logs))[:MAX_LOGS],
        wandb=tuple(files),
        event_files=tuple(e.path for e in metrics.events),
        metric_files=metrics.tables,
        metric_stores=metrics.stores,
        checkpoint_dirs=tuple(inside.checkpoint_dirs)[:MAX_FOLDERS],
        configs=tuple(configs),
        error_files=_find_error_files(inside),
        heartbeat=signs.heartbeat,
        job_metadata=signs.job_metadata,
        wandb_ipc=signs.wandb_ipc,
        modified_at=modified or None,
        looked=_tell(listing, inside, signs, chosen, files, logs, configs, metrics),
    )


def _return_logs(inside: Inside, metrics: MetricsFound) -> None:
    """A text file that may hold a table and does not is a log."""
    taken = {table.path for table in metrics.tables}
    for entry in inside.tables:
        if entry.path not in taken and layout.is_log(entry.name):
            inside.logs.append(entry)
            inside.modified_at = max(inside.modified_at, entry.stat.modified_at)


def _find_error_files(inside: Inside) -> tuple[str, ...]:
    """Oldest first. Where torchrun made folders for its ranks, later attempts get theirs beside them."""
    found = [e.path for e in sorted(inside.error_files, key=lambda e: (e.stat.modified_at, e.path))]
    expected = [f"{e.path.rpartition('/')[0]}/error.json" for e in inside.logs]
    found += [path for path in dict.fromkeys(expected) if path not in found and attempt_of(path) is not None]
    return tuple(found[-MAX_ERROR_FILES:])


def _order_logs(entries: list[Entry]) -> list[str]:
    """Without those that a log was rotated to: they stand above it. Logs of the ranks of one job stand together, as new
    as the newest of them, the newest attempt and the first rank first: which rank wrote last says nothing."""
    paths = {entry.path for entry in entries}
    own = [e for e in entries if (now := current_name(e.name)) == e.name or f"{_folder(e.path)}/{now}" not in paths]
    ranks = {part.path: part.rank or 0 for part in find_ranks([entry.path for entry in own])}
    newest = max((entry.stat.modified_at for entry in own if entry.path in ranks), default=0.0)

    def key(entry: Entry) -> tuple[object, ...]:
        path, stat = entry.path, entry.stat
        at = newest if path in ranks else stat.modified_at
        *first, size = layout.log_order(path, stat.size, at)
        attempt = attempt_of(path) or 0 if path in ranks else 0
        return (*first, -attempt, ranks.get(path, 0), size, path)

    return [entry.path for entry in sorted(own, key=key)]


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _order_configs(inside: Inside) -> list[Entry]:
    names = layout.CONFIG_NAMES
    return sorted(inside.configs, key=lambda e: (e.path.count("/"), names.index(e.name), e.path))


def _wandb_configs(folders: Sequence[WandbFolder]) -> list[str]:
    paths = [f"{folder.path}/files/config.yaml" for folder in reversed(folders)]
    return [path for path in paths if _modified(path)][:1]


def _choose_wandb(listing: Listing, inside: Inside, name: str, run_id: str, wanted: str) -> WandbFound:
    if wanted:
        return _named_wandb(listing, inside, wanted)
    found = wandb_beside.find_inside(listing, inside.wandb_folders, name, run_id)
    return found if found.folders else wandb_beside.find_beside(listing, inside.root, name, run_id)


def _named_wandb(listing: Listing, inside: Inside, wanted: str) -> WandbFound:
    """What the user named: a `.wandb` file or its folder, a `wandb/` folder, or a run id to look for."""
    path = _absolute(wanted)
    if path.endswith(".wandb"):
        path = path.rpartition("/")[0]
    if is_folder(path):
        if any(e.name.endswith(".wandb") for e in listing.entries(path)):
            return WandbFound((WandbFolder(path, "", path.rpartition("-")[2]),), "as given")
        found = wandb_beside.find_inside(listing, [path], inside.root.rpartition("/")[2], "")
        return found if found.folders else WandbFound(note=f"no .wandb file in {path}")
    found = wandb_beside.find_inside(listing, inside.wandb_folders, wanted, wanted)
    if found.folders and found.folders[0].run_id == wanted:
        return found
    found = wandb_beside.find_beside(listing, inside.root, wanted, wanted)
    return found if found.folders else WandbFound(note=f"{wanted} is neither a path nor a W&B run id found here")


def _tell(
    listing: Listing,
    inside: Inside,
    signs: LifeSigns,
    chosen: WandbFound,
    files: list[str],
    logs: list[str],
    configs: list[str],
    metrics: MetricsFound,
) -> tuple[Looked, ...]:
    where = f"{inside.root}, to depth {MAX_DEPTH}"
    highest = (wandb_beside.parents_of(inside.root) or ["/"])[-1]
    rows = [
        Looked("logs", tuple(logs), "" if logs else f"no *.log, *.out, *.err, *.txt in {where}"),
        Looked(
            "wandb",
            tuple(files),
            chosen.note or ("" if files else f"no .wandb file in {where}, none of this run in wandb/ up to {highest}"),
        ),
        *metrics.looked,
        Looked(
            "checkpoints",
            tuple(inside.checkpoint_dirs),
            "" if inside.checkpoint_dirs else f"no checkpoint file or folder in {where}",
        ),
        Looked(
            "config",
            tuple(configs),
            "" if configs else f"none of {', '.join(layout.CONFIG_NAMES)} in {where}",
        ),
        *signs.looked,
    ]
    if listing.spent:
        rows.append(Looked("limit", (), f"looked at the first {listing.budget:,} entries; the rest was not looked at"))
    if listing.links_out:
        rows.append(Looked("links", (), f"{listing.links_out} links lead out of the run and were not followed"))
    rows += [Looked("unreadable", (), failure) for failure in listing.failures[:8]]
    return tuple(rows)


def _from_file(listing: Listing, path: str, name: str) -> RunInfo:
    """A run of that one file."""
    folder = path.rpartition("/")[0] or "/"
    note = Looked("run", (path,), "a single file: nothing beside it was looked for")
    if name.endswith(".wandb"):
        start = WandbFolder(folder, "", "")
        log = wandb_beside.output_log(start)
        return RunInfo(
            name,
            folder,
            "generic",
            logs=(log,) if log else (),
            wandb=(path,),
            configs=tuple(_wandb_configs([start])),
            looked=(note,),
        )
    if (store := find_store(path)) is not None:  # its newest run, or why there is none
        inside = replace(store, inside=True)
        return RunInfo(name, path, "generic", metric_stores=(inside,), looked=(note,))
    if layout.is_event_file(name):
        return RunInfo(name, folder, "generic", event_files=(path,), looked=(note,))
    entry = listing.find(folder, name) if layout.may_be_table(name) else None
    if entry is not None and choose_tables([entry]).entries:
        return RunInfo(name, folder, "generic", metric_files=(MetricFile(path),), looked=(note,))
    return RunInfo(name, folder, "generic", logs=(path,), looked=(note,))
