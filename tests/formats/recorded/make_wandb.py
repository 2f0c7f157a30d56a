"""Writes wandb/VERSION.wandb beside it with whatever W&B SDK runs this, offline. One environment for each version:

for v in 0.17.9 0.20.1 0.25.1 0.31.0; do
    python3 -m venv VENV-$v && VENV-$v/bin/pip install wandb==$v "numpy<2" "setuptools<81"
    VENV-$v/bin/python tests/formats/recorded/make_wandb.py
done
"""

from __future__ import annotations

import math
import os
import shutil
import sys
import tempfile
from pathlib import Path

import wandb

HERE = Path(__file__).parent / "wandb"


def main() -> None:
    """Six steps of nested names, NaN and infinities; a summary of its own, changed settings, an alert, the console."""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.environ.update(WANDB_MODE="offline", WANDB_DIR=folder, WANDB_SILENT="true", WANDB_DISABLE_GIT="true")
        names = {"host": "trainer", "program": "train.py"}
        neutral = {
            "x_executable": "/usr/bin/python3",
            "x_disable_meta": True,
        }  # paths of this machine are no one's business
        if not hasattr(wandb.Settings(), "x_disable_meta"):
            neutral = {"_executable": "/usr/bin/python3", "_disable_meta": True}
        settings = wandb.Settings(console="wrap", **names, **neutral)
        run = wandb.init(
            project="demo", entity="team", id="fixture", name="a run", config={"lr": 0.1, "net": {"width": 8}},
            settings=settings,
        )  # fmt: skip
        run.define_metric("train/score", summary="max")
        print("first line")
        sys.stdout.write("a line ")
        sys.stdout.write("in pieces\n")
        for step in range(6):
            loss = {2: math.nan, 3: math.inf, 4: -math.inf}.get(step, 1 / (step + 1))
            run.log({"train": {"loss": loss, "deep": {"er": step}}, "train/score": step * 2.5, "text": "no number"})
            if step == 3:
                run.config.update({"lr": 0.01}, allow_val_change=True)
                run.summary["best"] = {"accuracy": 0.75}
                run.summary["params"] = 1234
                run.alert("Loss is infinite", "at step 3", level=wandb.AlertLevel.ERROR)
        print(
            "Traceback (most recent call last):\n  File \"train.py\", line 3, in <module>\nKeyError: 'lr'",
            file=sys.stderr,
        )
        run.finish(exit_code=1)
        if hasattr(wandb, "teardown"):
            wandb.teardown()
        (written,) = Path(folder).glob("wandb/offline-run-*/*.wandb")
        HERE.mkdir(exist_ok=True)
        shutil.copy(written, HERE / f"{wandb.__version__}.wandb")
        names = sorted(str(p.relative_to(written.parent)) for p in written.parent.rglob("*") if p.is_file())
        content = written.read_bytes()
        stray = [word for word in (folder, sys.prefix) if word.encode() in content]
        print(wandb.__version__, written.stat().st_size, "bytes", names, "mentions", stray)
        os.chdir("/")


if __name__ == "__main__":
    main()
