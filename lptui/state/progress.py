"""What log lines say of progress and life cycle, folded; and the time that is left."""

from __future__ import annotations

from dataclasses import replace

from lptui.formats.progress import Lifecycle
from lptui.formats.progress import Progress as ProgressLine
from lptui.model.events import DatedFact, Facts
from lptui.state.run_state import Milestone, Progress, RunState

MILESTONES = 4000
TOTAL_KEYS = (
    "trainer.total_timesteps",
    "total_timesteps",
    "trainer.max_steps",
    "max_steps",
    "training.total_timesteps",
    "total_steps",
)


def add_facts(state: RunState, event: Facts) -> RunState:
    """`state` with the milestones of a block, in the order of the log whatever order blocks come in."""
    found: list[Milestone] = []
    progress = state.progress
    for dated in event.facts:
        fact = dated.fact
        if isinstance(fact, Lifecycle):
            value = "" if fact.value is None else str(fact.value)
            found.append(Milestone(event.file, dated.position, fact.kind, value, dated.at))
        elif isinstance(fact, ProgressLine):
            progress = _advance(progress, fact, dated, event)
    if found:
        known = {(m.file, m.position, m.kind): m for m in (*state.milestones, *found)}
        merged = sorted(known.values(), key=lambda m: (m.file, m.position))
        state = replace(state, milestones=tuple(merged[-MILESTONES:]))
    return state if progress is state.progress else replace(state, progress=progress)


def _advance(progress: Progress, line: ProgressLine, dated: DatedFact, event: Facts) -> Progress:
    """`progress` after a line, if that line is the newest one read so far."""
    if line.form == "bar" and progress.form not in ("", "bar"):
        return progress  # a bar may count anything: an evaluation, a download
    position = dated.position
    same_log = progress.source == event.file
    if same_log and progress.position is not None and position < progress.position:
        return progress
    if not same_log and progress.at is not None and dated.at is not None and dated.at < progress.at:
        return progress
    return replace(
        progress,
        step=_sharper(progress.step, line),
        total=line.total_steps if line.total_steps is not None else progress.total,
        epoch=int(line.epoch) if line.epoch is not None else progress.epoch,
        steps_per_second=line.steps_per_second or progress.steps_per_second,
        at=dated.at if dated.at is not None else progress.at,
        position=position,
        source=event.file,
        form=line.form,
    )


def _sharper(known: int | None, line: ProgressLine) -> int | None:
    """The step of `line`, unless what is known already agrees with it and is sharper (a share of a total is coarse)."""
    if line.step is None or known is None:
        return line.step if line.step is not None else known
    coarse = line.step_resolution or 1
    return known if coarse > 1 and abs(known - line.step) <= coarse else line.step


def refresh_eta(state: RunState) -> Progress:
    """Progress with its total (from the configuration when no line said it) and the seconds that are left."""
    progress = state.progress
    total = progress.total or _configured_total(state)
    eta = None
    if total and progress.step is not None and progress.steps_per_second:
        eta = max(0.0, (total - progress.step) / progress.steps_per_second)
    if state.life.condition in ("finished", "crashed"):
        eta = None
    if total == progress.total and eta == progress.eta:
        return progress
    return replace(progress, total=total, eta=eta)


def _configured_total(state: RunState) -> int | None:
    rows = dict(state.config)
    for key in TOTAL_KEYS:
        try:
            return int(float(rows[key].replace("_", ""))) or None
        except (KeyError, ValueError):
            continue
    return None
