"""The one mechanism that every pane draws through: rows of styled spans; only changed cells are sent.

`LinesView` shows exactly the visible lines that its subclass computes. `RowsView` adds scrolling and a
selectable row over any number of rows. Neither ever asks Textual for a layout: bytes on the wire are what
they save.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from lptui.tui.theme import SpanStyles, span_styles
from lptui.tui.widgets.spans import Row, row_width
from lptui.tui.widgets.strips import ASCII, Ground, KeptStrips, find_changes, strip_of
from lptui.tui.widgets.thumb import find_thumb, with_thumb


class LinesView(Widget):
    """Base: `lines(width, height)` are computed on `redraw`, and only the cells that differ are refreshed."""

    thorough = False
    """Whether rows are compared to the character however many changed: worth it for what is drawn once a second."""
    drawn_rows = 0
    """Lines sent to the screen since the start; a state that does not change must not move it."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._lines: list[Row] = []
        self._styles: SpanStyles | None = None
        self._base: Style | None = None
        self._kept = KeptStrips()
        self._made_for = (0, 0)  # the size of which the lines are

    def lines(self, width: int, height: int) -> Sequence[Row]:
        """The visible lines, top to bottom; fewer than `height` leave the rest blank."""
        raise NotImplementedError

    @property
    def plain(self) -> bool:
        """Whether the screen's own glyphs must be ASCII."""
        return bool(getattr(self.app, "ascii", False))

    @property
    def shown(self) -> tuple[str, ...]:
        """The visible text, for tests and for copying."""
        return tuple("".join(text for text, _ in line) for line in self._lines)

    def redraw(self) -> None:
        """Compute the lines anew and refresh what differs."""
        width, height = self.size
        if not width or not height:
            return
        old, new = self._lines, self._make(width, height)
        pairs = enumerate(zip_longest(old, new, fillvalue=()))
        changed: list[tuple[int, Row, Row]] = [(y, before, after) for y, (before, after) in pairs if before != after]
        self.drawn_rows += len(changed)
        regions = [Region(a, y, b - a, 1) for y, a, b in find_changes(changed, width, thorough=self.thorough)]
        if regions:
            self.refresh(*regions)

    def _make(self, width: int, height: int) -> list[Row]:
        self._made_for = (width, height)
        self._lines = list(self.lines(width, height))[:height]
        return self._lines

    def render_lines(self, crop: Region) -> list[Strip]:
        if all(self._made_for) and self._made_for != self.size:
            self._make(*self.size)  # laid out anew: on a busy machine the event that says so comes a second later
        self._base = base = self.rich_style  # resolving the style sheet costs more than a whole line; once for all
        styles = self.styles
        if any(styles.gutter) or styles.tint.a or styles.text_opacity != 1.0 or self.opacity != 1.0:
            return super().render_lines(crop)
        ground = Ground(base, self.background_colors[1], tuple(self.get_line_filters()))
        self._kept.begin((ground, self.size.width, self.plain, self._span_styles()), ground, self._lines)
        return self._kept.strips(crop, self.size.width, self._style, plain=self.plain)

    def render_line(self, y: int) -> Strip:
        base = self.rich_style if self._base is None else self._base
        if y >= len(self._lines):
            return Strip.blank(self.size.width, base)
        plain, width = self.plain, self.size.width
        segments = [
            Segment(text.translate(ASCII) if plain else text, base + self._style(name))
            for text, name in self._lines[y]
            if text
        ]
        return strip_of(segments, row_width(self._lines[y]), width, base).simplify()

    def _style(self, name: str) -> Style:
        """What a span's style name means."""
        return self._span_styles().style(name)

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, self._on_theme_changed)

    def on_resize(self, _event: events.Resize) -> None:
        self._lines = []
        self.refresh()
        self.redraw()

    def watch_has_focus(self, _has_focus: bool) -> None:
        """What is chosen looks otherwise without the keyboard. `on_focus` and `on_blur` come before this is known."""
        super().watch_has_focus(_has_focus)
        self.redraw()

    def _on_theme_changed(self, _theme: object) -> None:
        self._styles = None
        self.redraw()
        self.refresh()

    def _span_styles(self) -> SpanStyles:
        if self._styles is None:
            self._styles = span_styles(self.app.theme_variables)
        return self._styles


@dataclass(frozen=True, slots=True)
class Page:
    """All rows of a pane. `keys[i]` names what row i belongs to (None: not selectable); rows of one key are
    selected together. The first `head` rows do not scroll."""

    rows: Sequence[Row] = ()
    keys: Sequence[str | None] = ()
    head: int = 0


Compute = Callable[[int], Page]


