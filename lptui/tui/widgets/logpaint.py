"""What the rows of a log look like: seams, lines with their gutter, cards. No Textual here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from lptui.formats.bar_end import find_behind
from lptui.text import cell_width, clock, short_bytes
from lptui.tui.widgets.logblocks import fold_row
from lptui.tui.widgets.logcards import Cards, card_rows, gutter
from lptui.tui.widgets.logfields import Columns, field_rows, fields_row, read_fields, window_row
from lptui.tui.widgets.loghand import Unit
from lptui.tui.widgets.logkept import KeptRows
from lptui.tui.widgets.logranks import RankColumn
from lptui.tui.widgets.logscroll import Rows, Slot
from lptui.tui.widgets.logtext import KEPT, SHORT, frame_bounds, line_row, mark_matches, visible_spans
from lptui.tui.widgets.spans import Row, crop, row_width

Highlight = Callable[[str], Sequence[tuple[int, int]]]
GUTTER = 2
NUMBER = 9
"""Cells of a line number and the blank behind it."""
MOST_WRAPPED = 200
"""Screen rows that one line takes at most when long lines are wrapped."""
_MOST_KEPT = 2000
_SEAMS = {
    "rotated": "the log was rotated; a new file begins here",
    "truncated": "the log was truncated; it starts anew here",
    "replaced": "the log was replaced by another file",
    "returned": "the log came back after it had been missing",
    "gap": "",
}


class Painter:
    """Draws the rows of one log at `width` cells. `built` counts rows that were decoded."""

    def __init__(self) -> None:
        self.width = 80
        self.left = 0
        self.plain = False
        self.wrap = False
        self.numbers = False
        self.highlight: Highlight | None = None
        self.chosen: int | None = None
        self.mark: int | None = None
        """The other end of what is chosen, where that is more than a row."""
        self.built = 0
        self.cards = Cards()
        self.hand: Rows | None = None
        self.ranks: RankColumn | None = None
        """Of a merged log: which rank each line is of."""
        self.file_numbers: Mapping[int, int | None] = {}
        """Of a merged log: which line of its own file is at a position."""
        self._card_rows: dict[tuple[int, int, int], list[Row]] = {}
        self._heights: dict[tuple[int, int, int], int] = {}
        self._opened: set[int] = set()
        self._kept = KeptRows()
        self.columns = Columns()

    def begin(self, width: int, *, plain: bool, hand: Rows) -> None:
        """A picture of `hand` in `width` cells."""
        self.width, self.plain, self.hand = width, plain, hand
        look = (self.left, self.wrap, self.numbers, self.highlight, self.ranks, self.columns.grown)
        self._kept.begin(width, plain, hand, *look)

    @property
    def room(self) -> int:
        """Cells that a line's text has."""
        return max(
            1,
            self.width - GUTTER - (NUMBER if self.numbers else 0) - (self.ranks.width if self.ranks else 0),
        )

    def set_cards(self, cards: Cards) -> None:
        """The findings that stand in this log."""
        if cards.marks or self.cards.marks:
            self._card_rows.clear()
            self._kept.forget()
        self.cards = cards

    def count(self, unit: Unit) -> int:
        """Screen rows that `unit` takes."""
        return self._kept.count(unit, self._count) if self._keeps(unit) else self._count(unit)

    def _count(self, unit: Unit) -> int:
        if unit.start == unit.end:
            return len(unit.seams)
        cards = self.cards.within(unit.start, unit.end)
        return len(unit.seams) + self._height(unit) + (len(self._rows_of_cards(unit)) if cards else 0)

    def _keeps(self, unit: Unit) -> bool:
        """Whether a row follows from its own bytes alone, and they are in hand."""
        if unit.piece or unit.lost or unit.start in self._opened or self.numbers or self.hand is None:
            return False
        return unit.fold is not None or bool(self.hand.text_of(unit)[0])

    def full_row(self, slot: Slot, hand: Rows, cursor: str) -> Row:
        """One screen row in exactly `width` cells."""
        unit = slot.unit
        if unit is None or self.is_chosen(unit) or not self._keeps(unit):
            return crop(self.row(slot, hand, cursor), self.width)
        return self._kept.row(unit, slot.index, lambda: crop(self.row(slot, hand, cursor), self.width))

    def row(self, slot: Slot, hand: Rows, cursor: str) -> Row:
        """One screen row; `cursor` is the style of the chosen one."""
        self.hand = hand
        unit = slot.unit
        if unit is None:
            return (("  … reading", "dim"),)
        if slot.index < len(unit.seams):
            return self._seam_row(*unit.seams[slot.index])
        index = slot.index - len(unit.seams)
        height = self._height(unit)
        if index >= height:
            cards = self._rows_of_cards(unit)
            return cards[index - height] if index - height < len(cards) else ()
        row = self._unit_row(unit, hand, index)
        if self.is_chosen(unit):
            row = tuple((text, f"{style} {cursor}".strip()) for text, style in row)
            row = (*row, (" " * max(0, self.width - row_width(row)), cursor))
        return row

    def is_chosen(self, unit: Unit) -> bool:
        """Whether the reader chose this row, alone or among others."""
        if self.chosen is None:
            return False
        low, high = sorted((self.chosen, self.chosen if self.mark is None else self.mark))
        return unit.start <= high and low < max(unit.end, unit.start + 1)

    def toggle(self, unit: Unit, hand: Rows) -> bool:
        """Show the fields of a JSON line one a row, or as one row again; whether it is one."""
        if unit.fold is not None or unit.lost or self._fields(unit, hand) is None:
            return False
        self._opened ^= {unit.start}
        self._kept.forget()
        return True

    def _fields(self, unit: Unit, hand: Rows) -> dict[str, Any] | None:
        data, start, end = self._text(unit, hand)
        return read_fields(data[start:end]) if data[start : start + 1] == b"{" else None

    def _height(self, unit: Unit) -> int:
        """Screen rows of the text alone."""
        if unit.fold is not None or unit.lost or self.hand is None:
            return 1 + (self._lead(unit, self.hand) is not None)
        if unit.start in self._opened and (fields := self._fields(unit, self.hand)) is not None:
            return 1 + len(field_rows(fields))
        if not self.wrap:
            return 1 + (self._split(unit, self.hand) is not None)
        key = (unit.start, unit.end, self.room)
        height = self._heights.get(key)
        if height is None:
            data, start, end = self._text(unit, self.hand)
            first, last = frame_bounds(data, start, end)
            spans = visible_spans(data, first, last, 0, self.room * MOST_WRAPPED)
            height = max(1, -(-sum(cell_width(s.text) for s in spans) // self.room))
            if len(self._heights) > _MOST_KEPT:
                self._heights.clear()
            self._heights[key] = height
        return height

    def _seam_row(self, kind: str, at: float) -> Row:
        when = f" {clock(at)}" if at else ""
        rule = "-" if self.plain else "─"
        if kind == "gap":
            return ((rule * 3, "dim"),)
        words = f"{rule * 2}{when} {_SEAMS.get(kind, kind)} "
        return ((words + rule * max(0, self.width - len(words)), "info"),)

    def _unit_row(self, unit: Unit, hand: Rows, index: int) -> Row:
        self.built += 1
        if unit.lost:
            size = short_bytes(unit.end - unit.start)
            return crop((("  ", ""), (f"{size} of the log cannot be read: {unit.lost}", "warn")), self.width)
        special = self._special_row(unit, hand, index)
        if special is not None:
            return (*self._margin(unit, hand, index), *special)
        room, mark, later = self.room, "", False
        if unit.piece and index == 0:
            size, whole = hand.line_length(unit)
            later = not _begins(hand, unit)
            mark = f" … {'goes on, ' if later else ''}{short_bytes(size)}{'' if whole else '+'} line"
        data, start, end = self._text(unit, hand)
        if not self.wrap and (cut := self._split(unit, hand)) is not None:
            start, end = (cut, end) if index else (start, cut)
        left = index * room if self.wrap else self.left
        row = line_row(data, start, end, left, max(1, room - len(mark)), more=not self.wrap)
        if self.highlight is not None:
            row = mark_matches(row, self.highlight("".join(text for text, _ in row)))
        if unit.aside or later:
            row = tuple((text, f"{style} dim".strip()) for text, style in row)
        if mark:
            row = (*crop(row, room - len(mark)), (mark, "dim"))
        return (*self._margin(unit, hand, index), *row)

    def _split(self, unit: Unit, hand: Rows) -> int | None:
        """Where in the bytes of `unit` a message stands right behind a progress bar: it has a row of its own."""
        data, start, end = self._text(unit, hand)
        if data.find(b"/", start, end) < 0:
            return None
        if end - start > SHORT:
            return _find_cut(data, start, end)
        cut = _short_cut(data[start:end])
        return None if cut is None else start + cut

    def _lead(self, unit: Unit, hand: Rows | None) -> tuple[bytes, int, int] | None:
        """(data, start, end) of a progress bar right behind which a traceback was printed: it stays in view, with what
        was said between the two."""
        if unit.fold is None or unit.fold.kind != "traceback" or hand is None:
            return None
        data, start, end = self._text(unit, hand)
        stop = data.find(b"\n", start, end)
        cut = _find_cut(data, start, stop) if stop >= 0 and data.find(b"/", start, stop) >= 0 else None
        return None if cut is None else (data, start, max(cut, data.find(b"Traceback (most", cut, stop)))

    def _special_row(self, unit: Unit, hand: Rows, index: int) -> Row | None:
        """A folded block, or a JSON line as fields; None for text."""
        if unit.fold is not None:
            lead = self._lead(unit, hand) if index == 0 else None
            if lead is not None:
                return line_row(*lead, self.left, self.room)
            return crop(fold_row(unit.fold, self.plain), self.room)
        if self.wrap and unit.start not in self._opened:
            return None
        fields = self._fields(unit, hand)
        if fields is None:
            return None
        if unit.start in self._opened and index:
            rows = field_rows(fields)
            row = rows[min(index, len(rows)) - 1]
        else:
            row = fields_row(fields, self.columns)
        if self.highlight is not None:
            row = mark_matches(row, self.highlight("".join(text for text, _ in row)))
        return window_row(row, self.left, self.room)

    def _margin(self, unit: Unit, hand: Rows, index: int) -> Row:
        """What stands left of a line: its number, and the mark of a finding."""
        first = 0 if unit.fold is None or self._lead(unit, hand) is None else 1
        worst = self.cards.worst_within(unit.start, unit.end)
        sign = gutter(worst, self.plain) if index == first else ("  ", "")
        rank = self._rank(unit, hand) if self.ranks is not None else ()
        if not self.numbers:
            return (sign, *rank)
        number = self._number(unit, hand) if index == 0 and _begins(hand, unit) else None
        text = "" if number is None else str(number)
        return ((f"{text[-NUMBER + 1 :]:>{NUMBER - 1}} ", "faint"), sign, *rank)

    def _number(self, unit: Unit, hand: Rows) -> int | None:
        """Of a line's file, also where several are shown as one."""
        return hand.number_of(unit) if self.ranks is None else self.file_numbers.get(unit.start)

    def _text(self, unit: Unit, hand: Rows) -> tuple[bytes, int, int]:
        """The bytes of a row, without the label of its rank, which is a column of its own."""
        data, start, end = hand.text_of(unit)
        return data, start if self.ranks is None else self.ranks.text_start(data, start, end), end

    def _rank(self, unit: Unit, hand: Rows) -> Row:
        assert self.ranks is not None
        if unit.fold is not None:
            return self.ranks.fold_cell(unit.fold, plain=self.plain)
        return self.ranks.cell(*hand.text_of(unit), plain=self.plain)

    def _rows_of_cards(self, unit: Unit) -> list[Row]:
        key = (unit.start, unit.end, self.width)
        rows = self._card_rows.get(key)
        if rows is None:
            cards = self.cards.within(unit.start, unit.end)
            room = self.width - GUTTER
            rows = [(("  ", ""), *row) for card in cards for row in card_rows(card, room, self.plain)]
            if len(self._card_rows) > _MOST_KEPT:
                self._card_rows.clear()
            self._card_rows[key] = rows
        return rows


def _begins(hand: Rows, unit: Unit) -> bool:
    """Whether a line begins here, and not a later piece of one."""
    data, start, _ = hand.text_of(unit)
    return not unit.piece or start == 0 or data[start - 1 : start] == b"\n"


@lru_cache(KEPT)
def _short_cut(line: bytes) -> int | None:
    """A row asks for it several times, and a page is made anew for each new line."""
    return _find_cut(line, 0, len(line))


def _find_cut(data: bytes, start: int, end: int) -> int | None:
    """Where in data[start:end] a message stands behind a bar."""
    first, last = frame_bounds(data, start, end)
    cut = find_behind(data, first, last)
    return cut if cut < last else None
