"""Going to a line, a share, a time or a step of a log by hand."""

from __future__ import annotations

from typing import Any

from lptui.formats.log_query import read_place
from lptui.model.merged import MergedView
from lptui.model.request import SeekLog, Sought
from lptui.text import sanitise
from lptui.tui.widgets.logfinder import Host
from lptui.tui.widgets.logplaces import newest_time


class Goto:
    """One place at a time is gone to."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.words = ""
        """Where to, while it is looked for."""

    def go(self, text: str, now: float) -> None:
        """Go to what `text` says; `now` (unix s) dates clocks."""
        extent, scroll = self._host.view.extent, self._host.view.scroll
        if extent is None or scroll is None:
            return
        try:
            place = read_place(text, newest_time(extent, now))
        except ValueError as error:
            self._host.view.app.notify(sanitise(str(error)), severity="warning", markup=False, timeout=5)
            return
        near = extent.end - 1 if scroll.follow else scroll.top
        if isinstance(extent, MergedView) and self._host.view.paint.chosen is not None:
            near = self._host.view.paint.chosen  # a line of the file whose row that is
        self.words = f"going to {sanitise(text)} …"
        self._host.reframe()
        self._host.ask(SeekLog(extent.file, place, near), self._on_sought)

    def _on_sought(self, answer: Any) -> None:
        if isinstance(answer, Sought):
            self.words = ""
            if answer.reason:
                self._host.view.app.notify(sanitise(answer.reason), markup=False, timeout=5)
            if answer.position is not None:
                self._host.view.jump(answer.position)
            self._host.reframe()
