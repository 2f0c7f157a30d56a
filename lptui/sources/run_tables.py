"""The tables in which experiment trackers keep runs in SQLite: which run is ours, and its rows since the last look."""

from __future__ import annotations

import math
import sqlite3
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Any, cast

from lptui.formats.columns import Reading
from lptui.formats.tables import flatten, parse_json, read_number
from lptui.model.value import frozen

ROWS = 20_000
"""Rows that are read at one look."""
_NEWEST = 1000
_MOST_VALUES = 200_000
"""Newest values, of all runs together, that are read for the list."""
_MLFLOW_RECENT, _TRACKIO_RECENT = 2000, 500
"""Newest rows of a run that tell its pace: of MLflow one holds one value, of trackio all that were logged at once."""
_ENDINGS = {"FINISHED": "completed", "FAILED": "failed (MLflow)", "KILLED": "killed (MLflow)"}
_INFINITE = 1.7976931348623157e308
"""How MLflow stores an infinity."""


@frozen
class Chosen:
    """The run in the database that is ours ('' for none), and a note on the choice."""

    run: str
    note: str = ""
    name: str = ""
    """What a reader calls it."""


@frozen
class Batch:
    """Readings, the last row's number, whether there are more."""

    readings: list[Reading]
    last: int
    more: bool


@frozen
class Tables:
    """How one tracker keeps runs. Each function may raise sqlite3.Error.

    `runs`: (id, name) of the newest runs first. `metrics`: rows of a run after a row number. `settings`: name and value
    of each parameter. `alerts`: as in Alert below, after a row number. `ends`, `newest`: by run, how those that are
    over ended, and their newest readings. `recent`: of one run the last readings of all metrics, as far as they tell
    its pace, oldest first.
    """

    name: str
    runs: Callable[[sqlite3.Connection], list[tuple[str, str]]]
    metrics: Callable[[sqlite3.Connection, str, int], Batch]
    settings: Callable[[sqlite3.Connection, str], list[tuple[str, str]]]
    alerts: Callable[[sqlite3.Connection, str, int], list[Alert]]
    ends: Callable[[sqlite3.Connection], dict[str, Ended]]
    newest: Callable[[sqlite3.Connection], dict[str, list[Reading]]]
    recent: Callable[[sqlite3.Connection, str], list[Reading]]


@frozen
class Ended:
    """Why a run is over, as the tracker has it, and when (unix s)."""

    reason: str
    at: float | None


@frozen
class Alert:
    """What the training itself gave alarm about: row number, words, level as the tracker has it, unix s or None."""

    number: int
    title: str
    text: str
    level: str
    at: float | None
    step: int | None


def choose_run(runs: list[tuple[str, str]], name: str, *, inside: bool) -> Chosen:
    """Ours is the newest of that name; in a database that lies in the run's own folder else the newest at all."""
    named = [run for run, called in runs if called == name]
    if named:
        return Chosen(named[0], f"the newest of {len(named)} runs called {name}" if len(named) > 1 else "")
    if any(run == name for run, _ in runs):
        return Chosen(name)
    if inside and runs:
        return Chosen(runs[0][0], f"{runs[0][1]}, the newest of {len(runs)} runs in it" if len(runs) > 1 else "")
    return Chosen("", f"none of its {len(runs)} runs is called {name}" if runs else "no run in it")


def _mlflow_runs(db: sqlite3.Connection) -> list[tuple[str, str]]:
    query = "SELECT run_uuid, name FROM runs WHERE lifecycle_stage = 'active' ORDER BY start_time DESC LIMIT ?"
    return [(str(run), str(name or "")) for run, name in db.execute(query, (_NEWEST,))]


def _mlflow_metrics(db: sqlite3.Connection, run: str, after: int) -> Batch:
    query = (
        "SELECT rowid, key, value, timestamp, step, is_nan FROM metrics"
        " WHERE run_uuid = ? AND rowid > ? ORDER BY rowid LIMIT ?"
    )
    rows = db.execute(query, (run, after, ROWS)).fetchall()
    return Batch(_read_mlflow(row[1:] for row in rows), int(rows[-1][0]) if rows else after, len(rows) == ROWS)


def _read_mlflow(rows: Iterable[Sequence[object]]) -> list[Reading]:
    """Rows of key, value, timestamp, step, is_nan."""
    readings: list[Reading] = []
    for key, value, at, step, is_nan in rows:
        number = float("nan") if is_nan else _to_number(value)
        if number is not None:
            readings.append((_to_float(step), _to_float(at) / 1000, ((str(key), number),)))
    return readings


def _mlflow_recent(db: sqlite3.Connection, run: str) -> list[Reading]:
    query = "SELECT key, value, timestamp, step, is_nan FROM metrics WHERE run_uuid = ? ORDER BY rowid DESC LIMIT ?"
    return _read_mlflow(reversed(db.execute(query, (run, _MLFLOW_RECENT)).fetchall()))


def _to_number(value: object) -> float | None:
    if not isinstance(value, (int, float)):
        return None
    return math.copysign(math.inf, value) if abs(value) >= _INFINITE else float(value)


