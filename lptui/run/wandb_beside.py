"""The W&B files of a run, which lie in it or, with Metta, beside the repository that started it.

Folder names are wandb's own: `run-YYYYMMDD_HHMMSS-ID`, `offline-run-...`, each with `run-ID.wandb` and
`files/`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple, cast

from lptui.files import FileFailure, stat_file
from lptui.run.listing import Listing, read_head

# NamedTuple here and in life_signs: a frozen dataclass costs four times as much at import, which is before
# the first paint
PARENTS = 4
PEEKS = 40
_HEAD = 64 * 1024
RUN_FOLDER = re.compile(r"(?:offline-run|dryrun|run)-(\d{8}_\d{6})-(.+)\Z")


class WandbFolder(NamedTuple):
    """One start of a W&B run on disk: its folder, when it started (as the name says), its id."""

    path: str
    stamp: str
    run_id: str


class WandbFound(NamedTuple):
    """The W&B folders of one run, oldest first, and what a reader should know of the choice."""

    folders: tuple[WandbFolder, ...] = ()
    note: str = ""


class Ipc(NamedTuple):
    """Metta's `wandb_ipc.json`: which W&B run the process that wrote it logs to."""

    path: str
    run_id: str
    name: str
    project: str
    entity: str


def read_ipc(path: str, data: bytes | None = None) -> Ipc | None:
    """The values of a `wandb_ipc.json`, or None if it is not there or is no such file. `data`: already
    read."""
    raw = read_head(path, _HEAD) if data is None else data
    if not raw:
        return None
    import json  # 2 ms: only where there is such a file

    try:
        parsed: object = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(parsed, dict):
        return None
    record = cast("dict[str, object]", parsed)
    texts = [str(record.get(key) or "") for key in ("run_id", "name", "project", "entity")]
    return Ipc(path, *texts) if texts[0] else None


def folders_in(listing: Listing, container: str) -> list[WandbFolder]:
    """The run folders in `wandb/` and, as WANDB_DIR=./wandb makes it, in `wandb/wandb/`; oldest first."""
    found: list[WandbFolder] = []
    for folder in (container, f"{container}/wandb"):
        for entry in listing.entries(folder):
            match = RUN_FOLDER.match(entry.name)
            if match and entry.stat.is_folder:
                found.append(WandbFolder(entry.path, match[1], match[2]))
    return sorted(found, key=lambda f: (f.stamp, f.path))


def files_of(listing: Listing, folder: WandbFolder) -> list[str]:
    """The `.wandb` files of one run folder."""
    return [e.path for e in listing.entries(folder.path) if e.name.endswith(".wandb") and e.stat.is_file]


def output_log(folder: WandbFolder) -> str:
    """The console as W&B recorded it, or '' if there is none. It is the only log of Metta runs of July
    2025."""
    path = f"{folder.path}/files/output.log"
    try:
        return path if stat_file(path).is_file else ""
    except FileFailure:
        return ""


def parents_of(path: str) -> list[str]:
    """The folders above, nearest first, as far as a run's W&B folder may be away."""
    parents: list[str] = []
    while len(parents) < PARENTS and path not in ("/", ""):
        path = path.rpartition("/")[0] or "/"
        parents.append(path)
    return parents


def find_inside(listing: Listing, containers: Sequence[str], name: str, run_id: str) -> WandbFound:
    """W&B runs inside the run: those of `run_id` or called `name`, else those with the newest one's id."""
    found = [folder for container in containers for folder in folders_in(listing, container)]
    if not found:
        return WandbFound()
    ids = {folder.run_id for folder in found}
    newest = max(found, key=lambda f: f.stamp).run_id
    chosen = next((known for known in (run_id, name) if known in ids), newest)
    others = len(ids) - 1
    note = f"{others} other W&B run{'s' * (others > 1)} there; --wandb FOLDER names one" if others else ""
    return WandbFound(tuple(f for f in found if f.run_id == chosen), note)


def find_beside(listing: Listing, run_path: str, name: str, run_id: str) -> WandbFound:
    """W&B runs in `wandb/` of a folder above that belong to this run: by id, by name, else by what the file
    says."""
    wanted = {run_id} if run_id else {name}
    candidates: list[WandbFolder] = []
    for parent in parents_of(run_path):
        here = folders_in(listing, f"{parent}/wandb")
        by_id = tuple(folder for folder in here if folder.run_id in wanted)
        if by_id:
            return WandbFound(by_id)
        candidates += here
    if not run_id:
        return _peek_all(listing, candidates, name, run_path)
    note = f"W&B run {run_id} is named by wandb_ipc.json, but its folder is not beside the run"
    return WandbFound(note=note)


def _peek_all(listing: Listing, candidates: list[WandbFolder], name: str, run_path: str) -> WandbFound:
    newest = sorted(candidates, key=lambda f: f.stamp, reverse=True)
    for folder in newest[:PEEKS]:
        if any(names_run(read_head(path, _HEAD), name, run_path) for path in files_of(listing, folder)):
            same = tuple(f for f in candidates if f.run_id == folder.run_id)
            return WandbFound(same, "recognised by the run's name in the file")
    left = len(newest) - PEEKS
    return WandbFound(note=f"{left} older W&B runs beside it were not opened" if left > 0 else "")


def names_run(data: bytes, name: str, run_path: str) -> bool:
    """Whether the head of a `.wandb` file names this run: its name as a whole protobuf string, or its path,
    quoted."""
    wanted = name.encode("utf-8", "surrogateescape")
    if not wanted or len(wanted) > 127:
        return False
    if f'"{run_path}"'.encode("utf-8", "surrogateescape") in data:
        return True
    at = data.find(wanted)
    while at >= 0:
        # field tag with wire type 2, then the length of exactly this name: 'run1' is not found in 'run10'
        if at >= 2 and data[at - 1] == len(wanted) and data[at - 2] & 7 == 2:
            return True
        at = data.find(wanted, at + 1)
    return False
