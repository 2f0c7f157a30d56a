"""Attempts of one run: how often it was started, and whether it dies again and again of the same thing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from lptui.detect import Detector
from lptui.model.events import Event, Facts, FindingsChanged, Tick, WitnessSeen
from lptui.model.finding import Change, Evidence, Finding, Fix
from lptui.state.attempts import attempt_starts
from lptui.state.run_state import Milestone, RunState
from lptui.text import clock, plural, short_duration

LOOP = 3
"""Attempts that died of the same class, one after another, that make a loop."""


@dataclass(frozen=True, slots=True)
class Memory:
    raised: tuple[str, ...] = ()
    basis: tuple[object, ...] = ()


def step(memory: Memory, event: Event, state: RunState) -> tuple[Memory, Sequence[Change]]:
    """'restarted' when there was more than one attempt, 'restart-loop' when they end alike."""
    basis = (state.life.attempts, len(state.milestones), len(state.findings), state.life.condition)
    if basis == memory.basis:
        return memory, ()
    findings = _find(state)
    raised = tuple(f.id for f in findings)
    gone = [Change.cleared(i) for i in memory.raised if i not in raised]
    return Memory(raised, basis), [*gone, *(Change.raised(f) for f in findings)]


def _find(state: RunState) -> list[Finding]:
    attempts = state.life.attempts
    if attempts < 2:
        return []
    starts = attempt_starts(state)
    deaths = _deaths(state)
    repeated = _repeated(deaths, attempts)
    evidence = tuple(_tell(number, one, starts, deaths) for number, one in list(enumerate(starts, 1))[-6:])
    if repeated:
        return [_loop(state, repeated, evidence, starts)]
    return [
        Finding(
            id="restarted",
            cls="restarted",
            severity="warning" if attempts >= LOOP else "info",
            title=f"this is attempt {attempts}: the run was restarted {plural(attempts - 1, 'time')}",
            role="symptom",
            attempt=attempts,
            evidence=evidence or _count_evidence(state),
            fix=Fix("look at why the earlier attempts ended, before more time is lost", ""),
            first_seen=starts[1].at if len(starts) > 1 else None,
        )
    ]


def _deaths(state: RunState) -> dict[int, tuple[str, str]]:
    """(class, title) of the root failure that ended each attempt."""
    ends: dict[int, tuple[str, str]] = {}
    for finding in state.findings:
        logged = finding.anchor is not None and finding.severity == "error" and finding.role == "root"
        if logged and finding.cls not in ("restart-loop", "restarted"):
            ends.setdefault(finding.attempt, (finding.cls, finding.title))
    return ends


def _repeated(deaths: dict[int, tuple[str, str]], attempts: int) -> list[int]:
    """The last attempts in a row that died of one class, if enough; a newest one that lives may follow."""
    last = attempts if attempts in deaths else attempts - 1
    row: list[int] = []
    while last in deaths and (not row or deaths[last][0] == deaths[row[-1]][0]):
        row.append(last)
        last -= 1
    return row[::-1] if len(row) >= LOOP else []


def _loop(state: RunState, repeated: list[int], evidence: tuple[Evidence, ...], starts: list[Milestone]) -> Finding:
    cls, title = _deaths(state)[repeated[-1]]
    lives = _lifetimes(starts)
    short = f", each after about {short_duration(sorted(lives)[len(lives) // 2])}" if lives else ""
    return Finding(
        id="restart-loop",
        cls="restart-loop",
        severity="error",
        title=f"crash loop: {plural(len(repeated), 'attempt')} in a row died of the same failure{short}",
        role="symptom",
        attempt=state.life.attempts,
        evidence=(Evidence(f"each time: {title}", kind="log"), *evidence),
        fix=Fix(
            f"stop the restarts and mend the cause first ({cls})",
            "the same failure at the same place will not go away by trying again",
            "",
            "an attempt gets past the step at which the others died",
        ),
        first_seen=starts[repeated[0] - 1].at if len(starts) >= repeated[0] else None,
        count=len(repeated),
    )


def _lifetimes(starts: list[Milestone]) -> list[float]:
    times = [m.at for m in starts if m.at is not None]
    return [b - a for a, b in pairwise(times) if b > a]


def _tell(number: int, start: Milestone, starts: list[Milestone], deaths: dict[int, tuple[str, str]]) -> Evidence:
    end = deaths.get(number)
    text = f"attempt {number} started {clock(start.at)}"
    if number < len(starts):
        after = starts[number].at
        if start.at is not None and after is not None:
            text += f", lived {short_duration(after - start.at)}"
    return Evidence(text + (f", ended by: {end[1]}" if end else ""), kind="log", at=start.at)


def _count_evidence(state: RunState) -> tuple[Evidence, ...]:
    seen = state.seen.get("restart_count")
    return (Evidence(f"restart_count is {seen.value} ({seen.source})", kind="file", at=seen.at),) if seen else ()


RESTARTS = Detector("restarts", Memory(), step, (Facts, WitnessSeen, Tick, FindingsChanged))
