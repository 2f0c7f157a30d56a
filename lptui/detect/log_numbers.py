"""Failures that a few printed numbers prove, where there is too little history for the trends of metrics.

Judged is the newest stretch of each log (since nothing that counts went back), once everything has been read. A class
that another detector has found already is left to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace

from lptui.detect import Detector
from lptui.detect.log_numbers_breaks import Break, find_crawl, find_jump, find_loss_of_score, find_slowdown, is_flat
from lptui.detect.log_numbers_counters import find_restart, find_standstill
from lptui.detect.log_numbers_findings import Broken, tell
from lptui.detect.log_numbers_prints import Prints, Row, collect, find_meaning, is_waiting, split, take
from lptui.model.events import CheckpointsSeen, ConfigSeen, Event, Facts, StatusSeen, Tick
from lptui.model.finding import Change, Finding
from lptui.model.value import frozen
from lptui.state.run_state import RunState

MOST_FILES = 64
_SINGLE = "episodic"
_NAN = ("nan-loss", "nan-in-model-or-grad")


@frozen
class Memory:
    """Prints by file, and what was told of them; `basis` is what it was judged from."""

    files: Mapping[str, Prints] = field(default_factory=dict[str, Prints])
    raised: Mapping[str, Finding] = field(default_factory=dict[str, Finding])
    basis: tuple[object, ...] = ()


def step(memory: Memory, event: Event, state: RunState) -> tuple[Memory, Sequence[Change]]:
    """The next memory, and the findings that changed."""
    if isinstance(event, Facts):
        return _remember(memory, event), ()
    if not memory.files or state.still_reading:
        return memory, ()
    others = frozenset(f.cls for f in state.findings if f.active and f.id not in memory.raised)
    basis = (memory.files, state.milestones, state.config, state.checkpoints, others)
    if len(basis) == len(memory.basis) and all(a is b or a == b for a, b in zip(basis, memory.basis, strict=True)):
        return memory, ()
    findings = _judge(memory, state, others)
    changes = [Change.cleared(i) for i in memory.raised if i not in findings]
    changes += [Change.raised(f) for i, f in findings.items() if memory.raised.get(i) != f]
    return replace(memory, raised=findings, basis=basis), changes


def _remember(memory: Memory, event: Facts) -> Memory:
    found = take(event.facts)
    old = memory.files.get(event.file)
    if not found or (old is None and len(memory.files) >= MOST_FILES):
        return memory
    return replace(memory, files={**memory.files, event.file: (old or Prints()).add(found)})


def _judge(memory: Memory, state: RunState, others: frozenset[str]) -> dict[str, Finding]:
    """One finding a class, of the first log that shows it."""
    told: dict[str, Finding] = {}
    causes = [f for f in state.findings if f.cls in _NAN and f.active]
    for file in sorted(memory.files):
        for broken in _find(memory.files[file], file, state):
            if broken.cls in others or any(f.cls == broken.cls for f in told.values()):
                continue
            finding = tell(broken, file, state)
            if causes:
                finding = replace(finding, role="follow-up", incident=causes[0].id)
            told[finding.id] = finding
    return told


def _find(prints: Prints, file: str, state: RunState) -> Iterator[Broken]:
    every = prints.all
    restart = find_restart(every, file, state)
    if restart is not None:
        yield restart
    standstill = find_standstill(every)
    if standstill is not None:
        yield standstill
    rows = collect(split(every)[-1])
    yield from _find_jumps(rows)
    yield from _find_lost_scores(rows)
    yield from _find_slowdowns(rows)
    if prints.count <= len(every):
        yield from _find_flat(rows)


def _values(rows: Sequence[Row]) -> list[float]:
    return [r.value for r in rows]


def _find_jumps(rows: Mapping[str, Sequence[Row]]) -> Iterator[Broken]:
    """A loss first; the gradient norm only where no loss shows it."""
    meanings = {key: find_meaning(key) for key in rows}
    scored = "score" in meanings.values()
    gradients = [_values(rows[k]) for k, m in meanings.items() if m == "gradient"]
    backed = any(find_jump(g, scored=False, backed=True, gradient=True) is not None for g in gradients)
    for wanted in ("loss", "value_loss", "gradient"):
        gradient = wanted == "gradient"
        for key in sorted(k for k, m in meanings.items() if m == wanted):
            found = find_jump(_values(rows[key]), scored=scored, backed=backed and not gradient, gradient=gradient)
            if found is not None:
                support = [k for k, m in meanings.items() if m in ("loss", "gradient", "value_loss") and k != key]
                yield Broken("loss-explosion", key, found, rows[key], tuple((k, rows[k]) for k in sorted(support)[:3]))
                return


def _find_lost_scores(rows: Mapping[str, Sequence[Row]]) -> Iterator[Broken]:
    meanings = {key: find_meaning(key) for key in rows}
    entropies = [rows[k] for k, m in meanings.items() if m == "entropy"]
    backed = any(_collapses(_values(r)) for r in entropies)
    if any("lesson" in k.lower() or "curriculum" in k.lower() or "level" in k.lower() for k in rows):
        return  # a harder task explains a lower score
    for key in sorted(k for k, m in meanings.items() if m == "score"):
        found = find_loss_of_score(_values(rows[key]), single=_SINGLE in key.lower(), backed=backed)
        if found is not None:
            support = tuple((k, rows[k]) for k, m in sorted(meanings.items()) if m == "entropy" and backed)
            yield Broken("reward-collapse", key, found, rows[key], support)
            return


def _collapses(values: Sequence[float]) -> bool:
    sizes = [abs(v) for v in values]
    return len(sizes) >= 3 and sizes[-1] <= 0.1 * max(sizes[0], sizes[1])


def _find_slowdowns(rows: Mapping[str, Sequence[Row]]) -> Iterator[Broken]:
    for key in sorted(rows):
        found = _slowdown(key, rows[key])
        if found is not None:
            waits = [k for k in sorted(rows) if is_waiting(k) and len(rows[k]) == len(rows[key])]
            yield Broken("throughput-collapse", key, found, rows[key], tuple((k, rows[k]) for k in waits[:2]))
            return


def _slowdown(key: str, rows: Sequence[Row]) -> Break | None:
    values = _values(rows)
    if min(values) <= 0:
        return None
    if key.startswith("bar "):
        return find_slowdown(values, before_least=5, after_least=4)
    meaning = "speed" if key == "steps/s" else find_meaning(key)
    if meaning == "speed":
        return find_slowdown(values, before_least=4, after_least=4)
    if meaning == "seconds":
        averages = _averages(rows)
        if (
            averages
            and key.lower().startswith(("mean", "avg", "average"))
            and (crawl := find_crawl(values)) is not None
        ):
            return crawl
        found = find_slowdown([1 / v for v in values], before_least=3, after_least=2 if averages else 3)
        return None if found is None else Break(found.at, 1 / found.before, 1 / found.after)
    return None


def _averages(rows: Sequence[Row]) -> bool:
    """Whether each of a few prints stands for many steps, so that one slow step does not show."""
    first, last = rows[0].of.place, rows[-1].of.place
    steps = 0.0 if first is None or last is None or rows[0].of.step is None else last - first
    begun, now = rows[0].of.at, rows[-1].of.at
    if begun is not None and now is not None:
        steps = max(steps, (now - begun) / max(r.value for r in rows))
    return len(rows) <= 8 and steps >= 50 * len(rows)


def _find_flat(rows: Mapping[str, Sequence[Row]]) -> Iterator[Broken]:
    for key in sorted(k for k in rows if find_meaning(k) == "loss"):
        known = [r for r in rows[key] if r.of.epoch is not None]
        if len(known) == len(rows[key]) and is_flat(_values(known), [r.of.epoch or 0.0 for r in known]):
            value = known[-1].value
            yield Broken("loss-plateau", key, Break(0, known[0].value, value), known, ())
            return


LOG_NUMBERS = Detector("log_numbers", Memory(), step, (Facts, StatusSeen, ConfigSeen, CheckpointsSeen, Tick))
