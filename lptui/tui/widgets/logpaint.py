"""What the rows of a log look like: seams, lines with their gutter, cards. No Textual here."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lptui.text import clock, short_bytes
from lptui.tui.widgets.logcards import Cards, card_rows, gutter
from lptui.tui.widgets.loghand import Hand, Unit
from lptui.tui.widgets.logscroll import Slot
from lptui.tui.widgets.logtext import line_row, mark_matches
from lptui.tui.widgets.spans import Row, crop, row_width

Highlight = Callable[[str], Sequence[tuple[int, int]]]
GUTTER = 2
_MOST_CARDS = 500
_SEAMS = {
    "rotated": "the log was rotated; a new file begins here",
    "truncated": "the log was truncated; it starts anew here",
    "replaced": "the log was replaced by another file",
    "returned": "the log came back after it had been missing",
}


class Painter:
    """Draws the rows of one log at `width` cells. `built` counts rows that were decoded."""

    def __init__(self) -> None:
        self.width = 80
        self.left = 0
        self.plain = False
        self.highlight: Highlight | None = None
        self.chosen: int | None = None
        self.built = 0
        self.cards = Cards()
        self._card_rows: dict[tuple[int, int, int], list[Row]] = {}

    def set_cards(self, cards: Cards) -> None:
        """The findings that stand in this log."""
        self.cards = cards
        self._card_rows.clear()

    def count(self, unit: Unit) -> int:
        """Screen rows that `unit` takes."""
        if unit.start == unit.end:
            return len(unit.seams)
        cards = self.cards.within(unit.start, unit.end)
        return len(unit.seams) + 1 + (len(self._rows_of_cards(unit)) if cards else 0)

    def row(self, slot: Slot, hand: Hand, cursor: str) -> Row:
        """One screen row; `cursor` is the style of the chosen one."""
        unit = slot.unit
        if unit is None:
            return (("  … reading", "dim"),)
        if slot.index < len(unit.seams):
            return self._seam_row(*unit.seams[slot.index])
        index = slot.index - len(unit.seams)
        if index:
            return self._rows_of_cards(unit)[index - 1]
        row = self._unit_row(unit, hand)
        if self.is_chosen(unit):
            row = tuple((text, f"{style} {cursor}".strip()) for text, style in row)
            row = (*row, (" " * max(0, self.width - row_width(row)), cursor))
        return row

    def is_chosen(self, unit: Unit) -> bool:
        """Whether the reader chose this row."""
        return self.chosen is not None and unit.start <= self.chosen < max(unit.end, unit.start + 1)

    def _seam_row(self, kind: str, at: float) -> Row:
        when = f" {clock(at)}" if at else ""
        rule = "-" if self.plain else "─"
        words = f"{rule * 2}{when} {_SEAMS.get(kind, kind)} "
        return ((words + rule * max(0, self.width - len(words)), "info"),)

    def _unit_row(self, unit: Unit, hand: Hand) -> Row:
        self.built += 1
        room = max(1, self.width - GUTTER)
        if unit.lost:
            size = short_bytes(unit.end - unit.start)
            return crop((("  ", ""), (f"{size} of the log cannot be read: {unit.lost}", "warn")), self.width)
        mark = ""
        if unit.piece:
            size, whole = hand.line_length(unit)
            mark = f" … {short_bytes(size)}{'' if whole else '+'} line"
        data, start, end = hand.text_of(unit)
        row = line_row(data, start, end, self.left, max(1, room - len(mark)))
        if self.highlight is not None:
            row = mark_matches(row, self.highlight("".join(text for text, _ in row)))
        if mark:
            row = (*crop(row, room - len(mark)), (mark, "dim"))
        return (gutter(self.cards.worst_within(unit.start, unit.end), self.plain), *row)

    def _rows_of_cards(self, unit: Unit) -> list[Row]:
        key = (unit.start, unit.end, self.width)
        rows = self._card_rows.get(key)
        if rows is None:
            cards = self.cards.within(unit.start, unit.end)
            room = self.width - GUTTER
            rows = [(("  ", ""), *row) for card in cards for row in card_rows(card, room, self.plain)]
            if len(self._card_rows) > _MOST_CARDS:
                self._card_rows.clear()
            self._card_rows[key] = rows
        return rows
