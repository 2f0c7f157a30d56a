"""Run the engine over labelled excerpts and write what it finds, line by line as a live log would come.

    python benchmarks/score_failures.py GOLD.jsonl --out PREDICTIONS.jsonl [--whole]

GOLD holds objects of which only `id` and `text` are read. Each excerpt is the log of a run of which nothing else is
known (no processes, no files beside it). Its lines become the events that the log source makes of them, and go through
`advance` with all detectors, as they do for the screen. Reported is each class when a finding of it is first active and
no consequence of another one, with the 0-based line that had just been read. --whole hands over an excerpt at once.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path

from lptui.detect.registry import load_detectors
from lptui.engine.core import advance, advance_all
from lptui.formats.log_points import collect_points
from lptui.formats.log_time import AHEAD, date_facts
from lptui.formats.progress import scan
from lptui.model.events import Event, Facts, LogBlock, LogSeen, Samples, StatusSeen, Tick
from lptui.model.finding import Finding
from lptui.model.log import LogSegment, LogView
from lptui.model.readings import SourceStatus
from lptui.model.run import RunInfo
from lptui.sources.log import LEAD
from lptui.state.run_state import RunState

LOG = "/run/train.log"
EVENING = time.mktime((2033, 5, 18, 23, 58, 0, 0, 0, -1))
"""The time at which an excerpt is read: so late on a day that clocks without a date all fall on that day."""


def report(text: str, *, whole: bool = False) -> list[dict[str, object]]:
    """What is raised over one excerpt: class and line."""
    raw = text.encode()
    blocks = [raw] if whole else [line + b"\n" for line in raw.split(b"\n")]
    state = RunState(RunInfo("run", "/run", logs=(LOG,)), now=EVENING, began=EVENING)
    reported: dict[str, int] = {}
    at = 0
    for number, block in enumerate(blocks):
        now = EVENING + number
        state = advance_all(state, make_events(raw, at, block, now), load_detectors())
        # What one detector concludes at a tick, others see at the next one.
        for _ in range(2):
            state = advance(state, Tick(now=now, seen_at=now), load_detectors())
        for finding in state.findings:
            if finding.active and finding.role != "follow-up":
                reported.setdefault(finding.cls, _line_of(finding, raw) if whole else number)
        at += len(block)
    last = text.count("\n")
    return [{"class": cls, "line": min(line, last)} for cls, line in reported.items()]


def make_events(raw: bytes, at: int, block: bytes, now: float) -> Iterator[Event]:
    """The events that the log source makes of one block of lines at position `at` of the log `raw`."""
    yield LogSeen(view=LogView(LOG, (LogSegment(0, 0, at + len(block)),)), seen_at=now)
    yield LogBlock(file=LOG, start=at, data=block, lead=raw[max(0, at - LEAD) : at], seen_at=now)
    facts = scan(block)
    if facts:
        dated = date_facts(block, at, facts, EVENING + AHEAD)
        yield Facts(file=LOG, facts=dated, seen_at=now)
        points = collect_points(dated)
        if points:
            yield Samples(source="log train.log", points=points, order=float(at), seen_at=now)
    yield StatusSeen(status=SourceStatus("log train.log", "ok", "", now, None, LOG), seen_at=now)


def _line_of(finding: Finding, raw: bytes) -> int:
    anchor = finding.anchor
    return 0 if anchor is None else raw[: anchor.offset].count(b"\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("gold", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--whole", action="store_true", help="hand over each excerpt as one block")
    args = parser.parse_args()
    with args.out.open("w", encoding="utf-8") as out:
        for line in args.gold.read_text(encoding="utf-8").split("\n"):
            if line.strip():
                row = json.loads(line)
                findings = report(row["text"], whole=args.whole)
                out.write(json.dumps({"id": row["id"], "findings": findings}) + "\n")


if __name__ == "__main__":
    main()
