"""Filtering a log by hand: what was asked for, how far it is, rows that come while the log grows, saving them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lptui.formats.log_query import MOST_CONTEXT, read_query
from lptui.model.log import LogView
from lptui.model.log_query import EVERYTHING
from lptui.model.request import SaveLog, SaveProgress, Sifted, SiftLog
from lptui.state.run_state import RunState
from lptui.text import sanitise
from lptui.text.width import cut
from lptui.tui.widgets.logfinder import Host
from lptui.tui.widgets.logfound import Found
from lptui.tui.widgets.logplaces import newest_time, rank_among


class Filter:
    """One filter at a time; it goes on to another log when the reader does."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.text = ""
        self.context = 0
        self._problem = ""
        self._adding: SiftLog | None = None
        self._saving: SaveProgress | None = None

    @property
    def on(self) -> bool:
        """Whether only some rows are shown."""
        return self._host.view.found is not None

    def take(self, text: str, run: RunState, places: Sequence[int], *, beside: bool = False) -> None:
        """Show only what `text` asks for in a log of `run`; its time dates clocks, `places` are those of the findings.
        `beside`: in several logs at once, so that it says nothing of ranks."""
        extent = self._host.view.extent
        self._problem, self._adding = "", None
        if not text.strip() or extent is None:
            self.end()
            return
        self.text = text
        try:
            query = read_query(text, newest_time(extent, run.now))
        except ValueError as error:
            self._problem = str(error)
            self._host.reframe()
            return
        if query.ranks and (beside or rank_among(extent.file, run.run.logs) in query.ranks):
            query = replace(query, ranks=())  # all of this log is that rank's
        if query.findings:
            query = replace(query, places=tuple(sorted(set(places))))
        self.context = query.context
        request = SiftLog(extent.file, replace(query, context=0), column=self._host.number)
        self._host.view.set_found(Found(request), self.context)
        self._host.ask(request, self._on_found)
        self._host.reframe()

    def end(self) -> None:
        """Show all rows again, the chosen one in view."""
        self.text, self._problem, self._adding = "", "", None
        if self.on:
            self._host.view.set_found(None)
        self._host.reframe()

    def widen(self, by: int) -> None:
        """Show more, or fewer, lines around each row."""
        found = self._host.view.found
        if found is not None:
            self.context = max(0, min(MOST_CONTEXT, self.context + by))
            self._host.view.set_found(found, self.context)
            self._host.reframe()

    def grow(self, extent: LogView | None) -> None:
        """The log is longer now: look through what is new."""
        found = self._host.view.found
        if found is None or extent is None or not found.done or self._adding is not None or found.error:
            return
        end = extent.tail_start + extent.tail.rfind(b"\n") + 1
        query = found.request.query
        if extent.file != found.request.file or query.findings or query.until is not None or end <= found.covered:
            return
        # The bounds in time held for what was there; what comes now is later than all of them.
        later = replace(query, since=None, last=None, step_from=None)
        self._adding = SiftLog(extent.file, later, start=found.covered, more=True, column=self._host.number)
        self._host.ask(self._adding, self._on_added)

    def save(self, path: str) -> None:
        """Write the rows that are shown to a new file."""
        extent, found = self._host.view.extent, self._host.view.found
        if extent is not None and path.strip():
            query = found.request.query if found is not None else EVERYTHING
            self._host.ask(SaveLog(extent.file, query, path.strip()), self._on_saved)

    @property
    def kept(self) -> str:
        """'214 rows, 36 %': how many rows it keeps, as far as it is known."""
        found = self._host.view.found
        return found.words("rows") if found is not None else ""

    def words(self, width: int, *, brief: bool = False) -> str:
        """The state of the filter for a pane's frame, `brief` with less of its text and without keys; empty without
        one."""
        saving = self._saving
        if saving is not None and not saving.done:
            return f"saving {saving.rows:,} rows, {saving.scanned * 100 // max(1, saving.total)} %"
        if self._problem:
            return sanitise(self._problem)
        found = self._host.view.found
        if found is None:
            return ""
        name = cut(sanitise(self.text), max(12, width // 4 if brief else width - 40))
        if found.error:
            return f"filter {name} · {sanitise(found.error)}"
        around = f" · ±{self.context}" if self.context else ""
        return f"filter {name} · {found.words('rows')}{around}{'' if brief else ' · esc ends'}"

    def _on_found(self, answer: Any) -> None:
        found = self._host.view.found
        if found is not None and isinstance(answer, Sifted) and answer.request is found.request:
            found.add(answer)
            self._host.view.redraw()
            self._host.reframe()
            self.grow(self._host.view.extent)

    def _on_added(self, answer: Any) -> None:
        found = self._host.view.found
        if found is None or not isinstance(answer, Sifted) or answer.request is not self._adding:
            return
        found.add(answer)
        if answer.done:
            self._adding = None
        if len(answer.found):
            self._host.view.redraw()
            self._host.reframe()

    def _on_saved(self, answer: Any) -> None:
        if not isinstance(answer, SaveProgress):
            return
        self._saving = answer
        if answer.done:
            path = sanitise(answer.request.path)
            words = sanitise(answer.error) or f"{answer.rows:,} rows saved to {path}"
            severity = "warning" if answer.error else "information"
            self._host.view.app.notify(words, severity=severity, markup=False, timeout=8)
        self._host.reframe()
