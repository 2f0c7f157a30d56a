"""The classifier under Lightning."""

import argparse

import lightning
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Classifier(lightning.LightningModule):
    """One hidden layer."""

    def __init__(self, hidden, lr):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(20, hidden), nn.ReLU(), nn.Linear(hidden, 4))
        self.lr = lr

    def training_step(self, batch, index):
        x, y = batch
        loss = nn.functional.mse_loss(self.net(x), nn.functional.one_hot(y, 4).float())
        self.log("loss", loss, prog_bar=True)
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.lr)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--hidden", type=int, default=16)
    parser.add_argument("--lr", type=float, default=0.05)
    parser.add_argument("--accelerator", default="cpu")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--resume", default=None)
    parser.add_argument("--out", default="")
    args = parser.parse_args()
    lightning.seed_everything(0)
    x = torch.randn(512, 20)
    data = DataLoader(TensorDataset(x, x[:, :4].argmax(1)), batch_size=32)
    trainer = lightning.Trainer(
        max_epochs=args.epochs,
        accelerator=args.accelerator,
        devices=1,
        logger=False,
        log_every_n_steps=4,
        enable_checkpointing=bool(args.out),
        default_root_dir=args.out or None,
        detect_anomaly=False,
    )
    trainer.fit(Classifier(args.hidden, args.lr), data, ckpt_path=args.resume)


if __name__ == "__main__":
    main()
