"""Tensors of a checkpoint as rows of columns. A row is only made when it is drawn: a file may hold 100,000."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import overload

from lptui.checkpoints.tree import Node, Numbers
from lptui.text import format_value, plural, short_bytes, short_number, shorten_middle
from lptui.tui.widgets.spans import Row, Span, clean, columns, crop

_LEAST_NAME, _MOST_NAME = 22, 72
_GAP = 1


class LazyRows(Sequence[Row]):
    """`head` rows, then `count` rows that `draw(i)` makes when they are looked at."""

    def __init__(self, head: Sequence[Row], count: int, draw: Callable[[int], Row]) -> None:
        self._head, self._count, self._draw = head, count, draw

    def __len__(self) -> int:
        return len(self._head) + self._count

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | Sequence[Row]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        return self._head[index] if index < len(self._head) else self._draw(index - len(self._head))


@dataclass(frozen=True, slots=True)
class Facts:
    """What a row needs beside its node."""

    numbers: Mapping[str, Numbers]
    total: int
    """Bytes of all files of the checkpoint."""
    opened: frozenset[str]
    flat: bool = False
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """`cell(node, facts)` gives text and style; `deep` columns are empty before a deep pass."""

    title: str
    width: int
    cell: Callable[[Node, Facts], Span]
    deep: bool = False


def shape_words(shape: Sequence[int]) -> str:
    """'512×256', 'scalar'."""
    return "×".join(map(str, shape)) or "scalar"


def _shape(node: Node, _facts: Facts) -> Span:
    if node.tensor is None:
        return plural(node.count, "tensor"), "dim"
    return shape_words(node.tensor.shape), "value"


def _dtype(node: Node, _facts: Facts) -> Span:
    return (clean(node.tensor.dtype, 40) if node.tensor is not None else ""), "dim"


def _bytes(node: Node, _facts: Facts) -> Span:
    return short_bytes(node.nbytes), "value"


def _share(node: Node, facts: Facts) -> Span:
    share = 100 * node.nbytes / facts.total if facts.total else 0.0
    return (f"{share:.0f} %" if share >= 1 or not node.nbytes else "<1 %"), "dim"


def _number(pick: Callable[[Numbers], float | None]) -> Callable[[Node, Facts], Span]:
    def cell(node: Node, facts: Facts) -> Span:
        numbers = facts.numbers.get(node.key)
        value = pick(numbers) if numbers is not None else None
        return (format_value(value) if value is not None else ""), "value"

    return cell


def _broken(node: Node, facts: Facts) -> Span:
    """How many numbers are not finite, or which part of it is zeros."""
    numbers = facts.numbers.get(node.key)
    if numbers is None:
        return "", "dim"
    mark = "X" if facts.plain else "✖"
    if numbers.nan:
        return f"{mark} {short_number(numbers.nan)} NaN", "error"
    if numbers.infinite:
        return f"{mark} {short_number(numbers.infinite)} Inf", "error"
    if numbers.zero_run and numbers.zero_run >= node.nbytes:
        return "all 0", "warn" if node.nbytes >= 64 * 1024 else "dim"
    return (f"0s: {short_bytes(numbers.zero_run)}" if numbers.zero_run >= 1024 else "finite"), "dim"


_BY_WORTH = (
    Column("bytes", 9, _bytes),
    Column("state", 11, _broken, deep=True),
    Column("shape", 15, _shape),
    Column("norm", 10, _number(lambda n: n.norm), deep=True),
    Column("share", 5, _share),
    Column("min", 10, _number(lambda n: n.low), deep=True),
    Column("max", 10, _number(lambda n: n.high), deep=True),
    Column("dtype", 9, _dtype),
)
_IN_ORDER = ("shape", "dtype", "bytes", "share", "norm", "min", "max", "state")


def choose_columns(width: int, *, deep: bool) -> tuple[Column, ...]:
    """The columns that a row of `width` cells has room for, most useful first to stay."""
    chosen: list[Column] = []
    room = width - _LEAST_NAME
    for column in _BY_WORTH:
        if (deep or not column.deep) and column.width + _GAP <= room:
            chosen.append(column)
            room -= column.width + _GAP
    return tuple(sorted(chosen, key=lambda column: _IN_ORDER.index(column.title)))


def head_row(chosen: Sequence[Column], width: int, order: str, *, plain: bool) -> Row:
    """Titles; the one that the rows are sorted by is marked."""
    mark = "v" if plain else "▾"
    named = {"size": "bytes", "norm": "norm", "NaN": "state", "name": "name"}.get(order, "")
    cells = [
        (f"{c.title}{mark}" if c.title == named else c.title, "accent" if c.title == named else "dim", c.width, ">")
        for c in chosen
    ]
    name = _name_width(chosen, width)
    first = ("name" + mark, "accent", name, "<") if named == "name" else ("name", "dim", name, "<")
    return columns([first, *cells])


def tensor_row(node: Node, chosen: Sequence[Column], width: int, facts: Facts) -> Row:
    """One tensor or group."""
    room = _name_width(chosen, width)
    lead = "" if facts.flat else "  " * node.depth
    fold = _fold(node, facts)
    text = clean(node.tensor.name if facts.flat and node.tensor else node.label)
    bad = facts.numbers.get(node.key)
    style = "error" if bad is not None and (bad.nan or bad.infinite) else "key" if node.children else "value"
    lead = lead[: max(0, room - 12)]  # deep down the name counts more than the depth
    name: Row = crop(((lead, ""), (fold, "dim"), (shorten_middle(text, room - len(lead) - len(fold)), style)), room)
    cells = [(*column.cell(node, facts), column.width, ">") for column in chosen]
    return (*name, *((" ", ""), *columns(cells))) if cells else name


def _fold(node: Node, facts: Facts) -> str:
    if facts.flat or not node.children:
        return "" if facts.flat else "  "
    opened = node.key in facts.opened
    return ("- " if opened else "+ ") if facts.plain else ("▾ " if opened else "▸ ")


def _name_width(chosen: Sequence[Column], width: int) -> int:
    return max(4, min(_MOST_NAME, width - sum(column.width + _GAP for column in chosen)))
