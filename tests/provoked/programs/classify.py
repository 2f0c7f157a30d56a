"""A small classifier, as it is written everywhere: an MLP on made-up data, with flags for what may go wrong."""

import argparse
import logging
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

logging.basicConfig(stream=sys.stdout, format="%(asctime)s [%(levelname)s] %(message)s", level=logging.INFO)
log = logging.getLogger("train")


class Settings:
    """What a run was started with, saved beside its weights."""

    def __init__(self, **values):
        self.__dict__.update(values)


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.05)
    parser.add_argument("--optimizer", choices=["sgd", "adam"], default="sgd")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--hidden", type=int, default=32)
    parser.add_argument("--features", type=int, default=20)
    parser.add_argument("--classes", type=int, default=4)
    parser.add_argument("--loss", choices=["cross-entropy", "mse"], default="cross-entropy")
    parser.add_argument("--clip", type=float, default=0.0)
    parser.add_argument("--data", default="")
    parser.add_argument("--double", action="store_true")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--out", default="")
    parser.add_argument("--pad", type=int, default=0, help="extra parameters in a checkpoint, thousands")
    parser.add_argument("--resume", default="")
    parser.add_argument("--auto-resume", action="store_true")
    parser.add_argument("--trust", action="store_true", help="unpickle checkpoints fully")
    parser.add_argument("--save-settings", action="store_true")
    parser.add_argument("--freeze", action="store_true")
    parser.add_argument("--pause", type=float, default=0.0)
    parser.add_argument("--evaluate", type=float, default=0.0, help="seconds of an evaluation after each epoch")
    parser.add_argument("--guard", type=float, default=0.0, help="give up if the loss exceeds this")
    return parser.parse_args()


def load(args):
    if args.data:
        log.info("loading %s", args.data)
        with np.load(args.data) as data:
            return torch.from_numpy(data["x"]), torch.from_numpy(data["y"])
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1024, 20))
    y = (x @ rng.normal(size=(20, 4))).argmax(1)
    x = x if args.double else x.astype(np.float32)
    return torch.from_numpy(x), torch.from_numpy(y)


def save(model, optimizer, epoch, args):
    path = Path(args.out) / f"epoch_{epoch}.pt"
    state = {"epoch": epoch, "model": model.state_dict(), "optimizer": optimizer.state_dict()}
    if args.pad:
        state["buffer"] = torch.zeros(args.pad * 1000)
    if args.save_settings:
        state["settings"] = Settings(**vars(args))
    torch.save(state, path)
    log.info("saved %s", path)


def resume(model, optimizer, args):
    path = args.resume
    if args.auto_resume:
        found = sorted(Path(args.out).glob("*.pt"))
        if not found:
            log.warning("No checkpoint found in %s, starting from scratch", args.out)
            return 0
        path = str(found[-1])
    if not path:
        return 0
    log.info("resuming from %s", path)
    state = torch.load(path, map_location=args.device, weights_only=not args.trust)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    log.info("resumed at epoch %d", state["epoch"] + 1)
    return state["epoch"] + 1


def evaluate(model, x, y, seconds):
    log.info("evaluating on %d samples", len(x))
    model.eval()
    with torch.no_grad():
        accuracy = (model(x).argmax(1) == y).float().mean().item()
    time.sleep(seconds)
    model.train()
    log.info("validation accuracy %.3f, 0 errors, nan_count: 0", accuracy)


def train_epoch(model, optimizer, x, y, epoch, args):
    criterion = nn.CrossEntropyLoss() if args.loss == "cross-entropy" else nn.MSELoss()
    per_epoch = len(x) // args.batch_size
    for i, rows in enumerate(torch.randperm(len(x)).split(args.batch_size)):
        inputs, target = x[rows].to(args.device), y[rows].to(args.device)
        output = model(inputs)
        loss = criterion(output, target if args.loss == "cross-entropy" else target.float()[:, None].expand_as(output))
        optimizer.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), args.clip or float("inf"))
        optimizer.step()
        if i % 8 == 0:
            step = epoch * per_epoch + i
            log.info("epoch %d step %d loss %.4f grad_norm %.3f lr %.2e", epoch, step, loss.item(), norm, args.lr)
        if args.guard and loss.item() > args.guard:
            log.error("Loss exploded to %.3g at step %d, stopping", loss.item(), epoch * per_epoch + i)
            sys.exit(1)
        if args.pause:
            time.sleep(args.pause)


def main():
    args = parse()
    torch.manual_seed(0)
    log.info("Training classifier on %s (%d epochs)", args.device, args.epochs)
    x, y = load(args)
    model = nn.Sequential(nn.Linear(args.features, args.hidden), nn.ReLU(), nn.Linear(args.hidden, args.classes))
    model.to(args.device)
    if args.freeze:
        for parameter in model[0].parameters():
            parameter.requires_grad_(False)
        for parameter in model[2].parameters():
            parameter.requires_grad_(False)
    make = torch.optim.SGD if args.optimizer == "sgd" else torch.optim.Adam
    optimizer = make(model.parameters(), lr=args.lr)
    if args.out:
        Path(args.out).mkdir(parents=True, exist_ok=True)
    for epoch in range(resume(model, optimizer, args), args.epochs):
        train_epoch(model, optimizer, x, y, epoch, args)
        if args.evaluate:
            evaluate(model, x, y, args.evaluate)
        if args.out:
            save(model, optimizer, epoch, args)
    log.info("Training complete!")


if __name__ == "__main__":
    main()
