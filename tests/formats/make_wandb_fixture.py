"""Write tests/formats/data/*.wandb with the real W&B SDK, offline. Run it by hand when the SDK's format changes.

    python tests/formats/make_wandb_fixture.py

`sdk.wandb`: default encoding, several 32 KiB blocks, console output, config, an alert, exit code 3. `typed.wandb`:
numbers as typed protobuf fields. Values depend on the step alone; paths and host names are neutral ones.
"""

from __future__ import annotations

import math
import os
import shutil
import tempfile
from pathlib import Path

import wandb

DATA = Path(__file__).parent / "data"
NEUTRAL = {"host": "trainer", "program": "train.py", "x_executable": "/usr/bin/python3", "x_disable_stats": False}


def row(step: int) -> dict[str, object]:
    """What step `step` logs."""
    values: dict[str, object] = {f"env_curriculum_task_probs/task_{task}": (task + step) / 1000 for task in range(30)}
    values |= {
        "losses/value_loss": math.nan if step == 7 else 1 / (step + 1),
        "losses/policy_loss": math.inf if step == 8 else -math.inf if step == 9 else -0.25,
        "overview": {"reward": float(step), "deep": {"er": step * 2}},
        "agent_steps": step * 524288,
        "note": "text is no number",
        "done": step == 44,
    }
    if step == 5:
        values["histogram"] = wandb.Histogram([1.0, 2.0, 3.0])
    return values


def write(name: str, steps: int, **settings: object) -> None:
    """One run of `steps` steps as data/`name`.wandb."""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        run = wandb.init(
            mode="offline",
            project="demo-project",
            entity="demo-entity",
            id="fixture1",
            name="fixture run",
            group="g",
            job_type="train",
            tags=["one", "two"],
            config={"lr": 1e-3, "net": {"hidden": 128}, "name": "x"},
            dir=folder,
            settings=wandb.Settings(console="wrap", **NEUTRAL, **settings),
        )
        print("hello from the run")
        for step in range(steps):
            run.log(row(step))
        run.config.update({"late": [1, 2]})
        run.alert("Loss is high", "above 3", level="WARN")
        run.finish(exit_code=3)
        wandb.teardown()  # the last block is on disk only when the SDK's service has ended
        (written,) = Path(folder).glob("wandb/offline-run-*/*.wandb")
        content = written.read_bytes()
        stray = [word for word in (folder, os.uname().nodename) if len(word) > 3 and word.encode() in content]
        DATA.mkdir(exist_ok=True)
        shutil.copy(written, DATA / f"{name}.wandb")
        os.chdir("/")
    print(name, len(content), "bytes", "mentions", stray)


if __name__ == "__main__":
    write("sdk", 45, x_disable_meta=True)
    write("typed", 10, x_disable_meta=True, x_history_value_encoding="typed,json")
