from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from lptui.cli.presentation import to_json, to_sentences
from lptui.engine.reading import read_run
from lptui.model.run import RunInfo
from lptui.run import discover
from lptui.state.metrics import SERIES_LIMIT
from lptui.state.run_state import RunState
from lptui.stores.series import Series

RECORDED = Path(__file__).parents[1] / "formats" / "recorded"


@pytest.mark.parametrize(
    ("kind", "source", "key", "counts", "step"),
    [
        ("tables/lightning", "metrics.csv", "train_loss", "step", 7),
        ("tables/keras", "training.csv", "loss", "epoch", 3),
        ("tables/timm", "summary.csv", "train_loss", "epoch", 3),
        ("tables/ultralytics", "results.csv", "train/box_loss", "epoch", 4),
        ("tables/ultralytics", "results.csv", "metrics/mAP50(B)", "epoch", 4),
        ("events/tf2", "tensorboard", "train/epoch_loss", "epoch", 4),
        ("events/tf2", "tensorboard", "validation/epoch_loss", "epoch", 4),
        ("tables/huggingface", "trainer_state.json", "loss", "step", 8),
        ("tables/ray", "result.json", "env_runners/episode_return_mean", "step", 16_000),
        ("tables/sb3/csv", "progress.csv", "rollout/ep_rew_mean", "step", 256),
        ("events/torch", "tensorboard", "train/loss", "step", 240),
        ("events/tensorboardx", "tensorboard", "train/loss", "step", 900),
        ("stores/mlflow_files", "mlflow", "train/loss", "step", 40),
    ],
)
def test_what_check_says_of_each_kind(tmp_path: Path, kind: str, source: str, key: str, counts: str, step: int) -> None:
    shutil.copytree(RECORDED / kind, tmp_path / "run")
    state = read_run(discover(str(tmp_path / "run")), patience=0.0)
    told = to_json(state)
    json.dumps(told, allow_nan=False)
    newest = told["metrics"]["newest"][key]
    assert (newest["counts"], newest["step"], newest["source"]) == (counts, step, source)
    assert told["metrics"]["sources"][source] <= told["metrics"]["count"]
    assert told["step" if counts == "step" else "epoch"] == step
    assert any(f"{told['metrics']['count']} metric" in line for line in to_sentences(state))
    looked = {row["kind"]: row for row in told["looked"]}
    assert looked["tensorboard"]["found"] or looked["tensorboard"]["note"].startswith("no event file in")


def test_infinities_are_text(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_text("step,loss\n1,0.5\n2,inf\n")
    told = to_json(read_run(discover(str(tmp_path)), patience=0.0))
    assert told["metrics"]["newest"]["loss"]["value"] == "inf"


def test_metrics_beyond_those_that_are_kept_are_not_passed_over_in_silence(tmp_path: Path) -> None:
    series = {f"layer/{n}/w": Series(f"layer/{n}/w", "wandb") for n in range(SERIES_LIMIT)}
    run = RunInfo("r", str(tmp_path), "generic")
    told = " ".join(to_sentences(RunState(run=run, series=series)))
    assert "the first 20,000 metrics; what is beyond them is left out" in told
    assert "3 metrics in all" in " ".join(to_sentences(RunState(run=run, series=dict(list(series.items())[:3]))))
