"""Which series of different sources are one quantity. The same name is; other names are when they are spelt alike and
their values are the same. Looked at at each tick, so that the order in which sources were read does not matter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from typing import TYPE_CHECKING

from lptui.model.value import frozen
from lptui.stores.provenance import compare, join, members
from lptui.stores.series import Series

if TYPE_CHECKING:
    from lptui.state.run_state import RunState

GROWTH = 1.05
"""Sources are compared again when they have grown by so much."""
_MOST_ALIKE = 8
"""More names than this that are spelt alike are left alone."""
_PARTS = re.compile(r"[/.:\s]+")


@frozen
class Quantities:
    """`names`: (source, its own name) -> the name of the quantity. `apart`: pairs of names that were compared and do
    not mean the same, with the points they had then. `known`: the names there were when all were last looked at."""

    names: Mapping[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    apart: Mapping[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    alike: tuple[tuple[str, ...], ...] = ()
    known: int = 0
    of: Mapping[str, Series] | None = field(default=None, compare=False, repr=False)
    """The series that were looked at last."""


NO_QUANTITIES = Quantities()


def match_sources(state: RunState) -> RunState:
    """`state` with the sources of each quantity compared, and names joined that mean the same."""
    series = dict(state.series)
    for key, one in series.items():
        if one.others:
            series[key] = _compare_members(one)
    quantities = _split_wrong(series, state.quantities)
    if len(series) != quantities.known:
        quantities = replace(quantities, known=len(series), alike=tuple(_find_alike(series)))
    for names in quantities.alike:
        quantities = _join_names(series, names, quantities)
    changed = len(series) != len(state.series) or any(one is not state.series.get(k) for k, one in series.items())
    found = series if changed else state.series
    return replace(state, series=found, quantities=replace(quantities, known=len(found), of=found))


def _compare_members(series: Series) -> Series:
    others = tuple(_compare_one(series, other) for other in series.others)
    return series if all(a is b for a, b in zip(others, series.others, strict=True)) else replace(series, others=others)


def _compare_one(lead: Series, other: Series) -> Series:
    points = lead.count + other.count
    if points <= other.compared * GROWTH:
        return other
    return replace(other, agrees=compare(lead, other).agrees, compared=points)


def _split_wrong(series: dict[str, Series], quantities: Quantities) -> Quantities:
    """Names that were joined and say something else by now get their own series back."""
    names, apart = dict(quantities.names), dict(quantities.apart)
    for (source, own), key in quantities.names.items():
        one = series.get(key)
        wrong = [m for m in one.others if (m.source, m.name) == (source, own)] if one is not None else []
        if one is None or not any(m.agrees is False for m in wrong):
            continue
        del names[source, own]
        apart[min(key, own), max(key, own)] = one.count + sum(m.count for m in wrong)
        series[key] = join(m for m in members(one) if m not in wrong)
        freed = [replace(m, key=own, name="") for m in wrong]
        series[own] = join([*freed, *(members(series[own]) if own in series else ())])
    return quantities if names == quantities.names else replace(quantities, names=names, apart=apart)


def _find_alike(series: Mapping[str, Series]) -> Iterator[tuple[str, ...]]:
    """Groups of names that may mean one quantity, of different sources."""
    groups: dict[str, list[str]] = {}
    for key in series:
        groups.setdefault(_PARTS.split(key.lower())[-1], []).append(key)
    for keys in groups.values():
        if 1 < len(keys) <= _MOST_ALIKE and len({series[k].source for k in keys}) > 1:
            yield tuple(sorted(keys))


def spelt_alike(one: str, two: str) -> bool:
    """Whether two names differ in case, separators and a plural only, or one of them is the last part of the other."""
    a, b = ([part.removesuffix("es").removesuffix("s") for part in _PARTS.split(n.lower()) if part] for n in (one, two))
    return bool(a and b) and (a == b or (a[-1] == b[-1] and 1 in (len(a), len(b))))


def _join_names(series: dict[str, Series], names: tuple[str, ...], quantities: Quantities) -> Quantities:
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            if first in series and second in series and spelt_alike(first, second):
                quantities = _join_pair(series, first, second, quantities)
    return quantities


def _join_pair(series: dict[str, Series], first: str, second: str, quantities: Quantities) -> Quantities:
    one, two = series[first], series[second]
    points = one.count + two.count
    if points <= quantities.apart.get((first, second), 0) * GROWTH:
        return quantities
    taken = {m.source for m in members(one)}
    leads = join([one, two])
    other = two if leads.key == first else one
    if any(m.source in taken for m in members(two)) or not compare(leads, other).proves:  # one source means two things
        return replace(quantities, apart={**quantities.apart, (first, second): points})
    moved = [replace(m, key=leads.key, name=m.name or other.key) for m in members(series.pop(other.key))]
    moved[0] = replace(moved[0], agrees=True, compared=points)
    series[leads.key] = join([*members(series[leads.key]), *moved])
    names = {(m.source, m.name): leads.key for m in moved}
    return replace(quantities, names={**quantities.names, **names})
