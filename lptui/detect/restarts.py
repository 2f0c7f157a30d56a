"""Attempts of one run: how often it was started, and whether it dies again and again of the same thing."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field

from lptui.detect import Detector
from lptui.model.events import CheckpointsSeen, Event, Facts, FindingsChanged, StatusSeen, Tick, WitnessSeen
from lptui.model.finding import Change, Evidence, Finding, Fix, age_out
from lptui.model.readings import CheckpointReading
from lptui.model.value import frozen
from lptui.state.attempts import Attempt, list_attempts
from lptui.state.incidents import LOOP_ID
from lptui.state.run_state import RunState
from lptui.text import clock, plural, sanitise, short_duration, short_number

LOOP = 3
"""Attempts that died of the same class, one after another, that make a loop."""


START_OVER = 0.05
"""A first step below this share of the step reached before is a beginning, not a resumption."""
_SHOWN = 6
_WHOLE = ("ok", "custom-pickle", "unread")


@frozen
class Memory:
    raised: Mapping[str, Finding] = field(default_factory=dict[str, Finding])
    basis: tuple[object, ...] = ()


@frozen
class Death:
    """What ended an attempt: its class, words, and the line of the user's code, if known."""

    cls: str
    title: str
    mark: str
    frame: str = ""


def step(memory: Memory, event: Event, state: RunState) -> tuple[Memory, Sequence[Change]]:
    """'restarted' when there was more than one attempt, 'restart-loop' when they end alike, and
    'resumed-from-scratch' when the newest did not go on where an earlier one had saved."""
    basis = (
        state.life.attempts,
        state.life.condition,
        len(state.milestones),
        tuple((f.id, f.role) for f in state.findings if f.severity == "error"),
        len(state.checkpoints),
        state.still_reading,
        state.life.attempts > 1 and _has_recorded(state),
    )
    if basis == memory.basis:
        return memory, ()
    findings = {f.id: f for f in _find(state)}
    gone = [
        Change.raised(age_out(old, "another attempt began")) if old.cls == "resumed-from-scratch" else Change.cleared(i)
        for i, old in memory.raised.items()
        if i not in findings
    ]
    changed = [Change.raised(f) for i, f in findings.items() if memory.raised.get(i) != f]
    return Memory(findings, basis), [*gone, *changed]


def _has_recorded(state: RunState) -> bool:
    """Whether the newest attempt has recorded anything yet."""
    start = max((m.at for m in state.milestones if m.kind == "started" and m.at is not None), default=0.0)
    return (state.progress.at or 0.0) > start


def _find(state: RunState) -> Iterator[Finding]:
    newest = state.life.attempts
    if newest < 2 or state.still_reading:
        return
    attempts = list_attempts(state)
    deaths = _deaths(state)
    repeated = _repeated(deaths, newest)
    evidence = tuple(_tell(one, deaths.get(one.number)) for one in attempts[-_SHOWN:])
    evidence = evidence or (*_count_evidence(state), *_tell_deaths(deaths))
    yield _loop(newest, repeated, evidence, attempts, deaths) if repeated else _restarted(newest, evidence, attempts)
    scratch = _from_scratch(state, attempts)
    if scratch is not None:
        yield scratch


def _restarted(newest: int, evidence: tuple[Evidence, ...], attempts: Sequence[Attempt]) -> Finding:
    return Finding(
        id="restarted",
        cls="restarted",
        severity="warning" if newest >= LOOP else "info",
        title=f"this is attempt {newest}: the run was restarted {plural(newest - 1, 'time')}",
        role="symptom",
        attempt=newest,
        evidence=evidence,
        fix=Fix("look at why the earlier attempts ended, before more time is lost", ""),
        first_seen=attempts[1].started if len(attempts) > 1 else None,
    )


def _deaths(state: RunState) -> dict[int, Death]:
    """The root failure that ended each attempt."""
    ends: dict[int, Death] = {}
    for finding in state.findings:
        logged = finding.id.startswith("log:") or (finding.anchor is not None and finding.evidence[0].kind != "metric")
        led = finding.role == "root" or finding.incident == LOOP_ID  # filed under the loop that it made
        if not logged or finding.severity != "error" or not led:
            continue
        if finding.cls in ("restart-loop", "restarted", "resumed-from-scratch"):
            continue
        frame = next((e.text for e in finding.evidence if e.text.startswith("raised in ")), "")
        mark = f"{finding.cls}:{finding.id.split(':', 3)[3] if finding.id.count(':') > 2 else ''}"
        ends.setdefault(finding.attempt, Death(finding.cls, finding.title, mark, frame.removeprefix("raised in ")))
    return ends


def _repeated(deaths: Mapping[int, Death], attempts: int) -> list[int]:
    """The last attempts in a row that died of one failure, if enough; a newest one that lives may follow."""
    last = attempts if attempts in deaths else attempts - 1
    row: list[int] = []
    while last in deaths and (not row or deaths[last].mark == deaths[row[-1]].mark):
        row.append(last)
        last -= 1
    return row[::-1] if len(row) >= LOOP else []


