"""Run the log detector over labelled excerpts and write what it reports, line by line as a live log would come.

    python benchmarks/score_failures.py GOLD.jsonl --out PREDICTIONS.jsonl [--whole]

GOLD holds objects of which only `id` and `text` are read. Reported is each finding when it is first raised as active
and not as a consequence of another one, with the 0-based line that had just been read. --whole hands over an excerpt at
once.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from lptui.detect.log_failures import LOG_FAILURES
from lptui.formats.progress import scan
from lptui.model.events import DatedFact, Facts, LogBlock, Tick
from lptui.model.finding import Finding
from lptui.model.log import LogSegment, LogView
from lptui.model.run import RunInfo
from lptui.state.fold import fold
from lptui.state.run_state import RunState

LEAD = 8 * 1024


def report(text: str, *, whole: bool = False) -> list[dict[str, object]]:
    """What is raised over one excerpt: class and line."""
    raw = text.encode()
    blocks = [raw] if whole else [line + b"\n" for line in raw.split(b"\n")]
    state = RunState(RunInfo("run", "/run", logs=("log",)))
    memory = LOG_FAILURES.initial
    reported: dict[str, int] = {}
    pending: dict[str, Finding] = {}
    at = 0
    for number, block in enumerate(blocks):
        view = LogView("log", (LogSegment(0, 0, at + len(block)),))
        state = RunState(**{**{f: getattr(state, f) for f in state.__dataclass_fields__}, "logs": {"log": view}})
        facts = tuple(DatedFact(at + f.offset, f.fact) for f in scan(block))
        events = [LogBlock(file="log", start=at, data=block, lead=raw[max(0, at - LEAD) : at])]
        for event in (*events, Facts(file="log", facts=facts), Tick(now=float(number))):
            state = fold(state, event)
            memory, changes = LOG_FAILURES.step(memory, event, state)
            for change in changes:
                if change.finding is None:
                    pending.pop(change.id, None)
                else:
                    pending[change.id] = change.finding
        for finding in pending.values():
            if not finding.past and finding.role != "follow-up":
                reported.setdefault(finding.cls, _line_of(finding, raw) if whole else number)
        at += len(block)
    last = text.count("\n")
    return [{"class": cls, "line": min(line, last)} for cls, line in reported.items()]


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
