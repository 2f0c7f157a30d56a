"""Writes the CSV and JSON metrics files beside it, each with the real logger of its framework.

    python3 -m venv VENV && VENV/bin/pip install torch==2.13.0 lightning stable-baselines3 transformers accelerate \
        keras timm "ray[tune]" ultralytics
    VENV/bin/python tests/formats/recorded/make_metric_files.py [NAME...]
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from argparse import Namespace
from collections import OrderedDict
from pathlib import Path
from time import time
from types import MappingProxyType

HERE = Path(__file__).parent / "tables"
os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")


def make_lightning(folder: Path) -> None:
    """Sparse rows; the column of validation comes late, for which the file is written anew."""
    from lightning.pytorch.loggers import CSVLogger

    logger = CSVLogger(str(folder), flush_logs_every_n_steps=2)
    for step in range(8):
        logger.log_metrics({"train_loss": 1 / (step + 1), "epoch": step // 4}, step=step)
        if step % 4 == 3:
            logger.log_metrics({"val_loss": 2 / (step + 1), "epoch": step // 4}, step=step)
    logger.log_hyperparams({"lr": 0.1})
    logger.save()


def make_sb3(folder: Path) -> None:
    """PPO on CartPole with its own CSV, JSON and TensorBoard writers and a Monitor."""
    import gymnasium
    from stable_baselines3 import PPO
    from stable_baselines3.common.logger import configure
    from stable_baselines3.common.monitor import Monitor

    env = Monitor(gymnasium.make("CartPole-v1"), str(folder / "monitor.csv"))
    for name, kind in (("csv", "csv"), ("json", "json")):
        model = PPO("MlpPolicy", env, n_steps=64, batch_size=32, n_epochs=1, seed=1, device="cpu")
        model.set_logger(configure(str(folder / name), [kind]))
        model.learn(256)


def make_huggingface(folder: Path) -> None:
    """The Trainer's state, in the folder of each checkpoint and at the end in the output folder."""
    import torch
    from transformers import Trainer, TrainingArguments

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(2, 1)

        def forward(self, x: torch.Tensor, labels: torch.Tensor | None = None) -> dict[str, torch.Tensor]:
            out = self.layer(x)
            return {"loss": ((out - labels) ** 2).mean(), "logits": out}

    data = [{"x": torch.tensor([i / 8.0, 1.0]), "labels": torch.tensor([float(i)])} for i in range(8)]
    arguments = TrainingArguments(
        output_dir=str(folder), max_steps=8, logging_steps=2, save_steps=4, eval_steps=4, eval_strategy="steps",
        per_device_train_batch_size=2, report_to=[], use_cpu=True, disable_tqdm=True,
    )  # fmt: skip
    trainer = Trainer(Net(), arguments, train_dataset=data, eval_dataset=data)
    trainer.train()
    trainer.save_state()
    for path in folder.rglob("*"):
        if path.is_file() and path.name != "trainer_state.json":
            path.unlink()


def make_together(folder: Path) -> None:
    """One Trainer told three times: what it prints, TensorBoard's events, and its state. Needs tensorboard as well."""
    import contextlib

    import torch
    from transformers import Trainer, TrainingArguments

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(2, 1)

        def forward(self, x: torch.Tensor, labels: torch.Tensor | None = None) -> dict[str, torch.Tensor]:
            out = self.layer(x)
            return {"loss": ((out - labels) ** 2).mean(), "logits": out}

    torch.manual_seed(0)
    dice = torch.Generator().manual_seed(1)
    data = [
        {"x": torch.tensor([i / 8.0, 1.0]), "labels": torch.tensor([float(i)]) + torch.randn(1, generator=dice)}
        for i in range(24)
    ]
    arguments = TrainingArguments(
        output_dir=str(folder), max_steps=60, logging_steps=2, save_steps=20, eval_steps=6, eval_strategy="steps",
        per_device_train_batch_size=2, report_to=["tensorboard"], use_cpu=True, learning_rate=3e-2,
    )  # fmt: skip
    trainer = Trainer(Net(), arguments, train_dataset=data[:16], eval_dataset=data[16:])
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "train.log").open("w") as log, contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
        trainer.train()
    trainer.save_state()
    for path in folder.rglob("events.out.*"):
        path.rename(folder / "runs" / path.name)
    for path in folder.rglob("*"):
        if path.is_file() and path.parent.name.startswith("checkpoint"):
            path.unlink()


