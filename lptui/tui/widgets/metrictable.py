"""Many metrics of the same shape as a table: newest value, mean of the tail, minimum, maximum, course, status."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import overload

from lptui.model.expectation import STATUSES, Judgement
from lptui.stores.series import Series
from lptui.text import cell_width, format_value
from lptui.tui.widgets.charttitle import short_key, value_text
from lptui.tui.widgets.expectationrows import status_look
from lptui.tui.widgets.metricfacts import SPARK, FactBook, Facts
from lptui.tui.widgets.metricunits import unit_of
from lptui.tui.widgets.rows import Page, Row
from lptui.tui.widgets.spans import clean, columns, crop

SORTS = ("order", "last", "mean", "min", "max", "change", "name")
"""By what a table can be sorted; `order` is the order of the charts."""
_NUMBER = 11


@dataclass(frozen=True, slots=True)
class Entry:
    """One row: the metric, and what it is called in this table."""

    series: Series
    label: str
    judgement: Judgement | None = None
    runs: tuple[Series | None, ...] = ()
    """The metric in each run, where several are compared."""


class LazyRows(Sequence[Row]):
    """Rows that are made when they are looked at."""

    def __init__(self, count: int, make: Callable[[int], Row]) -> None:
        self._count = count
        self._make = make

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return [self._make(i) for i in range(*index.indices(self._count))]
        return self._make(index if index >= 0 else self._count + index)


def order_entries(entries: Sequence[Entry], book: FactBook, sort: str, *, falling: bool) -> list[Entry]:
    """`entries` by one column; what is violated leads in `order`, and what has no value comes last."""
    if sort == "order":
        rank = {status: i for i, status in enumerate(STATUSES[:2])}
        ranked = sorted(entries, key=lambda e: rank.get(e.judgement.status, 2) if e.judgement else 2)
        return ranked[::-1] if not falling else ranked
    if sort == "name":
        return sorted(entries, key=lambda e: e.label, reverse=not falling)

    def key(entry: Entry) -> tuple[bool, float]:
        value = _column(book.facts(entry.series), sort)
        known = value is not None and not math.isnan(value)
        return (not known, (-value if falling else value) if known and value is not None else 0.0)

    return sorted(entries, key=key)


def _column(facts: Facts, sort: str) -> float | None:
    return {"last": facts.last, "mean": facts.mean, "min": facts.low, "max": facts.high, "change": facts.change}[sort]


def table_page(
    entries: Sequence[Entry], book: FactBook, width: int, *, sort: str, falling: bool, plain: bool = False
) -> Page:
    """The whole table at `width` cells, one head row that does not scroll."""
    ordered = order_entries(entries, book, sort, falling=falling)
    shown = _columns_for(width)
    arrow = ("v" if falling else "^") if plain else ("▾" if falling else "▴")
    heads = [("metric" + (f" {arrow}" if sort == "name" else ""), "dim", _name_room(width, shown), "<")]
    heads += [(name + (f" {arrow}" if sort == name else ""), "dim", _NUMBER, ">") for name in shown]
    heads.append(("course", "dim", SPARK + 2, "<"))
    head = columns(heads)

    def make(index: int) -> Row:
        return head if index == 0 else _row(ordered[index - 1], book, width, shown, plain=plain)

    keys = [None, *(entry.series.key for entry in ordered)]
    return Page(LazyRows(len(ordered) + 1, make), keys, 1)


def _columns_for(width: int) -> tuple[str, ...]:
    room = width - SPARK - 3 - 24
    wanted = ("last", "mean", "min", "max", "change")
    return wanted[: max(1, min(len(wanted), room // (_NUMBER + 1)))]


def _name_room(width: int, shown: Sequence[str]) -> int:
    return max(8, width - SPARK - 3 - len(shown) * (_NUMBER + 1))


def _row(entry: Entry, book: FactBook, width: int, shown: Sequence[str], *, plain: bool) -> Row:
    facts = book.facts(entry.series)
    room = _name_room(width, shown)
    glyph, tone = ("", "")
    if entry.judgement is not None and entry.judgement.status in ("violated", "watch"):
        glyph, tone = status_look(entry.judgement.status, plain=plain)
    size = max((abs(v) for v in (facts.low, facts.high) if v is not None and math.isfinite(v)), default=0.0)
    unit = unit_of(entry.series.key, size)
    name = short_key(clean(entry.label, 500), room - 3 - len(unit.word))
    gap = " " * (room - 3 - len(unit.word) - cell_width(name))
    row: list[tuple[str, str]] = [(f"{glyph or ' '} ", tone), (name, "title"), (f"{gap} {unit.word}", "dim")]
    for column in shown:
        value = _column(facts, column)
        text = format_value(value * unit.factor if value is not None else None)
        if column == "change" and value is not None and value > 0:
            text = f"+{text}"
        bad = value is not None and not math.isfinite(value)
        style = "error bold" if bad else "value" if column == "last" else "dim"
        row.append((f" {text[:_NUMBER]:>{_NUMBER}}", style))
    course, arrow = book.course(entry.series, plain=plain)
    row += [(f" {course} ", "series-1"), (arrow, "value")]
    return crop(tuple(row), width)


TileRows = Callable[[Sequence[Entry]], list[Row]]


def family_tile(
    name: str,
    entries: Sequence[Entry],
    book: FactBook,
    width: int,
    height: int,
    *,
    chosen: bool,
    plain: bool,
    make: TileRows | None = None,
) -> list[Row]:
    """A family as one tile of the grid: its largest members by newest value, NaN first, and how many more there are.
    `make` draws the members otherwise than with their course and newest value."""
    count = f"{len(entries)} metrics"
    mark = (">" if plain else "▸") if chosen else " "
    title = short_key(clean(name, 500), max(4, width - cell_width(count) - 4))
    gap = " " * max(1, width - cell_width(title) - cell_width(count) - 3)
    style = "accent bold" if chosen else "title"
    rows: list[Row] = [crop(((mark, "accent"), (title, style), (gap, ""), (count, "dim"), (" ", "")), width)]
    room = height - 1 - (len(entries) > height - 1)
    ordered = order_entries(entries, book, "order", falling=True)
    broken = [e for e in ordered if (last := book.facts(e.series).last) is not None and not math.isfinite(last)]
    bad = {id(e) for e in broken}
    sorted_by = order_entries([e for e in ordered if id(e) not in bad], book, "last", falling=True)
    shown = [*broken, *sorted_by][: max(0, room)]
    rows += make(shown) if make is not None else [_tile_row(entry, book, width, plain=plain) for entry in shown]
    if len(entries) > room:
        rows.append(crop(((f"   and {len(entries) - room} more: enter lists all", "dim"),), width))
    return rows[:height]


def _tile_row(entry: Entry, book: FactBook, width: int, *, plain: bool) -> Row:
    last = book.facts(entry.series).last
    value = value_text(last, unit_of(entry.series.key, abs(last) if last is not None and math.isfinite(last) else 0.0))
    spark = book.course(entry.series, plain=plain)[0] if width >= 36 else ""
    room = max(4, width - cell_width(value) - cell_width(spark) - 4 - bool(spark))
    label = short_key(clean(entry.label, 300), room)
    bad = last is not None and not math.isfinite(last)
    row = ((f"  {label}{' ' * (room - cell_width(label))} ", "dim"), (spark + " " if spark else "", "series-1"),
           (value, "error bold" if bad else "value"))  # fmt: skip
    return crop(row, width)


def entries_of(
    members: Sequence[tuple[str, str]], series: Mapping[str, Series], judged: Mapping[str, Judgement]
) -> list[Entry]:
    """The rows of a family, or of any metrics: (metric, label)."""
    return [Entry(series[name], label or name, judged.get(name)) for name, label in members if name in series]
