"""Each way to fail, as a real process at full speed: its exit code, and what it leaves on disk."""

from __future__ import annotations

import importlib.util
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lptui.demo import launch
from lptui.demo.options import Layout

ROOT = Path(__file__).resolve().parents[2]
EPOCHS = 16


def command(out: Path, fail: str | None, *more: str, epochs: int = EPOCHS) -> list[str]:
    words = [sys.executable, "-m", "lptui.demo.training", "--run", "r", "--out", str(out), "--speed", "1000"]
    words += ["--total-steps", str(epochs * 768), "--no-torch"]
    return [*words, *(["--fail", fail] if fail else []), *more]


@dataclass(frozen=True, slots=True)
class Ended:
    """A finished training: exit code, its log, its console, its job files."""

    code: int
    log: str
    console: str
    job: dict[str, str]
    layout: Layout


def train(out: Path, fail: str | None, *more: str, epochs: int = EPOCHS) -> Ended:
    words = command(out, fail, *more, epochs=epochs)
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    layout = Layout(str(out), "r")
    job = {path.name: path.read_text() for path in Path(layout.job_dir).iterdir()}
    return Ended(done.returncode, Path(layout.log).read_text(), done.stdout + done.stderr, job, layout)


def test_a_healthy_run(tmp_path: Path) -> None:
    run = train(tmp_path, None, "--no-wandb")
    assert run.code == 0
    assert run.job["termination_reason"] == "completed"
    assert run.job["restart_count"] == "0"
    assert float(run.job["heartbeat_file"]) > 1.6e9
    lines = run.log.splitlines()
    assert all(re.match(r"\d\d:\d\d:\d\d \[INFO\] [\w.-]+: ", line) for line in lines[-20:])
    assert "run_dir = " + run.layout.run_dir in lines[0]
    assert run.log.count("Curriculum Task: /env/mettagrid/arena/") == 12
    assert len(re.findall(r"Epoch \d+ \[r\] / [\d.]+ \w*sps / [\d.]+% of 12.29 ksteps / \(", run.log)) == EPOCHS
    assert "Training complete!" in run.log
    versions = {path.name for path in Path(run.layout.checkpoint_dir).iterdir()}
    assert versions == {f"r:v{epoch}" for epoch in range(0, EPOCHS + 1, 4)}
    assert Path(run.layout.run_dir, "config.yaml").exists()
    # a name promises a format: without torch there is no .pt
    assert not list(tmp_path.rglob("*.pt"))


def test_a_second_start_goes_on_from_the_checkpoint(tmp_path: Path) -> None:
    assert train(tmp_path, "crash", "--no-wandb", "--fail-at", "9").code == 1
    run = train(tmp_path, None, "--no-wandb")
    assert run.code == 0
    assert f"Restored from checkpoint at {8 * 768} steps" in run.log
    assert run.log.count("run_dir = ") == 2
    assert run.job["restart_count"] == "1"


def test_nan(tmp_path: Path) -> None:
    run = train(tmp_path, "nan", "--no-wandb", "--fail-at", "3", epochs=32)
    assert run.code == 1
    assert "RuntimeWarning: overflow encountered" in run.log
    # numpy's sampler refuses what softmax made of it
    assert "ValueError: pvals < 0, pvals > 1 or pvals contains NaNs" in run.log
    assert "growth: 64.0" in Path(run.layout.run_dir, "config.yaml").read_text()


def test_crash(tmp_path: Path) -> None:
    run = train(tmp_path, "crash", "--no-wandb")
    assert run.code == 1
    assert "[ERROR] trainer-0-0: Training failed with error: index " in run.log
    assert "Traceback (most recent call last):" in run.log
    assert re.search(r"^IndexError: index -?\d+ is out of bounds for axis \d with size 7$", run.log, re.M)
    assert run.job["termination_reason"] == "exit_code_1"


def test_corrupt_checkpoint(tmp_path: Path) -> None:
    run = train(tmp_path, "corrupt-checkpoint", "--no-wandb")
    assert run.code == -signal.SIGKILL
    assert "termination_reason" not in run.job
    sizes = {path.parent.name: path.stat().st_size for path in tmp_path.rglob("weights.safetensors")}
    assert sizes["r:v8"] == sizes["r:v4"] // 2
    assert run.log.rstrip().endswith("Saving checkpoint at epoch 8")
    assert not Path(run.layout.checkpoint_dir, "r:v8", "policy_spec.json").exists()


