"""Record the small runs that lie beside this file, by letting the demo train for real: python tests/runs/record.py.

Each becomes a run directory of its own (W&B files inside it), with the mtimes that judge it written to `times.json`:
a checkout does not keep them, and "how long ago" is part of what a run says.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
STEPS = 56 * 768
KINDS = {
    "healthy": None,
    "nan": "nan",
    "crash": "crash",
    "cuda-oom": "cuda-oom",
    "host-oom": "host-oom",
    "starved": "starved",
    "corrupt-checkpoint": "corrupt-checkpoint",
    "restarted": "restart-loop",
}


def record(name: str, fail: str | None) -> None:
    """One run, as fast as it goes."""
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "lptui.demo.training", "--run", name, "--out", out, "--speed", "1000"]
        command += ["--total-steps", str(STEPS), "--no-torch", *(["--fail", fail] if fail else [])]
        subprocess.run(command, check=False, capture_output=True)
        target = HERE / name
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(Path(out) / "train_dir" / name, target)
        for found in Path(out).glob("wandb/*-run-*/*.wandb"):
            folder = target / "wandb" / found.parent.name
            folder.mkdir(parents=True)
            shutil.copy2(found, folder)
        for found in (Path(out) / "train_dir" / ".job_metadata" / name).glob("*"):
            shutil.copy2(found, target / found.name) if found.name == "termination_reason" else None
        times = {str(p.relative_to(target)): p.stat().st_mtime for p in sorted(target.rglob("*")) if p.is_file()}
        (target / "times.json").write_text(json.dumps(times, indent=1) + "\n")


def restore_times(run: Path) -> None:
    """Give a copy of a recorded run the mtimes that it was recorded with."""
    for name, at in json.loads((run / "times.json").read_text()).items():
        os.utime(run / name, (at, at))


if __name__ == "__main__":
    for run_name, kind in KINDS.items():
        record(run_name, kind)
