"""The mouse on charts, as bytes that a terminal sends (SGR, mode 1006)."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

from screen import Terminal

LEFT, MOVED, DRAGGED, SHIFT, CTRL, UP, DOWN = 0, 35, 32, 4, 16, 64, 65


def mouse(button: int, column: int, row: int, *, up: bool = False) -> str:
    """A press, a move or a turn of the wheel at a cell (from 1); `up`: the button is let go."""
    return f"\x1b[<{button};{column};{row}{'m' if up else 'M'}"


def axis(text: str) -> list[str]:
    """The labels of the x axis of a chart that fills the screen."""
    rows = text.split("\n")
    last = max((i for i, row in enumerate(rows) if row[8:9] == "│"), default=0)
    return re.findall(r"[\d.]+[kM]?", rows[last + 1])


def test_wheel_drag_pan_and_hover_reach_a_chart(recorded: Callable[[str], Path]) -> None:
    with Terminal([sys.executable, "-m", "lptui", "attach", str(recorded("healthy"))], 80, 24) as terminal:
        terminal.wait_for("finished")
        terminal.type("3")
        terminal.wait_for("overview/reward")
        assert {1003, 1006} <= terminal.emulator.modes
        terminal.type(
            mouse(LEFT, 20, 8) + mouse(LEFT, 20, 8, up=True) + mouse(LEFT, 20, 8) + mouse(LEFT, 20, 8, up=True)
        )
        terminal.wait_for("c reads values")  # a double click lets the chart fill the pane
        whole = axis(terminal.text)
        assert whole[-1] == "40k"

        terminal.type(mouse(UP, 70, 10) * 4)
        terminal.wait_for("zoomed")
        near = axis(terminal.text)

        terminal.type("".join(mouse(SHIFT + b, c, 10) for b, c in ((LEFT, 30), (DRAGGED, 45), (DRAGGED, 60))))
        terminal.type(mouse(SHIFT + LEFT, 60, 10, up=True))
        terminal.wait_for(lambda text: axis(text) != near)
        assert len(axis(terminal.text)) > 1

        terminal.type("0")
        terminal.wait_for(lambda text: axis(text) == whole)
        terminal.type(mouse(LEFT, 40, 10) + mouse(LEFT, 40, 10, up=True))
        terminal.wait_for("values at")
        there = re.search(r"values at ([\d,]+)", terminal.text)
        terminal.type(mouse(MOVED, 60, 10))
        terminal.wait_for(lambda text: (now := re.search(r"values at ([\d,]+)", text)) is not None and now != there
                          and there is not None and now[1] != there[1])  # fmt: skip

        terminal.type(
            mouse(LEFT, 30, 10) + mouse(DRAGGED, 40, 10) + mouse(DRAGGED, 50, 10) + mouse(LEFT, 50, 10, up=True)
        )
        terminal.wait_for(lambda text: "zoomed" in text and axis(text) != whole)
        terminal.type("q")
        assert terminal.wait_for_end() == 0
