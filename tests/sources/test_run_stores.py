from __future__ import annotations

import gzip
import math
import os
import shutil
import sqlite3
from collections.abc import Iterable
from pathlib import Path

import pytest

from lptui.files import FileFailure, database
from lptui.files.database import PrivateCopy, holds_text
from lptui.model.events import AlertSeen, ConfigSeen, Event, Samples, StatusSeen, WitnessSeen
from lptui.run import discover
from lptui.sources import Source
from lptui.sources.mlflow_files import MlflowFileSource
from lptui.sources.registry import SOURCES
from lptui.sources.run_database import RunDatabaseSource
from lptui.sources.run_tables import MLFLOW, TRACKIO, Chosen, Tables, choose_run

SCHEMA = "CREATE TABLE metrics (id INTEGER PRIMARY KEY, timestamp TEXT, run_name TEXT, step INTEGER, metrics TEXT)"
STORES = Path(__file__).parents[1] / "formats" / "recorded" / "stores"


def unpack(name: str, to: Path) -> str:
    to.write_bytes(gzip.decompress((STORES / name).read_bytes()))
    return str(to)


def drain(source: Source) -> list[Event]:
    """Several looks, a minute apart."""
    events: list[Event] = []
    for minute in range(4):
        events += source.poll(2e9 + 60 * minute)
        while source.pending:
            events += source.poll(2e9 + 60 * minute)
    return events


def table(events: Iterable[Event]) -> dict[str, list[tuple[float, float]]]:
    found: dict[str, list[tuple[float, float]]] = {}
    for points in (p for e in events if isinstance(e, Samples) for p in e.points):
        found.setdefault(points.key, []).extend(zip(points.steps, points.values, strict=True))
    return found


def last_status(events: Iterable[Event]) -> tuple[str, str]:
    status = [e.status for e in events if isinstance(e, StatusSeen)][-1]
    return status.condition, status.detail


def check_loss(found: dict[str, list[tuple[float, float]]]) -> None:
    steps, values = zip(*found["train/loss"], strict=True)
    assert steps == (0, 10, 20, 30, 40)
    assert math.isnan(values[1])
    assert values[0] == 1.0
    assert found["peak"] == [(1, math.inf)]


def test_mlflow_by_name_with_its_settings(tmp_path: Path) -> None:
    path = unpack("mlflow/mlflow.db.gz", tmp_path / "mlflow.db")
    source = RunDatabaseSource(path, MLFLOW, "arena_lp", inside=False, use_config=True)
    events = drain(source)
    source.close()
    check_loss(table(events))
    (config,) = [e for e in events if isinstance(e, ConfigSeen)]
    assert ("lr", "1.0") in config.rows
    assert "not-for-your-eyes" not in str(config.rows)
    assert last_status(events) == ("ok", "")
    assert {e.source for e in events if isinstance(e, Samples)} == {"mlflow"}
    newest = max(t for e in events if isinstance(e, Samples) for p in e.points for t in p.times)
    assert 1.7e9 < newest < 4e9


def test_which_run_is_ours(tmp_path: Path) -> None:
    path = unpack("mlflow/mlflow.db.gz", tmp_path / "mlflow.db")
    own = RunDatabaseSource(path, MLFLOW, "run_dir", inside=True)
    events = drain(own)
    assert table(events)["train/loss"][0] == (0, 9.0)
    assert last_status(events) == ("ok", "newest, the newest of 3 runs in it")
    for name in ("nobody", "arena"):  # `arena` stands in the file, as a part of another name
        events = drain(RunDatabaseSource(path, MLFLOW, name, inside=False))
        assert not table(events)
        assert last_status(events)[0] == "absent"
    assert choose_run([("2", "a"), ("1", "a")], "a", inside=False) == Chosen("2", "the newest of 2 runs called a")
    assert choose_run([], "a", inside=True).run == ""


