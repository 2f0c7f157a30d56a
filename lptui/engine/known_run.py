"""What the list of runs knows of one of them between two looks."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass

from lptui.engine.summary_cache import GOES_ON
from lptui.files import FileFailure, stat_file
from lptui.model.summary import RunSummary

MOST_ALIVE = 64
"""Runs that go on, of the newest, which are looked at again and again."""


@dataclass(slots=True)
class KnownRun:
    """A run on the list: when it was written, as its folder says, and what was seen of it when."""

    modified_at: float
    summary: RunSummary
    looked_at: float = 0.0
    cost: float = 0.0
    """Seconds that the last look took."""
    store: str = ""
    """The tracker's database that tells of it."""


def name_run(path: str, modified_at: float) -> KnownRun:
    """A run at which nobody looked yet."""
    name = path.rpartition("/")[2] or path
    return KnownRun(modified_at, RunSummary(name, path, modified_at=modified_at or None))


def list_going_on(runs: Mapping[str, KnownRun], written: Container[str]) -> list[str]:
    """Those that go on and those in whose folders a process writes, newest first; of what is in a database the database
    tells."""
    newest = sorted(runs.items(), key=lambda item: -(item[1].summary.modified_at or 0.0))
    alive = [path for path, known in newest if not known.store and known.summary.condition in GOES_ON]
    return list(dict.fromkeys((*alive[:MOST_ALIVE], *(path for path, _ in newest if path in written))))


def tell_lost(root: str) -> str:
    """Why the folder that holds runs cannot be asked now, as where a mount vanished; '' if it can."""
    try:
        stat_file(root)
    except FileFailure as failure:
        return f"runs as last seen: {failure}"
    return ""


def is_below(path: str, roots: Iterable[str]) -> bool:
    """Whether a run lies in one of these folders."""
    return any(path == root or path.startswith(f"{root.rstrip('/')}/") for root in roots)
