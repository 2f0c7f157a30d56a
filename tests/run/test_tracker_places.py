"""Stores of trackers that nobody named: MLflow's where one works, trackio's in the cache, and none twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from lptui.run.listing import Listing
from lptui.run.lookup import find_runs, find_stores_below
from lptui.run.tracker_places import list_places


@pytest.fixture
def here(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    (folder / "train_dir").mkdir(parents=True)
    return folder


def places(here: Path, **env: str) -> list[str]:
    told = list_places((), {"XDG_CACHE_HOME": str(here.parent / "cache"), **env}, str(here))
    return [path.removeprefix(f"{here.parent}/") for path in told]


def test_stores_beside_the_usual_root_are_named_where_they_are(here: Path) -> None:
    assert places(here) == ["work/train_dir"]
    (here / "mlruns").mkdir()
    (here / "mlflow.db").write_bytes(b"")
    (here.parent / "cache" / "huggingface" / "trackio").mkdir(parents=True)
    expected = ["work/train_dir", "work/mlflow.db", "work/mlruns", "cache/huggingface/trackio"]
    assert places(here) == expected


def test_what_the_list_shows_anyway_is_not_named_again(here: Path) -> None:
    (here / "mlflow.db").write_bytes(b"")
    (here / ".cache" / "trackio").mkdir(parents=True)
    hidden = str(here / ".cache" / "trackio")
    assert places(here, DATA_DIR=str(here), TRACKIO_DIR=hidden) == ["work", "work/.cache/trackio"]


@pytest.mark.parametrize(
    ("uri", "found"),
    [
        ("sqlite:///sub/own.db", "work/sub/own.db"),
        ("sqlite:///{here}/sub/own.db", "work/sub/own.db"),
        ("file://{here}/sub", "work/sub"),
        ("./sub", "work/sub"),
        ("https://mlflow.example", ""),
        ("databricks", ""),
    ],
)
def test_where_mlflow_is_told_to_write(here: Path, uri: str, found: str) -> None:
    (here / "sub").mkdir()
    (here / "sub" / "own.db").write_bytes(b"")
    told = places(here, MLFLOW_TRACKING_URI=uri.replace("{here}", str(here)))
    assert told == ["work/train_dir", *([found] if found else [])]


def test_a_folder_of_trackio_by_its_own_variables(here: Path) -> None:
    (here.parent / "hf" / "trackio").mkdir(parents=True)
    assert places(here, HF_HOME=str(here.parent / "hf")) == ["work/train_dir", "hf/trackio"]


def test_a_database_and_a_file_store_are_roots_themselves(tmp_path: Path) -> None:
    run = tmp_path / "mlruns" / "0" / "abc"
    for folder in ("metrics", "params", "tags"):
        (run / folder).mkdir(parents=True)
    (run / "meta.yaml").write_text("run_name: arena\n")
    assert [path for path, _ in find_runs(str(tmp_path / "mlruns"), Listing())] == [str(run)]
    database = tmp_path / "mlflow.db"
    database.write_bytes(b"SQLite format 3\0")
    listing = Listing()
    assert list(find_runs(str(database), listing)) == []
    assert [store.path for store in find_stores_below(str(database), listing)] == [str(database)]
    assert listing.failures == []
