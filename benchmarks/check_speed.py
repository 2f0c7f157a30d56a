"""How long `lptui check` takes to read all of a log and of a .wandb file, beside `wandb leet inspect --summary`.

    python benchmarks/check_speed.py [--log LOG] [--wandb RUN.wandb] [--repeat 3]

Without --log, 100 MB of log lines are made. Budgets: at most 1 s for 100 MB of log; at most 3 CPU s for 100 MB of
.wandb; start-up (a run with one line) at most 4x the CPU time of `python -c 'import click'`. A small recorded run with
checkpoints, metrics and W&B data stands beside it.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from probing import LPTUI, REFERENCES, Cost, find_wandb, middle, repeat, run, table, tell_machine, warm

SMALL = Path(__file__).resolve().parents[1] / "tests" / "runs" / "healthy"
LINE = (
    "{clock} [INFO] trainer-0-0: Epoch {n} [bench] / 41.20 ksps / {share:.2f}% of 1.00 Gsteps "
    "/ (45% train / 50% rollout / 5% stats)\n"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--log", type=Path)
    parser.add_argument("--wandb", type=Path, help="a .wandb file")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--timeout", type=float, default=300.0)
    args = parser.parse_args()
    warm()
    with tempfile.TemporaryDirectory() as folder:
        log = args.log or make_log(Path(folder) / "script.log", 100_000_000)
        tiny = make_log(Path(folder) / "tiny" / "script.log", 1)
        commands = {
            "lptui check, one line": [*LPTUI, "check", str(tiny)],
            "lptui check, small run": [*LPTUI, "check", str(SMALL)],
            "lptui check, log": [*LPTUI, "check", str(log)],
        }
        sizes = {"lptui check, log": log.stat().st_size}
        if args.wandb:
            commands["lptui check, .wandb"] = [*LPTUI, "check", find_run(args.wandb)]
            sizes["lptui check, .wandb"] = args.wandb.stat().st_size
            if find_wandb():
                commands["wandb leet inspect"] = [str(find_wandb()), "leet", "inspect", "--summary", str(args.wandb)]
                sizes["wandb leet inspect"] = args.wandb.stat().st_size
        commands |= {name: [sys.executable, "-c", code] for name, code in REFERENCES.items()}
        run(commands["lptui check, log"])  # the catalogue's copy and the file's pages
        print(f"median of {args.repeat}; before: {tell_machine()}")
        results = repeat(args.repeat, {n: (lambda c=c: run(c, args.timeout)) for n, c in commands.items()})
    print(f"after: {tell_machine()}\n")
    tell(results, sizes)


def make_log(path: Path, size: int) -> Path:
    """A log of `size` bytes or a little more."""
    path.parent.mkdir(exist_ok=True)
    written = n = 0
    with path.open("w") as out:
        while written < size:
            seconds = n // 20 % 86_400
            clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
            written += out.write(LINE.format(clock=clock, n=n, share=n / 1e5))
            n += 1
    # A log that was written to just now is watched for some seconds, to see whether it goes on.
    os.utime(path, (time.time() - 86_400, time.time() - 86_400))
    return path


def find_run(file: Path) -> str:
    """The run directory that a .wandb file belongs to: what holds the wandb folder, or its own folder."""
    return str(next((p.parent for p in file.resolve().parents if p.name == "wandb"), file.parent))


def tell(results: dict[str, list[Cost]], sizes: dict[str, int]) -> None:
    """The table, and the ratios against the budgets."""
    wall = {name: middle([c.wall for c in costs]) for name, costs in results.items()}
    cpu = {name: middle([c.cpu for c in costs if c.cpu == c.cpu]) for name, costs in results.items()}
    rows = [
        [
            name,
            f"{sizes[name] / 1e6:.1f} MB" if name in sizes else "",
            wall[name],
            cpu[name],
            middle([c.rss for c in costs if c.rss == c.rss]),
            ", ".join(sorted({str(c.code) if c.code >= 0 else "timeout" for c in costs})),
        ]
        for name, costs in results.items()
    ]
    print(table(["", "size", "wall s", "CPU s", "RSS MB", "exit"], rows))
    kept: list[list[object]] = []

    def compare(what: str, value: float, budget: float, unit: str) -> None:
        kept.append([what, f"{value:.2f} {unit}", f"{budget} {unit}", "kept" if value <= budget else "MISSED"])

    per_100 = {name: 1e8 / size for name, size in sizes.items()}
    compare("start-up (CPU)", cpu["lptui check, one line"] / cpu["import click"], 4, "x import click")
    compare("a small run (CPU)", cpu["lptui check, small run"] / cpu["import click"], 4, "x import click")
    compare("100 MB of log", wall["lptui check, log"] * per_100["lptui check, log"], 1, "s")
    if "lptui check, .wandb" in wall:
        compare("100 MB of .wandb", cpu["lptui check, .wandb"] * per_100["lptui check, .wandb"], 3, "CPU s")
    print("\n" + table(["lptui", "measured", "budget", ""], kept))


if __name__ == "__main__":
    main()
