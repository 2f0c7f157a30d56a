"""tqdm as trainings use it: python bars_tqdm.py nested|unknown|messages|crash|ascii|units|positions|rank."""

from __future__ import annotations

import logging
import os
import sys
import time

import torch
from tqdm.auto import tqdm, trange

torch.manual_seed(0)
torch.set_num_threads(1)
MODEL = torch.nn.Linear(8, 1)
OPTIMIZER = torch.optim.SGD(MODEL.parameters(), lr=0.05)
PAUSE = float(os.environ.get("PAUSE", "0.01"))
INTERVAL = float(os.environ.get("INTERVAL", "0.1"))


def step() -> float:
    """One real step; its loss."""
    x = torch.randn(32, 8)
    loss = (MODEL(x).squeeze(1) - x.sum(1)).square().mean()
    OPTIMIZER.zero_grad()
    loss.backward()
    OPTIMIZER.step()
    time.sleep(PAUSE)
    return loss.item()


def nested() -> None:
    """Epochs outside, steps inside with a postfix, a validation that leaves nothing."""
    for epoch in trange(3, desc="Epochs", mininterval=INTERVAL):
        bar = tqdm(range(40), desc=f"Train epoch {epoch}", leave=False, mininterval=INTERVAL)
        for _ in bar:
            bar.set_postfix(loss=step(), lr=OPTIMIZER.param_groups[0]["lr"])
        for _ in tqdm(range(10), desc="Validating", leave=False, mininterval=INTERVAL):
            time.sleep(PAUSE)


def unknown() -> None:
    """A loader without a length."""

    def batches():
        yield from range(60)

    with tqdm(batches(), desc="Training", mininterval=INTERVAL) as bar:
        for _ in bar:
            bar.set_postfix({"loss": f"{step():.3f}"})


def messages() -> None:
    """What other code prints while a bar is drawn."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s - %(levelname)s - %(message)s")
    for n in (bar := tqdm(range(60), desc="Training", mininterval=INTERVAL)):
        bar.set_postfix(loss=step())
        if n == 20:
            print("saved checkpoint at step 20", flush=True)
        if n == 30:
            logging.warning("gradient norm 12.5 was clipped to 1.0")
        if n == 40:
            tqdm.write("validation loss 0.731 after 40 steps")


def crash() -> None:
    """An exception in the middle of a bar."""
    for n in (bar := tqdm(range(60), desc="Training", mininterval=INTERVAL)):
        bar.set_postfix(loss=step())
        if n == 33:
            MODEL(torch.randn(4, 9))


def ascii_() -> None:
    """A bar of ASCII in 80 columns, then one far wider."""
    for _ in (bar := tqdm(range(40), desc="pretrain", ascii=True, ncols=80, mininterval=INTERVAL)):
        bar.set_postfix_str(f"loss={step():.2e}")
    for _ in (bar := tqdm(range(40), desc="finetune", ascii=" .oO0", ncols=240, mininterval=INTERVAL)):
        bar.set_postfix(loss=step(), acc=0.5, gpu="1.2GB")


def units() -> None:
    """Samples counted by thousands, slow steps, and a download beside."""
    bar = tqdm(total=2_000_000, desc="agent steps", unit="step", unit_scale=True, mininterval=INTERVAL)
    for _ in range(40):
        bar.set_postfix(reward=-step())
        bar.update(50_000)
    bar.close()
    with tqdm(total=5_000_000, unit="B", unit_scale=True, desc="model.safetensors", mininterval=INTERVAL) as bar:
        for _ in range(20):
            time.sleep(PAUSE)
            bar.update(250_000)
    for _ in (bar := tqdm(range(4), desc="Epoch", mininterval=INTERVAL)):
        time.sleep(1.1)
        bar.set_postfix(loss=step())


def positions() -> None:
    """Two bars at their own rows, as two streams of a training draw them."""
    outer = tqdm(total=40, desc="train", position=0, mininterval=INTERVAL)
    inner = tqdm(total=40, desc="queue", position=1, mininterval=INTERVAL)
    for _ in range(40):
        outer.set_postfix(loss=step())
        outer.update()
        inner.update()
    inner.close()
    outer.close()


def rank() -> None:
    """What each of several processes draws into one file."""
    number = int(os.environ.get("RANK", "0"))
    for _ in (bar := tqdm(range(30), desc=f"rank {number}", position=number, mininterval=INTERVAL)):
        bar.set_postfix(loss=step())


if __name__ == "__main__":
    {**globals(), "ascii": ascii_}[sys.argv[1]]()
