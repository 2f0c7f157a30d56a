"""Training that meets the edges of its machine and of its environment: memory, native code, versions."""

import argparse
import ctypes
import importlib
import os
import sys
import time

import numpy as np
import torch


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--need", default="", help="a module to import first")
    parser.add_argument("--library", default="", help="a shared library to load first")
    parser.add_argument("--call", default="", help="module:name to look up first")
    parser.add_argument("--native", choices=["", "null", "abort", "free"], default="")
    parser.add_argument("--hoard", type=int, default=0, help="MiB of replay kept each step")
    parser.add_argument("--keep", type=int, default=10_000, help="steps of replay kept")
    parser.add_argument("--buffer", type=float, default=0.0, help="GiB of replay, at once")
    parser.add_argument("--numpy-buffer", type=float, default=0.0, help="the same in numpy")
    parser.add_argument("--write", default="", help="file to which roll-outs are appended, 1 MiB a step")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--pause", type=float, default=0.0)
    parser.add_argument("--key", default="obs")
    parser.add_argument("--start", action="store_true")
    return parser.parse_args()


def prepare(args):
    if args.need:
        importlib.import_module(args.need)
    if args.library:
        ctypes.CDLL(args.library)
    if args.call:
        module, _, name = args.call.partition(":")
        print("using", getattr(importlib.import_module(module), name))
    if args.buffer:
        return torch.ones(int(args.buffer * 2**28))
    return np.ones(int(args.numpy_buffer * 2**27)) if args.numpy_buffer else None


def break_down(kind):
    if kind == "null":
        ctypes.string_at(16)
    elif kind == "abort":
        os.abort()
    elif kind == "free":
        libc = ctypes.CDLL(None)
        block = ctypes.create_string_buffer(64)
        libc.free(ctypes.c_void_p(ctypes.addressof(block) + 8))


def main():
    args = parse()
    if args.start:
        print("Training replay on cpu (60 steps)")
    prepare(args)
    weights = torch.zeros(16, requires_grad=True)
    optimizer = torch.optim.SGD([weights], lr=0.1)
    replay = []
    for step in range(args.steps):
        batch = {"obs": torch.ones(16), "reward": torch.zeros(1)}
        loss = (weights - batch[args.key]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if args.hoard:
            replay = [*replay, torch.ones(args.hoard * 2**18)][-args.keep :]
        if args.write:
            with open(args.write, "ab") as file:
                file.write(b"\0" * 2**20)
        if step % 5 == 0:
            print(f"step {step} loss {loss.item():.4f} replay {len(replay)}", flush=True)
        if step == 20 and args.native:
            break_down(args.native)
        if args.pause:
            time.sleep(args.pause)
    print("Training complete!")


if __name__ == "__main__":
    sys.exit(main())
