"""What a demo training is told, and where it writes."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FAILURES: tuple[str, ...] = (
    "nan",
    "crash",
    "stall",
    "corrupt-checkpoint",
    "starved",
    "restart-loop",
    "host-oom",
    "cuda-oom",
)

STEPS_PER_EPOCH = 768
DEFAULT_STEPS = 360 * STEPS_PER_EPOCH
# 360 epochs at speed 1 take six minutes
EPOCH_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Options:
    """One training. `speed` divides the pauses; `fail_at` is the epoch at which it begins to fail."""

    run: str
    out: str
    seed: int = 0
    speed: float = 1.0
    fail: str | None = None
    fail_at: int | None = None
    total_steps: int = DEFAULT_STEPS
    wandb: bool = True
    torch: bool = True

    @property
    def total_epochs(self) -> int:
        """Whole epochs that reach `total_steps`, at least 10."""
        return max(10, -(-self.total_steps // STEPS_PER_EPOCH))

    @property
    def checkpoint_interval(self) -> int:
        """Epochs between checkpoints."""
        return max(4, self.total_epochs // 12)

    @property
    def trouble_epoch(self) -> int:
        """The epoch at which a failing run begins to fail: a third in, or as told."""
        return self.fail_at if self.fail_at is not None else max(2, int(self.total_epochs * 0.35))


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of a Metta run of August 2025 below `out`."""

    out: str
    run: str

    @property
    def data_dir(self) -> str:
        """All runs' folder."""
        return os.path.join(self.out, "train_dir")

    @property
    def run_dir(self) -> str:
        """This run's folder."""
        return os.path.join(self.data_dir, self.run)

    @property
    def checkpoint_dir(self) -> str:
        """Policies; the trainer state lies in `run_dir`."""
        return os.path.join(self.run_dir, "checkpoints")

    @property
    def log(self) -> str:
        """The trainer's own log."""
        return os.path.join(self.run_dir, "logs", "script.log")

    @property
    def job_dir(self) -> str:
        """What the job's wrapper keeps beside the run."""
        return os.path.join(self.data_dir, ".job_metadata", self.run)

    @property
    def console(self) -> str:
        """Standard output and error of a detached training."""
        return os.path.join(self.out, "console.log")

    def make_folders(self) -> None:
        """Create the run's folders. OSError if the disk refuses."""
        for folder in (self.checkpoint_dir, os.path.dirname(self.log), self.job_dir):
            Path(folder).mkdir(parents=True, exist_ok=True)


def parse_options(argv: Sequence[str] | None = None) -> Options:
    """Options from a command line; exits with code 2 and a usage line on a bad one."""
    parser = argparse.ArgumentParser(prog="python -m lptui.demo.training", description=__doc__)
    parser.add_argument("--run", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--fail", choices=FAILURES)
    parser.add_argument("--fail-at", type=int, metavar="EPOCH")
    parser.add_argument("--total-steps", type=int, default=DEFAULT_STEPS)
    parser.add_argument("--no-wandb", dest="wandb", action="store_false")
    parser.add_argument("--no-torch", dest="torch", action="store_false")
    known = parser.parse_args(argv)
    if not known.speed > 0:
        parser.error("--speed must be above 0")
    return Options(**vars(known))


def to_arguments(options: Options) -> list[str]:
    """The command line that `parse_options` turns back into `options`."""
    words = ["--run", options.run, "--out", options.out, "--seed", str(options.seed)]
    words += ["--speed", str(options.speed), "--total-steps", str(options.total_steps)]
    if options.fail:
        words += ["--fail", options.fail]
    if options.fail_at is not None:
        words += ["--fail-at", str(options.fail_at)]
    words += [] if options.wandb else ["--no-wandb"]
    return words + ([] if options.torch else ["--no-torch"])
