"""What the frame of the log pane says: which log, where in it, what is asked of it. No Textual here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from lptui.model.log import LogView
from lptui.text import cell_width
from lptui.tui.widgets.logranks import title_words

FRAME = 16
"""Cells of a frame's top that its corners and the pane's name take."""
TYPING = {
    "search": "enter searches, esc leaves",
    "filter": "enter filters, empty ends it, esc leaves",
    "place": "enter goes there, esc leaves",
    "save": "enter saves, esc leaves",
}


class Viewed(Protocol):
    """The log that has the keys."""

    extent: LogView | None
    new_unsure: bool

    @property
    def following(self) -> bool: ...

    @property
    def new_lines(self) -> int: ...

    def where(self, room: int) -> str: ...


class Said(Protocol):
    """A search, or a filter."""

    def words(self, width: int, *, brief: bool = False) -> str: ...


def frame_note(view: Viewed, names: Sequence[str], width: int) -> str:
    """The top: the name of the log, what came since it was left, and as much of the place as `width` cells take (those
    of a pane are `FRAME` less)."""
    if view.extent is None or not names:
        return ""
    words = title_words(view.extent, names)
    if view.extent.missing:
        return f"{words} · the file is gone, waiting for it"
    if view.following:
        return words
    more = "over " if view.new_unsure else "+"
    words += f" · {more}{view.new_lines:,} new" if view.new_lines else " · not following"
    where = view.where(width - cell_width(words) - 3)
    return f"{words} · {where}" if where else words


def frame_status(going: str, typing: str, search: Said, sieve: Said, lack: str, width: int) -> str:
    """The bottom: where it is going, which keys take what is being typed, the search and the filter, what columns lack.
    Where not all has room, keys are left out first (the footer tells them too), then the lack."""
    typed = TYPING.get(typing, "")

    def tell(last: str, *, brief: bool) -> str:
        found = "" if typed else search.words(width, brief=brief)
        return " · ".join(filter(None, (going, typed, found, sieve.words(width, brief=brief), last)))

    tries = (tell(lack, brief=False), tell(lack, brief=True), tell("", brief=False))
    return next((words for words in tries if cell_width(words) <= width - 4), tell("", brief=True) or lack)
