"""What the run screen is made of besides header and footer: the stage of panes, and two stand-ins for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from textual.app import ComposeResult
from textual.geometry import NULL_SPACING, Offset, Region, Size
from textual.layout import Layout, WidgetPlacement
from textual.widget import Widget

from lptui.state.run_state import RunState
from lptui.tui.layout import Box, SizeClass, plan
from lptui.tui.panes import PANES, Pane, load_pane
from lptui.tui.widgets.rows import LinesView
from lptui.tui.widgets.spans import Row, clean, crop, wrap

PATIENCE = 1.0


class Curtain(LinesView):
    """Until the first state arrives: the picture that was painted before the app took over, kept as it was."""

    def __init__(self) -> None:
        super().__init__(id="curtain")

    def lines(self, width: int, height: int) -> Sequence[Row]:
        painted: tuple[str, ...] = getattr(self.app, "first_rows", ())
        rows = [crop(((clean(line), "value"),), width) for line in painted[:height]]
        return rows or [((" opening the run …", "dim"),)]


def is_open(run: RunState) -> bool:
    """Whether there is as much to show as was painted before: the log's last lines, or why there are none, for which
    the picture waits `PATIENCE` seconds."""
    logs = run.run.logs
    told = any(status.path in logs for status in run.statuses.values())
    return not logs or bool(run.logs) or told or run.now - run.began >= PATIENCE


class Sentence(LinesView):
    """The whole screen in one sentence, for a window too small for panes."""

    def __init__(self) -> None:
        super().__init__(id="sentence")
        self._text = ""

    def show(self, text: str) -> None:
        """Draw `text`, wrapped."""
        self._text = text
        self.redraw()

    def lines(self, width: int, height: int) -> Sequence[Row]:
        rows = [((line, "value"),) for line in wrap(self._text, width)]
        return [*rows, (("enlarge the window for more", "dim"),)] if len(rows) < height else rows


class Boxes(Layout):
    """Places the displayed panes of a stage in the boxes of its plan."""

    name = "boxes"

    def arrange(self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True) -> list[WidgetPlacement]:
        boxes = cast(Stage, parent).boxes(size)
        return [
            WidgetPlacement(Region(*boxes[child.pane_id]), Offset(0, 0), NULL_SPACING, child)
            for child in children
            if isinstance(child, Pane) and child.pane_id in boxes
        ]


class Stage(Widget):
    """Holds all panes; shows those of the plan."""

    def __init__(self) -> None:
        super().__init__(id="stage")
        self._boxes = Boxes()
        self.size_class: SizeClass = "sentence"
        self.recent: list[str] = [pane_id for pane_id, _, _ in PANES]
        self.zoomed = False
        self.visitor = ""
        self.findings = self.devices = 0
        """How many findings are listed, and how many GPUs: what the boxes of their panes depend on."""

    @property
    def layout(self) -> Layout:
        return self._boxes

    def compose(self) -> ComposeResult:
        for pane_id, _, _ in PANES:
            pane = load_pane(pane_id)
            pane.display = False
            yield pane

    def boxes(self, size: Size) -> dict[str, Box]:
        """Where the displayed panes are in a stage of `size`."""
        return plan(
            self.size_class,
            size.width,
            size.height,
            self.recent,
            zoomed=self.zoomed,
            visitor=self.visitor,
            findings=self.findings,
            devices=self.devices,
        ).boxes

    def make_room(self, findings: int, devices: int) -> None:
        """Fit the boxes to what there is to list; nothing is laid out anew while they stay the same."""
        if (findings, devices) != (self.findings, self.devices):
            before = self.boxes(self.size)
            self.findings, self.devices = findings, devices
            if self.boxes(self.size) != before:
                # of a child: that forgets the arrangement of its parents, `self.refresh` would keep our own
                self.query_children(Pane).first().refresh(layout=True)

    def rearrange(self) -> frozenset[str]:
        """Display exactly the panes of the plan; returns their ids."""
        names = frozenset(self.boxes(Size(100, 40)))
        for pane in self.query_children(Pane):
            pane.display = pane.pane_id in names
        self.refresh(layout=True)
        return names
