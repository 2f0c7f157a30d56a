"""Quick looks kept between starts, by the sizes and mtimes of what was looked at: a folder of old runs is read once.

What is still going on is never answered from here: its state depends on processes and on the clock.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, cast

from lptui import __version__
from lptui.config.folders import state_folder
from lptui.config.kept_copy import read_copy, write_copy
from lptui.files import FileFailure, stat_file
from lptui.model.run import RunInfo
from lptui.model.summary import RunSummary
from lptui.text import short_duration

MOST = 20_000
ENDED = ("finished", "crashed")
GOES_ON = ("running", "stalled", "waiting")
SILENT = 3600.0
"""Seconds of silence after which a run that nobody writes is taken from here, even without an end."""
Stamp = list[list[float]]
_NAMES = tuple(field.name for field in fields(RunSummary))


class SummaryCache:
    """The looks at runs below some roots. `folder` '' keeps nothing on disk. Safe to use from several threads."""

    def __init__(self, roots: tuple[str, ...], folder: str | None = None) -> None:
        if folder is None:
            folder = "" if os.environ.get("LPTUI_NO_CACHE") else os.path.join(state_folder(os.environ), "cache")
        name = zlib.crc32(repr((__version__, roots)).encode("utf-8", "surrogateescape"))
        self._path = os.path.join(folder, f"runs-{name:08x}.json") if folder else ""
        self._entries: dict[str, dict[str, Any]] = {}
        self._changed = False

    def load(self) -> None:
        """Read what earlier starts left; anything odd in it is left out."""
        data = read_copy(self._path)
        if isinstance(data, dict):
            table = cast("dict[str, Any]", data)
            self._entries = {path: entry for path, entry in table.items() if _is_entry(entry)}

    def save(self) -> None:
        """Keep it for the next start, if it changed."""
        if self._changed and self._path:
            self._changed = False
            write_copy(self._path, dict(list(self._entries.items())[-MOST:]))

    def find(self, path: str, now: float, written: bool) -> RunSummary | None:
        """The look at the run at `path`, if its files are as they were and it is over, or silent for long and not
        `written` by any process."""
        entry = self._entries.get(path)
        if entry is None or written or stamp(entry["files"]) != entry["stamp"]:
            return None
        summary = _from_record(entry["summary"])
        if summary is None or summary.condition in ENDED:
            return summary
        quiet = now - (now if summary.modified_at is None else summary.modified_at)
        if quiet < SILENT:
            return None
        return replace(summary, reason=f"silent for {short_duration(quiet)}, and nothing says how it ended")

    def keep(self, path: str, files: list[str], seen: Stamp, summary: dict[str, Any]) -> None:
        """Remember a look, by the files it rests on."""
        self._entries.pop(path, None)
        self._entries[path] = {"files": files, "stamp": seen, "summary": summary}
        # What goes on is looked at every few seconds, and is never answered from here.
        self._changed = self._changed or summary["condition"] not in GOES_ON

    def has(self, path: str) -> bool:
        """Whether there is any look at this run, be it out of date."""
        return path in self._entries

    def changed(self, path: str) -> bool:
        """Whether the files of a run differ from when it was looked at."""
        entry = self._entries.get(path)
        return entry is None or stamp(entry["files"]) != entry["stamp"]


def files_of(run: RunInfo) -> list[str]:
    """The files that a quick look at a run rests on."""
    files = [run.path, *run.logs[:1], *run.wandb[-1:], *run.event_files[-2:], *run.checkpoint_dirs[:4]]
    files += [file.path for file in run.metric_files[:4]]
    own = [store.path for store in run.metric_stores if store.path == run.path]
    files += [f"{path}/{name}" for path in own for name in ("meta.yaml", "metrics")]
    files += [f"{folder}/termination_reason" for folder in (run.job_metadata, run.path) if folder]
    return files + [path for path in (run.heartbeat, run.job_metadata) if path]


def stamp(files: list[str]) -> Stamp:
    """Size and mtime of each."""
    seen: Stamp = []
    for file in files:
        try:
            stat = stat_file(file)
            seen.append([float(stat.size), stat.modified_at])
        except FileFailure:
            seen.append([-1.0, 0.0])
    return seen


def _is_entry(entry: object) -> bool:
    if not isinstance(entry, dict):
        return False
    record = cast("Mapping[str, object]", entry)
    files = record.get("files")
    return (
        isinstance(files, list) and all(isinstance(f, str) for f in files) and isinstance(record.get("summary"), dict)
    )


def _from_record(record: dict[str, Any]) -> RunSummary | None:
    if set(record) != set(_NAMES):
        return None
    return to_summary(record)


def to_record(summary: RunSummary) -> dict[str, Any]:
    """A row as plain data."""
    return {name: getattr(summary, name) for name in _NAMES}


def to_summary(record: Mapping[str, Any]) -> RunSummary:
    """A row that was plain data."""
    values: dict[str, Any] = {**record, "tags": tuple(record["tags"])}
    return RunSummary(**values)
