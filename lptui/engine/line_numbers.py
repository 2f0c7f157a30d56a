"""Line numbers for evidence: an anchor is a byte offset, a reader wants `script.log:1312`. Counted once, at the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from lptui.files import FileFailure, open_file
from lptui.model.finding import Evidence, Finding
from lptui.model.place import Anchor
from lptui.state.run_state import RunState

CHUNK = 1024 * 1024


def number_lines(state: RunState) -> RunState:
    """`state` with the line number of each piece of evidence that lies in the first generation of a log file."""
    anchors = {e.anchor for f in state.findings for e in f.evidence if e.anchor is not None}
    numbers: dict[Anchor, int] = {}
    for file in {a.file for a in anchors}:
        wanted = [a for a in anchors if a.file == file and a.generation == 0]
        numbers.update(count_lines(file, wanted))
    if not numbers:
        return state
    return replace(state, findings=tuple(_number(f, numbers) for f in state.findings))


def count_lines(file: str, anchors: Iterable[Anchor]) -> dict[Anchor, int]:
    """1-based line numbers of anchors in one file; empty when it cannot be read any more."""
    numbers: dict[Anchor, int] = {}
    line, position = 1, 0
    try:
        handle = open_file(file)
    except FileFailure:
        return {}
    try:
        for anchor in sorted(anchors, key=lambda a: a.offset):
            while position < anchor.offset:
                data = handle.pread(position, min(CHUNK, anchor.offset - position))
                if not data:
                    return numbers
                line += data.count(b"\n")
                position += len(data)
            numbers[anchor] = line
    except FileFailure:
        return numbers
    finally:
        handle.close()
    return numbers


def _number(finding: Finding, numbers: Mapping[Anchor, int]) -> Finding:
    def mark(evidence: Evidence) -> Evidence:
        anchor = evidence.anchor
        if anchor is None or anchor not in numbers:
            return evidence
        return replace(evidence, line=numbers[anchor], file=evidence.file or anchor.file)

    return replace(finding, evidence=tuple(mark(e) for e in finding.evidence))
