"""Ray's labels before the lines of its workers."""

from __future__ import annotations

import logging

import ray

ray.init(num_cpus=2, include_dashboard=False, logging_level=logging.ERROR)


@ray.remote
def train(rank: int) -> int:
    """A few lines, and one failure."""
    print(f"step 1 loss {0.5 + rank}")
    logging.warning("slow reset")
    if rank == 1:
        raise ValueError("no data for rank 1")
    return rank


refs = [train.remote(n) for n in range(2)]
ray.get(refs)
