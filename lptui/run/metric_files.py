"""Which metrics files of a run are read, and what their series are called.

A folder or file name that tells the series apart (`train/`, `val.csv`) becomes part of their names; one that every
run of its framework has (`lightning_logs/version_0`, `progress.csv`) does not, so that a quantity has one name in all
sources.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from lptui.files import Entry
from lptui.model.run import Looked, MetricFile, MetricStore
from lptui.run.inside import Inside, look_inside
from lptui.run.listing import MAX_DEPTH, Listing, read_head
from lptui.run.metric_stores import find_stores
from lptui.run.wandb_beside import parents_of
from lptui.text.regex import Regex

MOST_TABLES = 64
MOST_LOOKS = 256
TRAINER_STATE = "trainer_state.json"
_NUMBERED = Regex(
    r"(version|run|exp|(?:[A-Z][A-Za-z]{0,12})?(?:PPO|A2C|DQN|SAC|TD3|DDPG|TRPO|ARS|TQC|QRDQN|CrossQ))_\d+\Z"
    r"|([A-Z][a-z]{2}\d\d_\d\d-\d\d-\d\d_).+\Z"
)
"""A folder for each start: numbers of Lightning and Stable-Baselines3, date and host of PyTorch's SummaryWriter."""
_VERSION = Regex(r"version_\d+\Z")
_PLAIN_FOLDER = Regex(
    r"(?:lightning_logs|csv_logs|runs?|tb|tb_?logs?|tensorboard(?:_?logs?)?|logs?|events?|metrics|csv|results?|outputs?"
    r"|monitors?|vis_data|summar(?:y|ies)|checkpoints?|checkpoint-\d+|\d{8}[_-]\d{6}|\d{10}\.\d+)\Z",
    re.IGNORECASE,
)
_PLAIN_STEM = Regex(
    r"(?:metrics?|progress|results?|summary|logs?|history|scalars|stats|monitor|trainer_state|training|training_?log"
    r"|training_?stats|log_history)\Z",
    re.IGNORECASE,
)
_TELLING_STEM = Regex(r"(.+?)[_.-](?:metrics?|logs?|history|results?|stats|progress|monitor)\Z", re.IGNORECASE)


_CHECKPOINT = Regex(r"checkpoint-(\d+)\Z")


class Choice(NamedTuple):
    """What is read of what was found, and a note on what is not."""

    entries: tuple[Entry, ...]
    note: str = ""


class MetricsFound(NamedTuple):
    """Event files, oldest first, other metrics files, stores, and what a reader should know of the choice."""

    events: tuple[Entry, ...] = ()
    tables: tuple[MetricFile, ...] = ()
    stores: tuple[MetricStore, ...] = ()
    looked: tuple[Looked, ...] = ()

    @property
    def found(self) -> bool:
        """Whether anything of the run's own was found."""
        return bool(self.events or self.tables or any(store.inside for store in self.stores))


def find_metrics(listing: Listing, inside: Inside, name: str) -> MetricsFound:
    """What is read of the metrics in the run called `name`, and of the trackers' stores beside it."""
    root = inside.root
    stores, told = find_stores(listing, root, name, inside.databases, inside.mlruns)
    events, tables = _choose_events(root, inside), _choose_tables(root, inside)
    where = f"in {root}, to depth {MAX_DEPTH}"
    none = f"no CSV, TSV or JSON with steps and results {where}"
    if not (events.entries or tables.entries):
        for folder in _find_named_beside(listing, root):
            beside = look_inside(listing, folder)
            events, tables = _choose_events(root, beside), _choose_tables(root, beside)
            if events.entries or tables.entries:
                events, tables = (
                    c._replace(note=c.note or f"a folder of its name, {folder}") for c in (events, tables)
                )
                break
    found = tuple(MetricFile(e.path, table_prefix(root, e.path)) for e in tables.entries)
    states = [f for f in dict.fromkeys((root, *inside.checkpoint_dirs)) if newest_trainer_state(listing, f)]
    several = len(states) > 1  # the name of the only output folder tells nothing apart
    found += tuple(
        MetricFile(f"{folder}/{TRAINER_STATE}", series_prefix(root, folder) if several else "", folder)
        for folder in states
    )
    looked = (
        _tell("tensorboard", [e.path for e in events.entries], events.note, f"no event file {where}"),
        _tell("metrics files", [t.path for t in found], tables.note, none),
        told,
    )
    return MetricsFound(events.entries, found, stores, looked)


def _choose_events(root: str, inside: Inside) -> Choice:
    return choose_newest(root, sorted(inside.events, key=lambda e: (e.stat.modified_at, e.path)))


def _choose_tables(root: str, inside: Inside) -> Choice:
    candidates = [e for e in inside.tables if e.name != TRAINER_STATE]
    if not candidates:
        return Choice(())
    tables = choose_tables(candidates)
    newest = choose_newest(root, tables.entries)
    return newest._replace(note="; ".join(note for note in (newest.note, tables.note) if note))


def _tell(kind: str, paths: Sequence[str], note: str, none: str) -> Looked:
    return Looked(kind, tuple(paths), note if paths else none)


def series_prefix(root: str, folder: str) -> str:
    """What the place of a file below the run says of its series: `train/`, or nothing."""
    parts = _below(root, folder).split("/")
    # what `version_N` lies in is the name that Lightning's logger was given, and tells nothing apart
    named = [p for p, below in zip(parts, [*parts[1:], ""], strict=True) if p and not _VERSION.match(below)]
    return "".join(f"{p}/" for p in named if not _PLAIN_FOLDER.match(p) and not _NUMBERED.match(p))


