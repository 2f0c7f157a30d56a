"""The logs of many ranks as one: how soon, how much memory, how fast it is searched, and whether live lines are lost.

    python benchmarks/rank_logs.py [--folder F] [--ranks 8] [--size 125M] [--lnav lnav] [--live 20] [--rate 500]

Makes the logs (a trainer's, each rank by its own clock) unless they are there. First the engine as a screen asks it,
but without a screen: the scans of the files go on at the same time, and their CPU seconds are in the figures. Then the
merged log alone. lnav, which merges by time too, is run headless on the same files. Live, writers append to new files,
and what was merged is held against what they wrote.
"""

from __future__ import annotations

import argparse
import glob
import json
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from lptui.engine.engine import Engine  # noqa: E402
from lptui.engine.search import search  # noqa: E402
from lptui.engine.seek import seek  # noqa: E402
from lptui.engine.sift import sift  # noqa: E402
from lptui.formats.log_query import read_query  # noqa: E402
from lptui.model.log_query import LogPlace  # noqa: E402
from lptui.model.merged import MergeLogs  # noqa: E402
from lptui.model.request import ReadLog, SearchLog, SeekLog, SiftLog  # noqa: E402
from lptui.run import discover  # noqa: E402
from lptui.sources.log import LogSource  # noqa: E402
from lptui.sources.merged_log import MergedLog  # noqa: E402

RARE = "zebrafish"


def write_rank(path: str, rank: int, size: int, end: float, rare: bool) -> None:
    """A trainer's log of `size` bytes that ends about at `end`; the rare word stands near its start."""
    rng, count = random.Random(rank), size // 150
    at, number, written = end - count * 0.02, 0, 0
    with open(path, "wb", buffering=1 << 20) as out:
        while written < size:
            at += rng.random() * 0.04
            share = rng.random()
            clock = b"%s,%03d" % (time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at)).encode(), at % 1 * 1000)
            if rare and number == 1000:
                line = b"%s [WARNING] trainer: %s seen once\n" % (clock, RARE.encode())
            elif share < 0.001:
                line = (
                    b"%s [ERROR] trainer: rank %d lost env %d\nTraceback (most recent call last):\n"
                    b'  File "t.py", line %d, in step\nRuntimeError: env %d\n'
                    % (clock, rank, number, number % 900, number)
                )
            else:
                line = b"%s [INFO] trainer: step %d loss %.5f grad_norm %.4f lr %.3e tok/s %d mem %.1f queue %d\n" % (
                    clock, number, share * 4, share * 2, share / 1e3, share * 1e5, share * 80, number * 7919 % 1000003,
                )  # fmt: skip
            out.write(line)
            written, number = written + len(line), number + 1
    os.utime(path, (at, at))


def make_logs(folder: str, ranks: int, size: int) -> None:
    """One file a rank, in processes of their own."""
    os.makedirs(folder, exist_ok=True)
    end = time.time() - 600
    for rank in range(ranks):
        path = f"{folder}/rank_{rank}.log"
        if not os.path.exists(path):
            write_rank(path, rank, size, end, rank == min(3, ranks - 1))


class Asked:
    """One question to the engine, its last answer and the process's CPU seconds meanwhile."""

    def __init__(self, engine: Engine, request: Any) -> None:
        self.answers: list[Any] = []
        done = threading.Event()
        wall, cpu = time.monotonic(), time.process_time()

        def hear(answer: Any) -> None:
            self.answers.append(answer)
            if getattr(answer, "done", True):
                done.set()

        engine.ask(request, hear)
        done.wait(600)
        self.wall, self.cpu = time.monotonic() - wall, time.process_time() - cpu

    @property
    def last(self) -> Any:
        return self.answers[-1]


def wait_for(condition: Callable[[], bool], seconds: float = 300.0) -> float:
    """Seconds until `condition` holds."""
    began = time.monotonic()
    while not condition() and time.monotonic() - began < seconds:
        time.sleep(0.005)
    return time.monotonic() - began


def measure(folder: str) -> dict[str, Any]:
    """The figures over logs that are there."""
    found: dict[str, Any] = {"MB": round(sum(os.path.getsize(p) for p in glob.glob(f"{folder}/*.log")) / 1e6)}
    engine = Engine(discover(folder))
    engine.start()
    found["all logs open after s"] = round(wait_for(lambda: len(engine.state.logs) == len(engine.state.run.logs)), 2)
    cpu = time.process_time()
    engine.ask(MergeLogs(), lambda _answer: None)
    found["m: newest lines after s"] = round(wait_for(lambda: engine.state.merged is not None), 2)
    found["m: CPU s (scans included)"] = round(time.process_time() - cpu, 2)
    merged = engine.state.merged
    assert merged is not None
    early = Asked(engine, SearchLog(merged.file, RARE, merged.end, True))
    found["search before the scans are done: s / CPU s (scans included)"] = (round(early.wall, 1), round(early.cpu, 1))
    found["found"] = early.last.hit is not None
    found["peak RSS MB then"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)
    engine.stop()
    return found


