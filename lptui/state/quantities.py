"""Which series are one quantity. The same name is; other names are when they are spelt alike and their values are the
same. Looked at at each tick, so that the order in which sources were read does not matter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from itertools import combinations
from typing import TYPE_CHECKING

from lptui.model.value import frozen
from lptui.stores.provenance import compare, join, members
from lptui.stores.series import Series
from lptui.trends.spelling import differ_in_frame, group_keys, may_be_same

if TYPE_CHECKING:
    from lptui.state.run_state import RunState

GROWTH = 1.05
"""Sources are compared again when they have grown by so much."""
_MOST_ALIKE = 8
"""More names than this that are spelt alike are left alone."""


@frozen
class Quantities:
    """`names`: (source, its own name) -> the name of the quantity. `apart`: pairs of names that were compared and do
    not mean the same, with the points they had then. `known`: the names there were when all were last looked at."""

    names: Mapping[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    apart: Mapping[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    alike: tuple[tuple[str, str], ...] = ()
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
    for first, second in quantities.alike:
        if first in series and second in series:
            quantities = _join_pair(series, first, second, quantities)
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
    twice = (lead.source, lead.unit) == (other.source, other.unit)
    return replace(other, agrees=compare(lead, other, exact=twice).agrees, compared=points)


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


def _find_alike(series: Mapping[str, Series]) -> Iterator[tuple[str, str]]:
    """Pairs of names that may mean one quantity."""
    groups: dict[frozenset[str], list[str]] = {}
    for key in series:
        for words in group_keys(key):
            groups.setdefault(words, []).append(key)
    alike = (sorted(keys) for keys in groups.values() if 1 < len(keys) <= _MOST_ALIKE)
    yield from dict.fromkeys(pair for keys in alike for pair in combinations(keys, 2) if may_be_same(*pair))


def _join_pair(series: dict[str, Series], first: str, second: str, quantities: Quantities) -> Quantities:
    one, two = series[first], series[second]
    points = one.count + two.count
    if points <= quantities.apart.get((first, second), 0) * GROWTH:
        return quantities
    leads = join([one, two])
    lead, other = (one, two) if leads.key == first else (two, one)
    if not _is_proven(lead, other):
        return replace(quantities, apart={**quantities.apart, (first, second): points})
    moved = [replace(m, key=leads.key, name=m.name or other.key) for m in members(series.pop(other.key))]
    moved[0] = replace(moved[0], agrees=True, compared=points)
    series[leads.key] = join([*members(series[leads.key]), *moved])
    names = {(m.source, m.name): leads.key for m in moved}
    return replace(quantities, names={**quantities.names, **names})


def _is_proven(lead: Series, other: Series) -> bool:
    """Whether the values show that two names mean one quantity. One source that has both must say just the same, under
    names that differ in how they sort only."""
    if {m.source for m in members(lead)}.isdisjoint(m.source for m in members(other)):
        return compare(lead, other).proves
    return differ_in_frame(lead.key, other.key) and compare(lead, other, exact=True).proves
