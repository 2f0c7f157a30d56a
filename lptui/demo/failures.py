"""The ways for the demo to fail, each by itself; only a CUDA error is raised by hand, with torch's text."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace

import numpy as np

from lptui.curriculum.seed_era import Parameters
from lptui.demo.checkpoints import Writer, die_in_mid_write, write_replacing
from lptui.demo.learner import Hyperparameters, Learner
from lptui.demo.options import Options

# address space left to a training that is about to run out, and what it takes each epoch
HEADROOM_BYTES = 192 << 20
HOARD_BYTES = 16 << 20

CUDA_TEXT = (
    "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79.10 GiB of which "
    "1.10 GiB is free. Including non-PyTorch memory, this process has 77.98 GiB memory in use. Of the "
    "allocated memory 74.12 GiB is allocated by PyTorch, and 2.31 GiB is reserved by PyTorch but "
    "unallocated. If reserved but unallocated memory is large try setting "
    "PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True to avoid fragmentation.  See documentation for Memory "
    "Management  (https://pytorch.org/docs/stable/notes/cuda.html#environment-variables)"
)


def make_hyperparameters(options: Options) -> Hyperparameters:
    """The run's hyperparameters; `nan` and `starved` fail by these alone."""
    hyper = Hyperparameters(seed=options.seed, total_epochs=options.total_epochs)
    if options.fail == "nan":
        return replace(hyper, diverge_at=options.trouble_epoch)
    if options.fail == "starved":
        return starve(hyper)
    return hyper


def starve(hyper: Hyperparameters) -> Hyperparameters:
    """One environment and Metta's default curriculum: the first task that scores takes every draw, for a task
    without score or progress gets probability 0 and is never tried again."""
    return replace(hyper, num_envs=1, bptt_horizon=96, minibatches=1, curriculum=Parameters())


class Trouble:
    """What goes wrong in this run, and when. Does nothing in a healthy one."""

    def __init__(self, options: Options, learner: Learner, log: logging.Logger) -> None:
        self._kind = options.fail
        self._from = options.trouble_epoch
        self._learner = learner
        self._log = log
        self._hoard: list[np.ndarray] = []

    @property
    def writer(self) -> Writer:
        """How the next policy is written."""
        torn = self._kind == "corrupt-checkpoint" and self._learner.epoch >= self._from
        return die_in_mid_write if torn else write_replacing

    def before_rollout(self) -> None:
        """Faults of the environments."""
        if self._learner.epoch < self._from:
            return
        if self._kind in ("crash", "restart-loop"):
            self._learner.arena.remove_walls()
        elif self._kind == "stall":
            wait_for_dead_worker()
        elif self._kind == "host-oom":
            self._keep_everything()

    def before_training(self) -> None:
        """Faults of the update."""
        if self._kind == "cuda-oom" and self._learner.epoch >= self._from:
            raise_cuda_oom()

    def release(self) -> None:
        """Give back what was hoarded, so that the process can end in order."""
        self._hoard.clear()

    def _keep_everything(self) -> None:
        if not self._hoard:
            limit_address_space(HEADROOM_BYTES)
        self._hoard.append(remember_observations(len(self._hoard)))


def wait_for_dead_worker() -> None:
    """A real deadlock: take a lock that its holder never gives back."""
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def limit_address_space(headroom: int) -> None:
    """Allow this process `headroom` bytes more than it has (RLIMIT_AS, the soft limit only)."""
    import resource

    import psutil

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = psutil.Process().memory_info().vms + headroom
    resource.setrlimit(resource.RLIMIT_AS, (wanted if hard < 0 else min(wanted, hard), hard))


def remember_observations(epoch: int) -> np.ndarray:
    """A replay buffer that forgets nothing: 16 MiB an epoch, touched, so that it is really used."""
    return np.full((HOARD_BYTES // 4096, 1024), epoch, dtype=np.float32)


def raise_cuda_oom() -> None:
    """What torch raises on a full GPU: its own exception if torch is there, else one of the same name."""
    try:
        from torch import OutOfMemoryError  # pyright: ignore
    except ImportError:
        raise _stand_in()(CUDA_TEXT) from None
    raise OutOfMemoryError(CUDA_TEXT)


def _stand_in() -> type[RuntimeError]:
    """An exception that a traceback prints as `torch.OutOfMemoryError`."""
    return type("OutOfMemoryError", (RuntimeError,), {"__module__": "torch"})
