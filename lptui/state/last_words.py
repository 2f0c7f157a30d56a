"""The last words of a log: an exception that nothing follows ended the program, whatever class it is of."""

from __future__ import annotations

from lptui.model.finding import Finding
from lptui.state.run_state import RunState

REACH = 4096
"""Bytes that may follow the decisive line: its message goes on, and trackers are closed after it."""


def find_last_words(state: RunState) -> Finding | None:
    """The active finding, of any severity, whose traceback ends the log that was opened first; None if none does."""
    log = state.primary_log
    if log is None or not log.segments:
        return None
    newest = log.segments[-1]
    for finding in state.findings:
        anchor = finding.anchor
        if not finding.active or anchor is None or anchor.file != log.file or anchor.generation != newest.generation:
            continue
        raised = any(e.text.startswith("raised in ") for e in finding.evidence)
        if raised and newest.size - anchor.offset <= REACH:
            return finding
    return None
