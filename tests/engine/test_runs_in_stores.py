"""The runs in trackers' databases: listed, followed, attached by address, and the words where they cannot be read."""

from __future__ import annotations

import gzip
import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lptui.cli.target import Target
from lptui.engine.reading import read_run
from lptui.engine.run_list import RunList
from lptui.files import database
from lptui.model.run import RunInfo
from lptui.model.summary import RunSummary
from lptui.run import Missing
from lptui.run.discovery import discover
from lptui.sources import store_runs

STORES = Path(__file__).parents[1] / "formats" / "recorded" / "stores"
NOW = 1.8e9


@pytest.fixture
def stores(tmp_path: Path) -> Path:
    for name in ("mlflow/mlflow.db", "trackio/demo.db"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(gzip.decompress((STORES / f"{name}.gz").read_bytes()))
    return tmp_path


def make_list(root: Path) -> RunList:
    return RunList((str(root),), lambda: NOW, cache_folder="", hands=0)


def rows(root: Path) -> dict[str, RunSummary]:
    return {row.path[len(str(root)) + 1 :]: row for row in make_list(root).read().rows}


def test_each_run_of_a_store_has_a_row_and_its_address_opens_it(stores: Path) -> None:
    before = sorted(os.listdir(stores / "mlflow")), (stores / "mlflow" / "mlflow.db").read_bytes()
    found = rows(stores)
    assert {p: (r.name, r.condition, r.step, r.metric) for p, r in found.items()} == {
        "mlflow/mlflow.db/other": ("other", "finished", 40, "train/loss"),
        "mlflow/mlflow.db/arena_lp": ("arena_lp", "finished", 40, "train/loss"),
        "mlflow/mlflow.db/newest": ("newest", "finished", 40, "train/loss"),
        "trackio/demo.db/other": ("other", "unknown", 4, "reward"),
        "trackio/demo.db/arena_lp": ("arena_lp", "unknown", 4, "reward"),
    }
    for row in found.values():
        full = read_run(discover(row.path), clock=lambda: NOW, patience=0.0)
        assert (full.run.name, full.life.condition, full.progress.step) == (row.name, row.condition, row.step)
        assert row.reason == full.life.reason
        assert full.complete
        assert full.series[row.metric].last().value == row.value  # type: ignore[union-attr]
    assert before == (sorted(os.listdir(stores / "mlflow")), (stores / "mlflow" / "mlflow.db").read_bytes())


def test_how_mlflow_says_that_a_run_ended_and_two_of_one_name(stores: Path) -> None:
    path = stores / "mlflow" / "mlflow.db"
    db = sqlite3.connect(path)
    db.execute("UPDATE runs SET status = 'FAILED' WHERE name = 'newest'")
    db.execute("UPDATE runs SET status = 'RUNNING', end_time = NULL, name = 'twin' WHERE name != 'newest'")
    db.commit()
    ids = [run for (run,) in db.execute("SELECT run_uuid FROM runs WHERE name = 'twin'")]
    db.close()
    found = rows(stores / "mlflow")
    assert found["mlflow.db/newest"].condition == "crashed"
    assert {p for p in found if "newest" not in p} == {f"mlflow.db/{run}" for run in ids}
    for run in ids:
        assert found[f"mlflow.db/{run}"].name == f"twin ({run[:8]})"
        assert found[f"mlflow.db/{run}"].condition == "unknown"
        assert isinstance(Target(f"{path}/{run}").find_first(), RunInfo)


def test_a_store_is_copied_again_only_when_it_changed(stores: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copies: list[str] = []
    refresh = database.PrivateCopy.refresh

    def count(self: database.PrivateCopy) -> database.Stamp | None:
        copies.append(self.source)
        return refresh(self)

    monkeypatch.setattr(database.PrivateCopy, "refresh", count)
    listed = make_list(stores / "trackio")
    assert {row.name for row in listed.read().rows} == {"other", "arena_lp"}
    for _ in range(3):
        listed._list()
        listed._look_at_all()
    assert len(copies) == 1
    path = stores / "trackio" / "demo.db"
    db = sqlite3.connect(path)
    db.execute("UPDATE metrics SET run_name = 'renamed' WHERE run_name = 'other'")
    db.commit()
    db.close()
    listed._clock = lambda: NOW + 60
    listed._list()
    listed._look_at_all()
    assert {row.name for row in listed.board().rows} == {"renamed", "arena_lp"}
    assert len(copies) == 2
    path.unlink()
    listed._list()
    assert listed.board().rows == ()


def test_one_row_says_why_a_store_cannot_be_read(stores: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = stores / "mlflow"
    path = root / "mlflow.db"
    whole = path.read_bytes()
    path.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))
    (row,) = rows(root).values()
    assert row.path == str(path)
    opened = discover(row.path)  # what enter does on that row
    assert not opened.logs
    assert any("cannot be read as mlflow's" in s.detail for s in read_run(opened, patience=0.0).statuses.values())
    assert "cannot be read as mlflow's" in row.reason
    missing = Target(f"{path}/arena_lp").find_first()
    assert isinstance(missing, Missing)
    assert "cannot be read as mlflow's" in missing.reason
    path.write_bytes(whole)
    monkeypatch.setattr(database.PrivateCopy, "refresh", lambda _self: None)
    (row,) = rows(root).values()
    assert "written to while it was copied" in row.reason
    monkeypatch.setattr(store_runs, "LARGEST", 1000)
    (row,) = rows(root).values()
    assert "no store is copied for its list" in row.reason


def test_addresses_that_name_no_run(stores: Path, tmp_path: Path) -> None:
    path = stores / "mlflow" / "mlflow.db"
    missing = Target(f"{path}/aren").find_first()
    assert isinstance(missing, Missing)
    assert (missing.reason, missing.nearest[:1]) == (f"{path} has no run called aren", ("arena_lp",))
    itself = Target(str(path)).find_first()
    assert isinstance(itself, Missing)
    assert "RUN" in itself.next_step
    (tmp_path / "notes.db").write_text("no database")
    assert isinstance(Target(str(tmp_path / "notes.db" / "x")).find_first(), Missing)


def test_names_with_slashes_and_names_that_no_path_can_hold(tmp_path: Path) -> None:
    path = tmp_path / "p.db"
    db = sqlite3.connect(path)
    db.execute(
        "CREATE TABLE metrics (id INTEGER PRIMARY KEY, timestamp TEXT, run_name TEXT, step INTEGER, metrics TEXT)"
    )
    for name in ("me/first", "../../etc", "\x1b[31mred", ""):
        row = ("2026-01-01T00:00:00", name, 7, '{"unheard_of": 1.5}')
        db.execute("INSERT INTO metrics (timestamp, run_name, step, metrics) VALUES (?, ?, ?, ?)", row)
    db.commit()
    db.close()
    found = rows(tmp_path)
    assert set(found) == {"p.db/me/first", "p.db/\x1b[31mred", "p.db"}
    assert "2 of its runs have names that no path can hold" in found["p.db"].reason
    assert found["p.db/me/first"].step == 7
    run = Target(f"{path}/me/first").find_first()
    assert isinstance(run, RunInfo)
    assert (run.name, read_run(run, clock=lambda: NOW, patience=0.0).progress.step) == ("me/first", 7)


def test_a_run_that_was_attached_by_its_id_goes_by_its_name(stores: Path) -> None:
    path = stores / "mlflow" / "mlflow.db"
    with sqlite3.connect(path) as database:
        ids = dict(database.execute("SELECT name, run_uuid FROM runs").fetchall())
        database.execute("UPDATE runs SET name = ? WHERE name = 'other'", ("\x1b]0;x\x07odd",))
    state = read_run(discover(f"{path}/{ids['arena_lp']}"), clock=lambda: NOW, patience=0.0)
    assert (state.run.name, state.run.path) == ("arena_lp", f"{path}/{ids['arena_lp']}")
    odd = read_run(discover(f"{path}/{ids['other']}"), clock=lambda: NOW, patience=0.0)
    assert odd.run.name.endswith("odd")
    assert "\x1b" not in odd.run.name


def test_the_list_finds_more_roots_in_its_own_thread(stores: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    runs = RunList(
        (str(tmp_path / "empty"),),
        lambda: NOW,
        cache_folder="",
        hands=0,
        find_more=lambda: (str(stores / "mlflow" / "mlflow.db"), str(stores / "trackio")),
    )
    board = runs.read()
    assert {row.path.rpartition("/")[0] for row in board.rows} == {
        str(stores / "mlflow" / "mlflow.db"),
        str(stores / "trackio" / "demo.db"),
    }
    assert len(board.rows) == 5
    assert board.notes == ()


def _record(path: Path, ago: list[float]) -> None:
    """A run of MLflow's without an end, and one of trackio's, that recorded something so many seconds before NOW."""
    with sqlite3.connect(path / "mlflow" / "mlflow.db") as db:
        (run,) = db.execute("SELECT run_uuid FROM runs WHERE name = 'newest'").fetchone()
        db.execute("UPDATE runs SET status = 'RUNNING', end_time = NULL WHERE name = 'newest'")
        db.execute("DELETE FROM metrics WHERE run_uuid = ?", (run,))
        db.execute("DELETE FROM latest_metrics WHERE run_uuid = ?", (run,))
        rows = [("train/loss", 1.0, int((NOW - a) * 1000), run, n, 0) for n, a in enumerate(ago)]
        insert = "INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, ?, ?)"
        db.executemany(f"INSERT {insert}", rows)
        db.execute(f"INSERT {insert.replace('metrics', 'latest_metrics', 1)}", rows[-1])
    with sqlite3.connect(path / "trackio" / "demo.db") as db:
        query = "INSERT INTO metrics (run_id, timestamp, run_name, step, metrics) VALUES ('n', ?, 'new', ?, ?)"
        for n, a in enumerate(ago):
            told = datetime.fromtimestamp(NOW - a, UTC).isoformat()
            db.execute(query, (told, n, '{"reward": 1.5, "other": 2.5}'))


@pytest.mark.parametrize(
    ("every", "silent", "condition"),
    [(2.0, 30.0, "running"), (2.0, 120.0, "unknown"), (300.0, 2400.0, "running"), (300.0, 4000.0, "unknown")],
)
def test_silence_is_judged_by_the_pace_of_the_readings(
    stores: Path, every: float, silent: float, condition: str
) -> None:
    _record(stores, [silent + every * n for n in reversed(range(50))])
    found = rows(stores)
    for path in ("mlflow/mlflow.db/newest", "trackio/demo.db/new"):
        row = found[path]
        full = read_run(discover(row.path), clock=lambda: NOW, patience=0.0)
        assert (row.condition, row.reason, row.step) == (condition, full.life.reason, 49)
        assert full.life.condition == condition
        assert full.series[row.metric].last().value == row.value  # type: ignore[union-attr]


def test_a_run_that_falls_silent_is_looked_at_again_though_its_database_stays_as_it_is(stores: Path) -> None:
    _record(stores, [2.0 * n for n in reversed(range(50))])
    listed = make_list(stores)
    listed.read()
    for later, condition in ((20, "running"), (35, "running"), (120, "unknown"), (10_000, "unknown")):
        listed._clock = lambda later=later: NOW + later
        listed._list()
        listed._look_at_all()
        going_on = {r.name: r.condition for r in listed.board().rows if r.name in ("new", "newest")}
        assert going_on == {"new": condition, "newest": condition}
