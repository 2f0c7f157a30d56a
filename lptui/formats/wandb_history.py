"""Many history records of a `.wandb` file at once, column by column: cheaper than one item at a time.

The SDK writes the items of a row in any order, so a row has no fixed layout; but each item with a short value looks
the same: `0A length (12|0A) key... 82 01 length value`. All `82 01` of a batch are found at once, bounds follow from
lengths, and a row counts only if its items fill it without a gap. Any other row (typed values, long texts, keys of
100 bytes) is read one item at a time (`wandb.decode`). numpy, imported late.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from lptui.formats.protobuf import WireError
from lptui.formats.wandb import HistoryRow, decode, find_body
from lptui.formats.wandb_items import name_of, read_number
from lptui.model.events import Points

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STEP, TIME, HIDDEN = "_step", "_timestamp", ("_step", "_timestamp", "_runtime")
_STEP_TAG, _COUNT_TAG = 0x12, 0x08
_LONGEST_STEP = 13
_SPLIT = 0x82


class Cells(NamedTuple):
    """Numbers of a batch: which row and which name each belongs to, in the order of the rows."""

    rows: NDArray[np.int32]
    names: NDArray[np.int32]
    numbers: NDArray[np.float64]


class Keys(dict[bytes, int]):
    """Raw keys of a batch -> the number of their name; a key that was not seen before gets one."""

    def __init__(self) -> None:
        super().__init__()
        self.names: dict[str, int] = {}

    def number(self, name: str) -> int:
        """The number of a name."""
        return self.names.setdefault(name, len(self.names))

    def __missing__(self, raw: bytes) -> int:
        found = self[raw] = self.number(name_of(raw))
        return found


class Gathered:
    """History records of one or several pieces of a file, as numbers, until they become points: a series is touched
    once for all of them. Pieces may come newest first."""

    def __init__(self) -> None:
        self._keys = Keys()
        self._parts: list[tuple[Cells, NDArray[np.float64]]] = []
        self.size = 0
        """Numbers held, 16 bytes each."""

    def add(self, payloads: Sequence[bytes], *, before: bool = False) -> None:
        """More records, in their order: those that follow what is held, or (`before`) those that come before it."""
        part = _read_cells(self._keys, payloads)
        self._parts.insert(0 if before else len(self._parts), part)
        self.size += len(part[0].names)

    def take(self, declared: Sequence[str] = (), *, only: bool = False) -> list[Points]:
        """The points of all metrics, and nothing is held any more; metrics of the same rows share steps and times. The
        step is that of the first of the `declared` columns which any row has, else W&B's own (`only`: none)."""
        import numpy as np

        parts, keys = self._parts, self._keys
        self._parts, self._keys, self.size = [], Keys(), 0
        firsts = np.cumsum([0, *(len(steps) for _, steps in parts)])
        rows = [cells.rows + np.int32(first) for first, (cells, _) in zip(firsts[:-1], parts, strict=True)]
        names, numbers = ([getattr(cells, of) for cells, _ in parts] for of in ("names", "numbers"))
        if not parts:
            return []
        cells = Cells(np.concatenate(rows), np.concatenate(names), np.concatenate(numbers))
        return _to_points(keys, cells, np.concatenate([steps for _, steps in parts]), declared, only=only)


def read_histories(payloads: Sequence[bytes], declared: Sequence[str] = (), *, only: bool = False) -> list[Points]:
    """The points of all metrics in these history records, in their order, as `Gathered.take` tells them."""
    gathered = Gathered()
    gathered.add(payloads)
    return gathered.take(declared, only=only)


def _read_cells(keys: Keys, payloads: Sequence[bytes]) -> tuple[Cells, NDArray[np.float64]]:
    """The numbers of these records, and the step of each."""
    import numpy as np

    bodies = [_cut_step(p) for p in payloads]
    steps = np.array([math.nan if step is None else step for _, step in bodies])
    cells, bad = _read_regular(keys, [body for body, _ in bodies])
    if bad:
        good = np.delete(np.arange(len(bodies), dtype=np.int32), bad)
        cells, _ = _read_regular(keys, [bodies[i][0] for i in good])
        parts = [cells._replace(rows=good[cells.rows])]
        for i in bad:
            steps[i], odd = _read_row(keys, payloads[i], i)
            parts.append(odd)
        rows, names, numbers = (np.concatenate([getattr(part, name) for part in parts]) for name in Cells._fields)
        order = np.argsort(rows, kind="stable")
        cells = Cells(rows[order], names[order], numbers[order])
    return cells, steps


