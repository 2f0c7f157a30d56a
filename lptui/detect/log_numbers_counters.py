"""Counters that a log prints: one that begins anew where the run should have gone on, one that stands still."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from lptui.detect.log_numbers_breaks import Break
from lptui.detect.log_numbers_findings import Broken
from lptui.detect.log_numbers_prints import Print, Row
from lptui.model.middle import median
from lptui.state.run_state import RunState

_LEFT = 0.1
"""A counter that is back at this share of its height or less has begun anew."""
_STEPS, _EPOCHS = 50.0, 3.0
"""So much must be lost to be worth a word."""
_ENDS = frozenset(
    (
        *("job-preempted", "job-time-limit", "host-oom-kill", "cuda-oom", "nccl-timeout", "nccl-error"),
        *("peer-connection-lost", "worker-process-died", "gpu-hardware-error", "segfault", "dataloader-worker-failed"),
    )
)
"""Failures after which a run is started once more."""
_CHANGES, _STANDS, _STANDS_AT_LEAST = 4, 30.0, 1800.0


def find_restart(prints: Sequence[Print], file: str, state: RunState) -> Broken | None:
    """The newest place where a counter fell to its beginning right after the log says that the run was resumed."""
    marks = _find_marks(file, state)
    if not marks:
        return None
    found = None
    for count in ("step", "epoch"):
        rows = [Row(v, p) for p in prints if (v := p.step if count == "step" else p.epoch) is not None]
        least = _STEPS if count == "step" else _EPOCHS
        if count == "step" and any(p.epoch is not None and p.step is not None for p in prints):
            continue  # steps that may be those of an epoch
        found = found or _find_fall(rows, count, least, marks)
    return found


def _find_fall(rows: Sequence[Row], count: str, least: float, marks: Sequence[int]) -> Broken | None:
    top, at = rows[0].value if rows else 0.0, None
    for i in range(1, len(rows)):
        low, high = rows[i - 1].of.position, rows[i].of.position
        now = rows[i].value
        if now <= _LEFT * top and top - now >= least and any(low <= m <= high for m in marks):
            at = i
        elif at is not None and now > 0.5 * top:
            at = None  # it caught up, or was resumed after all
        if at is None:
            top = max(top, now)
    return None if at is None else Broken("resumed-from-scratch", count, Break(at, top, rows[at].value), rows, ())


def _find_marks(file: str, state: RunState) -> list[int]:
    """Positions at which a log says that a run is resumed, or was ended from outside."""
    marks = [m.position for m in state.milestones if m.file == file and m.kind == "resumed"]
    view = state.logs.get(file)
    for finding in state.findings:
        anchor = finding.anchor
        if finding.cls in _ENDS and anchor is not None and view is not None:
            position = view.position(anchor)
            marks += [] if position is None else [position]
    return marks


def find_standstill(prints: Sequence[Print]) -> Broken | None:
    """The same step printed again and again, for far longer than a step ever took, by the clocks of the lines."""
    rows = [Row(p.step, p) for p in prints if p.step is not None and p.at is not None]
    if len(rows) < _CHANGES + 3:
        return None
    last = next((i for i in range(len(rows) - 1, 0, -1) if rows[i - 1].value != rows[i].value), 0)
    stood = (rows[-1].of.at or 0.0) - (rows[last].of.at or 0.0)
    firsts = [r.of.at or 0.0 for i, r in enumerate(rows[: last + 1]) if i == 0 or rows[i - 1].value != r.value]
    gaps = [b - a for a, b in pairwise(firsts) if b > a]
    if len(rows) - last < 3 or len(gaps) < _CHANGES or stood < max(_STANDS_AT_LEAST, _STANDS * median(gaps)):
        return None
    return Broken("hung-no-progress", "step", Break(last, median(gaps), stood), rows, ())
