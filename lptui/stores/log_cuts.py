"""Several logs as one, by time: where it was cut so far, and what lies between two cuts.

A *cut* is an offset in each file; all lines before it come before all lines behind it. Its position in the merged log
is the sum of what the files hold before it (with labels), so that any cut's position is known without merging what lies
between. Cuts are made where somebody looks; what was given a position keeps it.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence

from lptui.formats.log_clock import NEVER
from lptui.formats.log_merge import MergedLines, Slice, label_lines, merge_lines, place_lines
from lptui.stores.log_part import LogPart, nth_line

CHUNK = 1024 * 1024
PER_FILE = 64 * 1024
KEEP = 12 * 1024 * 1024
"""Bytes of merged text that are kept; the rest is merged again when it is looked at."""
_JUST_LATER = 1e-6


class LogCuts:
    """The cuts of `parts`, oldest first. Not for several threads at once; `merged` counts bytes that were merged."""

    def __init__(self, parts: Sequence[LogPart]) -> None:
        self.parts = list(parts)
        self.chunk = max(CHUNK, PER_FILE * len(self.parts))
        self._positions: list[int] = []
        self._vectors: list[array[int]] = []
        self._whole: set[int] = set()  # positions of cuts behind which nothing smaller can be cut
        self._origin = 0
        self._kept: OrderedDict[int, MergedLines] = OrderedDict()
        self.merged = 0

    def __len__(self) -> int:
        return len(self._positions)

    @property
    def begun(self) -> bool:
        """Whether there is any history."""
        return len(self._positions) > 1

    @property
    def start(self) -> int:
        """The oldest position."""
        return self._positions[0] if self._positions else 0

    @property
    def end(self) -> int:
        """The position behind the newest line."""
        return self._positions[-1] if self._positions else 0

    @property
    def newest(self) -> array[int]:
        """The newest cut."""
        return self._vectors[-1]

    @property
    def oldest(self) -> array[int]:
        """The oldest cut."""
        return self._vectors[0]

    def begin(self, offsets: Sequence[int]) -> None:
        """Position 0 is here."""
        self._vectors, self._positions = [array("q", offsets)], [0]
        self._origin = self._weigh(self._vectors[0])

    def add_older(self, offsets: Sequence[int]) -> None:
        """History reaches back to here now."""
        vector = array("q", offsets)
        position = self._weigh(vector) - self._origin
        if position < self.start:
            self._vectors.insert(0, vector)
            self._positions.insert(0, position)

    def add_newer(self, offsets: Sequence[int]) -> None:
        """Lines up to here came."""
        vector = array("q", offsets)
        position = self._weigh(vector) - self._origin
        if position > self.end:
            self._vectors.append(vector)
            self._positions.append(position)

    def add_part(self, part: LogPart) -> None:
        """One more file, all of whose lines are new."""
        first = part.first()
        for vector in self._vectors:
            vector.append(first)
        self.parts.append(part)
        self._origin += part.weight(first)

    def read(self, start: int, length: int) -> bytes:
        """The bytes at `start`; fewer at the end."""
        pieces: list[bytes] = []
        at, stop = max(start, self.start), min(start + length, self.end)
        while at < stop:
            number = self.chunk_at(at)
            low = self._positions[number]
            data = self.lines_of(number).data
            pieces.append(data[at - low : stop - low])
            at = self._positions[number + 1]
        return b"".join(pieces)

    def chunk_at(self, position: int) -> int:
        """The number of the stretch between two cuts that holds `position`, cut as finely as it is ever cut."""
        while True:
            number = max(0, min(bisect_right(self._positions, position) - 1, len(self._positions) - 2))
            if not self._split(number):
                return number

    def lines_of(self, number: int) -> MergedLines:
        """The lines of one stretch."""
        key = self._positions[number]
        known = self._kept.get(key)
        if known is not None:
            self._kept.move_to_end(key)
            return known
        size = self._positions[number + 1] - key
        made = self._merge(self._vectors[number], self._vectors[number + 1], size)
        self._kept[key] = made
        while len(self._kept) > 1 and sum(len(m.data) for m in self._kept.values()) > KEEP:
            self._kept.popitem(last=False)
        return made

    def find(self, number: int, keep: Callable[[bytes], list[int]], wanted: frozenset[int] | None) -> list[int]:
        """The positions of what `keep` finds in the files' own lines of one stretch, labelled; only in those `wanted`.
        Lines are put in order where there is any, but not laid one behind the other."""
        parts = self._cut_slices(self._vectors[number], self._vectors[number + 1])
        found: list[tuple[int, int, int]] = []
        for index, (data, _) in enumerate(parts):
            if data and (wanted is None or index in wanted):
                shown = label_lines(Slice(self.parts[index].label, data, ()))
                found += [(index, *place) for place in _count_lines(shown, keep(shown))]
        if not found:
            return []
        base, last = self._positions[number], self._positions[number + 1] - 1
        places = place_lines([self._slice(index, *part) for index, part in enumerate(parts)])
        return sorted(min(last, base + int(places[index][line]) + deep) for index, line, deep in found)

    def bounds(self, number: int) -> tuple[int, int]:
        """The positions of one stretch."""
        return self._positions[number], self._positions[number + 1]

    def part_bounds(self, number: int, index: int) -> tuple[int, int]:
        """The offsets of file `index` between which its lines of one stretch lie."""
        return self._vectors[number][index], self._vectors[number + 1][index]

    def cut_at(self, at: float) -> int:
        """The position of the first line that was written at `at` (unix s) or later, by the clocks of its file."""
        low, high = self.oldest, self.newest
        cut = self.cut_within(at, low, high)
        if cut not in (low, high):
            self._keep(cut)
            return self._weigh(cut) - self._origin
        return self.start if cut == low else self.end

    def position_of(self, index: int, offset: int) -> int | None:
        """Where the line of file `index` that holds `offset` begins; None outside of what is covered."""
        column = [vector[index] for vector in self._vectors]
        if not column or not column[0] <= offset < column[-1]:
            return None
        while True:
            column = [vector[index] for vector in self._vectors]
            number = bisect_right(column, offset) - 1
            if not self._split(number):
                break
        low = self._vectors[number][index]
        line = self.parts[index].text(low, offset).count(b"\n")
        lines = self.lines_of(number)
        wanted = lines.firsts[index] + line
        place = lines.order.index(wanted)
        return self._positions[number] + nth_line(lines.data, place)

    def place_of(self, position: int) -> tuple[int, int] | None:
        """(file, offset) of the line that holds `position`."""
        if not self.start <= position < self.end:
            return None
        number = self.chunk_at(position)
        lines = self.lines_of(number)
        if not lines.order:
            return None
        place = lines.data.count(b"\n", 0, position - self._positions[number])
        wanted = lines.order[min(place, len(lines.order) - 1)]
        index = bisect_right(lines.firsts, wanted) - 1
        low, high = self._vectors[number][index], self._vectors[number + 1][index]
        return index, self.parts[index].offset_of(low, high, wanted - lines.firsts[index])

    def join_from(self, position: int) -> bool:
        """Make the stretches from the cut at `position` on one, if their lines lie in order anyway; whether they do."""
        first, last = bisect_left(self._positions, position), len(self._positions) - 1
        size = self._positions[last] - self._positions[first]
        if last - first < 2 or size > self.chunk:
            return False
        apart = b"".join(self.lines_of(n).data for n in range(first, last))
        whole = self._merge(self._vectors[first], self._vectors[last], size)
        if whole.data != apart:
            return False
        for inner in self._positions[first:last]:
            self._kept.pop(inner, None)
        del self._positions[first + 1 : last], self._vectors[first + 1 : last]
        return True

    def _weigh(self, vector: array[int]) -> int:
        return sum(part.weight(at) for part, at in zip(self.parts, vector, strict=True))

    def _keep(self, vector: array[int]) -> None:
        position = self._weigh(vector) - self._origin
        number = bisect_right(self._positions, position)
        if self._positions[number - 1] != position:
            self._positions.insert(number, position)
            self._vectors.insert(number, vector)
            self._kept.pop(self._positions[number - 1], None)

    def _split(self, number: int) -> bool:
        """Cut one stretch in two, about in the middle, unless it is small enough."""
        key = self._positions[number]
        if self._positions[number + 1] - key <= self.chunk or key in self._whole:
            return False
        low, high = self._vectors[number], self._vectors[number + 1]
        for vector in self._candidates(low, high):
            if vector not in (low, high):
                self._keep(vector)
                return True
        self._whole.add(key)
        return False

    def _candidates(self, low: array[int], high: array[int]) -> Iterator[array[int]]:
        """Cuts in the middle, the best first: by the time of the largest file's middle, a moment later, by shares."""
        sizes = sorted((n for n in range(len(low)) if low[n] < high[n]), key=lambda n: low[n] - high[n])
        for index in sizes[:3]:
            part, a, b = self.parts[index], low[index], high[index]
            start, at = part.time_at(part.line_at((a + b) // 2, b), b)
            if at != NEVER and start < b:
                yield self.cut_within(at, low, high)
                yield self.cut_within(at + _JUST_LATER, low, high)
        if sum(high) - sum(low) > 4 * self.chunk:
            yield self._share(0.5, low, high)

    def cut_within(self, at: float, low: Sequence[int], high: Sequence[int]) -> array[int]:
        """The first lines at `at` or later; a file without clocks is cut where it has the same share as the others."""
        cut, clockless = array("q", low), list[int]()
        for index, part in enumerate(self.parts):
            a, b = low[index], high[index]
            if a < b and not part.dated and part.time_at(a, b)[1] == NEVER:
                clockless.append(index)
            elif a < b:
                cut[index] = part.find_time(at, a, b)
        if clockless:
            done = sum(cut) - sum(low)
            whole = sum(high[n] - low[n] for n in range(len(low)) if n not in clockless)
            shares = self._share(done / whole if whole else 0.5, low, high)
            for index in clockless:
                cut[index] = shares[index]
        return cut

    def _share(self, share: float, low: Sequence[int], high: Sequence[int]) -> array[int]:
        return array(
            "q",
            (
                p.line_at(a + int((b - a) * share), b) if a < b else a
                for p, a, b in zip(self.parts, low, high, strict=True)
            ),
        )

    def _cut_slices(self, low: array[int], high: array[int]) -> list[tuple[bytes, int]]:
        pairs = zip(self.parts, low, high, strict=True)
        return [(part.text(a, b) if a < b else b"", b) for part, a, b in pairs]

    def _slice(self, index: int, data: bytes, end: int) -> Slice:
        part = self.parts[index]
        return Slice(part.label, data, part.times_of(data, end) if data else ())

    def _merge(self, low: array[int], high: array[int], size: int) -> MergedLines:
        made = merge_lines([self._slice(index, *part) for index, part in enumerate(self._cut_slices(low, high))])
        self.merged += len(made.data)
        if len(made.data) != size:  # a file was changed behind its reader: positions stay all the same
            data = made.data[: size - 1] + bytes(max(0, size - 1 - len(made.data))) + b"\n"
            made = MergedLines(data, made.order, made.firsts)
        return made


def _count_lines(data: bytes, offsets: list[int]) -> Iterator[tuple[int, int]]:
    """(number of the line, bytes behind its start) of each of `offsets`, in order."""
    line = at = 0
    for offset in offsets:
        line += data.count(b"\n", at, offset)
        at = offset
        yield line, offset - data.rfind(b"\n", 0, offset) - 1