def _below(root: str, path: str) -> str:
    """The path below the run, or below a folder of the run's name somewhere else."""
    if path == root or path.startswith(root.rstrip("/") + "/"):
        return path[len(root) :].strip("/")
    name = root.rstrip("/").rpartition("/")[2]
    mark = f"/{name}/"
    return path.rpartition(mark)[2].strip("/") if name and mark in path else ""


def table_prefix(root: str, path: str) -> str:
    """As `series_prefix`, and what the file's own name says."""
    folder, _, name = path.rpartition("/")
    stem = name.split(".", 1)[0] if not name.endswith(".monitor.csv") else f"env_{name.removesuffix('.monitor.csv')}"
    if _PLAIN_STEM.match(stem):
        stem = ""
    elif match := _TELLING_STEM.match(stem):
        stem = match[1]
    return series_prefix(root, folder) + (f"{stem}/" if stem else "")


def choose_newest(root: str, entries: Sequence[Entry]) -> Choice:
    """The entries without those in folders of earlier starts (`version_0` beside `version_1`), which begin anew."""
    newest: dict[str, tuple[float, str]] = {}
    starts: dict[str, set[str]] = {}
    for entry in entries:
        for family, start in _starts(root, entry.path):
            starts.setdefault(family, set()).add(start)
            newest[family] = max(newest.get(family, (0.0, "")), (entry.stat.modified_at, start))
    kept = tuple(e for e in entries if all(newest[f][1] == start for f, start in _starts(root, e.path)))
    older = sum(len(found) - 1 for found in starts.values())
    if not older:
        return Choice(kept)
    names = ", ".join(sorted(start.rpartition("/")[2] for _, start in newest.values()))
    return Choice(
        kept, f"{names} is the newest; {older} earlier start{'s' * (older > 1)} beside it: name one to see it"
    )


def _starts(root: str, path: str) -> Iterable[tuple[str, str]]:
    """(what such folders have in common, the folder) of each folder on the way that is one of several starts."""
    parts = _below(root, path).split("/")[:-1]
    for depth, part in enumerate(parts):
        match = _NUMBERED.match(part)
        if match:
            above = "/".join(parts[:depth])
            yield f"{above}/{match[1] or 'date'}", f"{above}/{part}"


def holds_table(listing: Listing, entry: Entry) -> bool:
    """Whether a file holds metrics, by its first bytes; looked into once a listing."""
    from lptui.formats.table_names import HEAD, holds_metrics

    if not entry.stat.is_file or not entry.stat.size:
        return False
    known = listing.tables.get(entry.path)
    if known is None:
        known = listing.tables[entry.path] = holds_metrics(entry.name, read_head(entry.path, HEAD))
    return known


def choose_tables(candidates: Sequence[Entry]) -> Choice:
    """Of files that may hold metrics those that do, by their first bytes; of two that hold the same only one."""
    from lptui.formats.table_names import HEAD, KNOWN, holds_metrics

    def is_known(entry: Entry) -> bool:
        return entry.name.lower() in KNOWN

    ordered = sorted(candidates, key=lambda e: (not is_known(e), -e.stat.modified_at, e.path))
    found = [e for e in ordered[:MOST_LOOKS] if holds_metrics(e.name, read_head(e.path, HEAD))]
    names = {e.path for e in found}
    kept = [e for e in found if not _is_told_beside(e, names)]
    left = len(kept) - MOST_TABLES
    note = f"{left} more metrics files are not read" if left > 0 else ""
    return Choice(tuple(kept[:MOST_TABLES]), note)


def _is_told_beside(entry: Entry, paths: set[str]) -> bool:
    """Whether the same numbers stand in another file of the folder: RLlib and Stable-Baselines3 write CSV and JSON."""
    folder = entry.path.rpartition("/")[0]
    return entry.name == "progress.csv" and any(f"{folder}/{n}" in paths for n in ("result.json", "progress.json"))


def newest_trainer_state(listing: Listing, folder: str) -> str:
    """Hugging Face's history of a run, or '': the newest checkpoint has all up to it, the output folder at the end."""
    own = listing.find(folder, TRAINER_STATE)
    best, step, written = "", -1, 0.0
    for entry in listing.entries(folder):
        match = _CHECKPOINT.match(entry.name)
        if match and entry.stat.is_folder and int(match[1]) > step:
            state = listing.find(entry.path, TRAINER_STATE)
            if state is not None:
                best, step, written = state.path, int(match[1]), state.stat.modified_at
    # one that is older than the newest checkpoint was left by an earlier training into the same folder
    return own.path if own is not None and (not best or own.stat.modified_at >= written - 1.0) else best


def _find_named_beside(listing: Listing, root: str) -> list[str]:
    """Folders called like the run where loggers keep theirs: `runs/NAME` beside it, `~/ray_results/NAME`."""
    folders = ("runs", "tb_logs", "lightning_logs")
    places = [f"{parent.rstrip('/')}/{folder}" for parent in parents_of(root)[:2] for folder in folders]
    places.append(os.path.expanduser("~/ray_results"))
    name = root.rstrip("/").rpartition("/")[2]
    found = [entry for place in places if (entry := listing.find(place, name)) and entry.stat.is_folder]
    return [entry.path for entry in found if entry.path != root]
