"""State and findings come out the same whatever order history arrives in."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

import lptui.sources.log as log_source
from lptui.detect.registry import load_detectors
from lptui.engine.core import advance_all
from lptui.model.events import Event, Facts, LogBlock, Samples, Tick
from lptui.model.finding import Finding
from lptui.run import discover
from lptui.sources.registry import SOURCES
from lptui.state.run_state import RunState


def collect(path: Path) -> tuple[RunState, list[Event]]:
    """Everything that the sources of a run say of its files, in their own order."""
    run = discover(str(path))
    events: list[Event] = []
    for registered in SOURCES:
        if registered.kind in ("host", "gpu", "processes"):
            continue
        for source in registered.make(run).values():
            events += source.poll(1.0)
            while source.pending:
                events += source.poll(2.0)
            source.close()
    return RunState(run=run), events


def essence(finding: Finding) -> tuple[object, ...]:
    return (finding.id, finding.severity, finding.title, finding.role, finding.attempt, finding.past, finding.count)


def judge(start: RunState, events: Sequence[Event]) -> RunState:
    last = max((c.modified_at for e in events for c in getattr(e, "checkpoints", ())), default=0.0) + 9_999
    ticks = [Tick(now=last, seen_at=last), Tick(now=last + 1, seen_at=last + 1)]
    return advance_all(start, [*events, *ticks], load_detectors())


@pytest.mark.parametrize("name", ["nan", "cuda-oom", "restarted", "healthy"])
@pytest.mark.parametrize("seed", [1, 2])
def test_any_order_of_history_gives_the_same_verdict(
    name: str, seed: int, recorded: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_source, "BLOCK", 2048)
    start, events = collect(recorded(name))
    history = [e for e in events if isinstance(e, LogBlock | Facts | Samples)]
    rest = [e for e in events if not isinstance(e, LogBlock | Facts | Samples)]
    shuffled = random.Random(seed).sample(history, len(history))
    expected, found = judge(start, events), judge(start, [*rest, *shuffled])
    assert {essence(f) for f in found.findings} == {essence(f) for f in expected.findings}
    assert found.life == expected.life
    assert found.milestones == expected.milestones
    assert (found.progress.step, found.progress.epoch) == (expected.progress.step, expected.progress.epoch)
    assert {k: s.count for k, s in found.series.items()} == {k: s.count for k, s in expected.series.items()}
