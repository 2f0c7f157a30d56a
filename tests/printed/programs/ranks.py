"""Two ranks under torchrun: all fail the same way, or one alone is killed: python ranks.py all|one."""

from __future__ import annotations

import os
import sys
import time

import torch.distributed as dist
from torch.distributed.elastic.multiprocessing.errors import record


@record
def main() -> None:
    """Join, then fail."""
    dist.init_process_group("gloo")
    rank = dist.get_rank()
    print(f"rank {rank} joined", flush=True)
    if sys.argv[1] == "one" and rank == 1:
        raise RuntimeError("rank 1 found no data")
    if sys.argv[1] == "all":
        raise RuntimeError(f"shapes (64, 12) and (128,) do not match on cuda:{rank}")
    time.sleep(3)


if __name__ == "__main__":
    print(f"starting {os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}", flush=True)
    main()
