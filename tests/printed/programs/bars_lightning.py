"""Lightning's bars: python bars_lightning.py tqdm|rich|crash|steps."""

from __future__ import annotations

import sys
import time

import lightning as pl
import torch
from lightning.pytorch.callbacks import RichProgressBar, TQDMProgressBar
from torch.utils.data import DataLoader, TensorDataset

torch.set_num_threads(1)


class Module(pl.LightningModule):
    """A line that is fitted."""

    def __init__(self, crash: bool) -> None:
        super().__init__()
        self.crash = crash
        self.layer = torch.nn.Linear(8, 1)

    def training_step(self, batch, index):
        x = batch[0]
        if self.crash and self.global_step == 45:
            x = x[:, :7]
        loss = (self.layer(x).squeeze(1) - batch[0].sum(1)).square().mean()
        self.log("train_loss", loss, prog_bar=True)
        time.sleep(0.01)
        return loss

    def validation_step(self, batch, index):
        self.log("val_loss", (self.layer(batch[0]).squeeze(1) - batch[0].sum(1)).square().mean(), prog_bar=True)
        time.sleep(0.01)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.05)


def main() -> None:
    """Three epochs of thirty steps with a validation after each."""
    mode = sys.argv[1]
    pl.seed_everything(0)
    data = DataLoader(TensorDataset(torch.randn(960, 8)), batch_size=32)
    valid = DataLoader(TensorDataset(torch.randn(320, 8)), batch_size=32)
    bar = RichProgressBar() if mode == "rich" else TQDMProgressBar(refresh_rate=3)
    limits = {"max_steps": 80} if mode == "steps" else {"max_epochs": 3}
    trainer = pl.Trainer(
        accelerator="cpu", logger=False, enable_checkpointing=False, callbacks=[bar], log_every_n_steps=10, **limits
    )
    trainer.fit(Module(mode == "crash"), data, valid)


main()
