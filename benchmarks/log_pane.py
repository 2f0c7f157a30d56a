"""The log pane beside lnav, less and Toolong: opening, following, searching, rough treatment.

    python benchmarks/log_pane.py --probe log_probe.py --generator make_training_log.py \\
        [--parts search,read,open,tail,follow,lost,behave] [--sizes 10M,1G] [--viewers lptui,lnav,less] [--toolong PATH]

`search` finds a rare word in a log and sets its CPU seconds against `rg -j1`; `read` reads the log in full, as the
screen does behind the reader (index, progress lines, failure scan). The others let a probe drive each viewer in a
pseudo-terminal; `cpu_s_settled` is what a viewer took until it was quiet again. CPU seconds and ratios within one run
hold on a busy machine; wall times do not.
"""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from probing import LPTUI, middle, run, table, tell_machine, warm

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from log_loss import HAPPENINGS, count_losses  # noqa: E402

RARE = "NeedleInALog7f3a"
PARTS = "search,read,open,tail,follow,lost,behave"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--probe", type=Path, required=True, help="the probe for log viewers")
    parser.add_argument("--generator", type=Path, required=True, help="the program that makes training logs")
    parser.add_argument("--python", default=sys.executable, help="interpreter of the probe (psutil, pyte)")
    parser.add_argument("--parts", default=PARTS)
    parser.add_argument("--sizes", default="10M,1G", help="sizes of the logs that are opened; the last is searched")
    parser.add_argument("--logs", type=Path, help="a folder that keeps them for the next time (4 GB take minutes)")
    parser.add_argument("--timeout", default="60", help="seconds after which a viewer counts as not opened")
    parser.add_argument("--viewers", default="lptui,lnav,less")
    parser.add_argument("--toolong", default="", help="path of Toolong's `tl`")
    parser.add_argument("--rates", default="1000,20000")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--duration", type=float, default=10.0)
    args = parser.parse_args()
    warm()
    print(f"before: {tell_machine()}")
    with tempfile.TemporaryDirectory() as folder:
        logs = make_logs(args, args.logs or Path(folder))
        for part in args.parts.split(","):
            print(f"\n## {part}\n")
            PRINTERS[part](args, logs)
    print(f"\nafter: {tell_machine()}")


