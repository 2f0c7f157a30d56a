"""Charts of W&B runs, `lptui attach` beside `wandb leet run`: how soon they show the last step, what that costs, and
how old a live run looks.

    python benchmarks/metrics_vs_leet.py --probe tui_probe.py --file RUN.wandb:9999 [--file BIG.wandb:99999]
        [--live make_wandb_runs.py --sdk PYTHON] [--repeat 3]

Budgets: charts of 1 GB over the full range in 1.5 s, 250 MB; following 50 metrics at 5 Hz, 6 % of a core. `--live`
names a program that logs to W&B offline at `--live MS` for `--duration S` and notes when each step was logged
(`--marks`).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from probing import LPTUI, find_wandb, middle, probe, repeat, table, tell_machine, warm
from start_vs_leet import step_pattern

SIZE = ["--cols", "200", "--rows", "50", "--quit-keys", "q"]
WATCHED = {"lptui": r"\bstep +([\d,]+)", "leet": r"_step +([\d,]+)"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--file", action="append", default=[], metavar="RUN.wandb:LAST_STEP")
    parser.add_argument("--live", type=Path, metavar="GENERATOR", help="program that writes a live run")
    parser.add_argument("--sdk", default=sys.executable, help="interpreter that has wandb, for --live and for leet")
    parser.add_argument("--period", type=float, default=50.0, help="milliseconds between steps of the live run")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long the live run is watched")
    parser.add_argument("--probe", type=Path, required=True, help="the terminal probe")
    parser.add_argument("--python", default=sys.executable, help="interpreter of the probe (psutil, pyte)")
    parser.add_argument("--settle", type=float, default=20.0, help="seconds after which a file has been read in full")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--timeout", type=float, default=300.0)
    args = parser.parse_args()
    warm()
    for told in args.file:
        path, _, step = told.rpartition(":")
        tell_file(args, Path(path), step)
    if args.live:
        tell_live(args)


def commands(args: argparse.Namespace, file: Path) -> dict[str, list[str]]:
    """The two programs on one file; lptui is given the run that it belongs to."""
    beside = Path(args.sdk).with_name("wandb")
    wandb = str(beside) if beside.exists() else find_wandb()
    run = next((p.parent for p in file.resolve().parents if p.name == "wandb"), file)
    found = {"lptui": [*LPTUI, "attach", str(run)]}
    return found | ({"leet": [wandb, "leet", "run", str(file)]} if wandb else {})


def tell_file(args: argparse.Namespace, file: Path, step: str) -> None:
    """A finished run: the last step on screen, with every chart that is visible drawn over the full range."""
    seen = {"lptui": [step_pattern(step), last_tick(int(step))], "leet": [step_pattern(step)]}
    options = [*SIZE, "--timeout", str(args.timeout)]

    def start(name: str, command: list[str]) -> dict[str, Any]:
        until = [part for pattern in seen[name] for part in ("--until", pattern)]
        return probe(args.probe, args.python, [*options, *until], command)

    def read(command: list[str]) -> dict[str, Any]:
        words = [*options, "--until", step_pattern(step), "--settle", str(args.settle), "--window", "1"]
        return probe(args.probe, args.python, words, command)

    things: dict[str, Any] = {n: (lambda n=n, c=c: start(n, c)) for n, c in commands(args, file).items()}
    things[f"lptui, {args.settle:.0f} s later"] = lambda: read(commands(args, file)["lptui"])
    before = tell_machine()
    results = repeat(args.repeat, things)
    print(f"\n{file.name}, {file.stat().st_size / 1e6:.0f} MB, 200x50, median of {args.repeat}")
    print(f"before: {before}; after: {tell_machine()}\n")
    rows = [[name, *measures(runs)] for name, runs in results.items()]
    print(table(["", "first paint, s", "last step in the charts, s", "CPU s", "peak RSS, MB", "bytes"], rows))


def measures(runs: list[dict[str, Any]]) -> list[float]:
    done = [max(v for v in r["until_s"].values()) if all(r["until_s"].values()) else None for r in runs]
    cost = "cpu_s" if any(r.get("window") for r in runs) else "startup_cpu_s"
    keys = (cost, "peak_rss_mb_tree", "startup_bytes")
    return [middle([r["first_paint_s"] for r in runs]), middle(done), *(middle([r[k] for r in runs]) for k in keys)]


def last_tick(step: int) -> str:
    """How the last round label of a step axis may be written: 8k, 10k, 80k, 100k."""
    size = 10 ** (len(str(step)) - 1)
    rounds = [n * size for n in range(step // size - 2, step // size + 2)]
    return "|".join(rf"\b{n / 1000:g}k|\b{n}\b" for n in rounds)


def tell_live(args: argparse.Namespace) -> None:
    """A run that logs now: how old its newest step on screen is, and what watching costs."""
    rows: list[list[object]] = []
    before = tell_machine()
    for name in ("lptui", "leet"):
        with tempfile.TemporaryDirectory() as folder:
            summary = watch(args, name, Path(folder))
        if summary is None:
            continue
        window, stale = summary.get("window", {}), summary.get("staleness_s") or {}
        told = [window.get(key, float("nan")) for key in ("bytes_per_s", "cpu_percent", "rss_mb")]
        rows.append([name, *told, stale.get("median", float("nan")), stale.get("max", float("nan"))])
    print(f"\nlive, a step each {args.period:.0f} ms, 50 metrics, watched for {args.seconds:.0f} s")
    print(f"before: {before}; after: {tell_machine()}\n")
    print(table(["", "B/s", "CPU %", "RSS MB", "age of the step shown, s", "at worst, s"], rows))


def watch(args: argparse.Namespace, name: str, folder: Path) -> dict[str, Any] | None:
    marks = folder / "marks.jsonl"
    words = ["--out", str(folder / "run"), "--live", str(args.period), "--metrics", "50", "--marks", str(marks)]
    duration = str(args.seconds + 60)
    with subprocess.Popen(
        [args.sdk, str(args.live), *words, "--duration", duration], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as training:
        # Its console goes where a user's would: to a file in the run that is followed.
        log = folder / "run" / "train.log"
        log.parent.mkdir(exist_ok=True)
        with log.open("wb") as out:
            copy = subprocess.Popen(["cat"], stdin=training.stdout, stdout=out)
        try:
            while not (files := list(folder.glob("run/wandb/*run-*/*.wandb"))) and training.poll() is None:
                time.sleep(0.2)
            command = commands(args, files[0]).get(name) if files else None
            if command is None:
                return None
            options = [*SIZE, "--timeout", "60", "--settle", "10", "--window", str(args.seconds)]
            options += ["--until", WATCHED[name], "--watch-number", WATCHED[name], "--marks", str(marks)]
            return probe(args.probe, args.python, options, command)
        finally:
            training.kill()
            copy.wait(10)


if __name__ == "__main__":
    main()
