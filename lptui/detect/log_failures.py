"""The detector that reads log text: blocks are scanned and confirmed, hits remembered, findings told.

One finding a class and attempt. A fatal failure after which training went on, or of an earlier attempt, is past; what
follows from another failure of the same attempt joins its incident.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace

from lptui.detect import Detector
from lptui.detect.confirm import find_hits
from lptui.detect.findings import tell_findings
from lptui.detect.hit_memory import MOST_FILES, FileMemory
from lptui.detect.hit_times import place_hits
from lptui.detect.scanner import Scanner, load_scanner
from lptui.model.events import Event, Facts, LogBlock, Tick
from lptui.model.finding import Change, Finding
from lptui.model.value import frozen
from lptui.state.run_state import RunState


@frozen
class Memory:
    """By file what was seen; `raised` are the findings told so far, `basis` what they were told from."""

    files: Mapping[str, FileMemory] = field(default_factory=dict[str, FileMemory])
    raised: Mapping[str, Finding] = field(default_factory=dict[str, Finding])
    basis: tuple[object, ...] = ()


def step(memory: Memory, event: Event, state: RunState) -> tuple[Memory, Sequence[Change]]:
    """The next memory, and the findings that changed."""
    if isinstance(event, LogBlock):
        memory = take_block(memory, event, load_scanner(state.rules))
    elif isinstance(event, Facts):
        memory = take_facts(memory, event)
    return tell(memory, state)


def tell(memory: Memory, state: RunState) -> tuple[Memory, Sequence[Change]]:
    """The memory with what follows from it at this state, and the findings that changed."""
    if not any(file.kept for file in memory.files.values()) and not memory.raised:
        return memory, ()
    basis = (memory.files, state.milestones, state.config, state.run)
    if len(basis) == len(memory.basis) and all(a is b for a, b in zip(basis, memory.basis, strict=True)):
        return memory, ()
    findings = {f.id: f for f in tell_findings(memory.files, state)}
    changes = [Change.cleared(i) for i in memory.raised if i not in findings]
    changes += [Change.raised(f) for i, f in findings.items() if memory.raised.get(i) != f]
    return replace(memory, raised=findings, basis=basis), changes


def take_block(memory: Memory, event: LogBlock, scanner: Scanner) -> Memory:
    """The memory with what a block of a log says."""
    hits = find_hits(scanner, event.data, event.start, event.lead, event.suspects)
    if not hits:
        return memory
    place, record = event.place, event.happened_at is not None
    return _remember(
        memory,
        event.file,
        lambda file: replace(
            file.add_hits(place_hits(hits, event)),
            record=record or file.record,
            rank=place.rank if record else file.rank,
            attempt=place.attempt if record else file.attempt,
        ),
    )


def take_facts(memory: Memory, event: Facts) -> Memory:
    """The memory with where a log printed its steps."""
    from lptui.formats.progress import Progress

    told = [(dated.position, dated.fact) for dated in event.facts if isinstance(dated.fact, Progress)]
    steps = [(position, float(fact.step)) for position, fact in told if fact.step is not None]
    epochs = [(at, float(fact.epoch)) for at, fact in told if fact.step is None and fact.epoch is not None]
    if not steps and not epochs:
        return memory
    return _remember(memory, event.file, lambda file: file.add_steps(steps, epochs))


def _remember(memory: Memory, name: str, change: Callable[[FileMemory], FileMemory]) -> Memory:
    old = memory.files.get(name)
    if old is None and len(memory.files) >= MOST_FILES:
        return memory
    new = change(old or FileMemory())
    return memory if new == old else replace(memory, files={**memory.files, name: new})


LOG_FAILURES = Detector("log_failures", Memory(), step, (LogBlock, Facts, Tick))
