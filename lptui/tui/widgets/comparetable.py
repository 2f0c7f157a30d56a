"""The same metrics of several runs as a table: a column a run in its colour, the distance to the run in front, and
which run stands best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lptui.text import cell_width, format_value
from lptui.tui.widgets.charttitle import distance_text, short_key
from lptui.tui.widgets.expectationrows import status_look
from lptui.tui.widgets.metricfacts import FactBook, Facts, find_best
from lptui.tui.widgets.metrictable import Entry, LazyRows, order_entries
from lptui.tui.widgets.metricunits import Unit, unit_of
from lptui.tui.widgets.rows import Page, Row
from lptui.tui.widgets.spans import clean, columns, crop

_VALUE, _DELTA, _MARK = 10, 10, 2
_LEAST_NAME = 20


@dataclass(frozen=True, slots=True)
class RunHead:
    """A run as the head of its column: letter, name, style of its colour."""

    letter: str
    label: str
    style: str


def compare_page(
    entries: Sequence[Entry],
    heads: Sequence[RunHead],
    book: FactBook,
    width: int,
    *,
    sort: str,
    falling: bool,
    plain: bool = False,
) -> Page:
    """The whole table at `width` cells, one head row that does not scroll. Runs that do not fit are counted."""
    ordered = _order(entries, book, sort, falling=falling)
    count, deltas = _fit(len(heads), width)
    room = width - count * _size(deltas=deltas) + (_DELTA if deltas else 0)
    arrow = ("v" if falling else "^") if plain else ("▾" if falling else "▴")
    word = {"change": "delta", "order": ""}.get(sort, sort)
    told = f"metric{f' {word} {arrow}' if word else ''}"
    cells = [(told + (f"  (+{len(heads) - count} runs: wider)" if count < len(heads) else ""), "dim", room, "<")]
    for place, head in enumerate(heads[:count]):
        size = _size(deltas=deltas and place > 0) - 1
        name = clean(head.label, 200)
        cells.append((f"{head.letter} {short_key(name, size - 2 - _MARK)}  ", f"{head.style} bold", size, ">"))
    head_row = columns(cells)

    def make(index: int) -> Row:
        if index == 0:
            return head_row
        return _row(ordered[index - 1], heads[:count], book, (width, room), deltas=deltas, plain=plain)

    return Page(LazyRows(len(ordered) + 1, make), [None, *(entry.series.key for entry in ordered)], 1)


def _size(*, deltas: bool) -> int:
    return _VALUE + _MARK + 1 + (_DELTA if deltas else 0)


def _fit(count: int, width: int) -> tuple[int, bool]:
    """How many runs have a column, and whether with their distances."""
    room = width - _LEAST_NAME
    if count * _size(deltas=True) - _DELTA <= room:
        return count, True
    return max(1, min(count, room // _size(deltas=False))), False


def _order(entries: Sequence[Entry], book: FactBook, sort: str, *, falling: bool) -> list[Entry]:
    """As any table, but `change` is the largest distance between two runs, as a share of their size."""
    if sort != "change":
        return order_entries(entries, book, sort, falling=falling)

    def key(entry: Entry) -> float:
        found = [v for facts in facts_by_run(entry, book) if facts and (v := facts.last) is not None]
        known = [v for v in found if math.isfinite(v)]
        size = max((abs(v) for v in known), default=0.0)
        return (max(known) - min(known)) / size if size and len(known) > 1 else -1.0

    return sorted(entries, key=key, reverse=falling)


def facts_by_run(entry: Entry, book: FactBook) -> list[Facts | None]:
    """The numbers of each run, None for one that has not logged it."""
    return [None if one is None else book.facts(one, place) for place, one in enumerate(entry.runs)]


def best_run(entry: Entry, book: FactBook) -> int | None:
    """The place of the run that stands best, where the metric's name says whether high or low is good."""
    return find_best(entry.series.key, facts_by_run(entry, book))


def _row(
    entry: Entry, heads: Sequence[RunHead], book: FactBook, sizes: tuple[int, int], *, deltas: bool, plain: bool
) -> Row:
    width, room = sizes
    values = [None if f is None else f.last for f in facts_by_run(entry, book)]
    finite = [abs(v) for v in values if v is not None and math.isfinite(v)]
    unit = unit_of(entry.series.key, max(finite, default=0.0))
    glyph, tone = "", ""
    if entry.judgement is not None and entry.judgement.status in ("violated", "watch"):
        glyph, tone = status_look(entry.judgement.status, plain=plain)
    name = short_key(clean(entry.label, 500), room - 4 - len(unit.word))
    gap = " " * max(0, room - 4 - len(unit.word) - cell_width(name))
    row: list[tuple[str, str]] = [(f"{glyph or ' '} ", tone), (name, "title"), (f"{gap} {unit.word} ", "dim")]
    best = best_run(entry, book)
    for place, head in enumerate(heads):
        row += _cell(values, place, head, unit, best=best, deltas=deltas and place > 0, plain=plain)
    return crop(tuple(row), width)


def _cell(
    values: Sequence[float | None],
    place: int,
    head: RunHead,
    unit: Unit,
    *,
    best: int | None,
    deltas: bool,
    plain: bool,
) -> Row:
    value, first = values[place], values[0]
    text = "-" if value is None else format_value(value * unit.factor)
    broken = value is not None and not math.isfinite(value)
    style = "error bold" if broken else "dim" if value is None else head.style
    mark = ("+" if plain else "✓") if place == best else " "
    cells: list[tuple[str, str]] = [(f"{text[:_VALUE]:>{_VALUE}}", style), (f"{mark} ", "ok")]
    if deltas:
        known = first is not None and value is not None and math.isfinite(value - first)
        away = (value or 0.0) - (first or 0.0) if known else 0.0
        told = "" if not known else distance_text(away * unit.factor) if away else "="
        cells.append((f"{told[: _DELTA - 1]:<{_DELTA}}", "dim"))
    cells.append((" ", ""))
    return tuple(cells)


def compare_tile_rows(
    entries: Sequence[Entry], heads: Sequence[RunHead], book: FactBook, width: int, *, plain: bool
) -> list[Row]:
    """Members of a family in one tile: the newest value of each run, as many as fit."""
    count = max(1, min(len(heads), (width - 12) // (_VALUE + 1)))
    rows: list[Row] = []
    for entry in entries:
        values = [None if f is None else f.last for f in facts_by_run(entry, book)]
        finite = [abs(v) for v in values if v is not None and math.isfinite(v)]
        unit, best = unit_of(entry.series.key, max(finite, default=0.0)), best_run(entry, book)
        room = max(4, width - count * (_VALUE + 1) - 3)
        label = short_key(clean(entry.label, 300), room)
        row: list[tuple[str, str]] = [(f"  {label}{' ' * (room - cell_width(label))}", "dim")]
        for place, head in enumerate(heads[:count]):
            row += _cell(values, place, head, unit, best=best, deltas=False, plain=plain)[:1]
            row.append((("+" if plain else "✓") if place == best else " ", "ok"))
        rows.append(crop(tuple(row), width))
    return rows
