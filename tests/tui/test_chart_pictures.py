"""What charts look like, as text and as a map of their styles, against pictures that were looked at and kept.

Text and not SVG: a change can be read where it happened, and the pictures follow from our own rows alone and not from
how a release of Rich or Textual writes SVG. After a change that is meant, write them anew and look at the difference:

    LPTUI_PICTURES=write python -m pytest tests/tui/test_chart_pictures.py; git diff tests/tui/pictures
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from fake_monitor import FakeMonitor, Shelf

from lptui.config.settings import Settings
from lptui.engine.reading import read_run
from lptui.run import discover
from lptui.tui.app import LptuiApp
from lptui.tui.panes.metrics import MetricsPane
from lptui.tui.widgets.spans import Row

PICTURES = Path(__file__).parent / "pictures"
SIGNS = {
    "series-1": "1", "series-2": "2", "series-3": "3", "series-4": "4", "faint": "f", "dim": "d", "error": "E",
    "warn": "w", "info": "i", "accent": "a", "key": "k", "title": "t", "value": "v", "ok": "o", "": " ",
}  # fmt: skip
VIEWS: dict[str, tuple[Sequence[str], tuple[int, int], Sequence[str]]] = {
    "healthy": (("healthy",), (120, 40), ()),
    "healthy-80x24": (("healthy",), (80, 24), ()),
    "healthy-smooth": (("healthy",), (80, 24), ("enter", "m", "m", "d")),
    "healthy-ascii": (("healthy",), (80, 24), ("m",)),
    "healthy-60x15": (("healthy",), (60, 15), ()),
    "nan": (("nan",), (120, 40), ()),
    "nan-log-y": (("nan",), (80, 24), ("l",)),
    "restarted": (("restarted",), (120, 40), ()),
    "restarted-crosshair": (("restarted",), (80, 24), ("enter", "c", "left", "left")),
    "runs": (("healthy", "starved", "nan"), (120, 40), ("m",)),
    "runs-ascii": (("healthy", "starved", "nan"), (80, 24), ("m",)),
    "runs-table": (("healthy", "starved", "nan"), (100, 30), ("v",)),
    "table": (("nan",), (80, 24), ("v",)),
}


@pytest.mark.parametrize("view", VIEWS)
async def test_a_chart_looks_as_it_did(view: str, recorded: Callable[[str], Path]) -> None:
    names, size, keys = VIEWS[view]
    states = [read_run(discover(str(recorded(name))), patience=0.0) for name in names]
    app = LptuiApp(
        [FakeMonitor(state) for state in states], Settings(ascii=view.endswith("ascii"), theme="night"), themes=Shelf()
    )
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        for key in ("3", "z", *keys):
            await pilot.press(key)
            await pilot.pause()
        pane = app.screen.query_one(MetricsPane)
        drawn = pane.list if pane.in_table else pane.grid
        width = drawn.size.width
        text = [line.ljust(width) for line in drawn.shown]
        styles = [_signs(row).ljust(width) for row in drawn._lines]
    picture = "\n".join(f"|{line}|" for line in (f"{pane.note(states[0])}", *text, "", *styles)) + "\n"
    kept = PICTURES / f"{view}.txt"
    if os.environ.get("LPTUI_PICTURES") == "write":
        kept.write_text(picture, encoding="utf-8")
    assert picture == kept.read_text(encoding="utf-8")


def _signs(row: Row) -> str:
    """The style of each cell of a row as a letter, blanks left out."""
    signs = ((text, SIGNS.get((style.split() or [""])[0], "?")) for text, style in row)
    return "".join(" " if char == " " else sign for text, sign in signs for char in text)
