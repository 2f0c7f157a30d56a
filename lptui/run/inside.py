"""The walk through a run directory: each file and folder put to its kind by its name."""

from __future__ import annotations

from dataclasses import replace

from lptui.files import Entry
from lptui.files.generations import original_name
from lptui.run import layout
from lptui.run.listing import Listing
from lptui.run.metric_stores import may_be_store
from lptui.run.ranks import is_error_file


class Inside:
    """What the walk through a run directory met."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.logs: list[Entry] = []
        self.rotated: list[Entry] = []
        self.configs: list[Entry] = []
        self.events: list[Entry] = []
        self.tables: list[Entry] = []
        self.databases: list[Entry] = []
        self.mlruns: list[str] = []
        self.wandb_files: list[Entry] = []
        self.error_files: list[Entry] = []
        self.wandb_folders: list[str] = []
        self.checkpoint_dirs: dict[str, None] = {}
        self.relative: set[str] = set()
        self.modified_at = 0.0


def look_inside(listing: Listing, root: str) -> Inside:
    """What lies below `root`, to the depth and within the budget of `listing`."""
    inside = Inside(root)

    def descend(entry: Entry) -> bool:
        parent = entry.path.split("/")[-2]
        return parent not in layout.CHECKPOINT_FOLDERS and not layout.is_checkpoint_folder(entry.name)

    for entry, depth in listing.walk(root, descend):
        if depth <= 2:
            inside.relative.add(entry.path[len(root.rstrip("/")) + 1 :])
        if entry.stat.is_folder:
            _note_folder(inside, entry)
        else:
            _note_file(inside, entry)
    _return_renamed(inside)
    return inside


def _return_renamed(inside: Inside) -> None:
    """A log that was rotated and has not begun anew goes by the name that it had."""
    names = {e.path for e in inside.logs}
    for entry in sorted(inside.rotated, key=lambda e: -e.stat.modified_at):
        path = entry.path[: -len(entry.name)] + original_name(entry.name)
        if path not in names:
            names.add(path)
            inside.logs.append(replace(entry, name=original_name(entry.name), path=path))
            inside.modified_at = max(inside.modified_at, entry.stat.modified_at)


def _note_folder(inside: Inside, entry: Entry) -> None:
    if entry.name == "wandb":
        inside.wandb_folders.append(entry.path)
    elif entry.name == "mlruns":
        inside.mlruns.append(entry.path)
    elif entry.name in layout.CHECKPOINT_FOLDERS:
        inside.checkpoint_dirs[entry.path] = None
    elif layout.is_checkpoint_folder(entry.name):
        inside.checkpoint_dirs[entry.path.rpartition("/")[0]] = None
        inside.modified_at = max(inside.modified_at, entry.stat.modified_at)


def _note_file(inside: Inside, entry: Entry) -> None:
    folder = entry.path.rpartition("/")[0]
    if layout.is_checkpoint_file(entry.name):
        inside.checkpoint_dirs[folder] = None
    elif layout.is_event_file(entry.name):
        inside.events.append(entry)
    elif layout.is_config(entry.name, folder.rpartition("/")[2]):
        inside.configs.append(entry)
    elif entry.name.endswith(".wandb"):
        inside.wandb_files.append(entry)
    elif is_error_file(entry.name):
        inside.error_files.append(entry)
    elif layout.may_be_table(entry.name):
        inside.tables.append(entry)
        return
    elif may_be_store(entry.name):
        inside.databases.append(entry)
        return
    elif layout.is_log(entry.name) and folder.rpartition("/")[2] not in layout.CHECKPOINT_FOLDERS:
        inside.logs.append(entry)
    else:
        if layout.is_log(original_name(entry.name)) and folder.rpartition("/")[2] not in layout.CHECKPOINT_FOLDERS:
            inside.rotated.append(entry)
        return
    inside.modified_at = max(inside.modified_at, entry.stat.modified_at)
