"""What says that a run is over, and how often it was started."""

from __future__ import annotations

from lptui.model.value import frozen
from lptui.state.attempts import find_starts
from lptui.state.completion import find_completion
from lptui.state.run_state import Milestone, RunState

REDRAWN = 1 << 16
"""Bytes after the end within which a bar may still be drawn."""
_CLEAN_REASONS = ("completed", "job_completed", "max_runtime_reached", "cluster_stop")


@frozen
class Ending:
    """Something that says that the run is over."""

    clean: bool
    text: str
    at: float | None
    exit_code: int | None = None


def find_ending(state: RunState) -> Ending | None:
    """The newest word that says that the run is over, unless the run went on after it."""
    ends = [e for e in (_log_end(state), _wandb_end(state), _reason_end(state), _summary_end(state)) if e is not None]
    if not ends:
        return None
    ending = max(ends, key=lambda e: (not e.clean, e.at or 0.0))
    restarted = max((m.at or 0.0 for m in find_starts(first_log(state))), default=0.0)
    if ending.at is not None and restarted > ending.at + 1.0:
        return None
    return ending


def last_attempt(state: RunState) -> list[Milestone]:
    """Milestones since the last start, of the log that was opened first."""
    own = first_log(state)
    starts = find_starts(own)
    return [m for m in own if m.position >= starts[-1].position] if starts else own


def find_closing(state: RunState) -> str:
    """What says that the program left by itself, well or not; '' where nothing does."""
    own = last_attempt(state)
    said = bool(own) and own[-1].kind == "closed" and not _went_on(state, own[-1])
    return "its tracker says that the run was closed" if said else ""


def _log_end(state: RunState) -> Ending | None:
    for milestone in reversed(last_attempt(state)):
        at = milestone.at
        if milestone.kind == "completed":
            if _went_on(state, milestone):
                return None
            return Ending(True, "the log says that training completed", at)
        if milestone.kind == "exit_code":
            code = int(milestone.value) if milestone.value.lstrip("-").isdigit() else None
            return Ending(code == 0, f"the log says exit code {milestone.value}", at, code)
        if milestone.kind in ("failed", "interrupted", "heartbeat_timeout"):
            return Ending(False, f"the log says {milestone.kind.replace('_', ' ')}: {milestone.value[:80]}", at)
    return None


def _went_on(state: RunState, milestone: Milestone) -> bool:
    """Whether training was told of after it was said to be complete: one fold or phase of several was. A bar is drawn
    once more when it is closed."""
    later = any(
        name == "step"
        and kind.startswith(milestone.file)
        and said.order > milestone.position + REDRAWN * (said.form == "bar")
        for (name, kind), said in state.reported.items()
    )
    return later and not find_completion(state)


def _wandb_end(state: RunState) -> Ending | None:
    seen = state.seen.get("exit_code")
    if seen is None or not seen.value.lstrip("-").isdigit():
        return None
    code = int(seen.value)
    return Ending(code == 0, f"{seen.source} recorded exit code {code}", seen.at, code)


def _reason_end(state: RunState) -> Ending | None:
    seen = state.seen.get("termination_reason")
    if seen is None or not seen.value:
        return None
    clean = seen.value in _CLEAN_REASONS
    code = seen.value.removeprefix("exit_code_")
    return Ending(clean, f"termination_reason: {seen.value}", seen.at, int(code) if code.isdigit() else None)


def _summary_end(state: RunState) -> Ending | None:
    seen = state.seen.get("training_summary")
    words = "holds the summary of a training that completed"
    return Ending(True, f"{seen.source} {words}", seen.at) if seen is not None and seen.value else None


def promises_end(state: RunState) -> bool:
    """Whether this kind of run says so when it ends, so that its silence means that it was killed."""
    told = any(m.kind in ("started", "opened") for m in state.milestones)
    return told or bool(state.run.wandb)


def count_attempts(state: RunState) -> int:
    """How often the run was started, as far as any source tells."""
    starts = len(find_starts(first_log(state)))
    restarts = state.seen.get("restart_count")
    elastic = state.seen.get("elastic_restarts")
    told = max(int(s.value) + 1 if s and s.value.isdigit() else 1 for s in (restarts, elastic))
    return max(starts, told, 1)


def first_log(state: RunState) -> list[Milestone]:
    log = state.primary_log
    return [m for m in state.milestones if log is not None and m.file == log.file]
