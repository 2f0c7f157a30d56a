"""Where each attempt of a run begins in its log. One start prints several lines; the same line again is a restart."""

from __future__ import annotations

from collections.abc import Sequence

from lptui.state.run_state import Milestone, RunState


def attempt_starts(state: RunState, file: str = "") -> list[Milestone]:
    """The first start line of each attempt in `file` (default: the log that a reader opens first), oldest first."""
    if not file:
        log = state.primary_log
        file = log.file if log is not None else ""
    return find_starts([m for m in state.milestones if m.file == file])


def find_starts(milestones: Sequence[Milestone]) -> list[Milestone]:
    """The same for the milestones of one log, in its order."""
    starts: list[Milestone] = []
    seen: set[str] = set()
    for milestone in milestones:
        if milestone.kind != "started":
            continue
        if not starts or milestone.value in seen:
            starts.append(milestone)
            seen = set()
        seen.add(milestone.value)
    return starts


def attempt_at(starts: Sequence[Milestone], position: int) -> int:
    """The 1-based attempt that a log position belongs to."""
    return max(1, sum(1 for s in starts if s.position <= position))
