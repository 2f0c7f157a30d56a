"""From what a user types to a run: a path, a run's name, or nothing (the newest run below here)."""

from __future__ import annotations

import os  # and not pathlib, which costs 10 ms before the first paint
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

from lptui.files import FileFailure, Stat, stat_file
from lptui.files.generations import find_latest
from lptui.model.run import Looked, MetricStore, RunInfo
from lptui.model.value import frozen
from lptui.run import layout
from lptui.run.discovery import discover
from lptui.run.listing import Listing, may_enter
from lptui.run.metric_stores import find_databases, find_named, find_store, list_mlflow_runs
from lptui.run.own_records import find_foreign
from lptui.run.run_folders import holds_run, is_log_run, is_run

LIST_DEPTH = 6
NEAREST = 5
_WANDB_RUN = re.compile(r"(?:offline-)?run-\d{8}_\d{6}-.+\Z")


@frozen
class Missing:
    """No run: why, the names that come nearest, where was looked, and what to do."""

    reason: str
    nearest: tuple[str, ...] = ()
    looked: tuple[str, ...] = ()
    next_step: str = ""


def resolve(
    name: str | None,
    roots: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    *,
    logs: Sequence[str] = (),
    wandb: str = "",
    pid: int | None = None,
    here: str = ".",
) -> RunInfo | Missing:
    """The run that `name` means: a path, else a run of that name below `roots`, `$DATA_DIR`, `train_dir` or
    `here`.

    Without a name: the newest run below those. A folder that holds runs but is none means its newest run.
    """
    listing = Listing()
    extra = _Extra(tuple(logs), wandb, pid)
    places = _places(roots, env or {}, here)
    if not name:
        return _newest(listing, places, extra)
    path = os.path.abspath(os.path.join(here, os.path.expanduser(name)))
    stat = _stat(path)
    if stat is not None and (stat.is_file or not stat.is_folder or is_run(listing, path)):
        return _discover(path, listing, extra) if stat.is_file or stat.is_folder else _odd(path)
    renamed = stat is None and layout.is_log(path.rpartition("/")[2]) and find_latest(path) is not None
    if renamed or (stat is None and find_named(path) is not None):
        return _discover(path, listing, extra)
    by_name = _by_name(listing, places, name) if stat is None else ""
    if by_name:
        return _discover(by_name, listing, extra)
    if stat is not None:
        found = _newest(listing, (path,), extra)
        itself = isinstance(found, Missing) or found.path.startswith(f"{path}/wandb/")
        return _discover(path, listing, extra) if itself else found
    return _not_found(listing, places, name)


def list_runs(root: str, *, listing: Listing | None = None) -> tuple[RunInfo, ...]:
    """All runs at or below `root` (sweeps nest them), newest first; what lies past the entry budget is left
    out."""
    listing = listing or Listing()
    root = os.path.abspath(os.path.expanduser(root))
    paths = [path for path, _ in find_runs(root, listing)]
    # the walk may have used the budget up: each run's own, bounded look still has to happen
    listing.budget += 500 * len(paths)
    runs = [discover(path, listing=listing) for path in paths]
    return tuple(sorted(runs, key=lambda r: (-(r.modified_at or 0.0), r.path)))


def usual_roots(settings: Sequence[str], env: Mapping[str, str], here: str) -> tuple[str, ...]:
    """Where runs are listed when nobody says: the settings' roots and `$DATA_DIR`, else ./train_dir, else here."""
    wanted = [*settings, *([env["DATA_DIR"]] if env.get("DATA_DIR") else [])]
    train_dir = os.path.join(here, "train_dir")
    if not wanted:
        wanted = [train_dir if os.path.isdir(train_dir) else here]
    return tuple(dict.fromkeys(os.path.abspath(os.path.join(here, os.path.expanduser(place))) for place in wanted))


def find_runs(root: str, listing: Listing) -> Iterator[tuple[str, float]]:
    """(path, newest mtime in its folder) of all runs at or below `root`, as they are met; what lies past the entry
    budget is left out. W&B's folders come last: of those that are a run's own record nothing is said."""
    root = os.path.abspath(os.path.expanduser(root))
    if find_store(root) is not None:  # a database that was named: find_stores_below tells of it
        return
    itself = is_run(listing, root)
    whole = holds_run(listing, listing.entries(root))
    own = {f"{root}/{name}" for name in layout.CHECKPOINT_FOLDERS | layout.LOG_FOLDERS} if itself else set[str]()
    runs: list[str] = []
    records: list[str] = []
    for path in chain(_run_paths(listing, root), () if itself else _tracked_runs(listing, root)):
        if path in own:  # a run's checkpoints and logs are no run
            continue
        if whole and not holds_run(listing, listing.entries(path)) and is_log_run(listing, path):
            continue
        folder, _, name = path.rpartition("/")
        if folder.endswith("/wandb") and _WANDB_RUN.match(name):
            records.append(path)
            continue
        runs.append(path)
        yield path, _newest_entry(listing, path)
    for path in find_foreign(listing, runs, records):
        yield path, _newest_entry(listing, path)
    if not runs and not records and itself:
        yield root, _newest_entry(listing, root)