def measure_alone(folder: str) -> dict[str, Any]:
    """What the merged log costs by itself: the files are open, and their own scans stand still."""
    sources = {path: LogSource(path) for path in sorted(glob.glob(f"{folder}/*.log"))}
    for source in sources.values():
        list(source.poll(time.time()))
    log = MergedLog(folder, lambda: sources)
    log.wanted = True
    found: dict[str, Any] = {}

    def note(name: str, work: Callable[[], Any]) -> Any:
        cpu = time.process_time()
        answer = work()
        found[f"alone: {name}, CPU s"] = round(time.process_time() - cpu, 3)
        return answer

    note("open, newest lines", lambda: list(log.poll(time.time())))
    view = note("count the lines of all history", lambda: log.finish(lambda: True))
    size = view.end - view.start
    for share in (50, 25, 75):
        note(f"jump to {share} %", lambda at=view.start + size * share // 100: log.read(at, 65536))
    note(
        "jump to a time",
        lambda: list(seek(SeekLog(log.file, LogPlace("time", view.modified_at - 3000), 0), view, log.read)),
    )
    hit = note(
        f"search {RARE}", lambda: list(search(SearchLog(log.file, RARE, view.end, True), view, log.read))[-1].hit
    )
    assert hit is not None
    for text in ("rank:3 level:error", "level:error"):
        request = SiftLog(log.file, read_query(text, time.time()))
        rows = note(f"filter {text}", lambda request=request: list(sift(request, view, log.read)))[-1].matches
        found[f"alone: filter {text}, rows"] = rows
    low = max(view.start, view.end - 200_000_000)
    cpu = time.process_time()
    for at in range(view.end, low, -262144):
        log.read(at - 262144, 262144)
    found["alone: merging, MB per CPU s"] = round((view.end - low) / 1e6 / (time.process_time() - cpu))
    found["alone: peak RSS MB"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)
    return found


def measure_lnav(lnav: str, folder: str) -> dict[str, Any]:
    """lnav on the same files, headless: it reads and merges all, then filters."""
    files = sorted(glob.glob(f"{folder}/*.log"))
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(
        [lnav, "-n", "-c", f":filter-in {RARE}", *files], capture_output=True, timeout=600, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        f"lnav: merge and filter {RARE}": f"{time.monotonic() - began:.1f} s, {cpu:.1f} CPU s",
        "lnav: rows": done.stdout.count(RARE.encode()),
        "lnav: peak RSS MB": round(after.ru_maxrss / 1e3),
    }


_WRITER = """
import sys, time
path, rank, rate, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
began, n = time.time(), 0
with open(path, "ab", buffering=0) as out:
    while (now := time.time()) - began < seconds:
        lines = []
        while n < (now - began) * rate:
            n += 1
            lines.append(b"%s,%03d [INFO] rank %d line %d\\n" % (
                time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now)).encode(), now % 1 * 1000, rank, n))
        out.write(b"".join(lines))
        time.sleep(0.01)
print(n)
"""


def measure_live(ranks: int, rate: float, seconds: float) -> dict[str, Any]:
    """Writers append; every line must be in the merged log once, each file's in order, and all by time."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [f"{folder}/rank_{rank}.log" for rank in range(ranks)]
        for path in paths:
            Path(path).write_bytes(b"2026-01-01 00:00:00,000 [INFO] begin\n")
        engine = Engine(discover(folder))
        engine.start()
        wait_for(lambda: len(engine.state.logs) == ranks)
        engine.ask(MergeLogs(), lambda _answer: None)
        wait_for(lambda: engine.state.merged is not None)
        cpu, began = time.process_time(), time.monotonic()
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", _WRITER, p, str(r), str(rate), str(seconds)], stdout=subprocess.PIPE
            )
            for r, p in enumerate(paths)
        ]
        written = [int(writer.communicate()[0]) for writer in writers]
        took, cpu = time.monotonic() - began, time.process_time() - cpu
        expected = sum(written)
        wait_for(lambda: _count(engine) >= expected, 30)
        time.sleep(1)
        text = _text(engine)
        engine.stop()
    lines = re.findall(rb"^\[rank(\d+)\]: (\S+ \S+) \[INFO\] rank \d+ line (\d+)$", text, re.MULTILINE)
    numbers: dict[int, list[int]] = {rank: [] for rank in range(ranks)}
    for rank, _, number in lines:
        numbers[int(rank)].append(int(number))
    clocks = [clock for _, clock, _ in lines]
    return {
        "live: lines written": expected,
        "live: lost": sum(len(set(range(1, n + 1)) - set(numbers[rank])) for rank, n in enumerate(written)),
        "live: doubled": len(lines) - sum(len(set(found)) for found in numbers.values()),
        "live: out of a file's own order": sum(found != sorted(found) for found in numbers.values()),
        "live: lines behind a later one": sum(a < b for a, b in zip(clocks, accumulate(clocks, max), strict=True)),
        "live: CPU % (scans included)": round(100 * cpu / took),
    }


def _count(engine: Engine) -> int:
    return _text(engine).count(b" line ")


def _text(engine: Engine) -> bytes:
    merged = engine.state.merged
    assert merged is not None
    return Asked(engine, ReadLog(merged.file, merged.start, merged.end - merged.start)).last.data


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", default=os.path.join(tempfile.gettempdir(), "rank_logs"))
    parser.add_argument("--ranks", type=int, default=8)
    parser.add_argument("--size", default="125M")
    parser.add_argument("--lnav", default="")
    parser.add_argument("--live", type=float, default=20.0, help="seconds; 0: not at all")
    parser.add_argument("--rate", type=float, default=500.0, help="lines a second and rank")
    parser.add_argument("--part", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        print(json.dumps({"open": measure, "alone": measure_alone}[options.part](options.folder)), flush=True)
        os._exit(0)  # a scan may still be at work
    make_logs(options.folder, options.ranks, int(float(options.size.rstrip("M")) * 1e6))
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, {options.ranks} ranks")
    figures: dict[str, Any] = {}
    for part in ("open", "alone"):  # a process each, so that its memory is its own
        command = [sys.executable, __file__, "--part", part, "--folder", options.folder]
        figures |= json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    if options.lnav:
        figures |= measure_lnav(options.lnav, options.folder)
    if options.live:
        figures |= measure_live(options.ranks, options.rate, options.live)
    for name, value in figures.items():
        print(f"{name:64} {value}")


if __name__ == "__main__":
    main()