def _to_float(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else float("nan")


def _mlflow_settings(db: sqlite3.Connection, run: str) -> list[tuple[str, str]]:
    rows = db.execute("SELECT key, value FROM params WHERE run_uuid = ? ORDER BY key LIMIT ?", (run, ROWS))
    return [(str(key), str(value)) for key, value in rows]


def _trackio_runs(db: sqlite3.Connection) -> list[tuple[str, str]]:
    query = "SELECT run_name, MAX(id) FROM metrics GROUP BY run_name ORDER BY MAX(id) DESC LIMIT ?"
    return [(str(name), str(name)) for name, _ in db.execute(query, (_NEWEST,))]


def _trackio_metrics(db: sqlite3.Connection, run: str, after: int) -> Batch:
    query = "SELECT id, timestamp, step, metrics FROM metrics WHERE run_name = ? AND id > ? ORDER BY id LIMIT ?"
    rows = db.execute(query, (run, after, ROWS)).fetchall()
    return Batch(_read_trackio(row[1:] for row in rows), int(rows[-1][0]) if rows else after, len(rows) == ROWS)


def _read_trackio(rows: Iterable[Sequence[object]]) -> list[Reading]:
    """Rows of timestamp, step, metrics."""
    readings = [(_to_float(step), _to_time(at), flatten(parse_json(_raw(values)))) for at, step, values in rows]
    return [reading for reading in readings if reading[2]]


def _trackio_recent(db: sqlite3.Connection, run: str) -> list[Reading]:
    query = "SELECT timestamp, step, metrics FROM metrics WHERE run_name = ? ORDER BY id DESC LIMIT ?"
    return _read_trackio(reversed(db.execute(query, (run, _TRACKIO_RECENT)).fetchall()))


def _trackio_settings(db: sqlite3.Connection, run: str) -> list[tuple[str, str]]:
    row = db.execute("SELECT config FROM configs WHERE run_name = ? ORDER BY id DESC", (run,)).fetchone()
    parsed = parse_json(_raw(row[0])) if row else None
    if not isinstance(parsed, dict):
        return []
    pairs = cast("dict[str, object]", parsed).items()
    return [(key, str(value)) for key, value in pairs if not key.startswith("_")]


def _trackio_alerts(db: sqlite3.Connection, run: str, after: int) -> list[Alert]:
    if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'alerts'").fetchone():
        return []  # before trackio 0.13
    query = (
        "SELECT id, title, text, level, timestamp, step FROM alerts WHERE run_name = ? AND id > ? ORDER BY id LIMIT 100"
    )
    return [
        Alert(
            int(number),
            str(title),
            str(text or ""),
            str(level),
            _known(_to_time(at)),
            step if isinstance(step, int) else None,
        )
        for number, title, text, level, at, step in db.execute(query, (run, after))
    ]


def _raw(value: Any) -> bytes | str:
    return value if isinstance(value, bytes) else str(value)


def _to_time(text: object) -> float:
    found = read_number(str(text), "timestamp")
    return float("nan") if found is None else found


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _mlflow_ends(db: sqlite3.Connection) -> dict[str, Ended]:
    query = "SELECT run_uuid, status, end_time FROM runs WHERE status IN ('FINISHED', 'FAILED', 'KILLED')"
    return {
        str(run): Ended(_ENDINGS[status], _known(_to_float(ended) / 1000)) for run, status, ended in db.execute(query)
    }


def _mlflow_newest(db: sqlite3.Connection) -> dict[str, list[Reading]]:
    query = "SELECT run_uuid, key, value, timestamp, step, is_nan FROM latest_metrics LIMIT ?"
    found: dict[str, list[Reading]] = {}
    for run, key, value, at, step, is_nan in db.execute(query, (_MOST_VALUES,)):
        number = float("nan") if is_nan else _to_number(value)
        if number is not None:
            found.setdefault(str(run), []).append((_to_float(step), _to_float(at) / 1000, ((str(key), number),)))
    return found


def _trackio_newest(db: sqlite3.Connection) -> dict[str, list[Reading]]:
    query = (
        "SELECT run_name, timestamp, step, metrics FROM metrics WHERE id IN"
        " (SELECT MAX(id) FROM metrics GROUP BY run_name ORDER BY MAX(id) DESC LIMIT ?)"
    )
    rows = db.execute(query, (_NEWEST,))
    return {
        str(run): [(_to_float(step), _to_time(at), flatten(parse_json(_raw(told))))] for run, at, step, told in rows
    }


MLFLOW = Tables(
    "mlflow",
    _mlflow_runs,
    _mlflow_metrics,
    _mlflow_settings,
    lambda db, run, after: [],
    _mlflow_ends,
    _mlflow_newest,
    _mlflow_recent,
)
TRACKIO = Tables(
    "trackio",
    _trackio_runs,
    _trackio_metrics,
    _trackio_settings,
    _trackio_alerts,
    lambda db: {},
    _trackio_newest,
    _trackio_recent,
)


def tell_names(runs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """What a reader calls each run: by its name, and where another one has that too with its id as well."""
    called = Counter(name for _, name in runs)
    ids = {run for run, _ in runs}
    return {run: _tell_name(run, name, alone=is_alone(run, name, called, ids)) for run, name in runs}


def is_alone(run: str, name: str, called: Mapping[str, int], ids: Container[str]) -> bool:
    """Whether the name tells the run from all others."""
    return called[name] == 1 and (name not in ids or name == run)


def _tell_name(run: str, name: str, *, alone: bool) -> str:
    return name or run if alone else f"{name or 'run'} ({run[:8]})"