class RowsView(LinesView, can_focus=True):
    """Scrolls over the page that `compute(width)` gives; the selected key survives re-sorting."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="rows.up", tooltip="Previous row"),
        Binding("down,j", "move(1)", "Down", show=False, id="rows.down", tooltip="Next row"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="rows.page-up", tooltip="One page up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="rows.page-down", tooltip="One page down"),
        Binding("home,g", "edge(-1)", "First", show=False, id="rows.first", tooltip="First row"),
        Binding("end,G", "edge(1)", "Last", show=False, id="rows.last", tooltip="Last row"),
    ]

    class Highlighted(Message):
        """The selected row changed by the reader's hand."""

        def __init__(self, view: RowsView, key: str) -> None:
            super().__init__()
            self.view = view
            self.key = key

    class Clicked(Message):
        """The row that was selected already was clicked."""

        def __init__(self, view: RowsView, key: str) -> None:
            super().__init__()
            self.view = view
            self.key = key

    def __init__(self, compute: Compute, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._compute = compute
        self._page = Page()
        self._places: tuple[Sequence[str | None], dict[str, int]] = ((), {})
        self._top = 0
        self._picked = False
        self.selected: str | None = None
        """Key of the selected row: the first one until it has the keyboard, or another one is picked."""

    def lines(self, width: int, height: int) -> Sequence[Row]:
        self._page = page = self._compute(width - 1)
        places = self._selectable()
        first = next(iter(places), None)
        held = self._picked or self.has_focus  # what has the keyboard does not move under the reader's hand
        if first is not None and (self.selected not in places or (not held and self.selected != first)):
            self.selected, self._picked = first, False
            self._page = page = self._compute(width - 1)
        self._top = max(0, min(self._top, len(page.rows) - page.head - self._room(height)))
        return self._visible(width, height)

    @property
    def picked(self) -> bool:
        """Whether the reader, or the program, picked the selected row."""
        return self._picked

    def select(self, key: str | None) -> None:
        """Select `key` and bring it into view; no message is sent."""
        self.selected, self._picked = key, True
        self._reveal()
        self.redraw()

    def action_move(self, by: int) -> None:
        places = self._selectable()
        if not places:
            self._scroll(by)
            return
        place, keys = places.get(self.selected or "", 0), list(places)
        self._choose(keys[max(0, min(len(keys) - 1, place + by))], by)

    def action_page(self, by: int) -> None:
        keys, room = self._selectable(), max(1, self._room(self.size.height) - 1)
        if not keys:
            self._scroll(by * room)
            return
        rows = [i for i, key in enumerate(self._page.keys) if key == self.selected] or [0]
        target = max(0, min(len(self._page.rows) - 1, rows[0] + by * room))
        near = min((i for i, key in enumerate(self._page.keys) if key), key=lambda i: abs(i - target))
        self._choose(self._page.keys[near] or next(iter(keys)), by)

    def action_edge(self, side: int) -> None:
        keys = list(self._selectable())
        if keys:
            self._choose(keys[0] if side < 0 else keys[-1], side)
        self._scroll(side * len(self._page.rows))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._scroll(-3)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._scroll(3)

    def on_click(self, event: events.Click) -> None:
        index = self._index_at(event.y)
        key = self._page.keys[index] if index is not None and index < len(self._page.keys) else None
        if key is None:
            return
        if key == self.selected:
            self.post_message(self.Clicked(self, key))
        else:
            self._choose(key, 0)

    def _choose(self, key: str, direction: int) -> None:
        if key == self.selected:
            self._scroll(direction)
            return
        self.select(key)
        self.post_message(self.Highlighted(self, key))

    def _selectable(self) -> dict[str, int]:
        """The keys in order with their places; worked out once for a page of thousands that is only scrolled."""
        if self._places[0] is not self._page.keys:
            keys = dict.fromkeys(key for key in self._page.keys if key is not None)
            self._places = (self._page.keys, {key: place for place, key in enumerate(keys)})
        return self._places[1]

    def _room(self, height: int) -> int:
        return max(0, height - self._page.head)

    def _scroll(self, by: int) -> None:
        self._top += by
        self.redraw()

    def _reveal(self) -> None:
        mine = [i - self._page.head for i, key in enumerate(self._page.keys) if key == self.selected]
        room = self._room(self.size.height)
        if mine and room:
            self._top = max(min(self._top, mine[0]), min(mine[-1] - room + 1, mine[0]))

    def _index_at(self, y: int) -> int | None:
        index = y if y < self._page.head else y + self._top
        return index if 0 <= index < len(self._page.rows) else None

    def _visible(self, width: int, height: int) -> list[Row]:
        page, room = self._page, self._room(height)
        total = len(page.rows) - page.head
        thumb = find_thumb(self._top, room, total)
        shown = [*range(min(page.head, height)), *range(page.head + self._top, page.head + self._top + room)]
        lines: list[Row] = []
        for y, index in enumerate(shown):
            row = page.rows[index] if index < len(page.rows) else ()
            if index < len(page.keys) and page.keys[index] is not None and page.keys[index] == self.selected:
                row = _highlight(row, "cursor" if self.has_focus else "cursor-blurred", width - 1)
            lines.append(row if thumb is None else with_thumb(row, width, y - page.head in thumb))
        return lines


def _highlight(row: Row, name: str, width: int) -> Row:
    marked = tuple((text, f"{style} {name}".strip()) for text, style in row)
    return (*marked, (" " * max(0, width - row_width(row)), name))