def _loop(
    newest: int,
    repeated: Sequence[int],
    evidence: tuple[Evidence, ...],
    attempts: Sequence[Attempt],
    deaths: Mapping[int, Death],
) -> Finding:
    last = deaths[repeated[-1]]
    same_line = bool(last.frame) and all(deaths[n].frame == last.frame for n in repeated)
    where = f"at the same line ({last.frame})" if same_line else "of the same failure"
    lives = sorted(a.lived for a in attempts if a.number in repeated and a.lived is not None)
    after = f", each about {short_duration(lives[len(lives) // 2])} after its start" if lives else ""
    gained = _gain([a for a in attempts if a.number in repeated])
    return Finding(
        id=LOOP_ID,
        cls="restart-loop",
        severity="error",
        title=f"crash loop: {plural(len(repeated), 'attempt')} in a row died {where}{after}{gained}"[:300],
        role="root",
        attempt=newest,
        evidence=(Evidence(f"each time: {last.title}", kind="log"), *evidence),
        fix=Fix(
            f"stop the restarts and mend the cause first ({last.cls})",
            "the same failure at the same place will not go away by trying again",
            "",
            "an attempt gets past the step at which the others died",
        ),
        first_seen=next((a.started for a in attempts if a.number == repeated[0]), None),
        count=len(repeated),
    )


def _gain(attempts: Sequence[Attempt]) -> str:
    """Whether the attempts of a loop got any further, as far as steps tell."""
    reached = [a.last for a in attempts if a.last is not None]
    if len(reached) < 2 or len(reached) < len(attempts):
        return ""
    return "; none got further than the one before" if max(reached[1:]) <= reached[0] else ""


def _from_scratch(state: RunState, attempts: Sequence[Attempt]) -> Finding | None:
    """The newest attempt began at nothing although an earlier one had saved."""
    if len(attempts) < 2 or attempts[-1].number != state.life.attempts:
        return None
    newest, earlier = attempts[-1], attempts[:-1]
    reached = max((a.last for a in earlier if a.last is not None), default=None)
    older = [c for c in state.checkpoints if newest.started is not None and c.modified_at < newest.started]
    if newest.resumed or not (older or any(a.saved for a in earlier)):
        return None
    began_low = newest.first is not None and reached is not None and newest.first < START_OVER * reached
    if not (began_low or (newest.scratch and (newest.first is None or reached is None or newest.first < reached))):
        return None
    whole = [c for c in older if c.verdict in _WHOLE]
    best = max(whole, key=lambda c: (c.step or 0, c.modified_at), default=None)
    lost = f" ({short_number(reached)} steps are not used)" if reached is not None else ""
    return Finding(
        id=f"resumed-from-scratch:{newest.number}",
        cls="resumed-from-scratch",
        severity="error",
        title=f"attempt {newest.number} began again at step {int(newest.first or 0):,}{lost}",
        role="root",
        attempt=newest.number,
        evidence=tuple(_tell(a, None) for a in attempts[-_SHOWN:]),
        fix=_tell_resume(best),
        confidence=0.9 if began_low else 0.75,
        first_seen=newest.started,
        step=int(newest.first) if newest.first is not None else None,
    )


def _tell_resume(best: CheckpointReading | None) -> Fix:
    if best is None:
        what, command = "stop it before it overwrites what was saved, and start it from the newest whole checkpoint", ""
    else:
        step = f", step {best.step:,}" if best.step is not None else ""
        what = f"stop it before it overwrites what was saved, and resume from {sanitise(best.name)}{step}"
        command = f"ls -la {shlex.quote(best.path)}" if best.path.isprintable() else ""
    why = "an earlier attempt had saved, and the newest did not go on from it: see which path it looked at"
    return Fix(what, why, command, "the first step that it prints is near the one of the checkpoint")


def _tell(one: Attempt, death: Death | None) -> Evidence:
    text = f"attempt {one.number}" + (f" started {clock(one.started)}" if one.started is not None else "")
    if one.lived is not None:
        text += f", lived {short_duration(one.lived)}"
    if one.last is not None:
        first = f"{int(one.first):,} to " if one.first is not None else ""
        text += f", steps {first}{int(one.last):,}"
    text += ", resumed" if one.resumed else ", from scratch" if one.scratch and one.number > 1 else ""
    return Evidence(text + (f", ended by: {death.title}" if death else ""), kind="log", at=one.started)


def _tell_deaths(deaths: Mapping[int, Death]) -> Iterator[Evidence]:
    for number, death in sorted(deaths.items())[-_SHOWN:]:
        yield Evidence(f"attempt {number} ended by: {death.title}", kind="log")


def _count_evidence(state: RunState) -> Iterator[Evidence]:
    for name in ("restart_count", "elastic_restarts"):
        seen = state.seen.get(name)
        if seen is not None:
            yield Evidence(f"{name.replace('_', ' ')} is {seen.value} ({seen.source})", kind="file", at=seen.at)


RESTARTS = Detector(
    "restarts", Memory(), step, (Facts, WitnessSeen, StatusSeen, CheckpointsSeen, Tick, FindingsChanged)
)
