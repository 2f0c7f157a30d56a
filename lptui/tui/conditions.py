"""How sources are, in words for a pane's border."""

from __future__ import annotations

from collections.abc import Iterable

from lptui.model.readings import SourceStatus
from lptui.state.run_state import RunState
from lptui.text import plural, sanitise, short_duration

_ORDER = ("failed", "partial", "waiting", "ok", "absent")


def describe_sources(state: RunState, names: Iterable[str]) -> str:
    """The worst condition among the sources whose names begin with one of `names`; empty when all is well."""
    wanted = tuple(names)
    mine = [s for s in state.statuses.values() if wanted and s.source.startswith(wanted)]
    if not mine:
        return ""
    worst = min(mine, key=lambda s: (_ORDER.index(s.condition), s.complete))
    if worst.condition in ("ok", "absent"):
        worst = next((s for s in mine if not s.complete), worst)
    return describe(worst, state.now)


def describe(status: SourceStatus, now: float) -> str:
    """One source's condition as a few words; empty when there is nothing to say."""
    detail = sanitise(status.detail)
    if status.condition == "failed":
        again = ""
        if status.next_try is not None and status.next_try > now:
            again = f", next try in {short_duration(_coarse(status.next_try - now))}"
        return f"cannot be read: {detail or 'no reason given'}{again}"
    if status.condition == "partial":
        return f"read in part: {detail}" if detail else "read in part"
    if status.condition == "waiting":
        return f"waiting: {detail}" if detail else "waiting"
    if status.backfilling:
        return f"reading {progress(status)}".strip()
    return ""


def progress(status: SourceStatus) -> str:
    """How far a source is, in steps of ten percent (each change redraws a border); … when it is unknown."""
    if not status.of:
        return "…"
    return f"{min(99, status.read * 10 // status.of * 10)} %"


def unread(state: RunState) -> list[SourceStatus]:
    """Sources that could still say something."""
    return [s for s in state.statuses.values() if not s.complete]


def unread_words(state: RunState) -> str:
    """Why nothing can be called well yet, in few words: '1 source cannot be read, 2 still being read'."""
    counts: dict[str, int] = {}
    for status in unread(state):
        words = {"failed": "cannot be read", "partial": "read in part"}.get(status.condition, "still being read")
        words = "still being read" if status.backfilling else words
        counts[words] = counts.get(words, 0) + 1
    if not counts and state.statuses and state.still_reading:
        counts["still being read"] = len(state.still_reading)
    first, *rest = counts.items() or (("", 0),)
    return ", ".join([f"{plural(first[1], 'source')} {first[0]}", *(f"{n} {words}" for words, n in rest)]) * bool(
        counts
    )


def has_spoken(state: RunState) -> bool:
    """Whether there is anything of the run itself to judge: host and processes are there without it, too."""
    return bool(any(log.end > log.start for log in state.logs.values()) or state.series or state.checkpoints)


def _coarse(seconds: float) -> float:
    return seconds if seconds < 10 else seconds // 10 * 10