def _cut_step(payload: bytes) -> tuple[bytes, float | None]:
    """The items of a row, and the step in the message that follows them; None when something else does. Nothing of a
    row with an object in it, whose numbers are several items."""
    if b'{"' in payload:
        return b"", None
    try:
        _, start, end = find_body(payload)
    except WireError:
        return b"", None
    for length in range(min(_LONGEST_STEP, end - start - 1)):
        at = end - length - 2
        if payload[at] == _STEP_TAG and payload[at + 1] == length and (not length or payload[at + 2] == _COUNT_TAG):
            step = 0
            for shift, byte in enumerate(payload[at + 3 : end]):
                step |= (byte & 0x7F) << 7 * shift
            return payload[start:at], float(step)
    return payload[start:end], None


def _read_regular(keys: Keys, bodies: Sequence[bytes]) -> tuple[Cells, list[int]]:
    """The numbers of all rows, or which of them are not laid out as usual."""
    import numpy as np

    nothing = Cells(np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int32), np.empty(0))
    text = np.frombuffer(b"".join(bodies) + b"\0\0\0", dtype=np.uint8)
    ends = np.cumsum(np.fromiter(map(len, bodies), dtype=np.int64, count=len(bodies)))
    marks = np.flatnonzero((text[:-3] == _SPLIT) & (text[1:-2] == 1))
    if not len(marks):
        return nothing, [*range(len(bodies))]
    rows = np.searchsorted(ends, marks, side="right")
    stops = marks + 3 + text[marks + 2]
    begins = np.concatenate(([0], stops[:-1]))
    leads = np.flatnonzero(np.concatenate(([True], rows[1:] != rows[:-1])))
    begins[leads] = (ends - np.diff(ends, prepend=0))[rows[leads]]
    good = _are_regular(text, begins, marks, stops)
    good &= (stops == ends[rows]) | np.append(rows[1:] == rows[:-1], False)
    whole = np.bincount(rows, minlength=len(bodies)) > 0
    whole[rows[~good]] = False
    if not whole.all():
        return nothing, np.flatnonzero(~whole).tolist()
    names, values = _take_texts(text, begins, marks, stops)
    numbers, real = _to_numbers(values)
    found = np.fromiter(map(keys.__getitem__, names), dtype=np.int32, count=len(names))
    rows = rows.astype(np.int32)
    return (Cells(rows, found, numbers) if real is None else Cells(rows[real], found[real], numbers[real])), []


