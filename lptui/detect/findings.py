"""Remembered hits -> findings: by attempt, recovered from or not, with evidence, remedy and incident."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lptui.detect.advice import choose_fix, fill_title
from lptui.detect.catalogue import Entry, load_catalogue
from lptui.detect.confirm import RECOVERY
from lptui.detect.hit_memory import FileMemory, Kept, Seen
from lptui.detect.incidents import Told, join_incidents
from lptui.model.finding import Evidence, Finding
from lptui.state.attempts import attempt_at, attempt_starts
from lptui.state.run_state import Milestone, RunState
from lptui.text import sanitise
from lptui.text.secrets import mask_text

SERIES_REACH = 32 * 1024
"""Bytes of log within which the hits of a series have to lie to count as one failure."""
RECOVERY_REACH = 2048
STEPS_THAT_PROVE = 2
"""Different steps printed after a fatal failure that show that it was not fatal."""
STEPS_THAT_SETTLE = 8
_LONGEST_EVIDENCE = 400
_MOST_EVIDENCE = 4


@dataclass(frozen=True, slots=True)
class _Sighting:
    """One hit, the attempt that it belongs to, and why it is over ('' while it is not)."""

    seen: Seen
    over: str
    order: tuple[int, str, int]
    step: float | None = None


@dataclass(frozen=True, slots=True)
class _Log:
    """One file with what the state says of its attempts."""

    name: str
    place: int
    memory: FileMemory
    starts: Sequence[Milestone]
    ends: Sequence[int]

    def attempt(self, position: int) -> int:
        return attempt_at(self.starts, position)


def tell_findings(files: Mapping[str, FileMemory], state: RunState) -> list[Finding]:
    """One finding a class and attempt, incidents joined."""
    entries = load_catalogue(state.rules).entries
    config = dict(state.config)
    groups: dict[tuple[str, int], list[_Sighting]] = {}
    counts: dict[tuple[str, int], tuple[int, frozenset[int]]] = {}
    for log in _logs(files, state):
        for key, kept in sorted(log.memory.kept.items()):
            entry = entries.get(key.split("~")[0])
            if entry is None:
                continue
            shares = _share_out(entry, kept, log)
            for attempt, sightings in shares.items():
                groups.setdefault((entry.id, attempt), []).extend(sightings)
                count, ranks = counts.get((entry.id, attempt), (0, frozenset()))
                more = kept.count if len(shares) == 1 else len(sightings)
                counts[entry.id, attempt] = (count + more, ranks | kept.ranks)
    told = [_tell(entries[cls], n, sightings, counts[cls, n], config) for (cls, n), sightings in groups.items()]
    return join_incidents(told)


def _logs(files: Mapping[str, FileMemory], state: RunState) -> Iterator[_Log]:
    primary = state.primary_log
    for name, memory in sorted(files.items()):
        starts = attempt_starts(state, name)
        ends = [m.position for m in state.milestones if m.file == name and m.kind == "completed"]
        yield _Log(name, 0 if primary is not None and primary.file == name else 1, memory, starts, ends)


def _share_out(entry: Entry, kept: Kept, log: _Log) -> dict[int, list[_Sighting]]:
    """The hits that count, by attempt."""
    shares: dict[int, list[Seen]] = {}
    for seen in kept.all:
        attempt = log.attempt(seen.hit.position)
        if attempt > 1 or not seen.hit.later:
            shares.setdefault(attempt, []).append(seen)
    told: dict[int, list[_Sighting]] = {}
    for attempt, seen in shares.items():
        sightings = [_sight(entry, s, attempt, log) for s in _find_series(seen)]
        if sightings:
            told[attempt] = sightings
    return told


def _find_series(seen: list[Seen]) -> list[Seen]:
    """Of hits that only count in number, those of which enough lie close together."""
    need = seen[0].hit.need
    if need <= 1:
        return seen
    for i in range(len(seen) - need + 1):
        if seen[i + need - 1].hit.position - seen[i].hit.position <= SERIES_REACH:
            return seen[i + need - 1 :]
    return []


def _sight(entry: Entry, seen: Seen, attempt: int, log: _Log) -> _Sighting:
    position = seen.hit.position
    newest = max(1, len(log.starts))
    over = ""
    if attempt < newest:
        over = f"attempt {attempt}; attempt {newest} began after it"
    elif _was_retried(entry, position, log.memory):
        over = "it was tried again, and worked"
    elif entry.settles and log.memory.steps_after(position) >= (STEPS_THAT_PROVE if entry.fatal else STEPS_THAT_SETTLE):
        over = "training went on after it"
    elif entry.settles and any(end > position for end in log.ends):
        over = "the run completed after it"
    return _Sighting(seen, over, (log.place, log.name, position), log.memory.step_before(position))


def _was_retried(entry: Entry, position: int, memory: FileMemory) -> bool:
    recoveries = memory.kept.get(RECOVERY)
    if recoveries is None or entry.keeps_retries:
        return False
    return any(0 < s.hit.position - position <= RECOVERY_REACH for s in recoveries.all)


def _tell(
    entry: Entry,
    attempt: int,
    sightings: list[_Sighting],
    counted: tuple[int, frozenset[int]],
    config: Mapping[str, str],
) -> Told:
    ordered = sorted(sightings, key=lambda s: s.order)
    active = [s for s in ordered if not s.over]
    main = active[0] if active else ordered[-1]
    hit = main.seen.hit
    groups = _merge_groups(active or ordered)
    if hit.frame:
        groups.setdefault("frame", hit.frame)
    times = [s.seen.at for s in ordered if s.seen.at is not None]
    step = main.step
    finding = Finding(
        id=f"log:{entry.id}:{attempt}",
        cls=entry.id,
        severity=entry.severity,
        title=fill_title(entry.title, groups)[:200],
        role=entry.role,
        attempt=attempt,
        evidence=tuple(_list_evidence(main, active or ordered)),
        fix=choose_fix(entry, groups, config),
        confidence=max(s.seen.hit.confidence for s in (active or ordered)),
        first_seen=min(times, default=None),
        last_seen=max(times, default=None),
        step=int(step) if step is not None and abs(step) < 1e18 else None,
        ranks=tuple(sorted(counted[1])),
        count=max(1, counted[0]),
        past=not active,
        past_reason="" if active else main.over,
    )
    return Told(finding, entry, main.order)


def _merge_groups(sightings: Iterable[_Sighting]) -> dict[str, str]:
    """What the hits say together; the first one that says it counts."""
    groups: dict[str, str] = {}
    for sighting in sightings:
        for key, value in sighting.seen.hit.groups:
            groups.setdefault(key, value)
    return groups


def _list_evidence(main: _Sighting, others: Sequence[_Sighting]) -> Iterator[Evidence]:
    """The decisive line, the user's own frame, and other lines that say something else."""
    yield _show(main)
    if main.seen.hit.frame:
        yield Evidence(_clean(f"raised in {main.seen.hit.frame}"), file=main.seen.anchor.file)
    shown = {main.seen.hit.text}
    for sighting in others:
        if len(shown) >= _MOST_EVIDENCE - 1:
            return
        if sighting.seen.hit.text not in shown:
            shown.add(sighting.seen.hit.text)
            yield _show(sighting)


def _show(sighting: _Sighting) -> Evidence:
    seen = sighting.seen
    return Evidence(_clean(seen.hit.text), file=seen.anchor.file, anchor=seen.anchor, step=sighting.step, at=seen.at)


def _clean(text: str) -> str:
    return mask_text(sanitise(text))[:_LONGEST_EVIDENCE]
