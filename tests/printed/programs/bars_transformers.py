"""The Trainer of transformers with its bars: python bars_transformers.py [crash]."""

from __future__ import annotations

import sys
import time

import torch
from transformers import PretrainedConfig, PreTrainedModel, Trainer, TrainingArguments

torch.set_num_threads(1)


class Line(PreTrainedModel):
    """A line that is fitted."""

    config_class = PretrainedConfig

    def __init__(self, config):
        super().__init__(config)
        self.layer = torch.nn.Linear(8, 1)
        self.post_init()
        self.calls = 0

    def forward(self, x, labels=None):
        self.calls += 1
        time.sleep(0.01)
        if "crash" in sys.argv and self.calls == 50:
            x = x[:, :7]
        y = self.layer(x).squeeze(1)
        return {"loss": (y - labels).square().mean(), "logits": y}


def rows(count: int) -> list[dict[str, torch.Tensor]]:
    """A data set that the line fits."""
    x = torch.randn(count, 8)
    return [{"x": row, "labels": row.sum()} for row in x]


def main() -> None:
    """Two epochs of forty steps, an evaluation after each."""
    torch.manual_seed(0)
    arguments = TrainingArguments(
        output_dir="out", num_train_epochs=2, per_device_train_batch_size=16, per_device_eval_batch_size=16,
        eval_strategy="epoch", logging_steps=10, save_strategy="no", report_to=[], use_cpu=True, learning_rate=0.05,
    )  # fmt: skip
    Trainer(Line(PretrainedConfig()), arguments, train_dataset=rows(640), eval_dataset=rows(320)).train()


main()
