"""The signals of a learning-progress curriculum that mean something (metta.md 0.5 and 5.2), read from the task series.

Void by construction and therefore never used: lp/num_active_tasks, lp/mean_sample_prob, lp/num_nan_tasks.
"""

from __future__ import annotations

from collections.abc import Sequence

from lptui.curriculum.keys import TaskCell
from lptui.detect import Detector
from lptui.model.events import Event, Samples
from lptui.model.finding import Change, Evidence, Finding, Fix, age_out
from lptui.model.value import frozen
from lptui.state.run_state import Curriculum, RunState
from lptui.text import plural, sanitise

LASTING = 60
"""Newest points in which a task must have been at zero: while a healthy curriculum warms up, some tasks are at 0 for
twenty or thirty updates and come back."""
COLLAPSE_LASTING = 20
"""The same when one task has nearly all the probability: that does not come back."""
ZERO = 1e-9
COLLAPSED = 0.9


@frozen
class Memory:
    curriculum: Curriculum | None = None
    raised: tuple[Finding, ...] = ()


def step(memory: Memory, event: Event, state: RunState) -> tuple[Memory, Sequence[Change]]:
    """Collapse, starvation, no signal, saturated rewards; each recovers when the table no longer shows it."""
    if state.curriculum is memory.curriculum:
        return memory, ()
    findings = tuple(f for f in (_starved(state), _no_progress(state), _saturated(state)) if f is not None)
    ids = {f.id for f in findings}
    recovered = [
        Change.raised(age_out(f, "the task table no longer shows it")) for f in memory.raised if f.id not in ids
    ]
    return Memory(state.curriculum, findings), [*recovered, *(Change.raised(f) for f in findings)]


def _lasting(state: RunState, column: str, points: int = LASTING) -> list[str]:
    """Tasks whose `column` was 0 in all of the newest `points`."""
    zero: list[str] = []
    for key, cell in state.cells.items():
        if isinstance(cell, TaskCell) and cell.column == column and key in state.series:
            values = state.series[key].tail(points)
            if len(values) == points and all(abs(v) <= ZERO for v in values):
                zero.append(cell.task)
    return sorted(zero)


def _starved(state: RunState) -> Finding | None:
    signals = state.curriculum.signals
    if signals is None:
        return None
    largest = signals.largest_probability or 0.0
    collapsed = largest > COLLAPSED
    points = COLLAPSE_LASTING if collapsed else LASTING
    zero = _lasting(state, "probability", points)
    if not zero or len(zero) * 4 < signals.n_tasks:
        return None
    total = signals.n_tasks
    title = f"{len(zero)} of {plural(total, 'task')} have probability 0 and will never be drawn again"
    if collapsed:
        title = f"the curriculum collapsed: {largest:.0%} on one task, {len(zero)} of {total} starved for good"
    names = ", ".join(sanitise(t.rsplit("/", 1)[-1]) for t in zero[:6]) + (" …" if len(zero) > 6 else "")
    evidence = [Evidence(f"at 0 in the last {points} points: {names}", kind="metric", step=_newest_step(state))]
    if signals.largest_task:
        text = f"largest probability {largest:.3f}: {sanitise(signals.largest_task.rsplit('/', 1)[-1])}"
        evidence.append(Evidence(text, kind="metric"))
    if signals.effective_tasks is not None:
        text = f"effective tasks exp(entropy) {signals.effective_tasks:.1f} of {total}"
        evidence.append(Evidence(text, kind="metric"))
    return Finding(
        id="curriculum-stuck:starved",
        cls="curriculum-stuck",
        severity="error" if collapsed else "warning",
        title=title,
        attempt=state.life.attempts,
        evidence=tuple(evidence),
        fix=Fix(
            "give every task a floor: mix the distribution with a uniform share (d = (1-e)·d + e/N), or run more "
            "parallel environments so that each task scores before the first update",
            "a task outside the support has probability exactly 0, is never drawn, so can never score; "
            "rand_task_rate does not help: it only picks which averages are updated",
            "",
            "the number of zero-probability tasks falls and the entropy rises",
        ),
        step=_newest_step(state),
        confidence=0.95,
    )


def _no_progress(state: RunState) -> Finding | None:
    columns = [k for k, c in state.cells.items() if isinstance(c, TaskCell) and c.column == "learning_progress"]
    if not columns or state.series[columns[0]].count < 2 * LASTING:
        return None
    if len(_lasting(state, "learning_progress")) < len(columns):
        return None
    return Finding(
        id="curriculum-stuck:no-progress",
        cls="curriculum-stuck",
        severity="warning",
        title=f"learning progress is 0 for all {plural(len(columns), 'task')}: the curriculum has no signal",
        attempt=state.life.attempts,
        evidence=(Evidence(f"all zero in the last {LASTING} points", kind="metric", step=_newest_step(state)),),
        fix=Fix(
            "check that any task is ever scored above 0 (reward too sparse?), then raise ema_timescale",
            "with ema_timescale 0.001 the fast average needs about 700 updates for half its way",
            "",
            "learning progress differs between tasks",
        ),
        step=_newest_step(state),
        confidence=0.7,
    )


def _saturated(state: RunState) -> Finding | None:
    signals = state.curriculum.signals
    if signals is None or not signals.saturated or not any(r.probability is not None for r in state.curriculum.rows):
        return None
    names = ", ".join(sanitise(t.rsplit("/", 1)[-1]) for t in signals.saturated[:4])
    return Finding(
        id="curriculum-stuck:saturated",
        cls="curriculum-stuck",
        severity="warning",
        title=f"{plural(len(signals.saturated), 'task')} with rewards above 1: their learning progress is cut to 0",
        attempt=state.life.attempts,
        evidence=(Evidence(f"reward > 1: {names}", kind="metric", step=_newest_step(state)),),
        fix=Fix(
            "normalise the task score to [0, 1] before it reaches the curriculum",
            "it clips scores to [0, 1], so a task that always scores 1 or more looks learned from the start",
        ),
        step=_newest_step(state),
        confidence=0.8,
    )


def _newest_step(state: RunState) -> int | None:
    steps = [r.updated_step for r in state.curriculum.rows if r.updated_step is not None]
    return int(max(steps)) if steps else None


CURRICULUM = Detector("curriculum", Memory(), step, (Samples,))
