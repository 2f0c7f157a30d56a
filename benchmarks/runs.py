"""1,000 runs listed: seconds until all are named, until all rows tell state, step and age, and until all are looked at,
cold and from the cache.

    python benchmarks/runs.py [--runs 1000] [--folder DIR]

The runs are copies of the recorded ones in tests/runs (logs, W&B files, configurations, checkpoints whose weights are
links to one file), with names and times of their own. Beside ours, in the same run: `find -type f` and `du -s` over the
same tree, which is what it costs to look at every name.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RECORDED = Path(__file__).parents[1] / "tests" / "runs"
NAMES = ("healthy", "nan", "cuda-oom", "crash", "restarted", "host-oom", "starved")


def make_runs(folder: Path, count: int, seed: int = 1) -> Path:
    """`count` runs below `folder`/train_dir, the newest written a moment ago and the oldest a year ago."""
    chance = random.Random(seed)
    root = folder / "train_dir"
    now = time.time()
    for number in range(count):
        kind = NAMES[number % len(NAMES)]
        name = f"{kind}.{chance.choice(['arena', 'nav', 'mem'])}.{number:04d}"
        run = root / name
        age = 0 if number == 0 else chance.uniform(600, 365 * 86400)
        _copy(RECORDED / kind, run, kind, name, chance)
        for path in [*run.rglob("*"), run]:
            os.utime(path, (now - age, now - age), follow_symlinks=False)
    return root


def _copy(source: Path, target: Path, kind: str, name: str, chance: random.Random) -> None:
    for path in source.rglob("*"):
        place = target / path.relative_to(source).as_posix().replace(kind, name)
        if path.is_dir():
            place.mkdir(parents=True, exist_ok=True)
        elif path.suffix in (".safetensors", ".pt"):
            place.parent.mkdir(parents=True, exist_ok=True)
            os.link(path, place) if _same_disk(path, place) else shutil.copy(path, place)
        elif path.name != "times.json":
            place.parent.mkdir(parents=True, exist_ok=True)
            data = path.read_bytes()
            if path.name == "config.yaml":
                data = data.replace(b"seed: ", b"seed: %d" % chance.randrange(9))
            place.write_bytes(data.replace(kind.encode(), name.encode()) if path.suffix in (".log", ".yaml") else data)


def _same_disk(one: Path, two: Path) -> bool:
    return one.stat().st_dev == two.parent.stat().st_dev


def measure_ours(root: Path, cache: Path) -> dict[str, float]:
    """Seconds until all runs are named, 50 are looked at, and all are, in a process of its own; CPU with children."""
    program = (
        "import sys, time, threading\n"
        "t = time.perf_counter()\n"
        "from lptui.engine.run_list import RunList\n"
        "runs, marks = RunList((sys.argv[1],), cache_folder=sys.argv[2]), {}\n"
        "done = threading.Event()\n"
        "def take(board):\n"
        "    now = time.perf_counter() - t\n"
        "    if board.listed: marks.setdefault('named', now)\n"
        "    told = [r for r in board.rows if r.modified_at and r.step is not None and r.condition != 'unknown']\n"
        "    if board.listed and len(told) > 0.99 * len(board.rows): marks.setdefault('state, step, age of all', now)\n"
        "    if board.looked >= 50: marks.setdefault('50 looked at', now)\n"
        "    if board.looked == len(board.rows) > 0: marks.setdefault('all looked at', now); done.set()\n"
        "runs.start(take); done.wait(); time.sleep(0.5); runs.stop()\n"
        "import json, resource; of = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "marks['CPU'] = time.process_time() + of.ru_utime + of.ru_stime; print(json.dumps(marks))\n"
    )
    out = subprocess.run(
        [sys.executable, "-c", program, str(root), str(cache)], check=True, capture_output=True, text=True
    ).stdout
    return json.loads(out)


def measure(command: list[str]) -> float:
    """Seconds that a command takes, start included."""
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--folder", type=Path, help="where to make the runs (default: a temporary folder)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        root = folder / "train_dir"
        if not root.is_dir():
            make_runs(folder, args.runs)
        cache = Path(temporary) / "cache"
        print(f"{'find -type f':<40}{measure(['find', str(root), '-type', 'f']):8.2f} s")
        print(f"{'du -s':<40}{measure(['du', '-s', str(root)]):8.2f} s")
        print(f"{'python -c pass':<40}{measure([sys.executable, '-c', 'pass']):8.2f} s")
        for words in ("nothing kept", "looks kept"):
            for name, seconds in measure_ours(root, cache).items():
                print(f"{'lptui, ' + words + ': ' + name:<40}{seconds:8.2f} s")


if __name__ == "__main__":
    main()
