"""The runs in a tracker's SQLite database, for the list of runs and for who names one of them."""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from lptui.files import FileFailure
from lptui.files.database import PrivateCopy, stamp_database
from lptui.formats.columns import Reading
from lptui.model.run import MetricStore
from lptui.model.value import frozen
from lptui.run.lookup import NEAREST, Missing
from lptui.sources.run_database import open_copy
from lptui.sources.run_tables import MLFLOW, TRACKIO, Ended, Tables, is_alone, tell_names

LARGEST = 256 << 20
"""Bytes of a store that is copied for the list."""
_TRIES = 3
GOING_ON = 64
"""Runs, those with the newest readings, of which the pace is told."""
Answer = TypeVar("Answer")


@frozen
class StoreRun:
    """A run of a store: `name` as the tracker has it; `address` is what follows DB_PATH/, '' where nothing can."""

    name: str
    address: str
    readings: tuple[Reading, ...] = ()
    """Its newest."""
    ended: Ended | None = None
    recent: tuple[Reading, ...] = ()
    """Those that tell its pace, oldest first; of runs that may go on."""


def read_store(store: MetricStore, since: float) -> tuple[StoreRun, ...]:
    """The newest 1,000 runs of a store, newest first; those without an end that recorded something after `since`
    (unix s) with what tells their pace. Raises FileFailure, which says why there are none."""

    def read(tables: Tables, database: sqlite3.Connection) -> tuple[StoreRun, ...]:
        runs, ends, newest = tables.runs(database), tables.ends(database), tables.newest(database)
        going_on = _going_on([run for run, _ in runs if run not in ends], newest, since)
        recent = {run: tuple(tables.recent(database, run)) for run in going_on}
        return tuple(
            replace(one, recent=recent.get(run, ()))
            for (run, _), one in zip(runs, _name_runs(store.path, runs, ends, newest), strict=True)
        )

    return _ask(store, read)


def look_for(store: MetricStore) -> Missing | None:
    """Why the run that `store` names cannot be read there; None if it can, or if the store is too large to tell."""
    try:
        if stamp_database(store.path).size > LARGEST:
            return None
        runs = _ask(store, lambda tables, database: tables.runs(database))
    except FileFailure as failure:
        return Missing(str(failure))
    if any(store.run in run for run in runs):
        return None
    import difflib  # only on the way to an error

    names = list(dict.fromkeys(name for _, name in runs))
    close = tuple(difflib.get_close_matches(store.run, names, NEAREST, 0.3)) or tuple(names[:NEAREST])
    return Missing(f"{store.path} has no run called {store.run}", close, (store.path,), "it holds no run")


def _ask(store: MetricStore, question: Callable[[Tables, sqlite3.Connection], Answer]) -> Answer:
    """What a copy of the store answers. Raises FileFailure."""
    size = stamp_database(store.path).size
    if size > LARGEST:
        cause = f"of {size >> 20} MiB, and above {LARGEST >> 20} no store is copied for its list"
        raise FileFailure(store.path, cause, f"`lptui attach {store.path}/RUN` shows one of its runs")
    copy = PrivateCopy(store.path)
    try:
        if not any(copy.refresh() is not None for _ in range(_TRIES)):
            raise FileFailure(store.path, "written to while it was copied", "try again when less is written")
        database = open_copy(copy)
        try:
            return question(MLFLOW if store.kind == "mlflow" else TRACKIO, database)
        finally:
            database.close()
    except sqlite3.Error as error:
        cause = f"cannot be read as {store.kind}'s: {error}"
        raise FileFailure(store.path, cause, "look at it with sqlite3") from error
    finally:
        copy.close()


def _going_on(runs: list[str], newest: dict[str, list[Reading]], since: float) -> list[str]:
    last = {run: max((at for _, at, _ in newest.get(run, ()) if at >= since), default=0.0) for run in runs}
    return sorted((run for run in runs if last[run]), key=lambda run: -last[run])[:GOING_ON]


def _name_runs(
    path: str, runs: list[tuple[str, str]], ends: dict[str, Ended], newest: dict[str, list[Reading]]
) -> tuple[StoreRun, ...]:
    """Each by its name where that is its alone, else by its id."""
    called = Counter(name for _, name in runs)
    ids, names = {run for run, _ in runs}, tell_names(runs)
    found: list[StoreRun] = []
    for run, name in runs:
        alone = is_alone(run, name, called, ids)
        address = name if alone and _stays(path, name) else run if _stays(path, run) else ""
        found.append(StoreRun(names[run], address, tuple(newest.get(run, ())), ends.get(run)))
    return tuple(found)


def _stays(path: str, last: str) -> bool:
    """Whether a path that ends so stays as it is: names of runs are what anybody wrote."""
    return bool(last) and "\0" not in last and os.path.abspath(f"{path}/{last}") == f"{path}/{last}"
