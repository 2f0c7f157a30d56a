"""Runs whose framework told the same numbers two or three times (recorded with Lightning 2, Keras 3 on torch and
Stable-Baselines3, each with a CSV, TensorBoard's files and its console in a log): one series for each quantity."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lptui.engine.reading import read_run
from lptui.run import discover
from lptui.stores.provenance import members

JOINED = Path(__file__).parents[1] / "formats" / "recorded" / "joined"


@pytest.mark.parametrize(
    ("name", "quantities", "alone"),
    [
        (
            "lightning",
            {
                "val_loss": {"val_loss"},
                "train_loss_step": {"train_loss_step"},
                "train_loss_epoch": {"train_loss_epoch"},
            },
            {"epoch", "lr", "log/epoch", "log/steps_per_second"},
        ),
        (
            "keras",
            {
                "epoch_loss": {"epoch_loss", "loss"},
                "epoch_mae": {"epoch_mae", "mae"},
                "epoch_val_loss": {"epoch_val_loss", "val_loss"},
                "epoch_val_mae": {"epoch_val_mae", "val_mae"},
            },
            {"log/epoch", "log/steps_per_second"},
        ),
        (
            "sb3",
            {key: {key} for key in ("rollout/ep_rew_mean", "rollout/ep_len_mean", "time/fps", "train/value_loss")},
            set[str](),
        ),
    ],
)
def test_what_csv_tensorboard_and_the_log_tell_is_one_series(
    name: str, quantities: dict[str, set[str]], alone: set[str], tmp_path: Path
) -> None:
    run = shutil.copytree(JOINED / name, tmp_path / name)
    series = read_run(discover(str(run)), patience=0.0).series
    for key, names in quantities.items():
        parts = members(series[key])
        assert len({part.source for part in parts}) == len(parts) == 3
        assert {part.name or part.key for part in parts} == names
        assert not any(part.agrees is False for part in parts)
    if alone:
        assert set(series) == {*quantities, *alone}
    else:
        assert all("/" in key for key in series)


def test_what_keras_writes_at_the_number_of_the_epoch_counts_epochs(tmp_path: Path) -> None:
    """TensorBoard's files do not say so, and the bar counts batches: on one axis the line would begin twice."""
    run = shutil.copytree(JOINED / "keras", tmp_path / "keras")
    state = read_run(discover(str(run)), patience=0.0)
    units = {part.source: part.unit for part in members(state.series["epoch_loss"])}
    assert units == {"tensorboard": "epoch", "training.csv": "epoch", "log train.log": "step"}
    assert (state.progress.step, state.progress.total) == (192, 192)
