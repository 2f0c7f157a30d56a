"""Line numbers for evidence: an anchor is a byte offset, a reader wants `script.log:1312`. Counted once, at the end,
from the nearest mark of the log's index on: the line feeds before it were counted when the log was read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from lptui.files import FileFailure, open_file
from lptui.files.generations import is_packed
from lptui.model.finding import Evidence, Finding
from lptui.model.log import LogView
from lptui.model.place import Anchor
from lptui.state.run_state import RunState

CHUNK = 1024 * 1024


def number_lines(state: RunState) -> RunState:
    """`state` with the line number of each piece of evidence that lies in the file that was opened first, or in an
    older one beside it; that is named then. Lines of packed files are not counted."""
    anchors = {e.anchor for f in state.findings for e in f.evidence if e.anchor is not None}
    older = {(v.file, s.generation): s.path for v in state.logs.values() for s in v.segments if s.path}
    files = {a: a.file if a.generation == 0 else older.get((a.file, a.generation), "") for a in anchors}
    views = {view.file: view for view in state.logs.values()}

    def find_mark(anchor: Anchor) -> tuple[int, int]:
        view = views.get(anchor.file)
        return (0, 0) if view is None else find_known(view, anchor)

    numbers: dict[Anchor, int] = {}
    for file in set(files.values()) - {""}:
        if not is_packed(file):
            numbers.update(count_lines(file, [a for a in anchors if files[a] == file], find_mark))
    if not files:
        return state
    return replace(state, findings=tuple(_number(f, numbers, files) for f in state.findings))


def find_known(view: LogView, anchor: Anchor) -> tuple[int, int]:
    """(offset, line feeds before it) of the last mark before an anchor; the start of its file where none is known."""
    segment = next((s for s in view.segments if s.generation == anchor.generation), None)
    if segment is None:
        return 0, 0
    base, mark = (view.lines.at_or_before(segment.base + offset) for offset in (0, anchor.offset))
    if base is None or mark is None or base.position != segment.base:
        return 0, 0
    return mark.position - segment.base, mark.feeds - base.feeds


def count_lines(
    file: str, anchors: Iterable[Anchor], find_mark: Callable[[Anchor], tuple[int, int]] = lambda anchor: (0, 0)
) -> dict[Anchor, int]:
    """1-based line numbers of anchors in one file; empty when it cannot be read any more. `find_mark` gives an offset
    before an anchor, and the line feeds before it."""
    numbers: dict[Anchor, int] = {}
    line, position = 1, 0
    try:
        handle = open_file(file)
    except FileFailure:
        return {}
    try:
        for anchor in sorted(anchors, key=lambda a: a.offset):
            known, feeds = find_mark(anchor)
            if known > position:
                position, line = known, feeds + 1
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
