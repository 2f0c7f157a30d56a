"""Two gloo ranks, DDP, DataLoader workers; every rank prints, with a prefix, as torchrun's tee does.

torchrun --nproc-per-node 2 ranks.py --epochs 20
"""

from __future__ import annotations

import argparse
import logging
import os

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--epochs", type=int, default=20)
    args = parser.parse_args()
    rank = int(os.environ["RANK"])
    logging.basicConfig(level=logging.INFO, format=f"[rank{rank}]: %(asctime)s %(levelname)s %(name)s: %(message)s")
    log = logging.getLogger("ddp")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    dist.init_process_group("gloo")
    x = torch.randn(20_000, 16)
    data = TensorDataset(x, (x @ torch.randn(16, 1) > 0).float())
    sampler = DistributedSampler(data)
    loader = DataLoader(data, batch_size=32, sampler=sampler, num_workers=1, persistent_workers=True)
    net = DistributedDataParallel(nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 1)))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    for epoch in range(args.epochs):
        sampler.set_epoch(epoch)
        for n, (batch, goal) in enumerate(loader):
            loss = nn.functional.binary_cross_entropy_with_logits(net(batch), goal)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            log.info("epoch %d batch %d/%d loss %.4f", epoch, n, len(loader), loss.item())
        dist.barrier()
        log.info("epoch %d done, all ranks at the barrier, 0 timeouts", epoch)
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
