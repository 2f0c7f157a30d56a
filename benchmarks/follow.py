"""What `lptui attach` costs at rest and while following, at 80x24, and how soon an appended line is seen.

    python benchmarks/follow.py --probe tui_probe.py [--seconds 60] [--finished tests/runs/healthy]

Budgets: a finished run sends 0 B/s and takes at most 1 % of a core; a run at 1 Hz at most 12 KB/s and 5 %; an appended
line is on the screen after at most 40 ms (median) and 80 ms (p95).
"""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from probing import LPTUI, probe, table, tell_machine, warm

ROOT = Path(__file__).resolve().parents[1]
SIZE = ["--cols", "80", "--rows", "24", "--timeout", "60"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--probe", type=Path, required=True, help="the terminal probe")
    parser.add_argument("--python", default=sys.executable, help="interpreter of the probe (psutil, pyte)")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long each is watched")
    parser.add_argument("--appends", type=int, default=60)
    parser.add_argument("--finished", type=Path, default=ROOT / "tests" / "runs" / "healthy", help="a finished run")
    args = parser.parse_args()
    warm()
    print(f"80x24, {args.seconds:.0f} s each; before: {tell_machine()}")
    with tempfile.TemporaryDirectory() as folder:
        rest = watch_finished(args, Path(folder))
        live = watch_demo(args, Path(folder) / "demo", [])
        narrow = watch_demo(args, Path(folder) / "slow", ["--low-bandwidth"])
        seen = watch_appends(args, Path(folder))
    print(f"after: {tell_machine()}\n")
    rows = [
        ["finished run, at rest", *window(rest), "0 B/s, 1 %"],
        ["live demo", *window(live), "12 KB/s, 5 %"],
        ["live demo, --low-bandwidth", *window(narrow), "5 KB/s, 5 %"],
    ]
    print(table(["", "B/s", "writes/s", "CPU %", "RSS MB", "budget"], rows))
    delays = seen.get("append_latency_ms", {})
    row = ["appended line", *(delays.get(key, float("nan")) for key in ("n", "median", "p95", "max")), "40 / 80 ms"]
    print("\n" + table(["", "lines", "median ms", "p95 ms", "max ms", "budget"], [row]))
    print(f"lines never seen: {seen.get('append_missed', 0)}; other processes took "
          f"{seen.get('others_cpu_percent', float('nan')):.0f} % of a core meanwhile")  # fmt: skip


def window(summary: dict[str, Any]) -> list[float]:
    told = summary.get("window", {})
    return [told.get(key, float("nan")) for key in ("bytes_per_s", "writes_per_s", "cpu_percent", "rss_mb")]


def watch(args: argparse.Namespace, options: list[str], command: list[str], settle: float = 8.0) -> dict[str, Any]:
    return probe(args.probe, args.python, [*SIZE, "--settle", str(settle), *options, "--quit-keys", "q"], command)


def watch_finished(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """A copy of a recorded run with its own times."""
    run = folder / args.finished.name
    shutil.copytree(args.finished, run)
    if (run / "times.json").exists():
        sys.path.insert(0, str(ROOT / "tests" / "runs"))
        from record import restore_times

        restore_times(run)
    options = ["--until", "finished", "--window", str(args.seconds)]
    return watch(args, options, [*LPTUI, "attach", str(run)])


def watch_demo(args: argparse.Namespace, out: Path, flags: list[str]) -> dict[str, Any]:
    """The demo's training at its usual pace, in a process that ends with this function."""
    training = subprocess.Popen(
        [*LPTUI, "demo", "--no-attach", "--out", str(out)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while not (logs := list(out.glob("train_dir/*/logs/*.log"))):
            if training.poll() is not None:
                raise SystemExit(f"the demo ended with {training.returncode}")
            time.sleep(0.1)
        options = ["--until", "running", "--window", str(args.seconds)]
        return watch(args, options, [*LPTUI, "attach", str(logs[0].parents[1]), *flags])
    finally:
        training.send_signal(signal.SIGINT)
        try:
            training.wait(20)
        except subprocess.TimeoutExpired:
            training.kill()
            training.wait()


def watch_appends(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Lines appended one by one to a log that is followed."""
    log = folder / "appended" / "train.log"
    log.parent.mkdir()
    log.write_text("".join(f"step {n} loss {1 / (n + 1):.4f}\n" for n in range(1000)))
    options = ["--until", "step 999", "--append-file", str(log), "--append-count", str(args.appends)]
    return watch(args, [*options, "--append-every", "0.37"], [*LPTUI, "attach", str(log)])


if __name__ == "__main__":
    main()
