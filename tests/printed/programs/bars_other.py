"""Bars of libraries that fewer trainings use: python bars_other.py alive|progressbar2|click|fastprogress|ignite."""

from __future__ import annotations

import logging
import sys
import time

import torch

torch.manual_seed(0)
torch.set_num_threads(1)
MODEL = torch.nn.Linear(8, 1)
OPTIMIZER = torch.optim.SGD(MODEL.parameters(), lr=0.05)


def step() -> float:
    """One real step; its loss."""
    x = torch.randn(32, 8)
    loss = (MODEL(x).squeeze(1) - x.sum(1)).square().mean()
    OPTIMIZER.zero_grad()
    loss.backward()
    OPTIMIZER.step()
    time.sleep(0.02)
    return loss.item()


def alive() -> None:
    """alive-progress, which prints what comes between above the bar."""
    from alive_progress import alive_bar

    with alive_bar(80, title="Training", force_tty=True) as bar:
        for n in range(80):
            bar.text(f"loss={step():.3f}")
            bar()
            if n == 40:
                print("saved checkpoint at step 40")


def progressbar2() -> None:
    """progressbar2 with a number of its own."""
    import progressbar

    logging.basicConfig(level=logging.INFO)
    parts = [
        "Training ", progressbar.Percentage(), " (", progressbar.SimpleProgress(), ") ", progressbar.Bar(), " ",
        progressbar.Timer(), " ", progressbar.ETA(), " ", progressbar.DynamicMessage("loss"),
    ]  # fmt: skip
    with progressbar.ProgressBar(max_value=80, widgets=parts, redirect_stdout=False) as bar:
        for n in range(80):
            bar.update(n + 1, loss=step())
            if n == 40:
                print("saved checkpoint at step 40", flush=True)


def click() -> None:
    """click's bar."""
    import click

    with click.progressbar(range(80), label="Training", show_pos=True) as bar:
        for _ in bar:
            step()


def fastprogress() -> None:
    """fastai's bars, one in the other."""
    from fastprogress.fastprogress import master_bar, progress_bar

    outer = master_bar(range(3))
    for epoch in outer:
        for _ in progress_bar(range(40), parent=outer):
            outer.child.comment = f"loss: {step():.3f}"
        outer.write(f"epoch {epoch} train_loss 0.5 valid_loss 0.6")


def ignite() -> None:
    """Ignite's bar over tqdm."""
    from ignite.contrib.handlers import ProgressBar
    from ignite.engine import Engine

    trainer = Engine(lambda engine, batch: {"loss": step()})
    ProgressBar(persist=True).attach(trainer, output_transform=lambda out: out)
    trainer.run(range(40), max_epochs=3)


globals()[sys.argv[1]]()
