"""Checkpoints, whole and damaged: what lptui says, what torch.load says, and how long each takes, in one run.

    python benchmarks/checkpoints.py --torch TORCH_PYTHON --generator make_checkpoints.py [--size 2G] [--work DIR]

TORCH_PYTHON is an interpreter with torch and safetensors; GENERATOR makes a checkpoint (`--kind K --size S --corrupt C
--out PATH`). Prints the damage matrix (8 MB each), then medians of five for listing, verifying and comparing files of
`--size`, against torch.load of the same file in the same run.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from lptui.checkpoints.worker import Inspector, Verifier

KINDS = ("torch", "legacy", "safetensors", "dcp")
DAMAGE = (
    "none", "truncate", "half-written", "hole", "zero-tail", "bitflip", "nan", "bad-pickle", "evil-pickle", "crc-field",
    "dup-entry", "bomb",
)  # fmt: skip
LOAD = """
import sys, time, resource, warnings
warnings.simplefilter("ignore")
path = sys.argv[1]
import torch
start = time.perf_counter()
try:
    if path.endswith(".safetensors"):
        from safetensors.torch import load_file
        load_file(path)
    else:
        torch.load(path, weights_only=True, mmap=len(sys.argv) > 2)
    print("loads", time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
except Exception as error:
    print("refuses:" + type(error).__name__, time.perf_counter() - start, 0)
"""


def make(args: argparse.Namespace, kind: str, damage: str, out: Path, size: str) -> Path | None:
    """The file to open, or None where this damage does not exist for this kind."""
    done = subprocess.run(
        [args.torch, args.generator, "--kind", kind, "--size", size, "--corrupt", damage, "--out", str(out)],
        capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode:
        return None
    return out / ".metadata" if kind == "dcp" else out


def load(args: argparse.Namespace, path: Path, *flags: str) -> tuple[str, float, int]:
    """What torch (or safetensors) does with the file: (word, seconds, peak MB); the import is not counted."""
    told = subprocess.run([args.torch, "-c", LOAD, str(path), *flags], capture_output=True, text=True, check=False)
    word, seconds, peak = (told.stdout.split() or ["crashes", "0", "0"])[:3]
    return word, float(seconds), int(peak)


def print_matrix(args: argparse.Namespace, work: Path, inspector: Inspector, verifier: Verifier) -> None:
    print(f"{'format':<12} {'damage':<13} {'first look':<18} {'every byte':<20} torch.load")
    for kind in KINDS:
        for damage in DAMAGE:
            suffix = {"safetensors": ".safetensors", "dcp": ""}.get(kind, ".pt")
            path = make(args, kind, damage, work / f"{kind}-{damage}{suffix}", "8M")
            if path is None:
                continue
            first, deep = inspector.inspect(str(path), 60.0), verifier.verify(str(path))
            peer = "-" if kind == "dcp" else load(args, path)[0]
            print(f"{kind:<12} {damage:<13} {first.verdict:<18} {deep.verdict:<20} {peer}")


def measure(work: Callable[[], object], times: int = 5) -> float:
    spent: list[float] = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start)
    return median(spent)


def print_speed(args: argparse.Namespace, work: Path, inspector: Inspector, verifier: Verifier) -> None:
    one = make(args, "torch", "none", work / "one.pt", args.size)
    two = work / "two.pt"
    subprocess.run(
        [args.torch, args.generator, "--kind", "torch", "--size", args.size, "--seed", "5", "--out", str(two)],
        capture_output=True, check=True,
    )  # fmt: skip
    assert one is not None
    first, second = str(one), str(two)
    full = [load(args, one) for _ in range(3)]
    mapped = [load(args, one, "mmap") for _ in range(3)]
    whole, peak = median(t for _, t, _ in full), max(m for _, _, m in full)
    listed = measure(lambda: inspector.inspect(first, 60.0))
    verified = measure(lambda: verifier.verify(first))
    compared = measure(lambda: verifier.compare(first, second))
    measured = measure(lambda: verifier.compare(first, second, measure=True), 3)
    started = time.perf_counter()
    with Inspector() as fresh:
        fresh.inspect(first, 60.0)
    cold = time.perf_counter() - started
    print(f"\n{args.size} torch archive, medians, warm page cache")
    print(f"  torch.load                    {whole * 1e3:8.0f} ms, {peak} MB")
    print(f"  torch.load(mmap=True)         {median(t for _, t, _ in mapped) * 1e3:8.0f} ms")
    print(f"  list, reader running          {listed * 1e3:8.1f} ms   torch.load / ours {whole / listed:6.1f}")
    print(f"  list, reader started for it   {cold * 1e3:8.1f} ms")
    print(f"  verify every byte             {verified * 1e3:8.0f} ms   torch.load / ours {whole / verified:6.2f}")
    print(f"  compare by checksums          {compared * 1e3:8.1f} ms")
    print(f"  compare by how much           {measured * 1e3:8.0f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--torch", default=sys.executable, help="an interpreter with torch and safetensors")
    parser.add_argument("--generator", required=True)
    parser.add_argument("--size", default="2G")
    parser.add_argument("--work", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.work) as folder, Inspector() as inspector, Verifier() as verifier:
        print_matrix(args, Path(folder), inspector, verifier)
        print_speed(args, Path(folder), inspector, verifier)


if __name__ == "__main__":
    main()
