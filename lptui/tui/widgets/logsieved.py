"""The rows of a log that a filter keeps, each with lines around it, in place of all rows (`loghand`). No Textual here.

Positions stay those of the whole log: anchors, findings and the time cursor mean the same with and without a filter.
"""

from __future__ import annotations

from dataclasses import dataclass

from lptui.model.log import Chunk, LogView
from lptui.model.request import ReadLog, ReadRows, RowsRead
from lptui.tui.widgets.logfound import Found
from lptui.tui.widgets.loghand import Unit

ASK = 64
"""Rows asked for at once, on either side of the missing one."""
KEEP = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Lines:
    """Bytes of a match and the lines around it; line n is [cuts[n], cuts[n + 1]) in positions."""

    data: bytes
    start: int
    cuts: tuple[int, ...]
    lost: str = ""
    number: int | None = None
    """Of the first line, from 1."""


class SievedHand:
    """As `loghand.Hand`: what a scroll and a painter need, over the rows that were found."""

    def __init__(self, view: LogView, found: Found, context: int = 0) -> None:
        self.view = view
        self.found = found
        self.context = context
        self.wanted: ReadRows | ReadLog | None = None
        self.numbers = False
        self._lines: dict[int, Lines] = {}
        self._size = 0

    @property
    def start(self) -> int:
        """The oldest row's position."""
        return self.found[0] if len(self.found) else 0

    @property
    def end(self) -> int:
        """A position within the newest row, behind its start."""
        return self.found[len(self.found) - 1] + 1 if len(self.found) else 0

    def update(self, view: LogView) -> None:
        """The log is now `view`: a row that was not complete may be longer now."""
        if view.end != self.view.end:
            for position, lines in list(self._lines.items()):
                if lines.start + len(lines.data) >= self.view.end:
                    del self._lines[position]
        self.view = view

    def forget_losses(self) -> None:
        """Try again to read what could not be read."""
        for position in [p for p, lines in self._lines.items() if lines.lost]:
            del self._lines[position]

    def add(self, request: ReadRows, answer: object) -> None:
        """`answer` brings the lines that `request` asked for."""
        if not isinstance(answer, RowsRead):
            return
        if self._size > KEEP:
            self._lines.clear()
            self._size = 0
        numbers = answer.numbers or (None,) * len(answer.chunks)
        for position, chunk, number in zip(request.positions, answer.chunks, numbers, strict=True):
            self._lines[position] = _cut(chunk, number)
            self._size += len(chunk.data) + 64

    def unit(self, position: int) -> Unit | None:
        """The row nearest to `position`: the one that holds it, or the match before it."""
        number = self.found.count_upto(position) - 1
        for near in (number + 1, number):
            if 0 <= near < len(self.found):
                held = self._lines.get(self.found[near])
                if held is not None and held.start <= position < held.cuts[-1]:
                    return self._unit(max(cut for cut in held.cuts[:-1] if cut <= position))
        return self._unit(self.found[max(0, number)]) if len(self.found) else None

    def may_come_nearer(self, position: int) -> bool:
        """Whether rows at or before `position` are still looked for: they come newest first."""
        return not self.found.done and (not len(self.found) or self.found[0] > position)

    def last(self) -> Unit | None:
        """The newest row."""
        if not len(self.found):
            return None
        held = self._around(len(self.found) - 1)
        return None if held is None else self._unit(held.cuts[-2])

    def before(self, unit: Unit) -> Unit | None:
        """The row above."""
        place = self._place_before(unit.start)
        return None if place is None else self._unit(place)

    def after(self, unit: Unit) -> Unit | None:
        """The row below."""
        number = self.found.count_upto(unit.start) - 1
        best: int | None = None
        for near in (number, number + 1):
            if not 0 <= near < len(self.found):
                continue
            held = self._around(near)
            if held is None:
                return None
            later = [cut for cut in held.cuts[:-1] if cut > unit.start]
            best = min([*later[:1], *([] if best is None else [best])], default=None)
        return None if best is None else self._unit(best)

    def text_of(self, unit: Unit) -> tuple[bytes, int, int]:
        """(data, start, end): the bytes of `unit` are data[start:end]."""
        held = self._holder(unit.start)
        if held is None:
            return b"", 0, 0
        return held.data, unit.start - held.start, min(unit.end, held.cuts[-1]) - held.start

    def line_length(self, unit: Unit) -> tuple[int, bool]:
        """(bytes of the line, whether that is all of it)."""
        return unit.end - unit.start, False

    def number_of(self, unit: Unit) -> int | None:
        """The number, from 1, of the line in its file; None where that is not known."""
        held = self._holder(unit.start)
        return None if held is None or held.number is None else held.number + held.cuts.index(unit.start)

    def show_numbers(self) -> None:
        """From now on line numbers are fetched too."""
        if not self.numbers:
            self.numbers = True
            self._lines.clear()

    def want_around(self, top: int, bottom: int) -> ReadRows | None:
        """Rows to read ahead of the reader."""
        first, last = self.found.count_before(top), self.found.count_upto(bottom)
        for edge in (first - ASK // 2, last + ASK // 2):
            if 0 <= edge < len(self.found) and self.found[edge] not in self._lines:
                return self._ask(edge)
        return None

    def _unit(self, start: int) -> Unit | None:
        held = self._holder(start)
        if held is None:
            number = max(0, self.found.count_upto(start) - 1)
            if self._around(number) is None:
                return None
            held = self._lines[self.found[number]]
        if held.lost:
            return Unit(start, start + 1, held.lost)
        place = held.cuts.index(start)
        aside = bool(self.context) and not self._is_match(start)
        return Unit(start, held.cuts[place + 1], seams=self._gap(start), piece=_is_piece(held, place), aside=aside)

    def _gap(self, start: int) -> tuple[tuple[str, float], ...]:
        """A seam above a row that does not follow the one above it, where lines around are shown."""
        if not self.context:
            return ()
        above = self._place_before(start)
        held = None if above is None else self._holder(above)
        if above is None or held is None or held.cuts[held.cuts.index(above) + 1] == start:
            return ()
        return (("gap", 0.0),)

    def _place_before(self, start: int) -> int | None:
        number = self.found.count_upto(start) - 1
        best: int | None = None
        for near in (number - 1, number, number + 1):
            if not 0 <= near < len(self.found):
                continue
            held = self._around(near) if near <= number else self._lines.get(self.found[near])
            if held is None:
                if near <= number:
                    return None
                continue
            earlier = [cut for cut in held.cuts[:-1] if cut < start]
            best = max([*earlier[-1:], *([] if best is None else [best])], default=None)
        return best

    def _is_match(self, start: int) -> bool:
        number = self.found.count_before(start)
        return number < len(self.found) and self.found[number] == start

    def _holder(self, start: int) -> Lines | None:
        """The lines in hand of which one begins at `start`."""
        number = self.found.count_upto(start) - 1
        for near in (number, number + 1, number - 1):
            if 0 <= near < len(self.found):
                held = self._lines.get(self.found[near])
                if held is not None and start in held.cuts[:-1]:
                    return held
        return None

    def _around(self, number: int) -> Lines | None:
        """The lines of match `number`; None and `wanted` if they are not in hand."""
        held = self._lines.get(self.found[number])
        if held is None:
            self.wanted = self._ask(number)
        return held

    def _ask(self, number: int) -> ReadRows:
        near = range(max(0, number - ASK), min(len(self.found), number + ASK))
        positions = tuple(p for p in (self.found[n] for n in near) if p not in self._lines)
        return ReadRows(self.view.file, positions, self.context, self.numbers)


def _cut(chunk: Chunk, number: int | None) -> Lines:
    data, start = chunk.data, chunk.start
    if not data:
        return Lines(b"", start, (start, start + 1), chunk.reason or "the log gave no bytes here")
    cuts = [start]
    at = 0
    while at < len(data):
        feed = data.find(b"\n", at)
        at = len(data) if feed < 0 else feed + 1
        cuts.append(start + at)
    return Lines(data, start, tuple(cuts), number=number)


def _is_piece(held: Lines, place: int) -> bool:
    return len(held.data) >= 16 * 1024 and not held.data[: held.cuts[place + 1] - held.start].endswith(b"\n")
