"""Which logs a run has for the reader, and where in them a time cursor points. No Textual here."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from lptui.formats.log_time import last_time
from lptui.model.finding import Finding, rank
from lptui.model.log import LogView
from lptui.run.rank_logs import find_ranks
from lptui.run.ranks import rank_of
from lptui.state.cloud_word import why_unread
from lptui.state.run_state import RunState
from lptui.text import sanitise
from lptui.tui.workspace import Cursor


def find_target(run: RunState, cursor: Cursor) -> tuple[str, int] | None:
    """(file, position) that `cursor` points to in one of the logs, or None."""
    anchors = [cursor.anchor]
    anchors += [f.anchor for f in run.findings if f.id == cursor.finding_id]
    for anchor in anchors:
        extent = run.logs.get(anchor.file) if anchor is not None else None
        position = extent.position(anchor) if extent is not None and anchor is not None else None
        if extent is not None and position is not None:
            return extent.file, position
    return None


def newest_time(extent: LogView, now: float) -> float:
    """When the newest dated line was written (unix s): a clock that is typed means the last such time before it."""
    written = extent.modified_at or now
    found = last_time(extent.tail, written)
    return written if found is None else found


def logs_of(state: RunState) -> list[str]:
    """The run's logs in the order in which `]` shows them."""
    first = [path for path in state.run.logs if path in state.logs]
    return first + [path for path in state.logs if path not in first]


def order_logs(state: RunState) -> list[str]:
    """The run's logs, those worth a look first: with findings, of rank 0, others; empty ones last."""
    worst = {file: finding for file in state.logs if (finding := worst_in(state.findings, file)) is not None}

    def weigh(file: str) -> tuple[bool, int, bool]:
        finding, severity = worst.get(file), 0
        if finding is not None:
            severity = -rank(finding.severity) - 1
        return state.logs[file].end == 0, severity, rank_among(file, state.run.logs) != 0

    return sorted(logs_of(state), key=weigh)


def rank_among(file: str, files: Sequence[str]) -> int | None:
    """The rank of the log `file`, by its name among all `files`: `train.log` beside `train_1.log` is that of rank 0."""
    return _ranks(tuple(files)).get(file, rank_of(file))


@lru_cache(16)
def _ranks(files: tuple[str, ...]) -> dict[str, int]:
    return {part.path: part.rank for part in find_ranks(files) if part.rank is not None}


def worst_in(findings: Sequence[Finding], file: str) -> Finding | None:
    """The worst finding that is not past and stands in the log `file`."""
    mine = [f for f in findings if f.active and f.anchor is not None and f.anchor.file == file]
    return max(mine, key=lambda f: rank(f.severity), default=None)


def why_empty(state: RunState) -> str:
    """What to say where no line can be shown."""
    if state.logs:
        hindered = [s for s in state.statuses.values() if s.path in state.logs and s.condition in ("waiting", "failed")]
        if hindered and not any(view.end for view in state.logs.values()):
            return sanitise(hindered[0].detail)
        return "the log is empty: nothing has been written yet"
    if unread := why_unread(state):
        return sanitise(unread)
    if state.run.remote:
        return "the W&B server has no console of this run so far"
    if state.run.logs:
        return "opening the log …"
    looked = [entry for entry in state.run.looked if "log" in entry.kind]
    if looked and looked[0].note:
        return f"no log found: {sanitise(looked[0].note)}"
    return f"no log found in {sanitise(state.run.path)}"
