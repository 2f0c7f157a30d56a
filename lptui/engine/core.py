"""One event through fold and detectors: the pure middle of the engine, shared by the screen and by `check`."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace

from lptui.config.rules import RuleFile
from lptui.detect import Detector
from lptui.detect.scanner import load_scanner
from lptui.model.events import Event, FindingsChanged
from lptui.model.finding import Change, Evidence, Finding
from lptui.sources import Source
from lptui.sources.log import LogSource
from lptui.state.fold import fold
from lptui.state.run_state import RunState

log = logging.getLogger(__name__)


def advance(state: RunState, event: Event, detectors: Sequence[Detector]) -> RunState:
    """The state after `event`, and after what the detectors make of it."""
    state = fold(state, event)
    changes: list[Change] = []
    for detector in detectors:
        if isinstance(event, detector.on):
            state, found = _run(detector, event, state)
            changes += found
    if changes:
        state = fold(state, FindingsChanged(seen_at=event.seen_at, changes=tuple(changes)))
    return state


def advance_all(state: RunState, events: Iterable[Event], detectors: Sequence[Detector]) -> RunState:
    """The state after all `events`."""
    for event in events:
        state = advance(state, event, detectors)
    return state


def share_scan(sources: Iterable[Source], rules: tuple[RuleFile, ...]) -> None:
    """Have the logs among `sources` looked through for failures where they are read: one pass for all readers."""
    for source in sources:
        if isinstance(source, LogSource):
            source.sift = lambda data: load_scanner(rules).sift(data)


def _run(detector: Detector, event: Event, state: RunState) -> tuple[RunState, Sequence[Change]]:
    before = state.memories.get(detector.name, detector.initial)
    try:
        memory, changes = detector.step(before, event, state)
    except Exception as error:
        log.exception("detector %s", detector.name)
        return state, (Change.raised(_own_failure(detector.name, error, event.seen_at)),)
    if memory is not before:
        state = replace(state, memories={**state.memories, detector.name: memory})
    return state, changes


def _own_failure(name: str, error: Exception, at: float) -> Finding:
    text = f"{type(error).__name__}: {error}"
    return Finding(
        id=f"lptui-detector-{name}",
        cls="lptui-error",
        severity="warning",
        title=f"lptui: the detector '{name}' failed; its findings are missing",
        evidence=(Evidence(text, kind="process", at=at),),
        first_seen=at,
    )
