"""Exceptions of all shapes: python raising.py NAME, the name of a function."""

from __future__ import annotations

import sys


def inner() -> None:
    """What is raised first."""
    {}["step"]


def chain() -> None:
    """During the handling of another."""
    try:
        inner()
    except KeyError:
        int("no number")


def cause() -> None:
    """From another."""
    try:
        inner()
    except KeyError as error:
        raise RuntimeError("the checkpoint has no step\nand none was given") from error


def group() -> None:
    """Several at once, as a TaskGroup raises them."""
    import asyncio

    async def fail(text: str) -> None:
        raise ValueError(text)

    async def both() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fail("reader 1 gave nothing"))
            tasks.create_task(fail("reader 2 gave nothing"))

    asyncio.run(both())


def syntax() -> None:
    """A module that cannot be read."""
    with open("broken.py", "w") as out:
        out.write("def train(\n    x = = 3\n")
    import broken  # noqa: F401


def deep(level: int = 0) -> int:
    """Very deep recursion."""
    return deep(level + 1) + 1


def torch_() -> None:
    """An error of torch with its frames in C++."""
    import os

    os.environ["TORCH_SHOW_CPP_STACKTRACES"] = "1"
    import torch

    torch.randn(3, 4) @ torch.randn(3, 4)


class Data:
    """A data set of which one row fails."""

    def __len__(self) -> int:
        return 64

    def __getitem__(self, index: int):
        if index == 21:
            raise ValueError(f"row {index} of the shard is damaged")
        return index


def loader() -> None:
    """Raised in a worker of a DataLoader, and again by the loop."""
    from torch.utils.data import DataLoader

    for _ in DataLoader(Data(), batch_size=8, num_workers=2):
        pass


def child(rank: int) -> None:
    """What a spawned process does."""
    if rank == 1:
        raise RuntimeError("rank 1 has no device")


def spawn() -> None:
    """Raised in a process of torch.multiprocessing."""
    import torch.multiprocessing as mp

    mp.spawn(child, nprocs=2)


def faulthandler() -> None:
    """All threads, on request."""
    import faulthandler as handler
    import threading
    import time

    threading.Thread(target=time.sleep, args=(1.0,), daemon=True).start()
    time.sleep(0.1)
    handler.dump_traceback(all_threads=True)


def segfault() -> None:
    """A crash in C with faulthandler on."""
    import ctypes
    import faulthandler as handler

    handler.enable()
    ctypes.string_at(0)


def fatal() -> None:
    """An abort of C++ while python's handler is on."""
    import ctypes
    import faulthandler as handler

    handler.enable()
    ctypes.CDLL(None).abort()


def thread() -> None:
    """Raised in a thread; the program goes on."""
    import threading

    one = threading.Thread(target=inner, name="prefetch")
    one.start()
    one.join()
    print("training goes on")


def rich() -> None:
    """Rich's box of a chain."""
    from rich.traceback import install

    install(width=100)
    cause()


def pool() -> None:
    """Raised in a process of a pool."""
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(2) as runs:
        runs.submit(child, 1).result()


def unraisable() -> None:
    """Raised where nothing can catch it."""

    class Held:
        def __del__(self) -> None:
            raise ValueError("closed twice")

    held = Held()
    del held
    print("training goes on")


if __name__ == "__main__":
    print("start", flush=True)
    {**globals(), "torch": torch_}[sys.argv[1]]()
