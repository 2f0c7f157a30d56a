"""False alarms per million lines on healthy logs, and how fast the failure catalogue is scanned for.

    python benchmarks/false_alarms.py LOG... [--live] [--live-lines 100000] [--speed]

Each LOG (or each *.log below a folder) is a run of which nothing else is known and in which nothing is wrong;
`healthy/make_logs.py` makes such logs with real trainings. It is read by the log source and all detectors, as the
screen does: as history (newest block first, what `lptui check` does) and, with --live, its first lines again as a file
that grows by 16 KiB a second. Counted is each finding that was ever raised and is no consequence of another one; those
that were never active (the run went on in the same block) are marked "past".

--speed adds the raw scan: the whole catalogue over each log's first 64 MiB by the scanner with RE2, and without it, and
`rg -c` or `grep -c` for two words; processor time, median of 5.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from lptui.detect.catalogue import load_catalogue
from lptui.detect.registry import load_detectors
from lptui.detect.scanner import Scanner, make_scanner
from lptui.engine.core import advance, advance_all
from lptui.model.events import Tick
from lptui.model.finding import Finding
from lptui.model.run import RunInfo
from lptui.sources.log import LogSource
from lptui.state.run_state import RunState
from lptui.text.secrets import mask_text

STEP = 16 * 1024
SAMPLE = 64 * 1024 * 1024
ROUNDS = 5


def read_history(path: Path) -> dict[str, Finding]:
    """What is ever found while the log is read as it lies there, judged at the time of its last byte."""
    source = LogSource(str(path))
    now = path.stat().st_mtime
    return _watch(path, _poll_out(source, now), now)


def read_live(path: Path, lines: int) -> dict[str, Finding]:
    """What is ever found while a copy of the log's first `lines` grows by `STEP` bytes a second."""
    with path.open("rb") as log:
        data = b"".join(line for _, line in zip(range(lines), log, strict=False))
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        copy.touch()
        began = path.stat().st_mtime - len(data) / STEP
        return _watch(copy, _grow(copy, data, began), began)


def _poll_out(source: LogSource, now: float) -> Iterator[tuple[float, LogSource]]:
    yield now, source
    while source.pending:
        yield now, source


def _grow(copy: Path, data: bytes, began: float) -> Iterator[tuple[float, LogSource]]:
    source = LogSource(str(copy))
    yield began, source
    with copy.open("ab", buffering=0) as out:
        for number, at in enumerate(range(0, len(data), STEP)):
            out.write(data[at : at + STEP])
            now = began + number + 1
            yield now, source
            while source.pending:
                yield now, source


def _watch(path: Path, polls: Iterator[tuple[float, LogSource]], began: float) -> dict[str, Finding]:
    state = RunState(RunInfo(path.stem, str(path.parent), logs=(str(path),)), now=began, began=began)
    ever: dict[str, Finding] = {}
    now = began
    source = None
    for now, source in polls:
        state = advance_all(state, source.poll(now), load_detectors())
        state = _tick(state, now, ever)
    for _ in range(2):
        state = _tick(state, now, ever)
    if source is not None:
        source.close()
    return ever


def _tick(state: RunState, now: float, ever: dict[str, Finding]) -> RunState:
    state = advance(state, Tick(now=now, seen_at=now), load_detectors())
    for finding in state.findings:
        known = ever.get(finding.id)
        if finding.role != "follow-up" and (known is None or (known.past and finding.active)):
            ever[finding.id] = finding
    return state


def tell(findings: dict[str, Finding], most: int = 5) -> None:
    """The findings by class, each with the text that it stands on."""
    counts = Counter(f.cls for f in findings.values())
    for cls, count in counts.most_common():
        print(f"    {count:6,} {cls}")
        for finding in [f for f in findings.values() if f.cls == cls][:most]:
            text = finding.evidence[0].text if finding.evidence else ""
            past = " (past)" if finding.past else ""
            print(f"           {finding.severity}{past}: {mask_text(finding.title)} | {mask_text(text)[:160]!r}")


def measure_speed(paths: list[Path]) -> None:
    """GB/s of the raw scan over each log."""
    catalogue = load_catalogue()
    with_re2, without = (make_scanner(catalogue, use_re2=use) for use in (True, False))
    print(f"{'log':28} {'MB':>6} {'RE2 GB/s':>9} {'re GB/s':>8} {'grep GB/s':>9}  suspects in a million lines")
    for path in paths:
        with path.open("rb") as log:
            data = log.read(SAMPLE)
        found = _count(with_re2, data)
        rates = [_rate(lambda s=s, d=data: _count(s, d), len(data)) for s in (with_re2, without)]
        share = 1e6 * found / max(1, data.count(b"\n"))
        told = f"{path.name[:28]:28} {len(data) / 1e6:6.1f} {rates[0]:9.2f} {rates[1]:8.2f} {_rate_grep(data):>9}"
        print(f"{told}  {share:,.0f}", flush=True)


def _count(scanner: Scanner, data: bytes) -> int:
    return sum(1 for _ in scanner.scan(data))


def _rate(call: Callable[[], object], size: int) -> float:
    """GB/s by processor time, median of `ROUNDS`: other work on the machine does not count."""
    costs: list[float] = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        call()
        costs.append(time.process_time() - begun)
    return size / 1e9 / max(1e-9, statistics.median(costs))


def _rate_grep(data: bytes) -> str:
    tool = shutil.which("rg") or shutil.which("grep")
    if tool is None:
        return "none"
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        costs: list[float] = []
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            options = "-acE" if tool.endswith("grep") else "-ac"
            command = [tool, options, "Traceback|out of memory", file.name]
            subprocess.run(command, stdout=subprocess.DEVNULL, env={"LC_ALL": "C"}, check=False)
            costs.append(time.perf_counter() - begun)
    return f"{len(data) / 1e9 / statistics.median(costs):.2f}"


def count_lines(path: Path) -> int:
    with path.open("rb") as log:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: log.read(1 << 20), b""))


def run(paths: list[Path], read: Callable[[Path], dict[str, Finding]], most: int | None) -> tuple[int, int]:
    """(findings, lines) over all logs; prints each log."""
    total = lines = 0
    for path in paths:
        begun = time.perf_counter()
        findings = read(path)
        count = min(count_lines(path), most or 1 << 62)
        took = time.perf_counter() - begun
        print(f"  {path.name:28} {count:9,} lines {took:6.1f} s  {len(findings):5,} findings", flush=True)
        tell(findings)
        total, lines = total + len(findings), lines + count
    print(f"  {total:,} findings in {lines:,} lines: {1e6 * total / max(1, lines):.2f} per million lines\n")
    return total, lines


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("logs", type=Path, nargs="+")
    parser.add_argument("--live", action="store_true", help="also read each log as it grows")
    parser.add_argument("--live-lines", type=int, default=100_000, help="how many lines of each log, for --live")
    parser.add_argument("--speed", action="store_true", help="also measure the raw scan")
    args = parser.parse_args()
    paths = [p for given in args.logs for p in (sorted(given.glob("**/*.log")) if given.is_dir() else [given])]
    print("as history:")
    run(paths, read_history, None)
    if args.live:
        print("growing:")
        run(paths, lambda path: read_live(path, args.live_lines), args.live_lines)
    if args.speed:
        measure_speed(paths)


if __name__ == "__main__":
    main()