def _are_regular(
    text: NDArray[np.uint8], begins: NDArray[np.int64], marks: NDArray[np.int64], stops: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Whether an item of the usual layout lies between `begins` and `stops`."""
    import numpy as np

    sizes = stops - begins - 2
    fits = (begins + 4 < marks) & (sizes < 0x80) & (stops < len(text) - 2)
    here = np.minimum(begins, len(text) - 3)
    head, kind = text[here], text[here + 2]
    return fits & (head == 0x0A) & (text[here + 1] == sizes) & ((kind == 0x12) | (kind == 0x0A))


def _take_texts(
    text: NDArray[np.uint8], begins: NDArray[np.int64], marks: NDArray[np.int64], stops: NDArray[np.int64]
) -> tuple[list[bytes], list[bytes]]:
    """The raw keys and the texts of the values of items that fill `text` but for its last three bytes."""
    import numpy as np

    parted = text.copy()
    parted[begins] = _SPLIT  # and the first byte of each mark: between them lie keys and values
    keep = np.ones(len(text), dtype=bool)
    for heads in (begins + 1, marks + 1, marks + 2):
        keep[heads] = False
    keep[-3:] = False
    parts = parted[keep].tobytes().split(b"\x82")
    if len(parts) == 2 * len(marks) + 1:
        return parts[1::2], parts[2::2]
    raw = text.tobytes()  # a key or a text holds the byte itself
    spans = [*zip(begins.tolist(), marks.tolist(), stops.tolist(), strict=True)]
    return [raw[begin + 2 : mark] for begin, mark, _ in spans], [raw[mark + 3 : stop] for _, mark, stop in spans]


def _to_numbers(values: list[bytes]) -> tuple[NDArray[np.float64], NDArray[np.bool_] | None]:
    """The numbers that texts stand for, and which of them do (None: all)."""
    import numpy as np

    try:
        return np.fromiter(map(float, values), dtype=np.float64, count=len(values)), None
    except ValueError:
        found = [read_number(v) for v in values]
        return np.array([math.nan if n is None else n for n in found]), np.array([n is not None for n in found])


def _read_row(keys: Keys, payload: bytes, index: int) -> tuple[float, Cells]:
    """A row of another layout: its step and its numbers."""
    import numpy as np

    row = decode(payload)
    pairs = list(row.values) if isinstance(row, HistoryRow) else []
    if isinstance(row, HistoryRow) and row.timestamp is not None:
        pairs.append((TIME, row.timestamp))
    step = math.nan if not isinstance(row, HistoryRow) or row.step is None else float(row.step)
    numbers = np.array([n for _, n in pairs], dtype=np.float64)
    names = np.array([keys.number(name) for name, _ in pairs], dtype=np.int32)
    return step, Cells(np.full(len(pairs), index, dtype=np.int32), names, numbers)


def _to_points(
    keys: Keys, cells: Cells, steps: NDArray[np.float64], declared: Sequence[str], *, only: bool
) -> list[Points]:
    import numpy as np

    few = len(keys.names) < 1 << 16  # numbers of two bytes are sorted in one pass
    names = cells.names.astype(np.uint16) if few else cells.names
    order = np.argsort(names, kind="stable")
    rows, numbers = cells.rows[order], cells.numbers[order]
    bounds = np.concatenate(([0], np.cumsum(np.bincount(cells.names, minlength=len(keys.names)))))
    spans = {name: slice(bounds[i], bounds[i + 1]) for name, i in keys.names.items()}

    def column(name: str) -> NDArray[np.float64]:
        found = np.full(len(steps), np.nan)
        here = spans.get(name, slice(0, 0))
        found[rows[here]] = numbers[here]
        return found

    own = column(STEP)
    steps = np.where(np.isfinite(own), np.trunc(own) + 0.0, steps)
    share = share_rows(_choose_steps(steps, [column(name) for name in declared], only=only), column(TIME))
    return [
        Points(name, *share(rows[here]), array("d", numbers[here].tobytes()))
        for name, here in spans.items()
        if name not in HIDDEN and here.stop > here.start
    ]


def _choose_steps(
    own: NDArray[np.float64], declared: Sequence[NDArray[np.float64]], *, only: bool
) -> NDArray[np.float64]:
    """The run's own step of each row. A row that does not declare it (an evaluation) lies between those that do."""
    import numpy as np

    for column in declared:
        known = np.isfinite(column)
        if known.any():
            places = np.where(np.isfinite(own), own, np.arange(len(own)))
            between = np.interp(places, places[known], column[known])
            return np.where(known, column, between)
    return np.full(len(own), np.nan) if only else own


def share_rows(
    steps: NDArray[np.float64], times: NDArray[np.float64]
) -> Callable[[NDArray[np.int32]], tuple[array[float], array[float]]]:
    """A function from rows to their steps and times, the same arrays for the same rows."""
    made: dict[bytes, tuple[array[float], array[float]]] = {}

    def share(rows: NDArray[np.int32]) -> tuple[array[float], array[float]]:
        key = rows.tobytes()
        if key not in made:
            made[key] = array("d", steps[rows].tobytes()), array("d", times[rows].tobytes())
        return made[key]

    return share
