"""Where each attempt of a run begins in its log, and what became of it. One start prints several lines; the same line
again is a restart."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

from lptui.model.value import frozen

if TYPE_CHECKING:
    from lptui.state.run_state import Milestone, RunState

_SERIES, _SEGMENTS, _POINTS = 2000, 8, 5000


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


@frozen
class Attempt:
    """One start of the run. Times in unix s, None where no clock tells; `first` and `last` are its recorded steps."""

    number: int
    started: float | None = None
    ended: float | None = None
    """The last that was recorded of it; None for one that is the newest, or recorded nothing."""
    first: float | None = None
    last: float | None = None
    resumed: bool = False
    scratch: bool = False
    saved: int = 0

    @property
    def lived(self) -> float | None:
        """Seconds from its start to its last record."""
        if self.started is None or self.ended is None:
            return None
        return max(0.0, self.ended - self.started)


def list_attempts(state: RunState) -> list[Attempt]:
    """Every attempt that the first log tells of: its life, how far it came, and whether it went on from an earlier."""
    starts = attempt_starts(state)
    if not starts:
        return []
    marks = [m for m in state.milestones if m.file == starts[0].file]
    records = recorded_steps(state)
    found: list[Attempt] = []
    for i, start in enumerate(starts):
        after = starts[i + 1] if i + 1 < len(starts) else None
        own = [m for m in marks if m.position >= start.position and (after is None or m.position < after.position)]
        until = after.at if after is not None else None
        mine = _between(records, start.at, until) if start.at is not None and (after is None or until) else []
        spoke = [m.at for m in own if m.at is not None and m.at != start.at] + [t for t, _ in mine]
        steps = [s for _, s in mine]
        found.append(
            Attempt(
                i + 1,
                start.at,
                max(spoke, default=until) if after is not None else None,
                steps[0] if steps else None,
                max(steps, default=None),
                any(m.kind == "resumed" and m.value != "0" for m in own),
                any(m.kind == "from_scratch" for m in own),
                sum(m.kind == "saved" for m in own),
            )
        )
    return found


def recorded_steps(state: RunState) -> list[tuple[float, float]]:
    """(time, step) of the longest series that has both, in order of time; bounded."""
    best = max(
        (s for s in islice(state.series.values(), _SERIES) if not s.key.startswith("system")),
        key=lambda s: (s.count, s.key),
        default=None,
    )
    if best is None:
        return []
    rows = [
        (t, s)
        for segment in best.segments[-_SEGMENTS:]
        for t, s in zip(segment.points.times[-_POINTS:], segment.points.steps[-_POINTS:], strict=True)
        if t == t and s == s
    ]
    return sorted(rows)


def _between(records: list[tuple[float, float]], low: float, high: float | None) -> list[tuple[float, float]]:
    start = bisect_left(records, (low,))
    return records[start : bisect_left(records, (high,)) if high is not None else len(records)]