def make_keras(folder: Path) -> None:
    """CSVLogger."""
    import keras
    import numpy as np

    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    x, y = np.ones((16, 2)), np.ones((16, 1))
    logger = keras.callbacks.CSVLogger(str(folder / "training.csv"))
    model.fit(x, y, epochs=4, validation_data=(x, y), callbacks=[logger], verbose=0)


def make_timm(folder: Path) -> None:
    """The summary that timm's train.py writes after each epoch."""
    from timm.utils import update_summary

    for epoch in range(4):
        train = OrderedDict(loss=1.0 / (epoch + 1))
        evaluation = OrderedDict(loss=2.0 / (epoch + 1), top1=10.0 * epoch, top5=20.0 * epoch)
        update_summary(epoch, train, evaluation, str(folder / "summary.csv"), lr=0.1, write_header=epoch == 0)


def make_ultralytics(folder: Path) -> None:
    """results.csv as the trainer's own save_metrics writes it (no training: it needs a dataset from the network)."""
    from ultralytics.engine.trainer import BaseTrainer

    trainer = object.__new__(BaseTrainer)
    trainer.csv, trainer.train_time_start, trainer.epoch, trainer.args = folder / "results.csv", time(), 0, Namespace()
    for epoch in range(4):
        trainer.epoch = epoch
        trainer.save_metrics({"train/box_loss": 1.5 / (epoch + 1), "metrics/mAP50(B)": 0.1 * epoch, "lr/pg0": 0.01})


def make_ray(folder: Path) -> None:
    """Tune's JSON and CSV loggers of one trial, nested results as RLlib's."""
    from ray.tune.logger import CSVLoggerCallback, JsonLoggerCallback

    class Trial:
        trial_id, checkpoint = "t1", None
        logdir = local_path = str(folder)
        evaluated_params = config = MappingProxyType({"lr": 0.1})

        def init_local_path(self) -> None: ...

        def __hash__(self) -> int:
            return 1

    for callback in (JsonLoggerCallback(), CSVLoggerCallback()):
        trial = Trial()
        callback.log_trial_start(trial)
        for index in range(1, 5):
            result = {
                "env_runners": {"episode_return_mean": 20.0 * index, "num_episodes": index, "hist": [1, 2]},
                "learners": {"default_policy": {"total_loss": float("nan") if index == 3 else 1 / index}},
                "num_env_steps_sampled_lifetime": 4000 * index,
                "training_iteration": index, "timestamp": 1_700_000_000 + 10 * index, "date": "2023-11-14_22-13-30",
                "time_total_s": 9.5 * index, "done": index == 4, "hostname": "trainer", "config": {"lr": 0.1},
            }  # fmt: skip
            callback.log_trial_result(index, trial, result)
        callback.log_trial_end(trial)
    (folder / "params.pkl").unlink()


MAKERS = {name.removeprefix("make_"): made for name, made in list(globals().items()) if name.startswith("make_")}

if __name__ == "__main__":
    for name in sys.argv[1:] or MAKERS:
        with tempfile.TemporaryDirectory() as work:
            MAKERS[name](Path(work))
            shutil.rmtree(HERE / name, ignore_errors=True)
            shutil.copytree(work, HERE / name)
        print(name, sorted(str(p.relative_to(HERE)) for p in (HERE / name).rglob("*") if p.is_file()))
