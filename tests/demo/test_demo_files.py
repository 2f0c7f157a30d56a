"""What the demo writes, piece by piece: log lines, job files, checkpoints, configuration, metric keys."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from lptui.curriculum.keys import CurriculumStat, TaskCell, classify, name_tasks
from lptui.demo.checkpoints import BundleSaver, write_replacing
from lptui.demo.job import JobFiles
from lptui.demo.learner import Hyperparameters, Learner
from lptui.demo.logs import progress_line, scaled
from lptui.demo.options import FAILURES, Layout, Options, parse_options, to_arguments
from lptui.demo.pace import Pacer
from lptui.demo.safetensors import encode, read_safetensors, write_safetensors
from lptui.demo.settings import make_config
from lptui.demo.tracking import Timing, curriculum_metrics, epoch_metrics, score_metrics


def test_progress_lines_have_the_shape_of_metta() -> None:
    line = progress_line("me.run", 100, 52_400_000, 1_000_000_000, 41_230.0, (45, 50, 5))
    assert line == ("Epoch 100 [me.run] / 41.23 ksps / 5.24% of 1.00 Gsteps / (45% train / 50% rollout / 5% stats)")
    assert scaled(812.4, "sps") == "812 sps"
    assert scaled(2_500_000, "steps") == "2.50 Msteps"


def test_job_files_count_run_time_over_attempts(tmp_path: Path) -> None:
    layout = Layout(str(tmp_path), "r")
    layout.make_folders()
    job = JobFiles(layout)
    assert job.restart_count() is None
    job.begin(0)
    job.beat(1_700_000_000.5, 3.0)
    job.finish("exit_code_1", 61.0)
    again = JobFiles(layout)
    assert again.restart_count() == 0
    again.begin(1)
    read = {path.name: path.read_text() for path in Path(layout.job_dir).iterdir()}
    assert "termination_reason" not in read
    assert (read["heartbeat_file"], read["restart_count"]) == ("1700000000.5", "1")
    again.finish("completed", 9.0)
    assert (Path(layout.job_dir) / "accumulated_runtime").read_text() == "70"


def test_safetensors_by_hand_equals_the_package(tmp_path: Path) -> None:
    package = pytest.importorskip("safetensors.numpy")
    weights = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.ones(5, dtype=np.float32)}
    by_hand = encode(weights, {"epoch": "3"})
    assert (8 + int.from_bytes(by_hand[:8], "little")) % 8 == 0
    for data in (by_hand, write_safetensors(weights, {"epoch": "3"})):
        for loaded in (package.load(data), read_safetensors(data)):
            assert set(loaded) == {"a", "b"}
            assert all(np.array_equal(loaded[name], weights[name]) for name in weights)


@pytest.mark.parametrize("kept", [4, 40, 200, -1])
def test_torn_safetensors_are_refused(kept: int) -> None:
    data = encode({"a": np.ones((8, 8), dtype=np.float32)}, {})
    with pytest.raises(ValueError):
        read_safetensors(data[:kept])


def test_bundles_restore_the_newest_complete_one(tmp_path: Path) -> None:
    layout = Layout(str(tmp_path), "r")
    layout.make_folders()
    learner, saver = Learner(Hyperparameters(seed=1)), BundleSaver(layout)
    assert saver.restore(learner) is False
    for _ in range(3):
        learner.run_epoch()
        saver.save_policy(learner, write_replacing)
    # unfinished: weights without a spec
    os.makedirs(os.path.join(layout.checkpoint_dir, "r:v9"))
    fresh = Learner(Hyperparameters(seed=2))
    assert saver.restore(fresh) is True
    assert (fresh.epoch, fresh.agent_step) == (3, 3 * 768)
    assert all(np.array_equal(fresh.weights[n], learner.weights[n]) for n in learner.weights)
    fresh.run_epoch()
    spec = json.loads(Path(layout.checkpoint_dir, "r:v3", "policy_spec.json").read_text())
    assert spec["data_path"] == "weights.safetensors"
    assert not list(Path(layout.checkpoint_dir).rglob("*.tmp"))


def test_the_configuration_keeps_metta_s_rules() -> None:
    options = Options("r", "/tmp/o", seed=4)
    config = make_config(options, Hyperparameters(seed=4, total_epochs=options.total_epochs))
    trainer = config["trainer"]
    assert trainer["total_timesteps"] == options.total_steps
    assert trainer["batch_size"] % trainer["minibatch_size"] == 0
    assert trainer["minibatch_size"] % trainer["bptt_horizon"] == 0
    assert trainer["batch_size"] // trainer["bptt_horizon"] >= config["env"]["num_envs"]
    interval = trainer["checkpoint"]["checkpoint_interval"]
    assert trainer["simulation"]["evaluate_interval"] >= interval
    assert config["run_dir"] == "${data_dir}/${run}"
    assert config["data_dir"].startswith("${oc.env:DATA_DIR,")


def test_options_survive_their_command_line() -> None:
    for fail in (None, *FAILURES):
        options = Options("r", "/o", 3, 20.0, fail, 7, 15_360, wandb=False, torch=False)
        assert parse_options(to_arguments(options)) == options
    with pytest.raises(SystemExit):
        parse_options(["--run", "r", "--out", "o", "--speed", "0"])


def test_the_keys_fill_one_row_a_task() -> None:
    learner = Learner(Hyperparameters(seed=0, num_envs=48, bptt_horizon=16))
    metrics: dict[str, float] = {}
    for _ in range(6):
        timing = Timing(1.0, 0.5, 0.2, 0.1, 0.01)
        metrics |= epoch_metrics(learner.run_epoch(), timing, learner.hyper, 0)
    metrics |= curriculum_metrics(learner.curriculum)
    found = {key: classify(key) for key in metrics}
    cells = [cell for cell in found.values() if isinstance(cell, TaskCell)]
    names = name_tasks(cell.task for cell in cells)
    assert len({name.canonical for name in names.values()}) == 12
    columns = {cell.column for cell in cells}
    assert columns == {"probability", "completions", "reward", "success_rate", "learning_progress"}
    stats = {cell.name for cell in found.values() if isinstance(cell, CurriculumStat)}
    assert "lp/num_zeros_lp_dist" in stats
    for key in ("overview/sps", "losses/value_loss", "metric/agent_step", "parameters/learning_rate"):
        assert found[key] is None
    assert score_metrics({"/a/b": 0.5, "/a/c": 0.7})["overview/arena_score"] == pytest.approx(0.6)


def test_the_pacer_waits_only_for_what_is_left() -> None:
    now, slept = [100.0], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    pause = Pacer(10.0, lambda: now[0], sleep).phase(0.5)
    pause(0.2)
    now[0] += 3.0
    pause(0.6)
    pause(1.0)
    assert slept == pytest.approx([1.0, 1.0])
