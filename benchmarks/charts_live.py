"""What the charts cost while a run writes 50 metrics five times a second: CPU of the whole program and bytes sent.

    python benchmarks/charts_live.py [--metrics 50] [--hertz 5] [--seconds 20] [--size 120x40]

A writer appends rows to a JSON lines file; `lptui attach` runs in a pseudo-terminal with the charts filling the window.
Budget: at most 6 % of a core and 12 KB/s.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import math
import os
import pty
import random
import select
import struct
import sys
import tempfile
import termios
import threading
import time
from pathlib import Path

from probing import LPTUI, table, tell_machine

HISTORY = 2000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--metrics", type=int, default=50)
    parser.add_argument("--hertz", type=float, default=5.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--settle", type=float, default=15.0, help="seconds before counting begins")
    parser.add_argument("--size", default="120x40", metavar="COLUMNSxROWS")
    args = parser.parse_args()
    columns, rows = (int(n) for n in args.size.split("x"))
    print(f"{args.metrics} metrics at {args.hertz:g} Hz, {args.size}; {tell_machine()}")
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "runs" / "live"
        run.mkdir(parents=True)
        stop = threading.Event()
        writer = threading.Thread(
            target=write, args=(run / "metrics.jsonl", args.metrics, args.hertz, stop), daemon=True
        )
        writer.start()
        share, rate = watch(run, Path(folder), (columns, rows), args.settle, args.seconds)
        stop.set()
    print(table(["", "CPU %", "B/s", "budget"], [["following", share, rate, "6 %, 12,288 B/s"]]))


def write(path: Path, metrics: int, hertz: float, stop: threading.Event) -> None:
    """Append a row of noisy metrics `hertz` times a second, after a history of 2,000 rows."""
    names = [f"losses/{chr(97 + i // 26)}{chr(97 + i % 26)}_loss" for i in range(metrics)]
    step = 0
    with path.open("a", encoding="utf-8") as file:
        while not stop.is_set():
            for _ in range(HISTORY if step == 0 else 1):
                step += 1
                row: dict[str, float] = {"step": step, "_timestamp": time.time()}
                row |= {n: math.exp(-step / 900) + random.gauss(0, 0.02) for n in names}
                file.write(json.dumps(row) + "\n")
            file.flush()
            stop.wait(1 / hertz)


def watch(run: Path, home: Path, size: tuple[int, int], settle: float, seconds: float) -> tuple[float, float]:
    """(CPU % of a core, bytes a second) of `lptui attach` once it has settled."""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ |= {"TERM": "xterm-256color", "LPTUI_HOME": str(home / "home")}
        os.execvp(LPTUI[0], [*LPTUI, "attach", str(run)])
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
    drain(fd, settle)
    os.write(fd, b"3")
    drain(fd, 2)
    os.write(fd, b"z")
    if b"_loss" not in drain(fd, 5):
        raise SystemExit("no chart is shown yet: give it longer (--settle)")
    before, began = cpu_of(pid), time.monotonic()
    sent = len(drain(fd, seconds))
    took = time.monotonic() - began
    share = (cpu_of(pid) - before) / took * 100
    os.write(fd, b"q")
    drain(fd, 2)
    os.waitpid(pid, 0)
    return round(share, 1), round(sent / took)


def drain(fd: int, seconds: float) -> bytes:
    """What the program writes for so long."""
    until, sent = time.monotonic() + seconds, b""
    while (left := until - time.monotonic()) > 0:
        ready, _, _ = select.select([fd], [], [], left)
        if ready:
            try:
                sent += os.read(fd, 65_536)
            except OSError:
                break
    return sent


def cpu_of(pid: int) -> float:
    """CPU seconds of a process so far (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
