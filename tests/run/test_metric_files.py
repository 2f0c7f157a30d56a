from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from lptui.model.run import MetricFile, RunInfo
from lptui.run import discover, list_runs
from lptui.run.metric_files import series_prefix, table_prefix
from lptui.sources.registry import SOURCES

RECORDED = Path(__file__).parents[1] / "formats" / "recorded"


@pytest.mark.parametrize(
    ("folder", "prefix"),
    [
        ("/r", ""),
        ("/r/lightning_logs/version_3", ""),
        ("/r/my_experiment/version_3", ""),
        ("/r/train", "train/"),
        ("/r/tb/validation", "validation/"),
        ("/r/runs/Nov28_12-05-31_host", ""),
        ("/r/PPO_2", ""),
        ("/r/loss_train", "loss_train/"),
        ("/r/1700000000.1234567", ""),
        ("/elsewhere/train", ""),
        ("/elsewhere/r/train", "train/"),
    ],
)
def test_what_a_folder_says_of_its_series(folder: str, prefix: str) -> None:
    assert series_prefix("/r", folder) == prefix


@pytest.mark.parametrize(
    ("path", "prefix"),
    [
        ("/r/progress.csv", ""),
        ("/r/val_metrics.csv", "val/"),
        ("/r/eval.jsonl", "eval/"),
        ("/r/logs/train/metrics.csv", "train/"),
        ("/r/monitors/0.monitor.csv", "env_0/"),
        ("/r/training_log.json", ""),
    ],
)
def test_what_a_file_name_says_of_its_series(path: str, prefix: str) -> None:
    assert table_prefix("/r", path) == prefix


def copy(name: str, to: Path) -> RunInfo:
    shutil.copytree(RECORDED / name, to, dirs_exist_ok=True)
    return discover(str(to))


def names(run: RunInfo) -> list[str]:
    return [file.path[len(run.path) + 1 :] for file in run.metric_files]


def note(run: RunInfo, kind: str) -> str:
    return next(looked.note for looked in run.looked if looked.kind == kind)


def test_files_of_each_framework_are_found(tmp_path: Path) -> None:
    found = {p.name: names(copy(f"tables/{p.name}", tmp_path / p.name)) for p in (RECORDED / "tables").iterdir()}
    assert {name: sorted(files) for name, files in found.items()} == {
        "lightning": ["lightning_logs/version_0/metrics.csv"],
        "sb3": ["csv/progress.csv", "json/progress.json", "monitor.csv"],
        "keras": ["training.csv"],
        "timm": ["summary.csv"],
        "ultralytics": ["results.csv"],
        "ray": ["result.json"],  # progress.csv beside it says the same
        "huggingface": ["trainer_state.json"],
        "together": ["trainer_state.json"],
    }
    runs = {run.name for run in list_runs(str(tmp_path))}
    assert runs >= {"lightning", "ultralytics", "ray", "huggingface"}


def test_the_only_output_folder_of_hugging_face_is_no_part_of_names(tmp_path: Path) -> None:
    for folder in ("out", "second"):
        saved = tmp_path / folder / "checkpoint-100"
        saved.mkdir(parents=True)
        (saved / "trainer_state.json").write_text("{}")
        (saved / "model.safetensors").write_text("x")
        prefixes = {file.prefix for file in discover(str(tmp_path)).metric_files}
        assert prefixes == ({""} if folder == "out" else {"out/", "second/"})


def test_data_is_no_metrics_file_and_a_text_stays_a_log(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("id,text,label\n1,hello,0\n")
    (tmp_path / "progress.txt").write_text("starting\nstep 1 loss 0.5\n")
    (tmp_path / "log.txt").write_text('{"train_loss": 1.5, "epoch": 0}\n')
    run = discover(str(tmp_path))
    assert names(run) == ["log.txt"]
    assert run.logs == (str(tmp_path / "progress.txt"),)


def test_of_numbered_starts_the_newest_is_read(tmp_path: Path) -> None:
    for number, at in ((0, 1e9), (1, 3e9), (2, 2e9)):
        folder = tmp_path / "lightning_logs" / f"version_{number}"
        folder.mkdir(parents=True)
        for name in ("metrics.csv", "events.out.tfevents.1700000000.host.1.0"):
            (folder / name).write_text("step,train_loss\n0,1\n")
            os.utime(folder / name, (at, at))
    run = discover(str(tmp_path))
    assert names(run) == ["lightning_logs/version_1/metrics.csv"]
    assert [path.split("/")[-2] for path in run.event_files] == ["version_1"]
    assert note(run, "metrics files") == "version_1 is the newest; 2 earlier starts beside it: name one to see it"
    assert names(discover(str(tmp_path / "lightning_logs" / "version_2"))) == ["metrics.csv"]


def test_where_nothing_was_found_is_said(tmp_path: Path) -> None:
    run = discover(str(tmp_path))
    assert note(run, "metrics files") == f"no CSV, TSV or JSON with steps and results in {tmp_path}, to depth 4"
    assert note(run, "tensorboard") == f"no event file in {tmp_path}, to depth 4"


def test_one_file_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 1, "loss": 2.0}\n')
    (tmp_path / "other.csv").write_text("step,loss\n0,1\n")
    run = discover(str(path))
    assert run.metric_files == (MetricFile(str(path)),)
    assert run.logs == ()


def test_curves_in_folders_of_their_own_make_one_run(tmp_path: Path) -> None:
    copy("events/tf2", tmp_path / "fit")
    (run,) = list_runs(str(tmp_path))
    assert run.name == "fit"
    assert len(run.event_files) == 2


def test_a_folder_of_its_name_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    own = tmp_path / "outputs" / "arena"
    own.mkdir(parents=True)
    (own / "train.log").write_text("step 1\n")
    copy("events/tf2", tmp_path / "runs" / "arena")
    copy("events/torch", tmp_path / "runs" / "another")
    run = discover(str(own))
    assert sorted(path.split("/")[-2] for path in run.event_files) == ["train", "validation"]
    assert note(run, "tensorboard") == f"a folder of its name, {tmp_path}/runs/arena"
    (kind,) = [kind for kind in SOURCES if kind.kind == "event_files"]
    assert sorted(s.name for s in kind.make(run).values()) == ["tensorboard train", "tensorboard validation"]
    copy("tables/ray", tmp_path / "home" / "ray_results" / "trial")
    (tmp_path / "trial").mkdir()
    assert [file.path for file in discover(str(tmp_path / "trial")).metric_files] == [
        f"{tmp_path}/home/ray_results/trial/result.json"
    ]
