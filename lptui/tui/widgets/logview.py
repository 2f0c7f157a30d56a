"""The log on the screen: only visible rows are looked at, findings stand inline, nothing moves under a
reader.

The bytes are `loghand`'s, which rows are shown is `logscroll`'s, what a row looks like is `logtext`'s; this
widget joins them and knows keys and mouse.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from lptui.model.log import LogView as LogExtent
from lptui.model.request import ReadLog
from lptui.tui.widgets.logcards import Cards
from lptui.tui.widgets.loghand import Hand, Unit
from lptui.tui.widgets.logpaint import Painter
from lptui.tui.widgets.logscroll import Scroll, Slot
from lptui.tui.widgets.rows import LinesView, Row
from lptui.tui.widgets.sgr import sgr_style
from lptui.tui.widgets.spans import crop, row_width, wrap
from lptui.tui.widgets.strips import ASCII, strip_of

Ask = Callable[[Any, Callable[[Any], None]], None]
SIDE = 8
"""Columns per step of horizontal scrolling."""
MARGIN_ABOVE = 3


class LogRows(LinesView, can_focus=True):
    """One log at a time. `ask` fetches bytes; `extent` and `cards` are what the newest state says."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="log.up", tooltip="Choose the row above"),
        Binding("down,j", "move(1)", "Down", show=False, id="log.down", tooltip="Choose the row below"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="log.page-up", tooltip="One page back"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="log.page-down", tooltip="One page on"),
        Binding("home,g", "first", "Start", show=False, id="log.start", tooltip="The oldest line"),
        Binding("end,G", "follow", "Follow", id="log.follow", tooltip="The newest line, and stay there"),
        Binding("left", "side(-1)", "Left", show=False, id="log.left", tooltip="Scroll to the left"),
        Binding("right", "side(1)", "Right", show=False, id="log.right", tooltip="Scroll long lines to the right"),
    ]

    class Moved(Message):
        """The reader scrolled or chose a row: the frame's words may have changed."""

    def __init__(self, ask: Ask) -> None:
        super().__init__()
        self._ask = ask
        self._hands: dict[str, Scroll] = {}
        self._pending: set[ReadLog] = set()
        self._slots: list[Slot] = []
        self.paint = Painter()
        self.extent: LogExtent | None = None
        self.new_lines = 0
        """Line feeds that arrived since the reader left the end; `new_unsure`: some bytes were not
        counted."""
        self.new_unsure = False
        self.empty_text = "nothing has been logged yet"

    @property
    def scroll(self) -> Scroll | None:
        """The window on the present log."""
        return self._hands.get(self.extent.file) if self.extent is not None else None

    @property
    def following(self) -> bool:
        """Whether the newest row stays in view."""
        return self.scroll is None or self.scroll.follow

    def set_log(self, extent: LogExtent | None, cards: Cards | None = None) -> None:
        """Show `extent`, the newest state of this or of another log."""
        old, self.extent = self.extent, extent
        if cards is not None:
            self.paint.set_cards(cards)
        if extent is not None:
            known = self._hands.get(extent.file)
            if known is None:
                self._hands[extent.file] = Scroll(Hand(extent), self.paint.count)
            else:
                known.hand.update(extent)
            if old is None or old.file != extent.file:
                self.paint.chosen, self.new_lines, self.new_unsure = None, 0, False
            elif not self.following:
                self._count_new(old, extent)
        self.redraw()

    def jump(self, position: int) -> None:
        """Choose the row at `position` and bring it into view."""
        if self.scroll is not None:
            self.scroll.jump(position, max(MARGIN_ABOVE, self.size.height // 3))
            self.paint.chosen = position
            self._after_move()

    def lines(self, width: int, height: int) -> Sequence[Row]:
        scroll = self.scroll
        if scroll is None or scroll.hand.end <= scroll.hand.start:
            return [((line, "dim"),) for line in wrap(self.empty_text, width)]
        self.paint.width, self.paint.plain = width - 1, bool(getattr(self.app, "ascii", False))
        scroll.hand.wanted = None
        self._slots = scroll.page(height)
        self._fetch(scroll)
        thumb = self._thumb(scroll, height)
        cursor = "cursor" if self.has_focus else "cursor-blurred"
        rows: list[Row] = []
        bar = "#" if self.paint.plain else "▐"
        for y in range(height if thumb is not None else len(self._slots)):
            row = self.paint.row(self._slots[y], scroll.hand, cursor) if y < len(self._slots) else ()
            if thumb is not None:
                row = (*crop(row, self.paint.width), (bar if y in thumb else " ", "faint"))
            rows.append(row)
        return rows

    def render_line(self, y: int) -> Strip:
        base = self.rich_style
        if y >= len(self._lines):
            return Strip.blank(self.size.width, base)
        plain = self.plain
        segments = [
            Segment(text.translate(ASCII) if plain else text, base + self._style(name))
            for text, name in self._lines[y]
            if text
        ]
        return strip_of(segments, row_width(self._lines[y]), self.size.width, base)

    def action_move(self, by: int) -> None:
        scroll = self.scroll
        if scroll is None or not self._slots:
            return
        units = list(dict.fromkeys(s.unit for s in self._slots if s.unit is not None))
        mine = [u for u in units if self.paint.is_chosen(u)]
        if not units:
            return
        if not mine:
            target: Unit | None = units[-1] if by < 0 or self.following else units[0]
        else:
            target = scroll.hand.before(mine[0]) if by < 0 else scroll.hand.after(mine[0])
        if target is None:
            self._scroll_by(by)
            return
        self.paint.chosen = target.start
        if by < 0 or not self.following:
            self._reveal(scroll, target, by)
        self._after_move()

    def action_page(self, by: int) -> None:
        self._scroll_by(by * max(1, self.size.height - 1))

    def action_first(self) -> None:
        if self.scroll is not None:
            self.scroll.hand.forget_losses()
            self.scroll.jump(self.scroll.hand.start)
            self.paint.chosen = None
            self._after_move()

    def action_follow(self) -> None:
        if self.scroll is not None:
            self.scroll.hand.forget_losses()
            self.scroll.to_end()
            self.paint.chosen = None
            self._after_move()

    def action_side(self, by: int) -> None:
        self.paint.left = max(0, self.paint.left + by * SIDE)
        self._after_move()

    def on_resize(self, event: events.Resize) -> None:
        super().on_resize(event)
        self.post_message(self.Moved())

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._scroll_by(-3)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._scroll_by(3)

    def on_click(self, event: events.Click) -> None:
        scroll = self.scroll
        if scroll is None:
            return
        if event.x >= self.paint.width and self._thumb(scroll, self.size.height) is not None:
            hand = scroll.hand
            scroll.jump(hand.start + (hand.end - hand.start) * event.y // max(1, self.size.height))
            self._after_move()
        elif event.y < len(self._slots) and (unit := self._slots[event.y].unit) is not None:
            self.paint.chosen = unit.start
            self._after_move()

    def _scroll_by(self, rows: int) -> None:
        if self.scroll is not None:
            self.scroll.move(rows, self.size.height)
            self._after_move()

    def _reveal(self, scroll: Scroll, target: Unit, by: int) -> None:
        shown = [s.unit for s in self._slots]
        if target in shown:
            if by < 0 or not scroll.at_end:
                scroll.follow = False
            return
        scroll.move(by * self.paint.count(target), self.size.height)

    def _after_move(self) -> None:
        if self.following:
            self.new_lines, self.new_unsure = 0, False
        self.redraw()
        self.post_message(self.Moved())

    def _fetch(self, scroll: Scroll) -> None:
        """Ask for bytes that are missing, or that soon will be."""
        wanted = scroll.hand.wanted
        units = [s.unit for s in self._slots if s.unit is not None]
        if wanted is None and units and not scroll.follow:
            wanted = scroll.hand.want_around(units[0].start, units[-1].end)
        if wanted is None or not wanted.length or wanted in self._pending or len(self._pending) >= 2:
            return
        self._pending.add(wanted)
        self._ask(wanted, lambda answer: self._on_chunk(scroll, wanted, answer))

    def _on_chunk(self, scroll: Scroll, request: ReadLog, answer: Any) -> None:
        self._pending.discard(request)
        scroll.hand.add(request, answer)
        if self.is_attached and scroll is self.scroll:
            self.redraw()
            self.post_message(self.Moved())

    def _count_new(self, old: LogExtent, new: LogExtent) -> None:
        low = max(old.end, new.tail_start)
        self.new_unsure = self.new_unsure or low > old.end
        self.new_lines += new.tail.count(b"\n", max(0, low - new.tail_start))

    def _thumb(self, scroll: Scroll, height: int) -> range | None:
        hand = scroll.hand
        units = [s.unit for s in self._slots if s.unit is not None]
        if not units or (units[0].start <= hand.start and scroll.at_end and self._slots[0].index == 0):
            return None
        total = max(1, hand.end - hand.start)
        size = max(1, min(height, (units[-1].end - units[0].start) * height // total))
        room = height - size
        before, after = units[0].start - hand.start, hand.end - units[-1].end
        start = room if scroll.at_end else round(room * before / max(1, before + after))
        return range(start, start + size)

    def _style(self, name: str) -> Style:
        if "sgr:" not in name:
            return self._span_styles().style(name)
        style = Style.null()
        for word in name.split(" "):
            style += sgr_style(word[4:]) if word.startswith("sgr:") else self._span_styles().style(word)
        return style
