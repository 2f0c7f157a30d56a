"""Alarms that the training's own program gave: they are its author's words, and come with a level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field, replace

from lptui.detect import Detector
from lptui.model.events import AlertSeen, Event
from lptui.model.finding import Change, Evidence, Finding, Severity, rank
from lptui.model.value import frozen
from lptui.state.run_state import RunState
from lptui.text import sanitise
from lptui.text.secrets import mask_text
from lptui.text.width import cut

MOST = 32
"""Different alarms that are kept; a program may word one anew for every step."""
_LEVELS: dict[str, Severity] = {"info": "info", "warn": "warning", "warning": "warning", "error": "error"}
_LONGEST = 300


@frozen
class Memory:
    raised: dict[str, Finding] = field(default_factory=dict[str, Finding])


def step(memory: Memory, event: Event, state: RunState) -> tuple[Memory, Sequence[Change]]:
    """One finding for each title, however often it is given; evidence is the newest."""
    if not isinstance(event, AlertSeen):
        return memory, ()
    new = _to_finding(event, state.life.attempts)
    old = memory.raised.get(new.id)
    if old is None and len(memory.raised) >= MOST:
        return memory, ()
    finding = new if old is None else _join(old, new)
    return Memory({**memory.raised, finding.id: finding}), (Change.raised(finding),)


def _to_finding(event: AlertSeen, attempt: int) -> Finding:
    from hashlib import blake2b  # OpenSSL with it: runs that give alarms are few

    title = cut(mask_text(sanitise(event.title)) or "alert without a title", _LONGEST)
    words = cut(mask_text(sanitise(event.text)), _LONGEST)
    told = f"{event.source} alert: {words}" if words else f"{event.source} alert, without text"
    return Finding(
        id=f"run-alert:{blake2b(event.title.encode(errors='replace'), digest_size=6).hexdigest()}",
        cls="run-alert",
        severity=_LEVELS.get(event.level.lower(), "warning"),
        title=title,
        attempt=attempt,
        step=event.step,
        first_seen=event.at,
        last_seen=event.at,
        evidence=(Evidence(told, kind="file", file=event.place.file, at=event.at, step=event.step),),
    )


def _join(old: Finding, new: Finding) -> Finding:
    """The same alarm given again, in whatever order the two are read."""
    newest = new if (new.last_seen or 0.0) >= (old.last_seen or 0.0) else old
    times = [t for t in (old.first_seen, new.first_seen) if t is not None]
    worst = max(old.severity, new.severity, key=rank)
    return replace(newest, severity=worst, first_seen=min(times, default=None), count=old.count + 1)


ALERTS = Detector("alerts", Memory(), step, (AlertSeen,))
