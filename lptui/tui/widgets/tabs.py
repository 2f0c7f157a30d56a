"""One line of tabs, and the one-line footer with the keys that matter now."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.message import Message

from lptui.text import cell_width
from lptui.tui.widgets.rows import LinesView
from lptui.tui.widgets.spans import Row, Span, crop, row_width


class Tabs(LinesView):
    """All panes with their digits; the current one marked, those also in view underlined."""

    class Clicked(Message):
        """A tab was clicked."""

        def __init__(self, pane_id: str) -> None:
            super().__init__()
            self.pane_id = pane_id

    def __init__(self) -> None:
        super().__init__(id="tabs")
        self._tabs: tuple[tuple[str, str], ...] = ()
        self._current = ""
        self._visible: frozenset[str] = frozenset()
        self._places: list[tuple[int, int, str]] = []

    def show(self, tabs: tuple[tuple[str, str], ...], current: str, visible: frozenset[str]) -> None:
        """`tabs` as (pane id, label), in order."""
        self._tabs, self._current, self._visible = tabs, current, visible
        self.redraw()

    def lines(self, width: int, height: int) -> Sequence[Row]:
        row: list[Span] = []
        self._places = []
        pad = 1 if sum(cell_width(label) + 5 for _, label in self._tabs) <= width else 0
        x = 0
        for i, (pane_id, label) in enumerate(self._fitting(width), 1):
            text = f"{' ' * pad}{i} {label}{' ' * pad}"
            style = "chip" if pane_id == self._current else "title" if pane_id in self._visible else "dim"
            row += [(text, style), (" ", "")]
            self._places.append((x, x + cell_width(text), pane_id))
            x += cell_width(text) + 1
        return [crop(tuple(row), width)]

    def _fitting(self, width: int) -> list[tuple[str, str]]:
        """The tabs with the longest words cut until all fit: a digit that is not seen is not pressed."""
        words = [label.partition(" (") for _, label in self._tabs]  # the count stays
        while sum(cell_width("".join(parts)) + 3 for parts in words) - 1 > width:
            others = [i for i, (pane_id, _) in enumerate(self._tabs) if pane_id != self._current and words[i][0][2:]]
            if not others:
                break
            at = max(others, key=lambda i: cell_width(words[i][0]))
            words[at] = (words[at][0][:-1], *words[at][1:])
        return [(pane_id, "".join(parts)) for (pane_id, _), parts in zip(self._tabs, words, strict=True)]

    def on_click(self, event: events.Click) -> None:
        for start, end, pane_id in self._places:
            if start <= event.x < end:
                self.post_message(self.Clicked(pane_id))


class Footer(LinesView):
    """The keys of the focused pane, then those of the screen, cut to the width at whole entries."""

    def __init__(self) -> None:
        super().__init__(id="footer")
        self._keys: tuple[tuple[str, str], ...] = ()

    def show(self, keys: Sequence[tuple[str, str]]) -> None:
        """`keys` as (key, word), most useful first; `?` and `q` always keep their place at the end."""
        if tuple(keys) != self._keys:
            self._keys = tuple(keys)
            self.redraw()

    def lines(self, width: int, height: int) -> Sequence[Row]:
        tail = [k for k in self._keys if k[0] in ("?", "q")]
        keys = [k for k in self._keys if k not in tail]
        while keys and row_width(_entries((*keys, *tail))) > width:
            keys.pop()
        return [crop(_entries((*keys, *tail)), width)]


def _entries(keys: Sequence[tuple[str, str]]) -> Row:
    row: list[Span] = []
    for key, word in keys:
        row += [(f" {key}", "accent bold"), (f" {word.lower()} ", "dim")]
    return tuple(row)
