"""Which lines of a growing log arrive: each line is numbered, and counted in what lptui and `tail -F` got of it.

Counted twice for lptui: lines handed to the failure scan, and rows that the screen can scroll to afterwards.
"""

from __future__ import annotations

import re
import subprocess
import sys
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
    rest, numbers = b"", Counter[bytes]()
    at = source.view.start
    while at < source.view.end:
        data = source.read(at, min(PIECE, source.view.end - at)).data  # ends at a seam
        if not data:
            break
        at += len(data)
        rest += data
        cut = rest.rfind(b"\n") + 1
        numbers.update(NUMBER.findall(rest[:cut]))
        rest = rest[cut:]
    return numbers


def doubled(got: Counter[bytes]) -> int:
    return sum(times - 1 for times in got.values())