def test_trackio_with_nan_and_alert(tmp_path: Path) -> None:
    path = unpack("trackio/demo.db.gz", tmp_path / "demo.db")
    events = drain(RunDatabaseSource(path, TRACKIO, "arena_lp", inside=False, use_config=True))
    found = table(events)
    assert found["train/loss"] == [(step, 1.0 / (step + 1)) for step in range(5)]
    assert math.isnan(found["reward"][2][1])
    (alert,) = [e for e in events if isinstance(e, AlertSeen)]
    assert (alert.title, alert.text, alert.level.lower(), alert.step) == ("Loss is high", "above 3", "warn", 4)
    assert [e.rows for e in events if isinstance(e, ConfigSeen)] == [(("lr", "1.0"),)]


def write_trackio(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute(SCHEMA)
    return db


def add(db: sqlite3.Connection, step: int) -> None:
    row = ("2026-01-01T00:00:00", "r", step, f'{{"loss": {step}.5}}')
    db.execute("INSERT INTO metrics (timestamp, run_name, step, metrics) VALUES (?, ?, ?, ?)", row)


def test_a_live_writer_is_followed_and_never_disturbed(tmp_path: Path) -> None:
    path = tmp_path / "p.db"
    db = write_trackio(path)
    add(db, 1)  # is in the write-ahead log only
    source = RunDatabaseSource(str(path), TRACKIO, "r", inside=True)
    before = sorted(os.listdir(tmp_path))
    assert table(source.poll(1e9)) == {"loss": [(1, 1.5)]}
    add(db, 2)
    assert table(source.poll(1e9 + 1)) == {}  # no copy is due yet
    assert table(source.poll(1e9 + 60)) == {"loss": [(2, 2.5)]}
    assert sorted(os.listdir(tmp_path)) == before
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # would be refused if anybody held it open
    add(db, 3)
    assert table(source.poll(1e9 + 120)) == {"loss": [(3, 3.5)]}
    private = Path(source._copy.path).parent
    assert private.stat().st_mode & 0o077 == 0
    source.close()
    assert not private.exists()
    db.close()


def test_a_write_half_done_is_rolled_back_in_the_copy_only(tmp_path: Path) -> None:
    path = tmp_path / "p.db"
    db = sqlite3.connect(path, isolation_level=None)
    db.execute(SCHEMA)
    add(db, 1)
    db.execute("PRAGMA cache_size = 1")
    db.execute("BEGIN")
    for step in range(2, 2000):
        add(db, step)
    assert (tmp_path / "p.db-journal").stat().st_size > 0
    data = path.read_bytes()
    source = RunDatabaseSource(str(path), TRACKIO, "r", inside=True)
    assert table(drain(source)) == {"loss": [(1, 1.5)]}
    assert path.read_bytes() == data
    assert (tmp_path / "p.db-journal").exists()
    db.execute("COMMIT")
    os.utime(path, (1.9e9, 1.9e9))
    assert len(table(drain(source))["loss"]) == 1998
    source.close()


def test_a_copy_around_which_something_was_written_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "p.db"
    db = write_trackio(path)
    add(db, 1)
    copy, original = PrivateCopy(str(path)), PrivateCopy._copy

    def copy_slowly(self: PrivateCopy, suffix: str) -> None:
        original(self, suffix)
        with path.open("ab") as file:
            file.write(b"x")

    monkeypatch.setattr(PrivateCopy, "_copy", copy_slowly)
    assert copy.refresh() is None

    def copy_late(self: PrivateCopy, suffix: str) -> None:
        if suffix:
            db.close()  # its log goes into the database, and away
        original(self, suffix)

    monkeypatch.setattr(PrivateCopy, "_copy", copy_late)
    assert copy.refresh() is None
    copy.close()


def test_what_cannot_be_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def status(path: Path, tables: Tables = TRACKIO) -> tuple[str, str]:
        return last_status(RunDatabaseSource(str(path), tables, "r", inside=True).poll(1e9))

    path = tmp_path / "p.db"
    assert status(path)[0] == "waiting"
    path.write_bytes(b"hello")
    assert status(path) == ("failed", "no SQLite database")
    path.write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 40)
    assert status(path)[0] == "failed"
    path.unlink()
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE other (a)")
    db.commit()
    assert "no such table" in status(path)[1]
    monkeypatch.setattr(database, "LARGEST", 1024)
    with pytest.raises(FileFailure, match="are not copied"):
        PrivateCopy(str(path)).refresh()


