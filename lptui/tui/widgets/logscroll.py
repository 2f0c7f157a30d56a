"""Which rows of a log are on the screen: anchored by byte position, so that nothing moves under a reader.
No Textual."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lptui.tui.widgets.logfolding import FoldingHand
from lptui.tui.widgets.loghand import Unit
from lptui.tui.widgets.logsieved import SievedHand

Rows = FoldingHand | SievedHand
"""All rows of a log, or those that a filter keeps."""
Count = Callable[[Unit], int]
"""How many screen rows a unit takes: its seams, itself, its cards. May be 0 (an empty log)."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Screen row `index` of `unit`; None: the bytes are not in hand yet."""

    unit: Unit | None
    index: int = 0


class Scroll:
    """The window on a log: follows the end, or stands at (`top`, `skip`): row `skip` of the unit at
    position `top`."""

    def __init__(self, hand: Rows, count: Count) -> None:
        self.hand = hand
        self.count = count
        self.follow = True
        self.top = hand.end
        self.skip = 0
        self.at_end = True
        """Whether the newest row is in view."""
        self._owed = 0
        self._target: tuple[int, int] | None = None

    def page(self, height: int) -> list[Slot]:
        """The rows to draw, at most `height`. Only these are looked at."""
        if self.follow:
            return self._page_up_from_end(height)
        self._settle()
        return self._page_down_from_top(height)

    def move(self, rows: int, height: int) -> None:
        """Scroll by `rows`; what is not in hand yet is owed until it is. Reaching the end follows again."""
        if rows < 0 or not self.follow:
            self.follow = False
            self._target = None
            self._owed = rows
            self._settle()
            if rows > 0:
                self._page_down_from_top(height)
                self.follow = self.at_end

    def jump(self, position: int, above: int = 0) -> None:
        """Bring the row at `position` into view with `above` rows above it."""
        self.follow = False
        self._owed = 0
        self._target = (position, above)
        self._settle()

    def stay(self) -> None:
        """Go no further towards what was jumped to: the reader is at something else now."""
        self._target = None

    def to_end(self) -> None:
        """Follow."""
        self.follow = True
        self._target = None
        self._owed = 0

    def _settle(self) -> None:
        if self._target is not None:
            position, above = self._target
            self.top, self.skip = max(self.hand.start, min(position, self.hand.end - 1)), 0
            unit = self.hand.unit(self.top)
            if unit is None:
                return
            self.top, self._owed = unit.start, -above
            if not self.hand.may_come_nearer(position):
                self._target = None
        if self._owed:
            self._owed = self._walk(self._owed)

    def _walk(self, rows: int) -> int:
        """Move the top by `rows`; returns what is left to do because bytes are missing."""
        unit = self.hand.unit(self.top) if self.top < self.hand.end else self.hand.last()
        if unit is None:
            return rows if self.hand.wanted else 0
        self.top = unit.start
        self.skip += rows
        while self.skip < 0:
            above = self.hand.before(unit)
            if above is None:
                left, self.skip = self.skip, 0
                return left if unit.start > self.hand.start else 0
            unit, self.top = above, above.start
            self.skip += self.count(unit)
        while self.skip >= self.count(unit):
            below = self.hand.after(unit)
            if below is None:
                left = self.skip - max(0, self.count(unit) - 1)
                self.skip -= left
                return left if unit.end < self.hand.end else 0
            self.skip -= self.count(unit)
            unit, self.top = below, below.start
        return 0

    def _page_up_from_end(self, height: int) -> list[Slot]:
        slots: list[Slot] = []
        unit = self.hand.last()
        if unit is None and self.hand.end > self.hand.start:
            slots.append(Slot(None))
        while unit is not None and len(slots) < height:
            slots += [Slot(unit, index) for index in reversed(range(self.count(unit)))]
            above = self.hand.before(unit)
            if above is None and unit.start > self.hand.start and len(slots) < height:
                slots.append(Slot(None))
            unit = above
        slots = slots[:height][::-1]
        first = next((s for s in slots if s.unit is not None), None)
        self.top, self.skip = (first.unit.start, first.index) if first and first.unit else (self.hand.end, 0)
        self.at_end = True
        return slots

    def _page_down_from_top(self, height: int) -> list[Slot]:
        unit = self.hand.unit(self.top) if self.top < self.hand.end else self.hand.last()
        self.at_end = False
        if unit is None:
            return [Slot(None)] if self.hand.end > self.hand.start else []
        self.top = unit.start
        slots = [Slot(unit, index) for index in range(self.skip, self.count(unit))]
        while len(slots) < height + 1:
            below = self.hand.after(unit)
            if below is None:
                break
            unit = below
            slots += [Slot(unit, index) for index in range(self.count(unit))]
        if len(slots) > height:
            return slots[:height]
        if unit.end < self.hand.end and self.hand.after(unit) is None:
            return [*slots, Slot(None)][:height]
        self.at_end = True
        return self._page_up_from_end(height)
