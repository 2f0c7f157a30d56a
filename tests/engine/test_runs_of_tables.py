"""Runs that are nothing but a table of metrics, or a run of MLflow's file store: listed, and looked at."""

from __future__ import annotations

import shutil
from pathlib import Path

from lptui.engine.quick_look import look_at
from lptui.engine.reading import read_run
from lptui.run import discover
from lptui.run.listing import Listing
from lptui.run.lookup import find_runs
from lptui.sources.writers import Writers

STORE = Path(__file__).parents[1] / "formats" / "recorded" / "stores" / "mlflow_files"


def names(root: Path) -> set[str]:
    return {path[len(str(root)) + 1 :] for path, _ in find_runs(str(root), Listing())}


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_folder_with_nothing_but_a_table_of_metrics_is_a_run(tmp_path: Path) -> None:
    write(tmp_path / "keras" / "history.csv", "epoch,accuracy,loss,val_loss\n0,0.1,2.0,2.1\n")
    write(tmp_path / "timm" / "exp1" / "summary.csv", "epoch,train_loss,eval_loss,eval_top1\n0,3,3,10\n")
    write(tmp_path / "yolo" / "train" / "results.csv", "epoch,train/box_loss\n1,3\n")
    write(tmp_path / "data" / "people.csv", "name,age\nx,3\n")
    assert names(tmp_path) == {"keras", "timm/exp1", "yolo/train"}
    row = look_at(discover(str(tmp_path / "keras")), Writers(), (tmp_path / "keras").stat().st_mtime)
    assert (row.epoch, row.metric, row.value) == (0, "loss", 2.0)


def test_a_table_that_sums_up_the_runs_below_it_hides_none_of_them(tmp_path: Path) -> None:
    write(tmp_path / "sweep" / "summary.csv", "epoch,loss\n1,3\n")
    for name in ("a", "b"):
        write(tmp_path / "sweep" / name / "metrics.csv", "step,loss\n1,2\n5,1.5\n")
    assert names(tmp_path) == {"sweep/a", "sweep/b"}
    assert names(tmp_path / "sweep") == {"a", "b"}


def test_the_runs_of_mlflows_file_store_have_a_row_each(tmp_path: Path) -> None:
    shutil.copytree(STORE / "mlruns", tmp_path / "script" / "mlruns")
    assert len(names(tmp_path)) == len(names(tmp_path / "script")) == 2
    rows = {}
    for path, modified in find_runs(str(tmp_path), Listing()):
        row = look_at(discover(path), Writers(), modified + 3600)
        full = read_run(discover(path), clock=lambda at=modified: at + 3600, patience=0.0)
        assert (row.condition, row.step) == (full.life.condition, full.progress.step)
        rows[row.name] = row
    assert {(r.name, r.condition, r.step, r.metric, r.value) for r in rows.values()} == {
        ("arena_lp", "finished", 40, "train/loss", 0.2),
        ("other", "finished", 40, "train/loss", 1.0),
    }


def test_how_mlflow_says_that_a_run_ended_and_damage_to_its_files(tmp_path: Path) -> None:
    shutil.copytree(STORE / "mlruns", tmp_path / "mlruns")
    (path,) = (p for p, _ in find_runs(str(tmp_path), Listing()) if "90b480a0" in p)
    meta, now = Path(path) / "meta.yaml", Path(path).stat().st_mtime + 1e6
    text = meta.read_text()
    for status, condition in (("4", "crashed"), ("5", "crashed"), ("3", "finished")):
        meta.write_text(text.replace("status: 3", f"status: {status}"))
        assert look_at(discover(path), Writers(), now).condition == condition
    meta.write_text(text.replace("status: 3", "status: 1"))
    doubt = Writers(reason="lptui runs in a container")
    assert look_at(discover(path), doubt, now).condition == "unknown"
    metric = Path(path) / "metrics" / "train" / "loss"
    metric.write_text(metric.read_text() + "179586901")  # torn
    assert look_at(discover(path), doubt, now).value == 0.2
    metric.write_bytes(b"\xff\x00 nonsense\n\n")
    meta.write_bytes(b"\x00" * 100)
    assert look_at(discover(path), doubt, now).metric in ("", "peak")
