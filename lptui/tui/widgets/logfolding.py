"""A log with its blocks folded: a traceback, a line that many ranks repeat, a banner or a dump is one row until it is
opened. No Textual here."""

from __future__ import annotations

from dataclasses import replace

from lptui.formats.fold import LONGEST, Fold
from lptui.formats.log_folds import find_folds
from lptui.model.log import LogView
from lptui.tui.widgets.loghand import Hand, Unit
from lptui.tui.widgets.logregions import Region

BUCKET = 64 * 1024
_MOST_BUCKETS = 64
_MOST_ABOVE = 2000


class FoldingHand(Hand):
    """As `Hand`; blocks are looked for near what is shown only, in stretches of 64 KiB."""

    def __init__(self, view: LogView) -> None:
        super().__init__(view)
        self.folding = True
        self.opened: set[int] = set()
        """Positions of the blocks that the reader opened."""
        self._buckets: dict[int, tuple[int, int, int, list[Fold]]] = {}
        self._above: dict[Unit, Unit] = {}
        self._above_of: tuple[object, ...] = ()
        self._settled: set[int] = set()
        self._found: dict[tuple[int, bool, int, int], list[Fold]] = {}  # in what is in hand now
        self._seen_view, self._seen_data = view, b""

    def unit(self, position: int) -> Unit | None:
        unit = super().unit(position)
        if unit is None or unit.lost or not self.folding:
            return unit
        fold = self.block_at(unit.start)
        if fold is None or fold.start in self.opened:
            return unit
        first = unit if unit.start == fold.start else super().unit(fold.start)
        return Unit(fold.start, fold.end, seams=first.seams if first is not None else (), fold=fold)

    def update(self, view: LogView) -> None:
        if view is not self.view:
            self._settled.clear()
        super().update(view)

    def before(self, unit: Unit) -> Unit | None:
        """As `Hand.before`; what stood above a row stands there until bytes are lost, or a block is found or opened."""
        number = (unit.start - 1) // BUCKET
        if number not in self._settled:
            self._settled.add(number)
            self.block_at(unit.start - 1)  # forgets what is above if that is in other blocks now
        made_of = (self.folding, self.opened, [(r.start, r.lost, r.seams) for r in self._regions])
        if made_of != self._above_of:
            self._above.clear()
            self._above_of = (self.folding, {*self.opened}, made_of[2])
        above = self._above.get(unit)
        if above is not None and self.text_of(above)[0]:
            return above
        above = super().before(unit)
        if above is not None and not (above.lost or above.piece or unit.piece):
            if len(self._above) > _MOST_ABOVE:
                self._above.clear()
            self._above[unit] = above
        return above

    def block_at(self, position: int) -> Fold | None:
        """The block that holds `position`, whether it is open or not."""
        region = self._region_at(position)
        if region is None:
            return None
        for fold in self._near(position, region):
            if fold.start <= position < fold.end:
                return fold
        return None

    def _near(self, position: int, region: Region) -> list[Fold]:
        """The blocks that a row at `position` can be part of. All rows of a picture ask, and few pictures have any."""
        if self._seen_view is not self.view or self._seen_data is not self._data:
            self._found.clear()
            self._seen_view, self._seen_data = self.view, self._data
        number = position // BUCKET
        key = (number, position - number * BUCKET < LONGEST, region.start, region.end)
        folds = self._found.get(key)
        if folds is None:
            folds = self._found[key] = self._look(number, region.start, region.end, before=key[1])
        return folds

    def _look(self, number: int, floor: int, ceiling: int, *, before: bool) -> list[Fold]:
        """The blocks that begin in a bucket, and those that reach into it from the one `before` it. Where the two end
        with the same byte in hand, as at the end of a log that grows, they are looked through at once."""
        if not before:
            return self._bucket(number, floor, ceiling)
        low, high = self._extent(number - 1, floor, ceiling)
        if low < high and self._extent(number, floor, ceiling)[1] == high:
            return self._bucket(number - 1, floor, ceiling, more=1)
        return [*self._bucket(number - 1, floor, ceiling), *self._bucket(number, floor, ceiling)]

    def toggle(self, position: int) -> bool:
        """Open the folded block at `position`, or fold it again from its first row; whether there is one."""
        fold = self.block_at(position) if self.folding else None
        if fold is None or (fold.start in self.opened and not self._first_row_holds(fold, position)):
            return False
        self.opened ^= {fold.start}
        return True

    def open_at(self, position: int) -> None:
        """Make the row at `position` visible."""
        fold = self.block_at(position) if self.folding else None
        if fold is not None:
            self.opened.add(fold.start)

    def _first_row_holds(self, fold: Fold, position: int) -> bool:
        first = super().unit(fold.start)
        return first is not None and first.start <= position < first.end

    def _extent(self, number: int, floor: int, ceiling: int) -> tuple[int, int]:
        """What is in hand of a bucket and of what its last block may reach over."""
        low, high = max(floor, number * BUCKET), min(ceiling, (number + 1) * BUCKET + LONGEST)
        return self.reach(low, high) if low < high else (low, low)

    def _bucket(self, number: int, floor: int, ceiling: int, more: int = 0) -> list[Fold]:
        """The blocks that begin within a bucket, or within `more` of them, as far as its bytes are in hand; those that
        reach over from the one before are that one's."""
        low, high = self._extent(number, floor, ceiling)
        if low >= high:
            return []
        known = self._buckets.get(number)
        if known is not None and known[:2] == (low, high) and known[2] >= more:
            return known[3]
        folds = self._find(self.slice(low, high), low, floor, (number + 1 + more) * BUCKET)
        if known is None or known[3] != folds:
            self._above.clear()
        if len(self._buckets) > _MOST_BUCKETS:
            self._buckets.clear()
        self._buckets[number] = (low, high, more, folds)
        return folds

    def _find(self, data: bytes, at: int, floor: int, stop: int) -> list[Fold]:
        skip = 0 if at == floor else data.find(b"\n") + 1
        if at != floor and skip == 0:
            return []
        whole = data[skip:]
        base = at + skip
        tail_start = self.view.tail_start
        return [
            replace(f, start=f.start + base, end=f.end + base)
            for f in find_folds(whole, stop - base)
            if f.start + base < stop
            and not f.start + base < tail_start < f.end + base
            # A run of equal lines at the very start goes on from the stretch before, and would be folded in part only.
            and (f.kind != "repeated" or f.start > 0 or at == floor)
        ]
