"""Remembered hits -> findings: by attempt, recovered from or not, with evidence, remedy and incident."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lptui.detect.advice import choose_fix, fill_title
from lptui.detect.catalogue import Entry, load_catalogue
from lptui.detect.confirm import UNCAUGHT
from lptui.detect.hit_memory import FileMemory, Kept
from lptui.detect.incidents import Told, join_incidents
from lptui.detect.log_block import LOGGED
from lptui.detect.sightings import Log, Sighting, fingerprint, list_logs, share_out
from lptui.model.finding import Evidence, Finding
from lptui.state.run_state import RunState
from lptui.text import clock, plural, sanitise, short_duration
from lptui.text.secrets import mask_text

_LOGGED = "An exception was logged: {exception}"
_LONGEST_EVIDENCE = 400
_MOST_EVIDENCE = 4
_MOST_KINDS = 6
"""Different uncaught exceptions of one attempt that are told apart."""


@dataclass(slots=True)
class _Group:
    """What will be one finding: all sightings of one class (and of one exception) in one attempt."""

    entry: Entry
    attempt: int
    mark: str
    sightings: list[Sighting] = field(default_factory=list[Sighting])
    count: int = 0
    ranks: frozenset[int] = frozenset()


def tell_findings(files: Mapping[str, FileMemory], state: RunState) -> list[Finding]:
    """One finding a class and attempt, and of uncaught exceptions one each; incidents joined."""
    entries = load_catalogue(state.rules).entries
    config = dict(state.config)
    groups: dict[tuple[str, int, str], _Group] = {}
    for log in list_logs(files, state):
        for key, kept in sorted(log.memory.kept.items()):
            entry = entries.get(key.split("~")[0])
            if entry is not None:
                _sort_in(groups, entry, kept, log)
    return join_incidents([_tell(group, config) for group in groups.values()])


def _sort_in(groups: dict[tuple[str, int, str], _Group], entry: Entry, kept: Kept, log: Log) -> None:
    shares = share_out(entry, kept, log)
    for attempt, sightings in shares.items():
        marks = _tell_apart(sightings)
        for mark, same in marks.items():
            group = groups.setdefault((entry.id, attempt, mark), _Group(entry, attempt, mark))
            group.sightings += same
            whole = len(shares) == 1 and len(marks) == 1
            group.count += kept.count if whole else len(same)
            ranks = {s.rank for s in same if s.rank is not None}
            group.ranks |= ranks | (kept.ranks if whole else frozenset())


def _tell_apart(sightings: list[Sighting]) -> dict[str, list[Sighting]]:
    """By fingerprint; beyond a few kinds the rest counts to the last of them."""
    marks: dict[str, list[Sighting]] = {}
    for sighting in sightings:
        mark = fingerprint(sighting)
        if mark not in marks and len(marks) >= _MOST_KINDS:
            mark = next(reversed(marks))
        marks.setdefault(mark, []).append(sighting)
    return marks


def _tell(group: _Group, config: Mapping[str, str]) -> Told:
    entry = group.entry
    ordered = sorted(group.sightings, key=_rank_evidence)
    active = [s for s in ordered if not s.over]
    main = active[0] if active else ordered[-1]
    hit = main.seen.hit
    groups = _merge_groups(active or ordered)
    if hit.frame:
        groups.setdefault("frame", hit.frame)
    times = [s.at for s in ordered if s.at is not None]
    step = main.step
    first = _first(active or ordered)
    finding = Finding(
        id=f"log:{entry.id}:{group.attempt}" + (f":{group.mark}" if group.mark else ""),
        cls=entry.id,
        severity=entry.severity,
        title=fill_title(_LOGGED if LOGGED in hit.groups else entry.title, groups)[:200],
        role=entry.role,
        attempt=group.attempt,
        evidence=tuple(_list_evidence(main, active or ordered, group.ranks)),
        fix=choose_fix(entry, groups, config),
        confidence=max(s.seen.hit.confidence for s in (active or ordered)),
        first_seen=min(times, default=None),
        last_seen=max(times, default=None),
        step=int(step) if step is not None and abs(step) < 1e18 else None,
        ranks=tuple(sorted(group.ranks)),
        count=max(1, group.count),
        past=not active,
        past_reason="" if active else main.over,
    )
    return Told(finding, entry, main.order, first.at, first.loose, first.rank, hit.text)


def _rank_evidence(sighting: Sighting) -> tuple[bool, tuple[int, str, int]]:
    """In the order of the logs; what a launcher recorded of an exception leads, for it names rank and time."""
    return (not (sighting.record and sighting.seen.hit.cls == UNCAUGHT), sighting.order)


def _first(sightings: Sequence[Sighting]) -> Sighting:
    """The earliest in time, exact times before vague ones; the first in the logs when no time is known."""
    return min(sightings, key=lambda s: (s.at is None, s.at or 0.0, s.loose, s.order))


def _merge_groups(sightings: Iterable[Sighting]) -> dict[str, str]:
    """What the hits say together; the first one that says it counts."""
    groups: dict[str, str] = {}
    for sighting in sightings:
        for key, value in sighting.seen.hit.groups:
            groups.setdefault(key, value)
    return groups


def _list_evidence(main: Sighting, others: Sequence[Sighting], ranks: frozenset[int]) -> Iterator[Evidence]:
    """The decisive line, the user's own frame, who was first, and other lines that say something else."""
    yield _show(main)
    if main.seen.hit.frame:
        yield Evidence(_clean(f"raised in {main.seen.hit.frame}"), file=main.seen.anchor.file)
    yield from _tell_ranks(others, ranks)
    shown = {main.seen.hit.text}
    for sighting in others:
        if len(shown) >= _MOST_EVIDENCE - 1:
            return
        if sighting.seen.hit.text not in shown:
            shown.add(sighting.seen.hit.text)
            yield _show(sighting)


def _tell_ranks(sightings: Sequence[Sighting], ranks: frozenset[int]) -> Iterator[Evidence]:
    """Which rank was the first of several, as far as their clocks tell."""
    if len(ranks) < 2:
        return
    dated = [s for s in sightings if s.at is not None and not s.loose and s.rank is not None]
    if len({s.rank for s in dated}) < 2:
        return
    first, last = min(dated, key=lambda s: s.at or 0.0), max(dated, key=lambda s: s.at or 0.0)
    apart = (last.at or 0.0) - (first.at or 0.0)
    text = f"{plural(len(ranks), 'rank')}: rank {first.rank} first at {clock(first.at)}"
    text += f", rank {last.rank} {short_duration(apart)} later" if apart >= 1 else ", the others within the second"
    yield Evidence(text, kind="process", at=first.at)


def _show(sighting: Sighting) -> Evidence:
    seen = sighting.seen
    rank = f"rank {sighting.rank}: " if sighting.record and sighting.rank is not None else ""
    return Evidence(
        _clean(rank + seen.hit.text),
        kind="file" if sighting.record else "log",
        file=seen.anchor.file,
        anchor=None if sighting.record else seen.anchor,
        step=sighting.step,
        at=sighting.at,
    )


def _clean(text: str) -> str:
    return mask_text(sanitise(text))[:_LONGEST_EVIDENCE]