def make_logs(args: argparse.Namespace, folder: Path) -> dict[str, Path]:
    """A log of each size, with one rare line in its first tenth: a search from the end meets all before it."""
    logs: dict[str, Path] = {}
    for size in args.sizes.split(","):
        logs[size] = folder / size / "script.log"
        if logs[size].exists():
            continue
        logs[size].parent.mkdir(parents=True)
        command = [sys.executable, str(args.generator), "--style", "metta", "--seed", "5", "--size", size]
        subprocess.run([*command, "--out", str(logs[size])], check=True, stderr=subprocess.DEVNULL)
        with logs[size].open("r+b") as file:
            file.seek(logs[size].stat().st_size // 20)
            file.readline()
            file.write(f"12:00:00 [INFO] {RARE}\n".encode())
    return logs


def show_search(args: argparse.Namespace, logs: dict[str, Path]) -> None:
    size, log = list(logs.items())[-1]
    rows: list[list[object]] = []
    for word, flags in ((RARE, []), (RARE.lower(), ["-i"])):
        ours = [search_once(log, word) for _ in range(args.repeat)]
        rg = [run(["rg", "-j1", "--no-mmap", "-c", *flags, word, str(log)]).cpu for _ in range(args.repeat)]
        rows.append([size, "any case" if flags else "as typed", middle(ours), middle(rg), middle(ours) / middle(rg)])
    print(table(["log", "case", "lptui CPU s", "rg -j1 CPU s", "ratio (target 2.5)"], rows))


def search_once(log: Path, word: str) -> float:
    """CPU seconds to find the only match from the end of the log on, in a process of its own, in a thread as the
    engine does it."""
    code = (
        "import sys, threading, time\n"
        "from lptui.engine.search import search\n"
        "from lptui.model.request import SearchLog\n"
        "from lptui.sources.log import LogSource\n"
        "source = LogSource(sys.argv[1]); list(source.poll(1.0))\n"
        "request, answers = SearchLog(source.path, sys.argv[2], source.view.end, True), []\n"
        "thread = threading.Thread(target=lambda: answers.extend(search(request, source.view, source.read)))\n"
        "began = time.process_time()\n"
        "thread.start(); thread.join()\n"
        "print(time.process_time() - began)\n"
        "assert answers[-1].hit is not None\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(log), word], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return float(done.stdout)


def show_read(args: argparse.Namespace, logs: dict[str, Path]) -> None:
    rows: list[list[object]] = []
    for size, log in logs.items():
        cost = run([*LPTUI, "check", str(log)])
        rows.append([size, cost.cpu, cost.wall, cost.rss])
    print(table(["log", "CPU s", "wall s", "RSS MB"], rows))


def viewers(args: argparse.Namespace) -> list[tuple[str, str]]:
    """(name, what the probe takes)."""
    found: list[tuple[str, str]] = []
    for name in args.viewers.split(","):
        if name == "lptui":
            found.append((name, f"lptui={shlex.join(LPTUI)} attach {{}}"))
        elif shutil.which(name):
            found.append((name, name))
        else:
            print(f"{name} is not installed: left out")
    if args.toolong:
        found.append(("toolong", f"toolong={args.toolong} {{}}"))
    return found


def ask_probe(args: argparse.Namespace, what: str, viewer: str, *options: str) -> dict[str, Any]:
    """The last answer of one probe run; empty when it failed."""
    words = [args.python, str(args.probe), what, "--viewer", viewer, *options]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT)
    answers = [line for line in done.stdout.splitlines() if line.startswith("{")]
    return json.loads(answers[-1]) if answers else {}


def show_fields(args: argparse.Namespace, what: str, fields: list[str], cases: dict[str, list[str]]) -> None:
    rows: list[list[object]] = []
    for case, options in cases.items():
        for name, viewer in viewers(args):
            answer = ask_probe(args, what, viewer, *options)
            rows.append([case, name, *(answer.get(field, float("nan")) for field in fields)])
    print(table([what, "viewer", *fields], rows))


def show_open(args: argparse.Namespace, logs: dict[str, Path]) -> None:
    options = ["--repeat", str(args.repeat), "--timeout", args.timeout]
    cases = {size: ["--log", str(log), *options] for size, log in logs.items()}
    show_fields(args, "open", ["seconds", "cpu_s", "cpu_s_settled", "peak_mb"], cases)


def show_tail(args: argparse.Namespace, _logs: dict[str, Path]) -> None:
    # lptui paints its first screen before its libraries are loaded; asked here is how it follows, not how it starts
    options = ["--appends", "40", "--after", "4", "--repeat", str(args.repeat)]
    show_fields(args, "tail", ["n", "missed", "median_ms", "p95_ms", "max_ms"], {"append": options})


def show_follow(args: argparse.Namespace, _logs: dict[str, Path]) -> None:
    cases = {rate: ["--rate", rate, "--duration", str(args.duration)] for rate in args.rates.split(",")}
    show_fields(
        args, "follow", ["cpu_percent", "kb_per_s", "age_median_s", "age_p95_s", "catch_up_s", "peak_mb"], cases
    )


def show_lost(args: argparse.Namespace, _logs: dict[str, Path]) -> None:
    rows: list[list[object]] = []
    for rate in args.rates.split(","):
        for happening in HAPPENINGS:
            with tempfile.TemporaryDirectory() as folder:
                rows += count_losses(args.generator, float(rate), args.duration, happening, Path(folder))
    print(table(["lines/s", "halfway", "reader", "lines written", "lost", "doubled"], rows))


def show_behave(args: argparse.Namespace, _logs: dict[str, Path]) -> None:
    answers = {name: ask_probe(args, "behave", viewer) for name, viewer in viewers(args)}
    cases = dict.fromkeys(key for answer in answers.values() for key in answer)  # `..._opened` comes where it was not
    rows = [
        [case.replace("_", " "), *(tell(answer.get(case, "-")) for answer in answers.values())]
        for case in cases
        if case not in ("what", "viewer", "log", "rate")
    ]
    print(table(["", *answers], rows))


def tell(value: object) -> str:
    return (", ".join(map(str, value)) or "none") if isinstance(value, list) else str(value)


PRINTERS = {
    "search": show_search,
    "read": show_read,
    "open": show_open,
    "tail": show_tail,
    "follow": show_follow,
    "lost": show_lost,
    "behave": show_behave,
}

if __name__ == "__main__":
    main()
