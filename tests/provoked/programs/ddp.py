"""Data-parallel training over gloo, a process a rank, started by torchrun or by hand."""

import argparse
import os
import time
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel


class Net(nn.Module):
    """Two heads, of which a loss may use one."""

    def __init__(self):
        super().__init__()
        self.body = nn.Linear(16, 32)
        self.policy = nn.Linear(32, 4)
        self.value = nn.Linear(32, 1)

    def forward(self, x, both):
        hidden = torch.relu(self.body(x))
        out = self.policy(hidden)
        return (out, self.value(hidden)) if both else (out, None)


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--pause", type=float, default=0.0)
    parser.add_argument("--timeout", type=float, default=60.0)
    parser.add_argument("--skip-value", action="store_true")
    parser.add_argument("--find-unused", action="store_true")
    parser.add_argument("--fail-at", type=int, default=-1)
    parser.add_argument("--gather-on-rank0", action="store_true")
    parser.add_argument("--grow-on-rank1", action="store_true")
    parser.add_argument("--hoard", type=int, default=0, help="MiB that rank 1 keeps each step")
    return parser.parse_args()


def train(model, rank, args):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    kept = []
    for step in range(args.steps):
        logits, value = model(torch.randn(32, 16), both=not args.skip_value)
        loss = logits.square().mean() + (0.0 if value is None else value.square().mean())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step == args.fail_at and rank == 1:
            raise FloatingPointError(f"reward model returned no score for batch {step}")
        if args.gather_on_rank0 and step == 10 and rank == 0:
            dist.all_reduce(torch.ones(4))
        if args.grow_on_rank1 and step == 10:
            dist.all_reduce(torch.ones(4 + rank))
        if args.hoard and rank == 1:
            kept.append(torch.ones(args.hoard * 1024 * 256))
        if rank == 0 and step % 5 == 0:
            print(f"[rank{rank}] step {step}/{args.steps} loss {loss.item():.4f}", flush=True)
        if args.pause:
            time.sleep(args.pause)


def main():
    args = parse()
    torch.set_num_threads(1)
    dist.init_process_group("gloo", timeout=timedelta(seconds=args.timeout))
    rank = dist.get_rank()
    print(f"[rank{rank}] pid {os.getpid()} joined, world size {dist.get_world_size()}", flush=True)
    torch.manual_seed(rank)
    model = DistributedDataParallel(Net(), find_unused_parameters=args.find_unused)
    train(model, rank, args)
    dist.destroy_process_group()
    if rank == 0:
        print("Training complete!", flush=True)


if __name__ == "__main__":
    main()