def test_an_endless_view_is_interrupted(tmp_path: Path) -> None:
    path = tmp_path / "p.db"
    db = sqlite3.connect(path)
    endless = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c)"
    db.execute(f"CREATE VIEW metrics AS {endless} SELECT n AS id, 'r' AS run_name FROM c")
    db.commit()
    source = RunDatabaseSource(str(path), TRACKIO, "r", inside=True)
    assert last_status(source.poll(1e9)) == ("failed", "cannot be read as trackio's: interrupted")


def test_text_is_found_across_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "p.db"
    path.write_bytes(b"a" * 10 + b"arena" + b"b" * 10)
    monkeypatch.setattr(database, "_CHUNK", 4)
    assert holds_text(str(path), "arena")
    assert not holds_text(str(path), "arenab" + "c")


def test_mlflows_files_are_followed(tmp_path: Path) -> None:
    shutil.copytree(STORES / "mlflow_files" / "mlruns", tmp_path / "mlruns")
    (tmp_path / "arena_lp").mkdir()
    (tmp_path / "arena_lp" / "train.log").write_text("step 1\n")
    run = discover(str(tmp_path / "arena_lp"))
    (store,) = run.metric_stores
    assert store.kind == "mlflow-files"
    source = MlflowFileSource(store.path)
    events = drain(source)
    check_loss(table(events))
    assert last_status(events) == ("ok", "")
    with (Path(store.path) / "metrics" / "train" / "loss").open("a") as file:
        file.write("1700000000000 0.1 50\nbroken\n1700000")
    assert table(drain(source)) == {"train/loss": [(50, 0.1)]}
    with (Path(store.path) / "metrics" / "train" / "loss").open("a") as file:
        file.write("001000 0.05 60\n")
    events = drain(source)
    assert table(events) == {"train/loss": [(60, 0.05)]}
    assert source._make_status(1.0).detail == "1 lines that are no metric skipped"


def test_mlflows_files_in_a_runs_folder_tell_its_end_and_its_settings(tmp_path: Path) -> None:
    shutil.copytree(STORES / "mlflow_files" / "mlruns", tmp_path / "mlruns")
    (tmp_path / "train.log").write_text("step 1\n")
    run = discover(str(tmp_path))
    (registered,) = (one for one in SOURCES if one.kind == "metric_stores")
    (source,) = registered.make(run).values()
    events = drain(source)
    ends = [(e.name, e.value) for e in events if isinstance(e, WitnessSeen) and e.name == "termination_reason"]
    assert ends == [("termination_reason", "completed")]
    (settings,) = (dict(e.rows) for e in events if isinstance(e, ConfigSeen))
    assert settings.keys() == {"api_key", "lr"}
    assert settings["lr"] in ("1.0", "5.0")
    assert "sk-" not in settings["api_key"]
    (Path(source.place.file) / "params" / "max_steps").write_text("300")
    (more,) = (dict(e.rows) for e in drain(source) if isinstance(e, ConfigSeen))
    assert more["max_steps"] == "300"


def test_stores_are_found_inside_and_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    run_dir = tmp_path / "runs" / "arena_lp"
    run_dir.mkdir(parents=True)
    unpack("trackio/demo.db.gz", tmp_path / "cache" / "demo.db")
    unpack("mlflow/mlflow.db.gz", tmp_path / "mlflow.db")
    unpack("mlflow/mlflow.db.gz", run_dir / "mlflow.db")
    shutil.copy(STORES / "trackio" / "demo.db.gz", run_dir / "junk.db")
    run = discover(str(run_dir))
    assert [(s.kind, s.path[len(str(tmp_path)) :], s.inside) for s in run.metric_stores] == [
        ("mlflow", "/runs/arena_lp/mlflow.db", True),
        ("mlflow", "/mlflow.db", False),
        ("trackio", "/cache/demo.db", False),
    ]
    assert run.layout == "generic"
    kind = next(kind for kind in SOURCES if kind.kind == "metric_stores")
    names = [source.name for source in kind.make(run).values()]
    assert names == ["mlflow arena_lp/mlflow.db", f"mlflow {tmp_path.name}/mlflow.db", "trackio demo.db"]
