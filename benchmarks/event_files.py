"""TensorBoard event files: lptui's reader beside the tensorboard package and tbparse, the same file, one run.

    python benchmarks/event_files.py --peer PEER_PYTHON [--scalars 500000] [--repeat 3]

PEER_PYTHON is an interpreter with torch (its SummaryWriter writes the file), tensorboard and tbparse; lptui runs in the
interpreter of this script. Each reader is a process of its own, from import to the last point in memory; told are CPU
seconds (median), scalars a second and peak RSS; EventFileLoader keeps nothing, the others keep every point.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

WRITE = """
import math, sys
from torch.utils.tensorboard import SummaryWriter
with SummaryWriter(sys.argv[1], max_queue=10_000, flush_secs=600) as writer:
    for step in range(int(sys.argv[2]) // 20):
        for key in range(20):
            writer.add_scalar(f"train/metric_{key:02d}", math.sin(step / 100 + key), step)
"""
LPTUI = """
from lptui.model.events import Samples
from lptui.sources.event_files import EventFileSource
source, count, more = EventFileSource(sys.argv[1]), 0, True
kept = []
while more:
    for event in source.poll(2e9):
        if isinstance(event, Samples):
            kept.append(event.points)
            count += sum(len(points.values) for points in event.points)
    more = source.pending
"""
EVENT_FILE_LOADER = """
import glob
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
count = 0
for path in glob.glob(sys.argv[1] + "/events.*"):
    for event in EventFileLoader(path).Load():
        count += len(event.summary.value)
"""
ACCUMULATOR = """
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
kept = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "tensors": 0})
kept.Reload()
count = sum(len(kept.Scalars(tag)) for tag in kept.Tags()["scalars"])
"""
TBPARSE = """
from tbparse import SummaryReader
kept = SummaryReader(sys.argv[1]).scalars
count = len(kept)
"""
FRAME = """
import json, resource, sys, time
{body}
usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({{"count": count, "cpu": usage.ru_utime + usage.ru_stime, "rss": usage.ru_maxrss / 1024}}))
"""


def measure(python: str, body: str, folder: str, repeat: int) -> tuple[float, float, int]:
    """(median CPU s, peak RSS in MiB, scalars) of reading `folder`."""
    reports = []
    for _ in range(repeat):
        done = subprocess.run(
            [python, "-c", FRAME.format(body=body), folder], capture_output=True, text=True, check=True, timeout=600
        )
        reports.append(json.loads(done.stdout.strip().splitlines()[-1]))
    cpu = statistics.median(r["cpu"] for r in reports)
    return cpu, max(r["rss"] for r in reports), int(reports[0]["count"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", required=True)
    parser.add_argument("--scalars", type=int, default=500_000)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([options.peer, "-c", WRITE, folder, str(options.scalars)], check=True, timeout=600)
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
        print(f"{options.scalars:,} scalars, {size / 1e6:.1f} MB, CPU of {options.repeat} runs (median)")
        ours = 0.0
        readers = (
            ("lptui", sys.executable, LPTUI),
            ("EventAccumulator", options.peer, ACCUMULATOR),
            ("tbparse", options.peer, TBPARSE),
            ("EventFileLoader", options.peer, EVENT_FILE_LOADER),
        )
        for name, python, body in readers:
            cpu, rss, count = measure(python, body, folder, options.repeat if name == "lptui" else 1)
            ours = ours or cpu
            speed = f"{count / cpu:>9,.0f} scalars/s"
            print(f"{name:<18} {cpu:6.2f} s  {speed}  {rss:5.0f} MiB  {cpu / ours:5.1f}x  {count:,}")


if __name__ == "__main__":
    main()
