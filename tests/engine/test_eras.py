"""Runs of Metta's three eras and of others, from files to the numbers in the header."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from lptui.engine.reading import read_run
from lptui.run import discover
from lptui.state.run_state import RunState

S1_LINES = [
    "[06:30:00.000001] INFO     Train job config:                                    train.py:60",
    "                           trainer:                                             ",
    "[06:30:01.000001] INFO     run_dir = ./train_dir/me.s1                          train.py:98",
    "[06:30:02.000001] INFO     Curriculum Task: /env/mettagrid/arena/basic_easy trainer.py:120",
    "[06:32:26.766554] INFO     Epoch 100 - 41234 steps/sec (45% train / 50%  trainer.py:390",
    "                           rollout / 5% stats)                                  ",
    "[06:32:39.766554] INFO     Epoch 101 - 40234 steps/sec (45% train / 50%  trainer.py:390",
    "                           rollout / 5% stats)                                  ",
]
HEAD_LINES = [
    "06:30:00 [INFO] metta.tools.train: Training environment: VectorizedTrainingEnvironment(num_envs=2,batch_size=4)",
    "06:30:01 [INFO] metta.rl.training: Creating new policy for training run",
    "06:30:05 [INFO] metta.rl.training.progress_logger: me.head _ epoch 7 _ 52,428,800/10,000,000,000 (0.5%) _ "
    "41.23 ksps _ train 45% _ rollout 50% _ stats 5% _ 1m 12s _ heart.created 0.000 (0.012/s)",
]
HF_LINES = [
    "***** Running training *****",
    "{'loss': 0.69, 'grad_norm': 1.5, 'learning_rate': 5e-05, 'epoch': 0.5}",
    "{'loss': 0.42, 'grad_norm': 1.1, 'learning_rate': 4e-05, 'epoch': 1.0}",
]


def read(path: Path) -> RunState:
    return read_run(discover(str(path)), patience=0.0)


def write(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


def test_seed_era_with_a_captured_console(tmp_path: Path) -> None:
    """S1 writes no log of its own: the console was teed. Rich wraps progress lines at 80 columns."""
    run = tmp_path / "train_dir" / "me.s1"
    write(run / "console.log", S1_LINES)
    (run / "config.yaml").write_text("run: me.s1\ntrainer:\n  total_timesteps: 10_000_000\n  batch_size: 524288\n")
    (run / "checkpoints").mkdir()
    (run / "trainer_state.pt").write_bytes(b"PK\x03\x04 cut")
    state = read(run)
    assert state.run.layout == "metta-s1"
    assert (state.progress.epoch, state.progress.steps_per_second) == (101, 40234)
    assert [s.value for s in (state.series["log/steps_per_second"].last(),) if s] == [40234.0]
    assert state.life.attempts == 1


def test_head_era_with_bundles(tmp_path: Path) -> None:
    run = tmp_path / "train_dir" / "me.head"
    write(run / "logs" / "script.log", HEAD_LINES)
    (run / "config.json").write_text(json.dumps({"trainer": {"total_timesteps": 10_000_000_000}}))
    bundle = run / "checkpoints" / "me.head:v7"
    bundle.mkdir(parents=True)
    header = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    (bundle / "weights.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    (bundle / "policy_spec.json").write_text(json.dumps({"class_path": "x.Y", "data_path": "weights.safetensors"}))
    for saved in bundle.iterdir():
        os.utime(saved, (1_700_000_000, 1_700_000_000))
    state = read(run)
    assert state.run.layout == "metta-head"
    progress = state.progress
    assert (progress.epoch, progress.step, progress.total) == (7, 52_428_800, 10_000_000_000)
    assert progress.steps_per_second == pytest.approx(41_230)
    assert [(c.epoch, c.verdict) for c in state.checkpoints] == [(7, "ok")]
    assert dict(state.config)["trainer.total_timesteps"] == "10000000000"


def test_job_metadata_beside_the_run_tells_of_restarts_and_the_end(tmp_path: Path) -> None:
    run = tmp_path / "train_dir" / "me.head"
    write(run / "logs" / "script.log", HEAD_LINES)
    job = tmp_path / "train_dir" / ".job_metadata" / "me.head"
    job.mkdir(parents=True)
    (job / "restart_count").write_text("2\n")
    (job / "termination_reason").write_text("heartbeat_timeout\n")
    state = read(run)
    assert (state.life.condition, state.life.attempts) == ("crashed", 3)
    assert "heartbeat_timeout" in state.life.reason


def test_a_plain_huggingface_folder(tmp_path: Path) -> None:
    write(tmp_path / "train.out", HF_LINES)
    state = read(tmp_path)
    assert [s.value for s in (state.series["loss"].last(),) if s] == [0.42]
    assert state.series["learning_rate"].count == 2


def test_two_ranks_are_two_logs_and_the_first_is_shown_first(tmp_path: Path) -> None:
    run = tmp_path / "run"
    write(run / "logs" / "script.log", HEAD_LINES)
    write(run / "logs" / "script_1.log", HEAD_LINES[:1])
    os.utime(run / "logs" / "script.log", (1_700_000_000, 1_700_000_000))
    state = read(run)
    assert len(state.logs) == 2
    assert state.primary_log is not None
    assert state.primary_log.file.endswith("/script.log")
