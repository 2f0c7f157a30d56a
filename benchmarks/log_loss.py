"""Which lines of a growing log arrive: each line is numbered, and counted in what lptui and `tail -F` got of it.

    python benchmarks/log_loss.py [--rate 20000] [--duration 10]

Counted twice for lptui: lines handed to the failure scan, and rows that the screen can scroll to afterwards. Run by
itself it rotates about twice a second: by Python's RotatingFileHandler, and by copies, one over the other (`cp log
log.1`, then a truncation). Of those only the last is on the disk afterwards, so rows of the others are in memory or
said to be gone.
`log_pane.py` uses the rest: nothing, one rename or one copy halfway.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from lptui.model.events import LogBlock
from lptui.sources.log import LogSource

NUMBER = re.compile(rb" seq=(\d{9})\n")
PIECE = 1 << 20
QUIET = 1.0
"""Seconds without a new byte, after the writer ended, until a log counts as read."""
HAPPENINGS = ("nothing", "rotate", "copytruncate")

WRITER = """
import logging.handlers, os, shutil, sys, time
path, how, rate, duration = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
most = int(rate * 40 if how == "handler" else 1e15)
handler = logging.handlers.RotatingFileHandler(path, maxBytes=most, backupCount=9)
begun, number, copied = time.monotonic(), 0, time.monotonic()
while time.monotonic() < begun + duration:
    while number < rate * (time.monotonic() - begun):
        text = f"12:00:00 [INFO] step {number} of the training, and more words seq={number:09}"
        handler.emit(logging.LogRecord("", 20, "", 0, text, None, None))
        number += 1
    if how == "copies" and time.monotonic() > copied + 0.5:
        copied = time.monotonic()
        shutil.copyfile(path, path + ".1")
        os.truncate(path, 0)
    time.sleep(0.005)
print(number)
"""


def count_repeated(how: str, rate: float, duration: float, folder: Path) -> list[list[object]]:
    """One row a reader: how it was rotated, reader, lines written, lost, doubled, and about how many are said to be
    gone."""
    log = folder / "train.log"
    log.touch()
    command = [sys.executable, "-c", WRITER, str(log), how, str(rate), str(duration)]
    heard = folder / "heard"
    with heard.open("wb") as out:
        tail = subprocess.Popen(["tail", "-n", "+1", "-F", str(log)], stdout=out, stderr=subprocess.DEVNULL)
        try:
            writer = subprocess.Popen(command, stdout=subprocess.PIPE)
            source, scanned = follow(log, writer)
            written = int(writer.communicate()[0])
        finally:
            tail.terminate()
            tail.wait()
    shown = read_back(source)
    gone = sum(s.kept_from for s in source.view.segments)
    width = source.view.end // max(1, written)
    source.close()
    readers = {"lptui, scanned": scanned, "lptui, rows": shown, "tail -F": Counter(NUMBER.findall(heard.read_bytes()))}
    return [
        [how, name, f"{written:,}", written - len(got), doubled(got), gone // max(1, width) if "rows" in name else ""]
        for name, got in readers.items()
    ]


def count_losses(generator: Path, rate: float, duration: float, happening: str, folder: Path) -> list[list[object]]:
    """One row a reader: lines a second, what happens to the file halfway, reader, lines written, lost, doubled."""
    log = folder / "script.log"
    log.touch()
    command = [sys.executable, str(generator), "--style", "metta", "--seed", "5", "--seq", "--out", str(log)]
    command += ["--rate", str(rate), "--duration", str(duration)]
    if happening != "nothing":
        command += [f"--{happening}", str(int(rate * duration / 2))]
    heard = folder / "heard"
    with heard.open("wb") as out:
        tail = subprocess.Popen(["tail", "-n", "+1", "-F", str(log)], stdout=out, stderr=subprocess.DEVNULL)
        try:
            source, scanned = follow(log, subprocess.Popen(command, stderr=subprocess.DEVNULL))
        finally:
            tail.terminate()
            tail.wait()
    shown = read_back(source)
    source.close()
    generations = [part.read_bytes() for part in (Path(f"{log}.1"), log) if part.exists()]
    written = set(NUMBER.findall(b"".join(generations)))
    readers = {"lptui, scanned": scanned, "lptui, rows": shown, "tail -F": Counter(NUMBER.findall(heard.read_bytes()))}
    return [
        [f"{rate:,.0f}", happening, name, f"{len(written):,}", len(written - got.keys()), doubled(got)]
        for name, got in readers.items()
    ]


def follow(log: Path, writer: subprocess.Popen[bytes]) -> tuple[LogSource, Counter[bytes]]:
    """The source, polled at its own period until the writer is gone and nothing more comes; the numbers it told."""
    source = LogSource(str(log))
    numbers: Counter[bytes] = Counter()
    grown = time.monotonic()
    while writer.poll() is None or source.pending or time.monotonic() < grown + QUIET:
        for event in source.poll(time.time()):
            if isinstance(event, LogBlock):
                numbers.update(NUMBER.findall(event.data))
                grown = time.monotonic()
        time.sleep(0 if source.pending else source.period)
    return source, numbers


def read_back(source: LogSource) -> Counter[bytes]:
    """The numbers in all bytes that the source can still show."""
    numbers = Counter[bytes]()
    for segment in source.view.segments:
        at, rest = segment.base + segment.kept_from, b""
        while at < segment.end and (data := source.read(at, min(PIECE, segment.end - at)).data):
            at += len(data)
            rest += data
            cut = rest.rfind(b"\n") + 1
            numbers.update(NUMBER.findall(rest[:cut]))
            rest = rest[cut:]
    return numbers


def doubled(got: Counter[bytes]) -> int:
    return sum(times - 1 for times in got.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=20_000)
    parser.add_argument("--duration", type=float, default=10)
    args = parser.parse_args()
    print("how, reader, lines written, lost, doubled, of the lost: said to be gone")
    for how in ("handler", "copies"):
        with tempfile.TemporaryDirectory() as folder:
            for row in count_repeated(how, args.rate, args.duration, Path(folder)):
                print(*row, sep="\t", flush=True)


if __name__ == "__main__":
    main()
