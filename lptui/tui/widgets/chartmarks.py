"""What happened to a run, as marks on the x axis of its charts: findings, checkpoints, restarts."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from lptui.state.attempts import list_attempts
from lptui.state.run_state import RunState
from lptui.stores.axes import Axis, place
from lptui.stores.series import Series
from lptui.text import short_number
from lptui.tui.glyphs import severity_glyph
from lptui.tui.moments import checkpoint_cursor, finding_cursor
from lptui.tui.widgets.chartplot import Mark
from lptui.tui.workspace import Cursor

_MOST = 60
"""Marks of one kind, the newest; more would be a solid line."""
_RUN = Series("", "")


def marks_of(state: RunState, axis: Axis) -> tuple[Mark, ...]:
    """The marks of `state` on `axis`, those that matter most first; what has no place there is left out."""
    marks = [*_findings(state), *_restarts(state), *_checkpoints(state)]
    if not marks:
        return ()
    import numpy as np

    steps, times = (np.array([math.nan if m.moment[i] is None else m.moment[i] for m in marks]) for i in (0, 1))
    places, own = place(_RUN, steps, times, axis, state.axes)
    if own:
        return ()
    placed = zip(marks, places.tolist(), strict=True)
    return tuple(replace(mark, place=at) for mark, at in placed if math.isfinite(at))


def _findings(state: RunState) -> Iterable[Mark]:
    for finding in [f for f in state.findings if f.active][:_MOST]:
        moment = (None if finding.step is None else float(finding.step), finding.first_seen)
        style = severity_glyph(finding.severity)[1]
        yield Mark(0.0, style, key=finding.id, title=finding.title, moment=moment)


def _restarts(state: RunState) -> Iterable[Mark]:
    for attempt in list_attempts(state)[1:][-_MOST:]:
        words = f"attempt {attempt.number}" + (", resumed" if attempt.resumed else "")
        yield Mark(0.0, "warn", "↻", "r", "restart", str(attempt.number), words, (attempt.first, attempt.started))


def _checkpoints(state: RunState) -> Iterable[Mark]:
    for saved in state.checkpoints[-_MOST:]:
        at = f" at step {short_number(saved.step)}" if saved.step is not None else ""
        moment = (None if saved.step is None else float(saved.step), saved.modified_at)
        yield Mark(0.0, "faint", "◆", "o", "checkpoint", saved.path, f"checkpoint {saved.name}{at}", moment)


def cursor_of(run: RunState, mark: Mark, origin: str) -> Cursor:
    """The moment of a mark."""
    finding = next((f for f in run.findings if mark.kind == "finding" and f.id == mark.key), None)
    saved = next((c for c in run.checkpoints if mark.kind == "checkpoint" and c.path == mark.key), None)
    if finding is not None:
        return finding_cursor(finding, origin)
    if saved is not None:
        return checkpoint_cursor(saved, origin)
    return Cursor(at=mark.moment[1], step=mark.moment[0], origin=origin)