def find_stores_below(root: str, listing: Listing) -> Iterator[MetricStore]:
    """The trackers' databases in `root` and in the folders below it that are no runs: whose is in a run's folder is
    that run's."""
    root = os.path.abspath(os.path.expanduser(root))
    if (store := find_store(root)) is not None:
        yield store
        return
    for folder in chain((root,), _folders_between(listing, root)):
        yield from find_databases(listing, folder)


def _newest_entry(listing: Listing, path: str) -> float:
    return max((entry.stat.modified_at for entry in listing.entries(path)), default=0.0)


class _Extra(NamedTuple):
    """What the user said beside the name."""

    logs: tuple[str, ...]
    wandb: str
    pid: int | None


def _discover(path: str, listing: Listing, extra: _Extra) -> RunInfo:
    return discover(path, logs=extra.logs, wandb=extra.wandb, pid=extra.pid, listing=Listing())


def _odd(path: str) -> Missing:
    return Missing(f"{path} is neither a folder nor a regular file", next_step="name a run directory or a log file")


def _places(roots: Sequence[str], env: Mapping[str, str], here: str) -> tuple[str, ...]:
    data_dir = env.get("DATA_DIR", "")
    wanted = [*roots, *([data_dir] if data_dir else []), os.path.join(here, "train_dir"), here]
    paths = [os.path.abspath(os.path.join(here, os.path.expanduser(place))) for place in wanted]
    return tuple(dict.fromkeys(paths))


def _stat(path: str) -> Stat | None:
    try:
        return stat_file(path)
    except FileFailure:
        return None


def _folders_between(listing: Listing, root: str) -> Iterator[str]:
    """Folders below `root` that are no runs and are looked through for some."""
    queue = [(root, 1)]
    for folder, depth in queue:
        for entry in listing.entries(folder):
            if not entry.stat.is_folder or not may_enter(entry.name) or os.path.islink(entry.path):
                continue
            inside = listing.entries(entry.path)
            if not holds_run(listing, inside) and not is_log_run(listing, entry.path) and depth < LIST_DEPTH:
                yield entry.path
                queue.append((entry.path, depth + 1))


def _run_paths(listing: Listing, root: str) -> Iterator[str]:
    """Run directories below `root`; a run is not entered."""
    queue = [(root, 1)]
    for folder, depth in queue:
        for entry in listing.entries(folder):
            if not entry.stat.is_folder or not may_enter(entry.name) or os.path.islink(entry.path):
                continue
            if holds_run(listing, listing.entries(entry.path)) or is_log_run(listing, entry.path):
                yield entry.path
            elif depth < LIST_DEPTH:
                yield from _tracked_runs(listing, entry.path)
                queue.append((entry.path, depth + 1))


def _tracked_runs(listing: Listing, folder: str) -> Iterator[str]:
    """What W&B and MLflow keep in a folder that is no run, as that of a script is: each start is a run."""
    here = {e.name for e in listing.entries(folder) if e.stat.is_folder}
    if "wandb" in here:
        inside = listing.entries(f"{folder}/wandb")
        yield from (e.path for e in inside if e.stat.is_folder and _WANDB_RUN.match(e.name))
    if "mlruns" in here:
        yield from list_mlflow_runs(listing, f"{folder}/mlruns")


def _by_name(listing: Listing, places: Sequence[str], name: str) -> str:
    """A run called `name`: right below a place, then anywhere below one."""
    if os.path.isabs(name) or ".." in name.split("/"):
        return ""
    for place in places:
        path = os.path.join(place, name)
        if _stat(path) is not None:
            return os.path.abspath(path)
    for place in places:
        for path in _run_paths(listing, place):
            if path.endswith("/" + name.strip("/")):
                return path
    return ""


def _newest(listing: Listing, places: Sequence[str], extra: _Extra) -> RunInfo | Missing:
    for place in places:
        runs = list_runs(place, listing=listing)
        if runs:
            chosen = _discover(runs[0].path, listing, extra)
            note = f"the newest of {len(runs)} runs below {place}" if len(runs) > 1 else f"the only run below {place}"
            return replace(chosen, looked=(Looked("choice", (chosen.path,), note), *chosen.looked))
    return Missing(
        "no run was found here",
        looked=tuple(places),
        next_step="name a run directory or a log, or the folder that holds runs with --root",
    )


def _not_found(listing: Listing, places: Sequence[str], name: str) -> Missing:
    import difflib  # only on the way to an error: not paid at start-up

    paths = [path for place in places for path in _run_paths(listing, place)]
    known = list(dict.fromkeys(path.rpartition("/")[2] for path in paths))
    close = difflib.get_close_matches(name.rpartition("/")[2], known, NEAREST, 0.5)
    close += [other for other in known if name in other and other not in close]
    return Missing(
        f"no run called {name!r}, and no such path",
        tuple(close[:NEAREST]),
        tuple(places),
        "`lptui runs` lists the runs it finds; --root FOLDER names where they are",
    )
