"""Run the whole engine over labelled metric traces and write what it reports, entry by entry as a live run would log.

    python benchmarks/score_traces.py TRACES.jsonl --out PREDICTIONS.jsonl [--jobs N]

Of a trace only `id`, `config`, `series`, `time_s` and `now_s` are read. The watcher is attached to a process that
lives. Reported is the moment at which a finding was first active and no consequence of another one.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from array import array
from collections.abc import Iterator
from multiprocessing import Pool
from pathlib import Path
from typing import Any

from lptui.detect.registry import load_detectors
from lptui.engine.core import advance
from lptui.model.events import ConfigSeen, Event, Points, ProcessesSeen, Samples, Tick
from lptui.model.readings import ProcessReading
from lptui.model.run import RunInfo
from lptui.state.run_state import RunState

_SPELT = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def replay(trace: dict[str, Any]) -> Iterator[tuple[float, list[Event]]]:
    """(moment, what a watcher sees then): one batch of points an entry, and a last look at `now_s`."""
    process = ProcessReading(1, 0, "python", "python train.py", status="running")
    rows = tuple((key, str(value)) for key, value in trace["config"].items())
    start = trace["time_s"][0]
    yield (
        start,
        [
            ConfigSeen(path="config.yaml", rows=rows, seen_at=start),
            ProcessesSeen(processes=(process,), seen_at=start),
            Tick(now=start, seen_at=start),
        ],
    )
    for k, now in enumerate(trace["time_s"]):
        points = tuple(
            Points(key, array("d", [entries[k][0]]), array("d", [now]), array("d", [_number(entries[k][1])]))
            for key, entries in trace["series"].items()
            if entries[k][1] is not None
        )
        yield now, [Samples(source="wandb", points=points, order=float(k), seen_at=now), Tick(now=now, seen_at=now)]
    yield trace["now_s"], [Tick(now=trace["now_s"], seen_at=trace["now_s"])]


def _number(value: float | str) -> float:
    return _SPELT[value] if isinstance(value, str) else float(value)


def report(trace: dict[str, Any]) -> list[dict[str, object]]:
    """What is raised over one trace: class and moment."""
    detectors = load_detectors()
    state = RunState(RunInfo("run", "/run"))
    reported: dict[str, float] = {}
    for now, events in replay(trace):
        before = state.findings
        for event in events:
            state = advance(state, event, detectors)
        if state.findings is not before:
            for finding in state.findings:
                if finding.active and finding.role != "follow-up":
                    reported.setdefault(finding.cls, now)
    return [{"class": cls, "time_s": at} for cls, at in reported.items()]


def _score(line: str) -> tuple[str, int]:
    trace = json.loads(line)
    return json.dumps({"id": trace["id"], "findings": report(trace)}), len(trace["time_s"])


def main() -> None:
    parser = argparse.ArgumentParser(description="Score metric traces through the whole engine.")
    parser.add_argument("traces", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--jobs", type=int, default=1)
    args = parser.parse_args()
    started, entries = time.perf_counter(), 0
    with (
        args.traces.open(encoding="utf-8") as lines,
        args.out.open("w", encoding="utf-8") as out,
        Pool(args.jobs) as pool,
    ):
        for row, count in pool.imap(_score, (line for line in lines if line.strip()), chunksize=4):
            out.write(row + "\n")
            entries += count
    took = time.perf_counter() - started
    print(f"{entries} entries in {took:.1f} s, {1e6 * args.jobs * took / max(1, entries):.0f} us each")


if __name__ == "__main__":
    main()
