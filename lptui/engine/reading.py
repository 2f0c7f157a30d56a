"""Read a run once, to the end of every source, without threads or a screen: what `check` and `--once` stand on."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from lptui.config.care_file import care_path, read_care
from lptui.config.rules import RuleFile
from lptui.detect.registry import load_detectors
from lptui.engine.core import advance, advance_all, share_scan
from lptui.engine.lane import Lane
from lptui.engine.line_numbers import number_lines
from lptui.model.events import CareTaken, Tick
from lptui.model.run import RunInfo
from lptui.sources import Source
from lptui.sources.registry import HOST_SOURCES, SOURCES, sources_of
from lptui.state.fold import fold
from lptui.state.life import WATCH
from lptui.state.pace import UNKNOWN
from lptui.state.run_state import RunState

PATIENCE = 2.0
"""Seconds to wait for a source that answers from a thread of its own (NVML, a hanging mount)."""
SERVER_PATIENCE = 60.0
"""The same where a server is asked."""


def read_run(
    run: RunInfo,
    clock: Callable[[], float] = time.time,
    patience: float = PATIENCE,
    rules: tuple[RuleFile, ...] = (),
) -> RunState:
    """The state of `run` with everything read that can be read now, and the findings that follow; `rules` are those
    of the user's own. What a reader did about findings in earlier watches is known, and nothing is written.

    A run that was written to a moment ago is watched for up to `WATCH` seconds more: only then can a training that goes
    on be told from one that was killed just now.
    """
    begun = clock()
    sources = [source for kind in sources_of(run, (*SOURCES, *HOST_SOURCES)) for source in kind.make(run).values()]
    if run.wandb:
        _read_whole(sources)
    share_scan(sources, rules)
    lane = Lane("reading", clock, lambda events: None)
    state = RunState(run=run, now=begun, began=begun, rules=rules)
    state = fold(state, CareTaken(entries=read_care(care_path(os.environ, run.path)), seen_at=begun))
    state = _read_all(state, sources, lane, clock)
    wait = SERVER_PATIENCE if run.cloud and patience > 0 else patience
    state = _await_late(state, sources, lane, clock, begun + wait)
    state = _conclude(state, clock)
    if patience > 0 and _is_undecided(state):
        time.sleep(max(0.0, begun + WATCH + 0.2 - clock()))
        state = _conclude(_read_all(state, sources, lane, clock), clock)
    for source in sources:
        source.close()
    return number_lines(state)


def _read_whole(sources: list[Source]) -> None:
    """No sample first of files of W&B: nobody looks at a picture until all is read."""
    from lptui.sources.wandb import WandbSource  # here, not at the top: most runs have none

    for source in sources:
        if isinstance(source, WandbSource):
            source.sampling = False


def _read_all(state: RunState, sources: list[Source], lane: Lane, clock: Callable[[], float]) -> RunState:
    """Every source to its present end."""
    for source in sources:
        more = True
        while more:
            state = advance_all(state, lane.poll(source, clock()), load_detectors())
            more = source.pending
    return state


def _conclude(state: RunState, clock: Callable[[], float]) -> RunState:
    """Two ticks: what a detector concludes at the first (a death) is what others see at the second (a loop)."""
    for _ in range(2):
        now = clock()
        state = advance(state, Tick(now=now, seen_at=now), load_detectors())
    return state


def _is_undecided(state: RunState) -> bool:
    """Whether a few seconds more would tell: files fresh but no process, or a checkpoint that may be half written."""
    life = state.life
    orphaned = life.condition == "running" and state.processes == ()
    # CPU use is known from the second look on; a silence beyond the run's own patience is judged by it.
    quiet = life.last_sign is not None and state.now - life.last_sign > min(life.patience, UNKNOWN)
    unseen = quiet and bool(state.processes) and life.activity.says == "unknown"
    return orphaned or unseen or any(c.verdict == "being-written" for c in state.checkpoints)


def _await_late(
    state: RunState, sources: list[Source], lane: Lane, clock: Callable[[], float], deadline: float
) -> RunState:
    """Ask again those that have said nothing yet, or not all."""

    def is_late(source: Source) -> bool:
        status = state.statuses.get(source.name)
        return status is None or status.backfilling

    late = [s for s in sources if is_late(s)]
    while late and clock() < deadline:
        time.sleep(0.02)
        for source in late:
            state = advance_all(state, lane.poll(source, clock()), load_detectors())
        late = [s for s in late if is_late(s)]
    return state
