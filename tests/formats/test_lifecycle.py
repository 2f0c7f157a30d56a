from __future__ import annotations

import re

import pytest

from lptui.formats.lifecycle import GATE, Lifecycle, read_lifecycle
from lptui.formats.progress import scan

LINES = [
    (b"Train job config: ", "started", "Train job config"),
    (b"Training me.run on 0: 0 (cuda)", "started", "Training"),
    (b"run_dir = /data/train_dir/me.run", "started", "run_dir"),
    (b"Trainer config after overrides:", "started", "Trainer config after overrides"),
    (b"Training environment: VectorizedTrainingEnvironment(num_envs=4)", "started", "Training environment"),
    (b"Restoring from checkpoint at 524288 steps", "resumed", 524288),
    (b"Restored from checkpoint at 524288 steps", "resumed", 524288),
    (b"Restoring trainer state from epoch=7 agent_step=3670016", "resumed", 3670016),
    (b"Loaded policy from file:///x/me:v7", "resumed", None),
    (b"[TrainerCheckpoint] No trainer state found at /x. Assuming a new run!", "from_scratch", None),
    (b"Creating new policy for training run", "from_scratch", None),
    (b"Successfully saved policy at epoch 50", "saved", 50),
    (b"Saved training state at epoch 50", "saved", 50),
    (b"Saving checkpoint at epoch 50", "saved", 50),
    (b"[TrainerCheckpoint] Saved trainer state to /x/trainer_state.pt", "saved", None),
    (b"Logged checkpoint URI to wandb: file:///x/me.run:v120", "saved", 120),
    (b"Logged checkpoint URI to wandb: s3://x", "saved", None),
    (b"Simulating policy: me:v3", "evaluating", "me:v3"),
    (b"Evaluating policy locally from file:///x", "evaluating", "file:///x"),
    (b"navigation score: 0.375", "evaluated", "navigation score: 0.375"),
    (b"Simulation complete", "evaluated", None),
    (b"Training complete!", "completed", None),
    (b"[SUCCESS] Training completed successfully", "completed", None),
    (b"[ERROR] Training failed with exit code 137", "failed", 137),
    (b"Training failed with exception: boom", "failed", "boom"),
    (b"Training interrupted by user", "interrupted", None),
    (b"[SHUTDOWN] Caught INT/TERM/HUP; initiating graceful shutdown...", "interrupted", "INT/TERM/HUP"),
    (b"[INFO] Cluster stop flag detected (max_runtime_reached)", "interrupted", "max_runtime_reached"),
    (b"[SUMMARY] Exit code: 0", "exit_code", 0),
    (b"[SUMMARY] Exit code: -9", "exit_code", -9),
    (b"[INFO] Termination reason: heartbeat_timeout", "termination_reason", "heartbeat_timeout"),
    (b"[SUMMARY] Termination reason: exit_code_1", "termination_reason", "exit_code_1"),
    (b"  RESTART_COUNT: 2", "restart_count", 2),
    (b"[SUMMARY] Restart Count: 3", "restart_count", 3),
    (b"No heartbeat detected for 600.0 seconds. Terminating job", "heartbeat_timeout", 600.0),
    (b"[ERROR] Heartbeat timeout! No heartbeat for 312 seconds", "heartbeat_timeout", 312),
    (b"[ERROR] Heartbeat file never appeared in 300 seconds", "heartbeat_timeout", 300),
    (b"Curriculum Task: /env/mettagrid/arena/basic", "curriculum_task", "/env/mettagrid/arena/basic"),
]
PREFIXES = [
    (b"", b""),
    (b"[06:32:26.766554] INFO     ", b"        trainer.py:390"),
    (b"[06:32:27.132] INFO     ", b" [trainer.py:390]"),
    (b"[06:32:27.258] [1-1]  INFO     ", b" [progress_logger.py:153]"),
    (b"06:32:27 [INFO] trainer-0-0: ", b""),
]


@pytest.mark.parametrize(("before", "after"), PREFIXES)
@pytest.mark.parametrize(("message", "kind", "value"), LINES)
def test_lines_of_a_life(message: bytes, kind: str, value: object, before: bytes, after: bytes) -> None:
    block = b"nothing\n" + before + message + after + b"\nnothing\n"
    assert [(fact.offset, fact.fact) for fact in scan(block)] == [(8, Lifecycle(kind, value))]  # pyright: ignore


@pytest.mark.parametrize("message", [line[0] for line in LINES])
def test_the_gate_lets_every_line_through(message: bytes) -> None:
    assert re.search(b"|".join(GATE), message)


@pytest.mark.parametrize(
    "line",
    [
        b"I said: Training complete!",
        b"the run_dir = x",
        b"Training is fun on Mondays",
        b"Restoring from checkpoint at some steps",
        b"[SUMMARY] Exit code: none",
        b"my score: high",
    ],
)
def test_near_misses(line: bytes) -> None:
    assert read_lifecycle(line) is None


def test_text_is_bounded() -> None:
    found = read_lifecycle(b"Curriculum Task: " + b"x" * 10_000)
    assert found is not None
    assert isinstance(found.value, str)
    assert len(found.value) == 200
