"""Searching a log by hand: as it is typed, forth and back, and how many matches there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from lptui.model.log_query import EVERYTHING, LogQuery
from lptui.model.request import SearchLog, SearchProgress, Sifted, SiftLog
from lptui.tui.widgets.logfound import Found
from lptui.tui.widgets.logsearch import Search, highlighter
from lptui.tui.widgets.logview import LogRows


class Host(Protocol):
    """A column of the pane, as those who work for it see it."""

    number: int

    @property
    def view(self) -> LogRows:
        """Its rows."""
        ...

    def ask(self, request: Any, on_answer: Callable[[Any], None]) -> None:
        """Ask the engine."""
        ...

    def reframe(self) -> None:
        """What is to be said in the frame changed."""
        ...


class Finder:
    """One search at a time, among the rows that `within` says are kept."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.search: Search | None = None
        self._found: Found | None = None
        self._origin: tuple[bool, int, int | None] = (True, 0, None)

    def begin(self) -> None:
        """A search is about to be typed: this is where it starts, and where `leave` returns to."""
        view = self._host.view
        scroll = view.scroll
        self._origin = (view.following, scroll.top if scroll is not None else 0, view.paint.chosen)
        self._set(Search(""))

    def type(self, text: str) -> None:
        """The pattern so far: go to its nearest match."""
        if self.search is None:
            return
        self._found = None
        if text:
            self.ask(text, self._origin[0], self._start(self._origin[0]), first=True)
        else:
            self._set(Search(""))
            self._return()

    def mark(self, text: str, *, count: bool = False) -> None:
        """Mark the matches of `text`, and `count` them, without going to one: it is searched in the log beside."""
        self._found = None
        self._set(Search(text) if text else None)
        if text and count:
            self._count(text)

    def take(self, text: str) -> None:
        """The pattern is complete: search on if it is not found yet, and count its matches."""
        extent = self._host.view.extent
        if not text or extent is None:
            self.end()
            return
        if self.search is None or self.search.pattern != text or self.search.request is None:
            self.ask(text, self._origin[0], self._start(self._origin[0]), first=True)
        self._count(text)

    def leave(self) -> None:
        """Not searched after all: back to where it was begun."""
        self.end()
        self._return()

    def end(self) -> None:
        """No search any more."""
        self._found = None
        self._set(None)

    def step(self, by: int) -> None:
        """To the next match below (or above) the chosen row."""
        if self.search is None or not self.search.pattern:
            return
        view = self._host.view
        position = view.paint.chosen if view.paint.chosen is not None else self.search.hit
        scroll = view.scroll
        if scroll is None:
            return
        start = scroll.hand.end if by < 0 and view.following else scroll.top
        if position is not None:
            unit = scroll.hand.unit(position)
            start = position if by < 0 or unit is None else unit.end
            start = unit.start if by < 0 and unit is not None else start
        self.ask(self.search.pattern, by < 0, start)

    def ask(self, pattern: str, backwards: bool, start: int, *, first: bool = False) -> None:
        """Look for the match nearest to `start`; `first`: in the other direction too if there is none."""
        extent = self._host.view.extent
        if extent is None:
            self._set(Search(pattern))
            return
        request = SearchLog(extent.file, pattern, start, backwards, self.within, self._host.number)
        self._set(Search(pattern, request, first=first))
        self._host.ask(request, self._on_search)

    @property
    def within(self) -> LogQuery:
        """The rows that are searched: those of the filter that is shown."""
        found = self._host.view.found
        return found.request.query if found is not None else EVERYTHING

    def words(self, width: int, *, brief: bool = False) -> str:
        """The state of the search for a pane's frame, `brief` without keys; empty without one."""
        return "" if self.search is None else self.search.words(width, self._tally(), brief=brief)

    @property
    def counted(self) -> str:
        """'1,234 matches, 40 %': how many there are, as far as it is known."""
        return self._found.words("matches") if self._found is not None and self.search is not None else ""

    def _count(self, text: str) -> None:
        extent = self._host.view.extent
        if extent is not None:
            request = SiftLog(extent.file, self.within, text, "count", column=self._host.number)
            self._found = Found(request)
            self._host.ask(request, self._on_count)
            self._host.reframe()

    def _tally(self) -> str:
        found, search = self._found, self.search
        if found is None or search is None:
            return ""
        chosen = self._host.view.paint.chosen
        if found.done and not found.full and len(found) and chosen is not None:
            number = found.count_upto(chosen)
            if number and found[number - 1] == chosen:
                return f"{number:,} of {found.words('matches')}"
        return found.words("matches")

    def _start(self, backwards: bool) -> int:
        _, top, chosen = self._origin
        scroll = self._host.view.scroll
        if backwards and scroll is not None:
            extent = self._host.view.extent
            return extent.end if extent is not None else scroll.hand.end
        return top if chosen is None else chosen

    def _return(self) -> None:
        follow, top, chosen = self._origin
        view = self._host.view
        if follow:
            view.action_follow()
        elif view.scroll is not None:
            view.jump(top if chosen is None else chosen)
            view.paint.chosen = chosen

    def _on_search(self, answer: Any) -> None:
        search = self.search
        if search is None or not isinstance(answer, SearchProgress) or answer.request is not search.request:
            return
        self._set(replace(search, progress=answer))
        if answer.done and answer.hit is not None:
            self._host.view.jump(answer.hit, unfold=True)
        elif answer.done and not answer.error and search.first:
            self.ask(search.pattern, not answer.request.backwards, answer.request.start)

    def _on_count(self, answer: Any) -> None:
        found = self._found
        if found is not None and isinstance(answer, Sifted) and answer.request is found.request:
            found.add(answer)
            self._host.reframe()

    def _set(self, search: Search | None) -> None:
        old, self.search = self.search, search
        if (old.pattern if old else "") != (search.pattern if search else ""):
            self._host.view.paint.highlight = highlighter(search.pattern) if search else None
            self._host.view.redraw()
        self._host.reframe()
