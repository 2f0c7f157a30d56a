"""How long lptui takes to list, verify and compare checkpoints, beside torch, zipfile, picklescan and sft, in one run.

    python benchmarks/checkpoints.py --torch TORCH_PYTHON --generator make_checkpoints.py [--size 2G] [--work DIR]

TORCH_PYTHON has torch, safetensors, picklescan and sft-cli; GENERATOR makes a checkpoint (`--kind K --size S
--tensors N --seed N --out PATH`). Prints every target with what it is measured against; "missed" where it is.

All times are seconds of CPU, warm page cache: on a busy machine the clock tells how busy it is. Our readers, which run
at idle priority, get that of their peers (if that is allowed: it needs root). Peak memory is that of the largest
process of each side.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from checkpoint_peers import load, make, run

from lptui.checkpoints.worker import Inspector, Reader, Verifier

_READ_BUFFER = 256 << 10


@dataclass(slots=True)
class Targets:
    """Rows of the table, printed as they come."""

    missed: list[str] = field(default_factory=list[str])

    def ratio(self, what: str, peer: float, ours: float, least: float) -> None:
        """Peer / ours, which must be `least` or more; both in CPU seconds or MB."""
        self._row(what, f"{_short(peer)} / {_short(ours)} = {peer / ours:.1f}x", f">= {least:g}x", peer / ours >= least)

    def most(self, what: str, value: float, most: float, unit: str) -> None:
        """A value with an upper limit."""
        self._row(what, f"{value:.3g} {unit}", f"<= {most:g} {unit}", value <= most)

    def _row(self, what: str, seen: str, target: str, good: bool) -> None:
        print(f"| {what} | {target} | {seen} | {'' if good else 'missed'} |", flush=True)
        if not good:
            self.missed.append(what)


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def status_of(reader: Reader, file: str) -> str:
    """A file of the reader's process in /proc (Linux)."""
    return Path(f"/proc/{reader.pid}/{file}").read_text() if reader.pid else ""


def give_priority(reader: Reader) -> None:
    """A reader at idle priority loses its caches to whatever else runs: measure it as its peers are."""
    reader.start()
    if reader.pid:
        with contextlib.suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, reader.pid, os.getpriority(os.PRIO_PROCESS, 0))


