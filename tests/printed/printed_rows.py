"""A recorded log as the log pane draws it, and as a run that is read."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from lptui.engine.reading import read_run
from lptui.model.log import LogSegment, LogView
from lptui.run import discover
from lptui.state.run_state import RunState
from lptui.tui.widgets.logfolding import FoldingHand
from lptui.tui.widgets.logpaint import Painter
from lptui.tui.widgets.logscroll import Slot

LOGS = Path(__file__).parent / "logs"
ENDED = 1.79e9


def load(name: str) -> bytes:
    """The bytes of a recording."""
    return (LOGS / f"{name}.log").read_bytes()


def draw(data: bytes, width: int = 200) -> list[tuple[str, str]]:
    """(kind of block or '', text) of every row that is not blank."""
    view = LogView("train.log", (LogSegment(0, 0, len(data)),), data, 0, modified_at=ENDED)
    hand, painter = FoldingHand(view), Painter()
    painter.width, painter.hand = width, hand
    rows: list[tuple[str, str]] = []
    at = 0
    while at < len(data):
        unit = hand.unit(at)
        assert unit is not None
        for index in range(painter.count(unit)):
            text = "".join(text for text, _ in painter.row(Slot(unit, index), hand, "")).strip()
            if text:
                rows.append((unit.fold.kind if unit.fold else "", text))
        at = unit.end
    return rows


def read(name: str, folder: Path) -> RunState:
    """The recording alone in a folder, two seconds after its last byte."""
    copy = folder / "train.log"
    shutil.copyfile(LOGS / f"{name}.log", copy)
    os.utime(copy, (ENDED, ENDED))
    return read_run(discover(str(copy)), clock=lambda: ENDED + 2.0, patience=0)


def points(state: RunState, key: str) -> list[tuple[float, float]]:
    """(step, value) of a series."""
    rows: list[tuple[float, float]] = []
    for segment in state.series[key].segments:
        rows += zip(segment.rows.steps, segment.values, strict=True)
    return rows
