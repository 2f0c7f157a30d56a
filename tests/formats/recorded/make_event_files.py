"""Writes the TensorBoard event files beside it with the real writers.

    python3 -m venv VENV && VENV/bin/pip install torch==2.13.0 tensorboard tensorboardX
    VENV/bin/python tests/formats/recorded/make_event_files.py torch tensorboardx
    python3 -m venv VENV2 && VENV2/bin/pip install tensorflow-cpu
    VENV2/bin/python tests/formats/recorded/make_event_files.py tf2

torch/        PyTorch's SummaryWriter: scalars old and new style, in double precision, histogram, text, image, a pair of
              curves in folders of their own, hyperparameters (a folder of its own), then a restart with purge_step
tensorboardx/ tensorboardX
tf2/          TF2's own writer, which Keras uses too: tensors with the `scalars` plugin, train/ and validation/
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent / "events"


def write_torch() -> None:
    from torch.utils.tensorboard import SummaryWriter

    folder = HERE / "torch"
    with SummaryWriter(str(folder)) as writer:
        for step in range(20):
            writer.add_scalar("train/loss", 1 / (step + 1), step * 10)
            writer.add_scalar("train/reward", float("nan") if step == 7 else step * 0.5, step * 10, new_style=True)
        writer.add_scalar("late/double", 0.1, 190, new_style=True, double_precision=True)
        writer.add_scalar("odd/negative step", -3.5, -1)
        writer.add_histogram("weights", np.arange(20.0), 190)
        writer.add_text("note", "no number", 190)
        writer.add_image("picture", np.zeros((3, 2, 2)), 190)
        writer.add_scalars("compare", {"a": 1.0, "b": 2.0}, 190)
        writer.add_hparams({"lr": 0.1}, {"hparam/accuracy": 0.75}, run_name="trial")
    with SummaryWriter(str(folder), purge_step=150) as writer:
        for step in range(15, 25):
            writer.add_scalar("train/loss", 2 / (step + 1), step * 10)


def write_tensorboardx() -> None:
    from tensorboardX import SummaryWriter

    with SummaryWriter(str(HERE / "tensorboardx")) as writer:
        for step in range(10):
            writer.add_scalar("train/loss", 1 / (step + 1), step * 100)
            writer.add_scalar("eval/return", step, step * 100)


def write_tf2() -> None:
    import tensorflow as tf

    for split, base in (("train", 0.0), ("validation", 100.0)):
        with tf.summary.create_file_writer(str(HERE / "tf2" / split)).as_default():
            for epoch in range(5):
                tf.summary.scalar("epoch_loss", base + epoch, step=epoch)
            if split == "train":
                tf.summary.scalar("half", tf.constant(0.5, tf.float16), step=4)
                tf.summary.scalar("double", tf.constant(0.1, tf.float64), step=4)
                tf.summary.scalar("count", tf.constant(7, tf.int64), step=4)
                tf.summary.histogram("weights", [1.0, 2.0], step=4)
                tf.summary.text("note", "no number", step=4)


WRITERS = {"torch": write_torch, "tensorboardx": write_tensorboardx, "tf2": write_tf2}

if __name__ == "__main__":
    for name in sys.argv[1:] or WRITERS:
        shutil.rmtree(HERE / name, ignore_errors=True)
        WRITERS[name]()
