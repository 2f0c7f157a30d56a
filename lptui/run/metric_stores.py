"""Stores of experiment trackers that hold many runs: which of them may hold this one.

MLflow's database and its files lie in the working directory of the training, trackio's databases in the user's cache.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from lptui.files import Entry, FileFailure, stat_file
from lptui.model.run import Looked, MetricStore
from lptui.run.listing import Listing, read_head
from lptui.run.trackio_folder import trackio_folder
from lptui.run.wandb_beside import parents_of
from lptui.text.regex import Regex

PARENTS = 3
PEEKS = 400
CANDIDATES = 4
"""Databases outside of the run that are looked through for its name."""
_MLFLOW_NAMES = ("mlflow.db", "mlruns.db", "mlflow.sqlite")
_DATABASE = Regex(r".+\.(?:db|sqlite3?)\Z")
_SNIFF = 256 * 1024
_NAME = Regex(rb"^run_name: *['\"]?(.*?)['\"]? *$", re.MULTILINE)


def may_be_store(name: str) -> bool:
    """Whether a file of this name may be a tracker's database."""
    return bool(_DATABASE.match(name))


def find_stores(
    listing: Listing, root: str, name: str, databases: Sequence[Entry], mlruns: Sequence[str]
) -> tuple[tuple[MetricStore, ...], Looked]:
    """Databases and `mlruns` folders that were met inside the run, then those above it and in the user's cache."""
    inside = [MetricStore(kind, e.path, inside=True) for e in databases if (kind := kind_of(e))]
    files = [store for folder in mlruns if (store := _find_run(listing, folder, name, inside=True))]
    if is_mlflow_run(listing.entries(root)):
        files.append(MetricStore("mlflow-files", root, inside=True))
    notes: list[str] = []
    beside: list[MetricStore] = []
    for parent in parents_of(root)[:PARENTS]:
        found = [e for wanted in _MLFLOW_NAMES if (e := listing.find(parent, wanted)) and e.stat.is_file]
        beside += [MetricStore("mlflow", e.path) for e in found]
        if store := _find_run(listing, f"{parent.rstrip('/')}/mlruns", name, inside=False):
            beside.append(store)
    cache = trackio_folder(os.environ)
    cached = [e for e in listing.entries(cache) if e.name.endswith(".db") and e.stat.is_file]
    newest = sorted(cached, key=lambda e: -e.stat.modified_at)[:CANDIDATES]
    beside += [MetricStore("trackio", e.path) for e in newest if e.path not in {s.path for s in inside}]
    if len(cached) > CANDIDATES:
        notes.append(f"{len(cached) - CANDIDATES} older trackio projects in {cache} were not looked into")
    stores = (*inside, *files, *beside)
    if not stores:
        notes.append(f"no mlflow.db or mlruns in {root} or above, no trackio database in {cache}")
    return stores, Looked("trackers", tuple(s.path for s in stores), "; ".join(notes))


def find_named(path: str) -> MetricStore | None:
    """The store and the run in it that `DB_PATH/RUN` names; names of runs may hold slashes."""
    database, _, run = path.rpartition("/")
    while database and run:
        try:
            stat = stat_file(database)
        except FileFailure:
            database, _, last = database.rpartition("/")
            run = f"{last}/{run}"
            continue
        kind = kind_of(Entry(database.rpartition("/")[2], database, stat)) if stat.is_file else ""
        return MetricStore(kind, database, run=run) if kind else None
    return None


def find_store(path: str) -> MetricStore | None:
    """The tracker's database at `path`, if there is one."""
    name = path.rpartition("/")[2]
    if not may_be_store(name):
        return None
    try:
        stat = stat_file(path)
    except FileFailure:
        return None
    kind = kind_of(Entry(name, path, stat)) if stat.is_file else ""
    return MetricStore(kind, path) if kind else None


def find_databases(listing: Listing, folder: str) -> list[MetricStore]:
    """The trackers' databases right in `folder`."""
    files = [e for e in listing.entries(folder) if e.stat.is_file and may_be_store(e.name)]
    return [MetricStore(kind, e.path) for e in files if (kind := kind_of(e))]


def is_mlflow_run(entries: Sequence[Entry]) -> bool:
    """Whether these are what MLflow's file store keeps of one run."""
    folders = {e.name for e in entries if e.stat.is_folder}
    return {"metrics", "params", "tags"} <= folders and any(e.name == "meta.yaml" for e in entries)


def list_mlflow_runs(listing: Listing, mlruns: str) -> list[str]:
    """The runs in a file store, of each of its experiments."""
    folders = [e for e in listing.entries(mlruns) if e.stat.is_folder and e.name != ".trash"]
    runs = [run for folder in folders for run in listing.entries(folder.path) if run.stat.is_folder]
    return [run.path for run in runs if is_mlflow_run(listing.entries(run.path))]


def mlflow_name(listing: Listing, folder: str) -> str:
    """What MLflow calls the run in `folder`, '' if that is none of its."""
    return _run_name(listing, folder) if is_mlflow_run(listing.entries(folder)) else ""


def kind_of(entry: Entry) -> str:
    """`mlflow` or `trackio` by the schema at the head of a database; '' for any other."""
    head = read_head(entry.path, _SNIFF)
    if not head.startswith(b"SQLite format 3\0"):
        return ""
    if entry.name in _MLFLOW_NAMES or (b"run_uuid" in head and b"lifecycle_stage" in head):
        return "mlflow"
    return "trackio" if b"run_name TEXT" in head and b"metrics TEXT" in head else ""


def _find_run(listing: Listing, mlruns: str, name: str, *, inside: bool) -> MetricStore | None:
    """The folder of the newest run of that name in a file store; inside of the run's folder else the newest at all."""
    folders = [
        run
        for experiment in listing.entries(mlruns)
        if experiment.stat.is_folder and experiment.name != ".trash"
        for run in listing.entries(experiment.path)
        if run.stat.is_folder
    ]
    newest = sorted(folders, key=lambda e: (-e.stat.modified_at, e.path))[:PEEKS]
    newest = [e for e in newest if listing.find(e.path, "metrics")]
    named = next((e for e in newest if _run_name(listing, e.path) == name), None)
    chosen = named or (newest[0] if inside and newest else None)
    return MetricStore("mlflow-files", chosen.path, inside=inside) if chosen is not None else None


def _run_name(listing: Listing, folder: str) -> str:
    path = f"{folder}/meta.yaml"
    if path not in listing.ends:  # asked again for each of many runs
        listing.ends[path] = read_head(path, 16 * 1024)
    match = _NAME.search(listing.ends[path])
    return match[1].decode(errors="replace").strip() if match else ""
