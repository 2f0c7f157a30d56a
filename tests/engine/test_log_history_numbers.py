"""The numbers of a log's history: a chart must not pay for the blocks in which they were read."""

from __future__ import annotations

from pathlib import Path

from lptui.detect.registry import load_detectors
from lptui.engine.core import advance_all
from lptui.model.run import RunInfo
from lptui.sources import log as log_source
from lptui.sources.log import LogSource
from lptui.state.run_state import RunState
from lptui.stores.segments import SMALL

NOW = 1_790_000_000.0
BLOCKS = 60


def test_history_that_came_in_many_blocks_is_kept_in_few_segments(tmp_path: Path) -> None:
    path = tmp_path / "train.log"
    lines = [f"step {n} loss {1 / (n + 1):.6f}\n" for n in range(6000)]
    path.write_text("".join(lines))
    block = log_source.BLOCK
    log_source.BLOCK = path.stat().st_size // BLOCKS
    try:
        source = LogSource(str(path))
        state = RunState(run=RunInfo("train", str(tmp_path), "generic", (str(path),)), now=NOW, began=NOW)
        blocks = 0
        while True:
            events = list(source.poll(NOW))
            blocks += any(getattr(event, "backfill", False) for event in events)
            state = advance_all(state, events, load_detectors())
            if not source.pending:
                break
        with path.open("a") as file:
            file.write("".join(f"step {n} loss 0.5\n" for n in range(6000, 6003)))
        state = advance_all(state, source.poll(NOW + 1), load_detectors())
    finally:
        log_source.BLOCK = block
    assert blocks >= BLOCKS
    (series,) = [one for one in state.series.values() if one.key.endswith("loss")]
    assert series.count == 6003
    steps = [step for part in series.parts() for step in part.steps]
    assert steps == sorted(steps)
    assert len(series.segments) <= 2 + series.count // SMALL
