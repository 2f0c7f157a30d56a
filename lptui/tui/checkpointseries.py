"""Which checkpoints belong together: the one before, those of one series, what a file's checkpoint is called. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from lptui.checkpoints.contents import Contents
from lptui.model.readings import CheckpointReading
from lptui.run.checkpoint_series import stem
from lptui.run.recovery import Readiness
from lptui.text import short_bytes
from lptui.tui.widgets.checkpointhead import Standing
from lptui.tui.widgets.spans import clean

_NOT_WHOLE = ("being-written", "incomplete", "empty", "vanished")


def find_series(checkpoints: Sequence[CheckpointReading], path: str) -> list[CheckpointReading]:
    """Those whose paths differ from `path` in numbers only, oldest first; saves under way are left out."""
    mine = stem(path)
    return [c for c in checkpoints if stem(c.path) == mine and (c.verdict not in _NOT_WHOLE or c.path == path)]


def find_partner(checkpoints: Sequence[CheckpointReading], path: str, now: str = "", by: int = 0) -> str:
    """The checkpoint to compare `path` with: the one before it in its series; with `now`, the one `by` places from
    that. '' if there is none."""
    others = [c.path for c in find_series(checkpoints, path) if c.path != path]
    if not others:
        return ""
    if now in others:
        return others[max(0, min(len(others) - 1, others.index(now) + by))]
    older = [c.path for c in find_series(checkpoints, path)]
    place = older.index(path) if path in older else len(older)
    return others[place - 1] if place > 0 else others[0]


def report_line(name: str, standing: Standing, contents: Contents | None, version: str) -> str:
    """One line for an issue: what it is, what is wrong with it, and how that is known."""
    facts: list[str] = []
    for info in contents.infos if contents is not None else ():
        about = [clean(info.format), short_bytes(info.size), f"{info.n_tensors or 0:,} tensors"]
        about += [f"{r.name} {r.value:,.0f}" for r in (info.epoch, info.agent_step, info.global_step) if r is not None]
        facts.append(", ".join(about))
    told = f" ({'; '.join(facts)})" if facts else ""
    return f"{clean(name)}: {standing.verdict}: {clean(standing.reason)}{told} [lptui {version}]"


def resume_command(readiness: Readiness, path: str) -> str:
    """The command that resumes the run, if it would load this checkpoint (or its pair)."""
    candidate = readiness.candidate
    if candidate is None or not readiness.command or readiness.answer not in ("yes", "yes-but"):
        return ""
    return readiness.command if candidate.path == path else ""
