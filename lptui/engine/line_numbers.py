"""Line numbers for evidence: an anchor is a byte offset, a reader wants `script.log:1312`. Counted once, at the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from lptui.files import FileFailure, open_file
from lptui.files.generations import is_packed
from lptui.model.finding import Evidence, Finding
from lptui.model.place import Anchor
from lptui.state.run_state import RunState

CHUNK = 1024 * 1024


def number_lines(state: RunState) -> RunState:
    """`state` with the line number of each piece of evidence that lies in the file that was opened first, or in an
    older one beside it; that is named then. Lines of packed files are not counted."""
    anchors = {e.anchor for f in state.findings for e in f.evidence if e.anchor is not None}
    older = {(v.file, s.generation): s.path for v in state.logs.values() for s in v.segments if s.path}
    files = {a: a.file if a.generation == 0 else older.get((a.file, a.generation), "") for a in anchors}
    numbers: dict[Anchor, int] = {}
    for file in set(files.values()) - {""}:
        if not is_packed(file):
            numbers.update(count_lines(file, [a for a in anchors if files[a] == file]))
    if not files:
        return state
    return replace(state, findings=tuple(_number(f, numbers, files) for f in state.findings))


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


def _number(finding: Finding, numbers: Mapping[Anchor, int], files: Mapping[Anchor, str]) -> Finding:
    def mark(evidence: Evidence) -> Evidence:
        anchor = evidence.anchor
        if anchor is None or not files[anchor]:
            return evidence
        own = evidence.file if evidence.file != anchor.file else ""
        return replace(evidence, line=numbers.get(anchor), file=own or files[anchor])

    return replace(finding, evidence=tuple(mark(e) for e in finding.evidence))
