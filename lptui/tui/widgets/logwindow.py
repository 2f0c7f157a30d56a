"""The window on a log: which rows are in it, drawn from the bytes in hand, fetched when they are not.

The bytes are `loghand`'s (or, of a filtered log, `logsieved`'s), which rows are shown is `logscroll`'s, what a row
looks like is `logpaint`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rich.style import Style
from textual.message import Message

from lptui.model.log import LogView as LogExtent
from lptui.model.merged import MergedView
from lptui.model.request import ReadLog, ReadRows
from lptui.text import sanitise
from lptui.tui.widgets.logcards import Cards
from lptui.tui.widgets.logfilenumbers import FileNumbers
from lptui.tui.widgets.logfolding import FoldingHand
from lptui.tui.widgets.logfound import Found
from lptui.tui.widgets.logpaint import Painter
from lptui.tui.widgets.logscroll import Scroll, Slot
from lptui.tui.widgets.logsieved import SievedHand
from lptui.tui.widgets.rows import LinesView, Row
from lptui.tui.widgets.sgr import sgr_style
from lptui.tui.widgets.spans import crop, wrap

Ask = Callable[[Any, Callable[[Any], None]], None]


class LogWindow(LinesView, can_focus=True):
    """One log at a time. `ask` fetches bytes; `extent` and `cards` are what the newest state says."""

    class Moved(Message):
        """Other rows are shown, or another one is chosen: `by_hand` of the reader, or because bytes came."""

        def __init__(self, view: LogWindow, *, by_hand: bool) -> None:
            super().__init__()
            self.view = view
            self.by_hand = by_hand

    def __init__(self, ask: Ask) -> None:
        super().__init__()
        self._ask = ask
        self._hands: dict[str, Scroll] = {}
        self._sieved: Scroll | None = None
        self._pending: set[ReadLog | ReadRows] = set()
        self._slots: list[Slot] = []
        self.paint = Painter()
        self.extent: LogExtent | None = None
        self.new_lines = 0
        """Line feeds that arrived since the reader left the end; `new_unsure`: some bytes were not
        counted."""
        self.new_unsure = False
        self._file_numbers = FileNumbers()
        self.empty_text = "nothing has been logged yet"

    @property
    def scroll(self) -> Scroll | None:
        """The window on the present log, or on the rows of it that a filter keeps."""
        if self._sieved is not None:
            return self._sieved
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
                self._hands[extent.file] = Scroll(FoldingHand(extent), self.paint.count)
            else:
                known.hand.update(extent)
            if self._sieved is not None:
                self._sieved.hand.update(extent)
            if old is None or old.file != extent.file:
                self.paint.chosen = self.paint.mark = None
                self.new_lines, self.new_unsure = 0, False
            elif not self.following:
                self._count_new(old, extent)
        self.redraw()

    @property
    def found(self) -> Found | None:
        """The rows that a filter keeps; None without one."""
        hand = self._sieved.hand if self._sieved is not None else None
        return hand.found if isinstance(hand, SievedHand) else None

    def set_found(self, found: Found | None, context: int = 0) -> None:
        """Show only the rows that were found and `context` lines around each, or (None) all of them again, with the
        chosen row in view."""
        at = self.paint.chosen
        follow = self.following
        self._sieved = None
        if found is not None and self.extent is not None:
            self._sieved = Scroll(SievedHand(self.extent, found, context), self.paint.count)
        scroll = self.scroll
        if scroll is not None and at is not None and not follow:
            scroll.jump(at, self.size.height // 3)
        elif scroll is not None:
            scroll.to_end()
        self._after_move(by_hand=False)

    def lines(self, width: int, height: int) -> Sequence[Row]:
        scroll = self.scroll
        if scroll is None or scroll.hand.end <= scroll.hand.start:
            self._slots = []
            found = self.found
            text = self.empty_text
            if found is not None:
                text = "no row fulfils the filter" if found.done else "nothing found yet, looking on …"
                text = sanitise(found.error) or text
            return [((line, "dim"),) for line in wrap(text, width)]
        plain = bool(getattr(self.app, "ascii", False))
        self.paint.begin(width - 1, plain=plain, hand=scroll.hand)
        if isinstance(scroll.hand, SievedHand) and self.paint.numbers:
            scroll.hand.show_numbers()
        scroll.hand.wanted = None
        self._slots = scroll.page(height)
        self._fetch(scroll)
        self._fetch_numbers()
        columns = self.paint.columns.grown
        rows = self._draw_page(scroll, height)
        if columns == self.paint.columns.grown:
            return rows
        self.paint.begin(width - 1, plain=plain, hand=scroll.hand)  # a wider field moves those of the rows above it
        return self._draw_page(scroll, height)

    def _draw_page(self, scroll: Scroll, height: int) -> list[Row]:
        thumb = self._thumb(scroll, height)
        cursor = "cursor" if self.has_focus else "cursor-blurred"
        rows: list[Row] = []
        bar = "#" if self.paint.plain else "▐"
        for y in range(height if thumb is not None else len(self._slots)):
            if thumb is None:
                rows.append(self.paint.row(self._slots[y], scroll.hand, cursor))
                continue
            row = (
                self.paint.full_row(self._slots[y], scroll.hand, cursor)
                if y < len(self._slots)
                else crop((), self.paint.width)
            )
            rows.append((*row, (bar if y in thumb else " ", "faint")))
        return rows

    def _after_move(self, *, by_hand: bool = True) -> None:
        if self.following:
            self.new_lines, self.new_unsure = 0, False
        self.redraw()
        self.post_message(self.Moved(self, by_hand=by_hand))

    def _fetch(self, scroll: Scroll) -> None:
        """Ask for bytes that are missing, or that soon will be."""
        wanted = scroll.hand.wanted
        units = [s.unit for s in self._slots if s.unit is not None]
        if wanted is None and units and not scroll.follow:
            wanted = scroll.hand.want_around(units[0].start, units[-1].end)
        if wanted is None or wanted in self._pending or len(self._pending) >= 2:
            return
        if not (wanted.length if isinstance(wanted, ReadLog) else wanted.positions):
            return
        self._pending.add(wanted)
        self._ask(wanted, lambda answer: self._on_chunk(scroll, wanted, answer))

    def _fetch_numbers(self) -> None:
        """Of a merged log the rows' numbers in their files, which its bytes do not tell."""
        if self.paint.numbers and isinstance(self.extent, MergedView):
            starts = [s.unit.start for s in self._slots if s.unit is not None and s.unit.end > s.unit.start]
            wanted = self._file_numbers.want(self.extent, dict.fromkeys(starts))
            self.paint.file_numbers = self._file_numbers.known
            if wanted is not None:
                self._ask(wanted, self._on_numbers)

    def _on_numbers(self, answer: Any) -> None:
        if self._file_numbers.add(answer) and self.is_attached:
            self.redraw()

    def _on_chunk(self, scroll: Scroll, request: ReadLog | ReadRows, answer: Any) -> None:
        self._pending.discard(request)
        match scroll.hand, request:
            case SievedHand() as hand, ReadRows():
                hand.add(request, answer)
            case FoldingHand() as hand, ReadLog():
                hand.add(request, answer)
            case _:
                return
        if self.is_attached and scroll is self.scroll:
            self.redraw()
            self.post_message(self.Moved(self, by_hand=False))

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
