"""What a run's state tells of its newest restart: the values that `run.resume_proof` asks for."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

from lptui.model.middle import median
from lptui.run.resume_proof import Restart, ResumeProof, prove
from lptui.state.attempts import attempt_starts, recorded_steps
from lptui.state.run_state import Milestone, RunState
from lptui.trends.roles import find_role

_BATCH_KEYS = ("trainer.batch_size", "batch_size", "train.batch_size")


def resume_proof(state: RunState) -> ResumeProof | None:
    """What is known of the newest attempt's start; None for a first attempt, and where no start is known."""
    starts = attempt_starts(state)
    if len(starts) < 2 or state.still_reading:
        return None
    start, before = starts[-1], starts[-2]
    own = [m for m in state.milestones if m.file == start.file and m.position >= start.position]
    claimed, policy_only = _claim(own)
    records = recorded_steps(state)
    cut = bisect_left(records, (start.at,)) if start.at is not None else len(records)
    earlier, mine = records[:cut], records[cut:]
    first = int(mine[0][1]) if mine else None
    known = [(s.at, s.step) for s in state.saving.history.saves if s.step]
    saved = tuple(step for at, step in known if start.at is None or at < start.at)
    reached = max((int(s) for t, s in earlier if before.at is None or t >= before.at), default=None)
    if not saved and claimed is None and not policy_only:
        return None  # nothing to go on from, and nothing said of it
    return prove(
        Restart(
            len(starts),
            claimed,
            policy_only,
            tuple(step for _, step in known),
            saved,
            first,
            reached,
            _stride(state, mine or earlier),
            _rates(state, start.at),
            _optimizer_steps(state, start.at),
        )
    )


def _claim(own: Sequence[Milestone]) -> tuple[int | None, bool]:
    """(the step that the log says was restored, whether it only speaks of a policy)."""
    resumed = [m for m in own if m.kind == "resumed" and m.value != "0"]
    steps = [int(m.value) for m in resumed if m.value.isdigit()]
    return (steps[-1] if steps else None), bool(resumed) and not steps


def _stride(state: RunState, records: Sequence[tuple[float, float]]) -> int:
    """Steps between two records, or of one batch, whichever is more: the first record may come after either."""
    rises = [b[1] - a[1] for a, b in pairwise(records[:200]) if b[1] > a[1]]
    rows = dict(state.config)
    batch = next((int(rows[k]) for k in _BATCH_KEYS if rows.get(k, "").isdigit()), 0)
    return max(int(2 * median(rises)) if rises else 0, batch)


def _optimizer_steps(state: RunState, at: float | None) -> tuple[float, float] | None:
    """The optimizer's own count in the newest save before the restart, and in the first after it."""
    counts = [(s.at, s.optimizer_step) for s in state.saving.history.saves if s.optimizer_step is not None]
    before = [n for time, n in counts if at is not None and time < at]
    after = [n for time, n in counts if at is not None and time >= at]
    return (float(before[-1]), float(after[0])) if before and after else None


def _rates(state: RunState, at: float | None) -> tuple[float, float] | None:
    """The learning rate right before the restart and right after it."""
    if at is None:
        return None
    for key, series in state.series.items():
        if find_role(key) != "learning_rate":
            continue
        before: tuple[float, float] | None = None
        after: tuple[float, float] | None = None
        for segment in series.segments[-8:]:
            for time, value in zip(segment.points.times, segment.points.values, strict=True):
                if time < at and (before is None or time >= before[0]):
                    before = (time, value)
                elif time >= at and (after is None or time < after[0]):
                    after = (time, value)
        if before is not None and after is not None:
            return before[1], after[1]
    return None
