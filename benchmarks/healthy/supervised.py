"""A classifier that really learns two moons, printed in one of the ways in which people print training.

    python supervised.py --style plain|logging|dict|tqdm|rich|table|keras|json --lines 50000

Needs torch and numpy (tqdm and rich for those styles). Warnings of torch and of the logging module are left in.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
import warnings

import torch
from torch import nn

Row = dict[str, float]


def make_batch(rng: torch.Generator, size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    angle = torch.rand(size, generator=rng) * 3.1416
    label = torch.randint(0, 2, (size,), generator=rng)
    side = label.float()
    x = torch.stack([torch.cos(angle) * (1 - 2 * side) + side, torch.sin(angle) * (1 - 2 * side) + 0.5 * side], 1)
    return x + 0.25 * torch.randn(size, 2, generator=rng), label


def train(steps: int, seed: int):
    """One row a step; the loss falls within a few hundred steps and then stays near what the noise allows."""
    torch.manual_seed(seed)
    rng = torch.Generator().manual_seed(seed)
    net = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 2))
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for step in range(steps):
        begun = time.perf_counter()
        x, y = make_batch(rng)
        out = net(x)
        loss = nn.functional.cross_entropy(out, y)
        optimizer.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        yield {
            "step": step,
            "loss": loss.item(),
            "acc": (out.argmax(1) == y).float().mean().item(),
            "grad_norm": float(norm),
            "lr": schedule.get_last_lr()[0],
            "ms": 1000 * (time.perf_counter() - begun),
        }


def print_plain(rows, steps):
    for r in rows:
        step = int(r["step"])
        print(f"iter {step}: loss {r['loss']:.4f}, time {r['ms']:.2f}ms, lr {r['lr']:.3e}")
        if step % 500 == 0:
            print(f"saved checkpoint to out/ckpt_{step:06d}.pt (0 errors, best val inf -> {r['loss']:.4f})")


def print_logging(rows, steps):
    form = "%(asctime)s - %(levelname)s - %(name)s - %(message)s"
    logging.basicConfig(stream=sys.stdout, level=logging.DEBUG, format=form)
    logging.captureWarnings(capture=True)
    log = logging.getLogger("trainer")
    log.info("Namespace(detect_anomaly=False, nan_policy='raise', on_error='abort', timeout=1800, resume=None)")
    for r in rows:
        step = int(r["step"])
        log.info(
            "step %d/%d loss=%.4f acc=%.3f grad_norm=%.3f skipped=0 nan=0",
            step,
            steps,
            *(r[k] for k in ("loss", "acc", "grad_norm")),
        )
        if step % 200 == 0:
            warnings.warn(
                f"epoch {step // 200}: the loader is the bottleneck; failure to raise num_workers costs time",
                stacklevel=1,
            )
            log.error("retrying upload of metrics (attempt 1 of 5 failed: 503), ok at attempt 2")
            log.debug("no nan in gradients; 0 failed samples; timeouts: 0")


def print_dict(rows, steps):
    for r in rows:
        print(
            {
                "loss": round(r["loss"], 4),
                "grad_norm": round(r["grad_norm"], 4),
                "learning_rate": r["lr"],
                "epoch": round(int(r["step"]) / 1000, 3),
            }
        )
        if (int(r["step"]) + 1) % 1000 == 0:
            print(
                {
                    "eval_loss": r["loss"],
                    "eval_accuracy": r["acc"],
                    "eval_runtime": 1.2,
                    "epoch": (int(r["step"]) + 1) / 1000,
                }
            )


def print_tqdm(rows, steps):
    from tqdm import tqdm

    bar = tqdm(rows, total=steps, file=sys.stdout, mininterval=0.0, miniters=1)
    for r in bar:
        bar.set_postfix(loss=f"{r['loss']:.3f}", lr=f"{r['lr']:.1e}")
        if int(r["step"]) % 10 == 9:
            print()
        if int(r["step"]) % 250 == 0:
            bar.write(f"validation at {int(r['step'])}: error rate {1 - r['acc']:.3f}, failures 0")


def print_rich(rows, steps):
    from rich.console import Console
    from rich.table import Table

    console = Console(width=100, force_terminal=True)
    for r in rows:
        console.log(f"step {int(r['step'])} loss {r['loss']:.4f} [green]ok[/green]")
        if int(r["step"]) % 100 == 0:
            table = Table("name", "value", title=f"Training Progress - Epoch {int(r['step']) // 100}")
            for key, value in r.items():
                table.add_row(key, f"{value:.4g}")
            console.print(table)


def print_table(rows, steps):
    for r in rows:
        step = int(r["step"])
        if step % 4 == 0:
            print("-" * 40)
            for key, value in (
                ("rollout/ep_rew_mean", 100 * r["acc"]),
                ("time/total_timesteps", step * 64),
                ("train/loss", r["loss"]),
            ):
                print(f"|    {key:<22}| {value:<10.4g}|")
            print(f"|    {'explained_variance':<22}| {'nan' if step == 0 else round(r['acc'], 3)!s:<10}|")


def print_keras(rows, steps):
    for r in rows:
        step = int(r["step"])
        if step % 100 == 0:
            print(f"Epoch {step // 100 + 1}/{steps // 100}")
        bar = f"{step % 100 + 1}/100 [{'=' * (step % 100 // 4):.<25}]"
        print(f"{bar} - ETA: 0s - loss: {r['loss']:.4f} - accuracy: {r['acc']:.4f}")


def print_json(rows, steps):
    for r in rows:
        print(json.dumps({"ts": time.time(), "level": "info", "event": "step", "error": None, "exception": None, **r}))


STYLES = {name.removeprefix("print_"): call for name, call in list(globals().items()) if name.startswith("print_")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--style", choices=sorted(STYLES), default="plain")
    parser.add_argument("--lines", type=int, default=50_000, help="how many steps, about one line each")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(1)
    STYLES[args.style](train(args.lines, args.seed), args.lines)
    print("Training finished without errors. exit code 0")


if __name__ == "__main__":
    main()