def peak_of(reader: Reader) -> int:
    """The most memory that a reader process has held so far, in MB."""
    return next(int(line.split()[1]) // 1024 for line in status_of(reader, "status").splitlines() if "VmHWM" in line)


def spent_by(reader: Reader, work: Callable[[], object], times: int) -> float:
    """Median CPU seconds of the reader and of this process for one call of `work`."""
    found: list[float] = []
    for _ in range(times):
        began = int(status_of(reader, "schedstat").split()[0]) / 1e9 + time.process_time()
        work()
        found.append(int(status_of(reader, "schedstat").split()[0]) / 1e9 + time.process_time() - began)
    return median(found)


def spent_here(work: Callable[[], object], times: int) -> float:
    """Median CPU seconds of this process for one call of `work`."""
    found: list[float] = []
    for _ in range(times):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return median(found)


def spent_afresh(path: Path, times: int) -> float:
    """Median CPU seconds of starting a reader and one look."""
    found: list[float] = []
    for _ in range(times):
        began = time.process_time()
        with Inspector() as inspector:
            give_priority(inspector)
            inspector.inspect(str(path), 120.0)
            reader = int(status_of(inspector, "schedstat").split()[0]) / 1e9
        found.append(time.process_time() - began + reader)
    return median(found)


def read_all(path: Path) -> None:
    """The page cache's own speed: read with the buffer that suits it best."""
    fd = os.open(path, os.O_RDONLY)
    buffer = memoryview(bytearray(_READ_BUFFER))
    while os.readv(fd, [buffer]):
        pass
    os.close(fd)


def test_zip(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        archive.testzip()


def measure_listing(table: Targets, args: argparse.Namespace, one: Path, many: Path) -> float:
    """Returns the seconds of a full torch.load."""
    python = args.torch
    whole = [load(python, [one])[0] for _ in range(3)]
    mapped = [load(python, [one, one, one], "mmap") for _ in range(3)]
    full, peak = median(t for _, t, _, _ in whole), max(m for _, _, m, _ in whole)
    warm_peer = median(rows[-1][1] for rows in mapped)
    cold_peer = median(rows[0][1] + rows[0][3] for rows in mapped)
    with Inspector() as inspector:
        give_priority(inspector)
        warm = spent_by(inspector, lambda: inspector.inspect(str(one), 120.0), 7)
        own = peak_of(inspector)
    start = spent_afresh(one, 5)
    table.ratio("list, reader running: torch.load(mmap) / ours", warm_peer, warm, 4)
    table.most("list, reader running", warm * 1e3, 25, "ms")
    table.ratio("list from nothing: import + torch.load(mmap) / ours with its start", cold_peer, start, 20)
    table.ratio("list: torch.load in full / ours", full, warm, 50)
    table.ratio("list: peak memory of torch.load / ours, MB", peak, own, 60)
    measure_many(table, args, many)
    return full


def measure_many(table: Targets, args: argparse.Namespace, many: Path) -> None:
    """Forty thousand tensors in one file."""
    with Inspector() as inspector:
        give_priority(inspector)
        ours = spent_by(inspector, lambda: inspector.inspect(str(many), 120.0), 3)
        own = peak_of(inspector)
    peer = median(load(args.torch, [many], "mmap")[0][1] for _ in range(2))
    scan = run([str(Path(args.torch).parent / "picklescan"), "-p", str(many)])[1]
    table.ratio("40,000 tensors: torch.load(mmap) / ours", peer, ours, 6)
    table.ratio("40,000 tensors: picklescan with its start / ours", scan, ours, 3)
    table.most("40,000 tensors: listed", ours, 1.5, "s")
    table.most("40,000 tensors: peak memory", own, 96, "MB")


def measure_verifying(table: Targets, one: Path, two: Path, full: float) -> None:
    size = one.stat().st_size
    with Verifier() as verifier:
        give_priority(verifier)
        began = peak_of(verifier)
        deep = spent_by(verifier, lambda: verifier.verify(str(one)), 2)
        read = spent_here(lambda: read_all(one), 3)
        tested = spent_here(lambda: test_zip(one), 2)
        table.ratio("verify every byte: torch.load in full / ours", full, deep, 1.5)
        table.ratio("verify every byte: zipfile.testzip / ours", tested, deep, 1.5)
        table.ratio(f"verify ({size / deep / 1e9:.2f} GB/s): share of page-cache read", read, deep, 0.4)
        sums = spent_by(verifier, lambda: verifier.compare(str(one), str(two)), 5)
        table.most("which tensors changed, by checksums", sums * 1e3, 150, "ms")
        table.most(f"peak memory of the deep pass ({began} MB at its start)", peak_of(verifier), 64, "MB")


def measure_safetensors(table: Targets, args: argparse.Namespace, first: Path, second: Path) -> None:
    sft = str(Path(args.torch).parent / "sft")
    with Verifier() as verifier:
        give_priority(verifier)
        ours = spent_by(verifier, lambda: verifier.verify(str(first)), 2)
        drift = spent_by(verifier, lambda: verifier.drift([str(first), str(second)]), 2)
        own = peak_of(verifier)
    _, spent, peak = run([sft, "check", str(first)])
    table.ratio("safetensors: sft check / ours", spent, ours, 3)
    table.ratio("safetensors: peak memory of sft check / ours, MB", peak, own, 40)
    _, spent, _ = run([sft, "diff", "--delta", str(first), str(second)])
    table.ratio("drift of two: sft diff --delta / ours", spent, drift, 20)
    table.most("peak memory of drift", own, 64, "MB")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--torch", default=sys.executable, help="an interpreter with torch, safetensors and the peers")
    parser.add_argument("--generator", required=True)
    parser.add_argument("--size", default="2G")
    parser.add_argument(
        "--many", type=int, default=10_000, help="model tensors of the second file; its optimizer has 3x"
    )
    parser.add_argument("--work", type=Path)
    parser.add_argument("--safe-size", help="of the safetensors files, if not --size")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.work) as name:
        folder = Path(name)
        one, two, many = folder / "one.pt", folder / "two.pt", folder / "many.pt"
        first, second = folder / "one.safetensors", folder / "two.safetensors"
        sized = ["--size", args.size]
        make(args.torch, args.generator, [
            ["--kind", "torch", *sized, "--out", str(one)],
            ["--kind", "torch", *sized, "--seed", "5", "--out", str(two)],
            ["--kind", "torch", "--size", "400M", "--tensors", str(args.many), "--out", str(many)],
            ["--kind", "safetensors", "--size", args.safe_size or args.size, "--out", str(first)],
            ["--kind", "safetensors", "--size", args.safe_size or args.size, "--seed", "5", "--out", str(second)],
        ])  # fmt: skip
        load_now = subprocess.run(["uptime"], capture_output=True, text=True, check=False).stdout.strip()
        print(f"{args.size} files; {load_now}\n\n| what | target | seen | |\n|---|---|---|---|")
        table = Targets()
        full = measure_listing(table, args, one, many)
        measure_verifying(table, one, two, full)
        measure_safetensors(table, args, first, second)
    return 1 if table.missed else 0


if __name__ == "__main__":
    sys.exit(main())
