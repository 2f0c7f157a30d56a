"""The log on the screen: only visible rows are looked at, findings stand inline, nothing moves under a reader. This is
the reader's hand on it: keys and mouse; what is drawn is `logwindow`'s."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from lptui.formats.traceback_box import frame_at
from lptui.tui.widgets.logblocks import frame_place
from lptui.tui.widgets.logfolding import FoldingHand
from lptui.tui.widgets.loghand import Unit
from lptui.tui.widgets.lognumber import count_lines
from lptui.tui.widgets.logscroll import Scroll
from lptui.tui.widgets.logtext import plain_text
from lptui.tui.widgets.logwindow import LogWindow

SIDE = 8
"""Columns per step of horizontal scrolling."""
MARGIN_ABOVE = 3
MOST_COPIED = 2000
"""Rows that are copied at once."""


class LogRows(LogWindow):
    """Scrolls, chooses rows, wraps and numbers them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="log.up", tooltip="Choose the row above"),
        Binding("down,j", "move(1)", "Down", show=False, id="log.down", tooltip="Choose the row below"),
        Binding("shift+up", "extend(-1)", show=False, id="log.extend-up", tooltip="Choose one more row, above"),
        Binding("shift+down", "extend(1)", show=False, id="log.extend-down", tooltip="Choose one more row, below"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="log.page-up", tooltip="One page back"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="log.page-down", tooltip="One page on"),
        Binding("home,g", "first", "Start", show=False, id="log.start", tooltip="The oldest line"),
        Binding("end,G", "follow", "Follow", id="log.follow", tooltip="The newest line, and stay there"),
        Binding("left", "side(-1)", "Left", show=False, id="log.left", tooltip="Scroll to the left"),
        Binding("right", "side(1)", "Right", show=False, id="log.right", tooltip="Scroll long lines to the right"),
        Binding("w", "wrap", "Wrap", show=False, id="log.wrap", tooltip="Wrap long lines, or cut them"),
        Binding("o", "fold", "Fold", show=False, id="log.fold", tooltip="Fold tracebacks and repeated lines, or none"),
        Binding("number_sign", "number", "Numbers", show=False, id="log.numbers", tooltip="Line numbers, or none"),
    ]

    def jump(self, position: int, *, unfold: bool = False) -> None:
        """Choose the row at `position` and bring it into view; `unfold`: also out of a folded block."""
        if self.scroll is not None:
            if unfold and isinstance(self.scroll.hand, FoldingHand):
                self.scroll.hand.open_at(position)
            self.scroll.jump(position, max(MARGIN_ABOVE, self.size.height // 3))
            self.paint.chosen, self.paint.mark = position, None
            self._after_move()

    def stand(self, position: int, above: int, *, chosen: bool) -> None:
        """Show the row at `position` with `above` rows above it, because of what is read in another log."""
        if self.scroll is not None:
            self.scroll.jump(position, above)
            self.paint.chosen, self.paint.mark = position if chosen else None, None
            self._after_move(by_hand=False)

    def rejoin(self) -> None:
        """Follow again, because another log is followed."""
        if self.scroll is not None and not self.scroll.follow:
            self.scroll.to_end()
            self.paint.chosen = self.paint.mark = None
            self._after_move(by_hand=False)

    def standing(self) -> tuple[int, int, bool] | None:
        """(position, screen rows above it, whether it was chosen) of the row that is looked at: the chosen one if it is
        in view, else the first; None where no bytes are in hand."""
        chosen = self.paint.chosen
        shown = [(y, s.unit) for y, s in enumerate(self._slots) if s.unit is not None]
        for y, unit in shown:
            if chosen is not None and unit.start <= chosen < max(unit.end, unit.start + 1):
                return chosen, y, True
        return (shown[0][1].start, shown[0][0], False) if shown else None

    def where(self, room: int) -> str:
        """Where the window stands, in words: 'line 1,234 of 5,000 · 24 %', as far as it is known and `room` cells
        take."""
        scroll, extent = self.scroll, self.extent
        if scroll is None or extent is None or extent.end <= extent.start:
            return ""
        at = scroll.top if self.paint.chosen is None else self.paint.chosen
        share = f"{(at - extent.start) * 100 // max(1, extent.end - extent.start)} %"
        unit = scroll.hand.unit(at)
        number = scroll.hand.number_of(unit) if unit is not None else None
        if number is None:
            return share if len(share) <= room else ""
        whole = self._hands.get(extent.file)
        newest = at >= extent.segments[-1].base  # older generations have lines of their own
        hand = whole.hand if whole is not None and number >= 0 and newest else None
        total = count_lines(extent, hand) if isinstance(hand, FoldingHand) else None
        line = f"line {number:,} from the end" if number < 0 else f"line {number:,}"
        of = f"{line} of {total:,}" if total else line
        return next((words for words in (f"{of} · {share}", f"{line} · {share}", share) if len(words) <= room), "")

    def chosen_rows(self) -> list[str]:
        """The chosen rows as harmless text, oldest first, as far as they are in hand."""
        scroll, chosen = self.scroll, self.paint.chosen
        if scroll is None or chosen is None:
            return []
        low, high = sorted((chosen, chosen if self.paint.mark is None else self.paint.mark))
        rows: list[str] = []
        unit = scroll.hand.unit(low)
        while unit is not None and unit.start <= high and len(rows) < MOST_COPIED:
            if not unit.lost:
                rows.append(plain_text(*scroll.hand.text_of(unit)))
            unit = scroll.hand.after(unit)
        return rows

    def action_move(self, by: int) -> None:
        self.paint.mark = None
        self._choose_next(by)

    def action_extend(self, by: int) -> None:
        if self.paint.chosen is not None and self.paint.mark is None:
            self.paint.mark = self.paint.chosen
        self._choose_next(by)

    def action_page(self, by: int) -> None:
        self._scroll_by(by * max(1, self.size.height - 1))

    def action_first(self) -> None:
        if self.scroll is not None:
            self.scroll.hand.forget_losses()
            self.scroll.jump(self.scroll.hand.start)
            self.paint.chosen = self.paint.mark = None
            self._after_move()

    def action_follow(self) -> None:
        if self.scroll is not None:
            self.scroll.hand.forget_losses()
            self.scroll.to_end()
            self.paint.chosen = self.paint.mark = None
            self._after_move()

    def action_side(self, by: int) -> None:
        self.paint.left = max(0, self.paint.left + by * SIDE)
        self._after_move()

    def action_wrap(self) -> None:
        self.paint.wrap = not self.paint.wrap
        if self.scroll is not None:
            self.scroll.skip = 0
        self._after_move()

    def action_fold(self) -> None:
        if self.scroll is not None and isinstance(self.scroll.hand, FoldingHand):
            self.scroll.hand.folding = not self.scroll.hand.folding
            self.scroll.skip = 0
            self._after_move()

    def open_chosen(self) -> bool:
        """Open (or fold) the chosen block, or the fields of the chosen JSON line; whether there was anything to."""
        scroll, chosen = self.scroll, self.paint.chosen
        if scroll is None or chosen is None:
            return False
        opened = isinstance(scroll.hand, FoldingHand) and scroll.hand.toggle(chosen)
        if not opened:
            unit = scroll.hand.unit(chosen)
            opened = unit is not None and self.paint.toggle(unit, scroll.hand)
        if opened:
            scroll.skip = 0
            self._after_move()
        return opened

    def chosen_line(self) -> bytes:
        """The bytes of the chosen row, as far as it is in hand."""
        scroll, chosen = self.scroll, self.paint.chosen
        unit = scroll.hand.unit(chosen) if scroll is not None and chosen is not None else None
        if scroll is None or unit is None or unit.fold is not None:
            return b""
        data, start, end = scroll.hand.text_of(unit)
        return data[start : min(end, start + 4096)]

    def chosen_place(self) -> str:
        """`path:line` of the frame of a traceback that the chosen row belongs to; nothing elsewhere."""
        hand, chosen = self.scroll.hand if self.scroll is not None else None, self.paint.chosen
        block = hand.block_at(chosen) if isinstance(hand, FoldingHand) and chosen is not None else None
        if chosen is not None and block is not None and block.kind == "traceback" and isinstance(hand, FoldingHand):
            low, high = hand.reach(block.start, block.end)
            found = frame_at(hand.slice(low, high), chosen - low) if low <= chosen < high else None
            if found is not None:
                return f"{found[0]}:{found[1]}"
        return frame_place(self.chosen_line())

    def action_number(self) -> None:
        self.paint.numbers = not self.paint.numbers
        self._after_move()

    def on_resize(self, event: events.Resize) -> None:
        super().on_resize(event)
        self.post_message(self.Moved(self, by_hand=False))

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
            if event.shift and self.paint.chosen is not None:
                self.paint.mark = self.paint.mark if self.paint.mark is not None else self.paint.chosen
            else:
                self.paint.mark = None
            self.paint.chosen = unit.start
            self._after_move()

    def _choose_next(self, by: int) -> None:
        scroll = self.scroll
        if scroll is None or not self._slots:
            return
        units = list(dict.fromkeys(s.unit for s in self._slots if s.unit is not None))
        chosen = self.paint.chosen
        mine = [u for u in units if chosen is not None and u.start <= chosen < max(u.end, u.start + 1)]
        if not units:
            return
        if not mine:
            target: Unit | None = units[-1] if by < 0 or self.following else units[0]
        else:
            target = scroll.hand.before(mine[0]) if by < 0 else scroll.hand.after(mine[0])
        if target is None:
            self._scroll_by(by)
            return
        scroll.stay()
        self.paint.chosen = target.start
        if by < 0 or not self.following:
            self._reveal(scroll, target, by)
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
