"""Training from a DataLoader with worker processes: images that are read, decoded, kept."""

import argparse
import logging
import os
import signal

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

logging.basicConfig(format="[%(asctime)s][%(name)s][%(levelname)s] - %(message)s", level=logging.INFO)
log = logging.getLogger(__name__)


class Images(Dataset):
    """Pictures of noise; some of the flags make them hard to read."""

    def __init__(self, args):
        self.args = args
        self.kept = []

    def __len__(self):
        return 640

    def __getitem__(self, index):
        args = self.args
        if index == args.bad_index:
            raise ValueError(f"cannot decode sample {index}: bad header b'\\x00\\x00'")
        if args.kill_at == index:
            os.kill(os.getpid(), signal.SIGKILL)
        if args.keep_open:
            self.kept.append(open(__file__))  # noqa: SIM115
        if args.hoard:
            self.kept.append(torch.ones(args.hoard * 1024 * 256))
        side = args.side + (index == args.odd_index)
        return torch.randn(3, side, side), index % 10


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--side", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--bad-index", type=int, default=-1)
    parser.add_argument("--odd-index", type=int, default=-1)
    parser.add_argument("--kill-at", type=int, default=-1)
    parser.add_argument("--keep-open", action="store_true")
    parser.add_argument("--hoard", type=int, default=0, help="MiB kept for each sample")
    parser.add_argument("--timeout", type=float, default=0)
    parser.add_argument("--batch-size", type=int, default=32)
    return parser.parse_args()


def main():
    args = parse()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    loader = DataLoader(
        Images(args),
        batch_size=args.batch_size,
        num_workers=args.workers,
        timeout=args.timeout if args.workers else 0,
        prefetch_factor=4 if args.workers else None,
    )
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * args.side**2, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.001)
    step = 0
    for epoch in range(args.epochs):
        for images, labels in loader:
            loss = nn.functional.cross_entropy(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if step % 5 == 0:
                log.info("Epoch: [%d] step: %d loss: %.4f", epoch, step, loss.item())
            step += 1
    log.info("Training complete!")


if __name__ == "__main__":
    main()
