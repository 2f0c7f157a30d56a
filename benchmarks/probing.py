"""What the benchmarks share: the terminal probe, reference imports timed beside it, and how busy the machine was.

The probe is a program that runs a command in a pseudo-terminal and prints JSON about it; its options are those used in
`probe` below. Ratios to a reference taken in the same run, and CPU seconds, hold on a busy machine; wall times do not.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REFERENCES = {"import click": "import click", "import textual.app": "import textual.app"}
LPTUI = [sys.executable, "-m", "lptui"]


@dataclass(frozen=True, slots=True)
class Cost:
    """One command run to its end: seconds of wall and of CPU, largest resident memory in MB."""

    wall: float
    cpu: float
    rss: float
    code: int


def run(command: Sequence[str], timeout: float | None = None) -> Cost:
    """Run `command`; its output is thrown away. A timeout counts as code -1."""
    usage = Path(__file__).with_name("usage.py")
    started = time.perf_counter()
    with tempfile.NamedTemporaryFile("r") as told:
        try:
            subprocess.run(
                [sys.executable, "-S", "-E", str(usage), told.name, *command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Cost(time.perf_counter() - started, float("nan"), float("nan"), -1)
        row = json.loads(told.read())
    return Cost(row["wall"], row["cpu"], row["rss"], row["code"])


def probe(script: Path, python: str, options: Sequence[str], command: Sequence[str]) -> dict[str, Any]:
    """The summary of one probe run of `command`."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "report.json"
        words = [python, str(script), "--json", str(out), *options, "--", *command]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if not out.exists():
            raise SystemExit(f"the probe failed: {' '.join(words)}\n{done.stderr[-2000:]}")
        summary: dict[str, Any] = json.loads(out.read_text())["summary"]
        return summary


def middle(values: Sequence[float | None]) -> float:
    """The median of what is known; NaN if nothing is."""
    known = [v for v in values if v is not None]
    return statistics.median(known) if known else float("nan")


def warm() -> None:
    """Bytecode on disk, whatever PYTHONDONTWRITEBYTECODE says, and the catalogue's copy."""
    package = Path(__file__).resolve().parents[1] / "lptui"
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(package)], check=False)


def tell_machine() -> str:
    """One line about the machine and how busy it is."""
    load = ", ".join(f"{n:.2f}" for n in os.getloadavg())
    return f"{os.cpu_count()} cores, load average {load}, Python {sys.version.split()[0]}"


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(show(cell) for cell in row) + " |" for row in rows)])


def show(value: object) -> str:
    if isinstance(value, float):
        return "not reached" if value != value else f"{value:.3g}" if abs(value) < 100 else f"{value:,.0f}"
    return str(value)


def find_wandb() -> str | None:
    """The wandb command beside this Python, or on the PATH."""
    beside = Path(sys.executable).with_name("wandb")
    return str(beside) if beside.exists() else shutil.which("wandb")


def repeat(count: int, things: dict[str, Callable[[], Any]]) -> dict[str, list[Any]]:
    """Each thing `count` times, in turn, so that a busy minute meets all of them."""
    results: dict[str, list[Any]] = {name: [] for name in things}
    for _ in range(count):
        for name, thing in things.items():
            results[name].append(thing())
    return results
