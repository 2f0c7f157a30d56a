"""Trainings that are begun anew: python restarting.py elastic|accelerate|lightning|ray.

A launcher starts `elastic`, whose first attempts fail, and `accelerate`. `lightning` goes on from a checkpoint. `ray`
lets a worker die once.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import time
from pathlib import Path


def elastic() -> None:
    """Rank 1 fails in the first two attempts."""
    rank, attempt = os.environ["RANK"], int(os.environ["TORCHELASTIC_RESTART_COUNT"])
    print(f"rank {rank} of {os.environ['WORLD_SIZE']} trains, attempt {attempt}", flush=True)
    time.sleep(0.2)
    if rank == "1" and attempt < 2:
        raise RuntimeError("no data")
    time.sleep(1.0)
    print(f"rank {rank} has trained", flush=True)


def accelerate() -> None:
    """Started by accelerate."""
    from accelerate import Accelerator

    helper = Accelerator(cpu=True)
    print(f"rank {helper.process_index} of {helper.num_processes} trains", flush=True)


def lightning() -> None:
    """Two steps, then two more from the checkpoint of the first."""
    import torch
    from lightning.pytorch import LightningModule, Trainer
    from torch.utils.data import DataLoader, TensorDataset

    class Model(LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(4, 1)

        def training_step(self, batch: list[torch.Tensor]) -> torch.Tensor:
            return self.layer(batch[0]).mean()

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.SGD(self.parameters(), 0.1)

    data = DataLoader(TensorDataset(torch.zeros(8, 4)), 4)
    folder = Path(tempfile.mkdtemp())
    for epochs, known in ((1, None), (2, folder / "last.ckpt")):
        trainer = Trainer(
            max_epochs=epochs, accelerator="cpu", default_root_dir=folder, logger=False, enable_checkpointing=False,
            enable_progress_bar=False,
        )  # fmt: skip
        trainer.fit(Model(), data, ckpt_path=known)
        trainer.save_checkpoint(folder / "last.ckpt")


def ray() -> None:
    """One worker dies in the first attempt; Ray starts the group again."""
    import ray
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer

    marker = Path(tempfile.mkdtemp()) / "died"

    def train() -> None:
        print("the worker trains", flush=True)
        if not marker.exists():
            marker.touch()
            raise RuntimeError("no data")

    ray.init(num_cpus=2, include_dashboard=False, logging_level=logging.WARNING)
    run = RunConfig(failure_config=FailureConfig(max_failures=1), storage_path=tempfile.mkdtemp(), name="run")
    TorchTrainer(train, scaling_config=ScalingConfig(num_workers=1), run_config=run).fit()


if __name__ == "__main__":
    {"elastic": elastic, "accelerate": accelerate, "lightning": lightning, "ray": ray}[sys.argv[1]]()