def test_starved(tmp_path: Path) -> None:
    run = train(tmp_path, "starved", "--no-wandb", epochs=10)
    assert run.code == 0
    assert "Training complete!" in run.log


def test_restart_loop(tmp_path: Path) -> None:
    run = train(tmp_path, "restart-loop", "--no-wandb")
    assert run.code == 1
    assert run.job["restart_count"] == "4"
    assert re.findall(r"^  RESTART_COUNT: (\d)$", run.console, re.M) == ["0", "1", "2", "3", "4"]
    assert run.log.count("run_dir = ") == 5
    where = re.findall(r'arena.py", line (\d+), in _move\n.*\n.*\nIndexError', run.log)
    assert len(where) == 5
    assert len(set(where)) == 1
    assert "Epoch 4" not in run.log


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS is enforced on Linux only")
def test_host_oom(tmp_path: Path) -> None:
    run = train(tmp_path, "host-oom", "--no-wandb", epochs=24)
    assert run.code == 1
    assert re.search(r"_ArrayMemoryError: Unable to allocate 16.0 MiB for an array with shape", run.log)
    assert run.job["termination_reason"] == "exit_code_1"


def test_cuda_oom(tmp_path: Path) -> None:
    run = train(tmp_path, "cuda-oom", "--no-wandb")
    assert run.code == 1
    assert "\ntorch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has" in run.log


@pytest.fixture
def stalled(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    words = command(tmp_path, "stall", "--no-wandb", "--fail-at", "3")
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        yield process, tmp_path
        process.kill()


def test_stall(stalled: tuple[subprocess.Popen[str], Path]) -> None:
    process, out = stalled
    assert process.stdout is not None
    for line in process.stdout:
        if "Epoch 3 " in line:
            break
    # a training that goes on would be through its last 13 epochs in a fraction of this
    ready, _, _ = select.select([process.stdout], [], [], 1.0)
    assert not ready
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    assert Path(Layout(str(out), "r").job_dir, "termination_reason").read_text() == "exit_code_130"


@pytest.mark.skipif(importlib.util.find_spec("wandb") is None, reason="wandb is not installed")
def test_metrics_go_to_a_wandb_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # settings of the user's own runs must not reach the demo
    monkeypatch.setenv("WANDB_MODE", "disabled")
    monkeypatch.setenv("WANDB_PROJECT", "mine")
    run = train(tmp_path, "crash")
    assert run.code == 1
    files = list(tmp_path.glob("wandb/offline-run-*/run-r.wandb"))
    assert len(files) == 1
    data = files[0].read_bytes()
    assert data.startswith(b":W&B")
    for key in (b"losses/value_loss", b"env_curriculum_task_probs//env/mettagrid/arena/basic", b"overview/sps"):
        assert key in data
    assert b"mine" not in data
    assert '"project": "learning-progress-demo"' in run.job["wandb_ipc.json"]


@pytest.mark.skipif(not hasattr(__import__("os"), "pidfd_open"), reason="waits for a process by its descriptor")
def test_start_leaves_the_training_to_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    # a blocked import is how an environment without wandb looks
    (tmp_path / "wandb.py").write_text("raise ImportError('not here')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    started = launch.start("out dir's", seed=2, speed=1000.0, total_steps=10 * 768)
    assert started.run_dir == str(tmp_path / "out dir's" / "train_dir" / "demo.arena.s2")
    assert Path(started.run_dir).is_dir()
    handle = os.pidfd_open(started.pid)
    ended, _, _ = select.select([handle], [], [], 120)
    os.close(handle)
    assert ended
    console = (tmp_path / "out dir's" / "console.log").read_text()
    assert "Training complete!" in console
    assert console.count("wandb is not installed") == 1
    again = launch.run_foreground("out dir's", seed=2, speed=1000.0, fail="crash", total_steps=10 * 768)
    assert again == 1
    assert (tmp_path / "out dir's" / "train_dir" / "demo.crash.s2").is_dir()
