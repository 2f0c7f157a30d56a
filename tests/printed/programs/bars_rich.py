"""Rich's bars: python bars_rich.py track|columns|tasks|unknown|messages|crash."""

from __future__ import annotations

import logging
import os
import sys
import time

import torch
from rich.console import Console
from rich.logging import RichHandler
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    track,
)

torch.manual_seed(0)
torch.set_num_threads(1)
MODEL = torch.nn.Linear(8, 1)
OPTIMIZER = torch.optim.SGD(MODEL.parameters(), lr=0.05)
PAUSE = float(os.environ.get("PAUSE", "0.02"))


def step() -> float:
    """One real step; its loss."""
    x = torch.randn(32, 8)
    loss = (MODEL(x).squeeze(1) - x.sum(1)).square().mean()
    OPTIMIZER.zero_grad()
    loss.backward()
    OPTIMIZER.step()
    time.sleep(PAUSE)
    return loss.item()


def track_() -> None:
    """The short form: a share and the time that is left."""
    for _ in track(range(60), description="Training"):
        step()


def columns() -> None:
    """Counts and numbers, no rate."""
    parts = (
        TextColumn("[bold]{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TimeRemainingColumn(), TextColumn("loss {task.fields[loss]:.4f}"),
    )  # fmt: skip
    with Progress(*parts, refresh_per_second=8) as progress:
        task = progress.add_task("Training", total=120, loss=float("nan"))
        for _ in range(120):
            progress.update(task, advance=1, loss=step())


def tasks() -> None:
    """Epochs, steps and a validation, each a row."""
    parts = (SpinnerColumn(), *Progress.get_default_columns(), MofNCompleteColumn())
    with Progress(*parts, refresh_per_second=8) as progress:
        epochs = progress.add_task("[green]Epochs", total=3)
        for epoch in range(3):
            train = progress.add_task(f"[cyan]Epoch {epoch} train", total=40)
            for _ in range(40):
                step()
                progress.update(train, advance=1)
            valid = progress.add_task("[magenta]Validation", total=10)
            for _ in range(10):
                time.sleep(PAUSE)
                progress.update(valid, advance=1)
            progress.remove_task(valid)
            progress.remove_task(train)
            progress.update(epochs, advance=1)


def unknown() -> None:
    """A task without a total."""
    with Progress(*Progress.get_default_columns(), MofNCompleteColumn(), refresh_per_second=8) as progress:
        task = progress.add_task("Streaming", total=None)
        for _ in range(40):
            step()
            progress.update(task, advance=1)


def messages() -> None:
    """Prints and log lines above a bar."""
    console = Console()
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[RichHandler(console=console)])
    with Progress(*Progress.get_default_columns(), MofNCompleteColumn(), console=console) as progress:
        task = progress.add_task("Training", total=60)
        for n in range(60):
            loss = step()
            progress.update(task, advance=1)
            if n == 20:
                print("saved checkpoint at step 20")
            if n == 30:
                logging.warning("gradient norm 12.5 was clipped to 1.0")
            if n == 40:
                console.print(f"[red]step 40[/] loss={loss:.3f}")


def crash() -> None:
    """An exception in the middle of a bar, as Rich draws it."""
    from rich.traceback import install

    install(show_locals=False)
    with Progress() as progress:
        task = progress.add_task("Training", total=60)
        for n in range(60):
            step()
            progress.update(task, advance=1)
            if n == 33:
                MODEL(torch.randn(4, 9))


if __name__ == "__main__":
    {**globals(), "track": track_}[sys.argv[1]]()
