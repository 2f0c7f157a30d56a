"""The merged log in a column: turned on and off where the reader stands, with findings at their lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from lptui.model.log import LogView
from lptui.model.merged import AnchorsPlaced, LineNamed, MergedView, MergeLogs, NameLine, PlaceAnchors
from lptui.model.place import Anchor
from lptui.state.run_state import RunState
from lptui.tui.widgets.logplaces import logs_of
from lptui.tui.widgets.logview import LogRows


class Column(Protocol):
    """The column, as this sees it."""

    file: str

    @property
    def view(self) -> LogRows: ...

    def ask(self, request: Any, on_answer: Callable[[Any], None]) -> None: ...

    def redraw_log(self) -> None: ...


class Merging:
    """`on`: the column shows all ranks as one, as soon as the engine has them."""

    def __init__(self, column: Column) -> None:
        self._column = column
        self.on = False
        self.placed: dict[Anchor, int] = {}
        """Where lines of the single logs lie; another object whenever that changed."""
        self._asked: PlaceAnchors | None = None
        self._looked: tuple[object, ...] = ()
        self._going: Anchor | None = None

    def view_in(self, run: RunState) -> MergedView | None:
        """The merged log, if it is what is shown."""
        merged = run.merged
        return merged if self.on and merged is not None and merged.parts else None

    def position(self, anchor: Anchor) -> int | None:
        """Where a line of a single log lies; None as long as that is not known."""
        return self.placed.get(anchor)

    def toggle(self, run: RunState) -> str:
        """Turn it on or off; what is to be said, if it cannot be."""
        if not self.on and len(logs_of(run)) < 2:
            return "this run has one log: there is nothing to merge it with"
        standing, extent = self._column.view.standing(), self._column.view.extent
        reading = standing is not None and not self._column.view.following
        self.on = not self.on
        self._column.ask(MergeLogs(self.on), _ignore)
        self._going = None
        if reading and standing is not None and extent is not None:
            if self.on:
                self._going = extent.anchor(standing[0])
            elif isinstance(extent, MergedView):
                self.name_line(extent, standing[0], lambda anchor: self._leave(run, anchor))
        return ""

    def look(self, run: RunState, view: MergedView) -> None:
        """Ask where the findings' lines lie that have no place yet; and where the reader came from."""
        if self._going is not None:
            anchor, self._going = self._going, None
            self.go(view, anchor)
        paths = {part.path for part in view.parts}
        wanted = {f.anchor for f in run.findings if f.anchor is not None and f.anchor.file in paths}
        missing = tuple(sorted(wanted - self.placed.keys(), key=lambda a: (a.file, a.generation, a.offset)))
        looked = (missing, view.start, view.end)
        if missing and self._asked is None and looked != self._looked:
            self._looked = looked
            self._asked = PlaceAnchors(view.file, missing)
            self._column.ask(self._asked, self._on_placed)

    def go(self, view: LogView, anchor: Anchor) -> None:
        """Bring the line of a single log into view."""
        self._column.ask(PlaceAnchors(view.file, (anchor,), whole=True), self._on_found)

    def name_line(self, view: LogView, position: int, tell: Callable[[Anchor], None]) -> None:
        """Ask for the lasting name of the line at `position`."""

        def hear(answer: Any) -> None:
            if isinstance(answer, LineNamed) and answer.anchor is not None:
                tell(answer.anchor)

        self._column.ask(NameLine(view.file, position), hear)

    def _on_placed(self, answer: Any) -> None:
        if isinstance(answer, AnchorsPlaced) and answer.request is self._asked:
            self._asked = None
            found = zip(answer.request.anchors, answer.positions, strict=True)
            fresh = {anchor: position for anchor, position in found if position is not None}
            if fresh:
                self.placed = {**self.placed, **fresh}
            self._column.redraw_log()

    def _on_found(self, answer: Any) -> None:
        if isinstance(answer, AnchorsPlaced) and self.on and answer.positions[0] is not None:
            self._column.view.jump(answer.positions[0])

    def _leave(self, run: RunState, anchor: Anchor) -> None:
        """Back in a single log: that of the line that was read, at this line."""
        extent = run.logs.get(anchor.file)
        position = extent.position(anchor) if extent is not None else None
        if position is not None and not self.on:
            self._column.file = anchor.file
            self._column.redraw_log()
            self._column.view.jump(position)


def _ignore(_answer: Any) -> None:
    """Nothing is answered: the state tells."""
