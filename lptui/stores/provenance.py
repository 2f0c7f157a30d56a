"""One quantity from several sources: which of them leads, what the others add, and whether they say the same."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Collection, Iterable
from dataclasses import replace

from lptui.model.value import frozen
from lptui.stores.series import Series

LOOKED_AT = 200
"""Newest points of a source that are compared with the lead."""
_SHARE, _SPREAD = 0.01, 0.005
"""Values are the same that differ by less than the first share of themselves, or the second of their spread: text is
rounded."""
_ROUNDED = 1e-3
"""The same where only the order of values is compared: what four digits leave."""
_SCANNED = 4096
"""Points of a segment up to which all are looked at."""
_SAME = 0.9
_FEW = 5
"""So many different values must be the same before two names are taken for one quantity."""


@frozen
class Comparison:
    """Points that two sources have at the same step: how many, how many of those differ, how many values there are."""

    common: int
    differing: int
    values: int

    @property
    def agrees(self) -> bool | None:
        """None where nothing can be compared."""
        return None if not self.common else self.differing <= (1 - _SAME) * self.common

    @property
    def proves(self) -> bool:
        """Whether it shows that two names mean one quantity."""
        return self.agrees is True and self.values >= _FEW


@frozen
class Share:
    """What one source gives to a series: its points, its range in its own count, its newest time (unix s), and at how
    many of the steps that it shares with the lead it says something else. `leads`: the line is its own."""

    source: str
    name: str
    unit: str
    leads: bool
    count: int
    first: float | None
    last: float | None
    newest: float | None
    common: int = 0
    differing: int = 0
    used: bool = True
    """Whether it fills where the lead has nothing; one that contradicts the lead does not."""


def members(series: Series) -> tuple[Series, ...]:
    """Every source of a series by itself, the lead first."""
    return (replace(series, others=()), *series.others) if series.others else (series,)


def join(parts: Iterable[Series]) -> Series:
    """One series of these sources of a quantity: the finest and most complete one leads, whichever came first."""
    ranked = sorted(parts, key=_rank)
    lead, others = ranked[0], ranked[1:]
    if not others and not lead.others and not lead.compared:
        return lead
    return replace(lead, others=tuple(others), agrees=None, compared=0)


def _rank(series: Series) -> tuple[object, ...]:
    """Points count by powers of two, so that two that grow together do not change places all the time; a record is
    worth as much more as text, which is rounded, and so is one that counts the run's steps. One that gave the series
    its name comes first: a name that changed would be another metric to who looks at it."""
    count = max(series.count, len(series.overview.values) if series.overview is not None else 0)
    worth = int(math.log2(count + 1)) + (not is_text(series.source)) + (series.unit == "step")
    sections = series.key.count("/")
    return (series.name != "", -worth, is_text(series.source), -sections, series.source, series.unit)


def is_text(source: str) -> bool:
    """Whether a source is the text of a log rather than a record of numbers."""
    return source.startswith("log ")


def compare(lead: Series, other: Series, *, exact: bool = False) -> Comparison:
    """The newest points of `other` against those of `lead`: at the same steps, or one after the other where the two
    count different things. `exact`: nothing may differ."""
    if lead.unit != other.unit:
        return _compare_order(lead, other, exact=exact)
    told = _newest(other, LOOKED_AT)
    found = _values_at(lead, told)
    pairs = [(found[s], v) for s, v in told.items() if s in found and math.isfinite(v) and math.isfinite(found[s])]
    return _tell(pairs, _SHARE, _SPREAD, exact=exact)


def _tell(pairs: list[tuple[float, float]], share: float, part: float, *, exact: bool) -> Comparison:
    if not pairs:
        return Comparison(0, 0, 0)
    ordered = sorted(own for own, _ in pairs)
    spread = ordered[-1 - len(ordered) // 20] - ordered[len(ordered) // 20]
    differing = sum(abs(a - b) > share * max(abs(a), abs(b)) + part * spread for a, b in pairs)
    if exact:
        unlike = sum(a != b for a, b in pairs)
        differing = len(pairs) if unlike else 0
    return Comparison(len(pairs), differing, len({b for _, b in pairs}))


def _compare_order(lead: Series, other: Series, *, exact: bool) -> Comparison:
    """By their order alone: the newest of one may be ahead. Only agreement tells something; other values may be those
    of other moments."""
    one, two = ([v for v in s.tail(LOOKED_AT) if math.isfinite(v)] for s in (lead, other))
    least = max(_FEW, min(len(one), len(two)) // 2)
    for ahead in sorted(range(least - len(one), len(two) - least + 1), key=abs):
        end = min(len(one), len(two) - ahead)
        begin = max(0, -ahead)
        found = _tell([(one[i], two[i + ahead]) for i in range(begin, end)], _ROUNDED, _ROUNDED, exact=exact)
        if found.proves:
            return found
    return Comparison(0, 0, 0)


def _newest(series: Series, count: int) -> dict[float, float]:
    """The newest `count` points as step -> value; of a step that was written again the newest value."""
    found: dict[float, float] = {}
    left = count
    for segment in reversed(series.segments):
        points = segment.points
        for i in range(len(points.values) - 1, max(-1, len(points.values) - 1 - left), -1):
            if points.steps[i] == points.steps[i]:
                found.setdefault(points.steps[i], points.values[i])
        left -= len(points.values)
        if left <= 0:
            break
    return found


def _values_at(series: Series, wanted: Collection[float]) -> dict[float, float]:
    """The values at just these steps, the newest of several branches."""
    found: dict[float, float] = {}
    low, high = min(wanted, default=0.0), max(wanted, default=0.0)
    for segment in reversed(series.segments):
        steps, values = segment.points.steps, segment.points.values
        if len(steps) <= _SCANNED:  # a run that went back has its branches side by side in here
            for i in range(len(steps) - 1, -1, -1):
                if low <= steps[i] <= high and steps[i] in wanted:
                    found.setdefault(steps[i], values[i])
        elif steps[0] <= high and low <= steps[-1]:
            for step in wanted:
                index = bisect_left(steps, step)
                if index < len(steps) and steps[index] == step:
                    found.setdefault(step, values[index])
        if len(found) == len(wanted):
            break
    return found


def tell_sources(series: Series) -> tuple[Share, ...]:
    """Where a series comes from, the lead first."""
    shares: list[Share] = []
    for part in members(series):
        leads = not shares
        found = Comparison(0, 0, 0) if leads else compare(series, part)
        newest = part.own_last()
        shares.append(
            Share(
                part.source,
                part.name or part.key,
                part.unit,
                leads,
                part.count,
                next((s for g in part.segments[:1] for s in g.points.steps if s == s), None),
                newest.step if newest is not None else None,
                newest.time if newest is not None else None,
                found.common,
                found.differing,
                leads or found.agrees is not False,
            )
        )
    return tuple(shares)
