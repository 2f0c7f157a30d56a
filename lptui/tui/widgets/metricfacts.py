"""What one row of a table says of a metric; worked out again only when its series changed."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lptui.stores.columns import reduce
from lptui.stores.series import Series
from lptui.tui.widgets.curves import same_look
from lptui.tui.widgets.sparks import sparkline

TAIL = 20
"""The mean of a tail is that of so many newest points."""
SPARK = 12
_KEPT = 30_000
_SPARKS = 400


@dataclass(frozen=True, slots=True)
class Facts:
    """Newest value, mean of the newest 20 finite ones, minimum, maximum, and that mean minus the one before."""

    last: float | None
    mean: float | None
    low: float | None
    high: float | None
    change: float | None


def facts_of(series: Series) -> Facts:
    """The numbers of one row."""
    last = series.last()
    tail = [v for v in series.tail(2 * TAIL) if math.isfinite(v)]
    newest, before = tail[-TAIL:], tail[:-TAIL]
    mean = sum(newest) / len(newest) if newest else None
    change = mean - sum(before) / len(before) if mean is not None and before else None
    return Facts(last.value if last is not None else None, mean, series.minimum, series.maximum, change)


class FactBook:
    """Facts and sparklines of metrics that were looked up before."""

    def __init__(self) -> None:
        self.worked_out = 0
        self._facts: dict[str, tuple[Series, Facts]] = {}
        self._sparks: dict[str, tuple[Series, bool, str]] = {}

    def facts(self, series: Series) -> Facts:
        """The numbers of one metric."""
        known = self._facts.get(series.key)
        if known is not None and known[0] is series:
            return known[1]
        if len(self._facts) > _KEPT:
            self._facts.clear()
        self.worked_out += 1
        facts = facts_of(series)
        self._facts[series.key] = (series, facts)
        return facts

    def spark(self, series: Series, *, plain: bool) -> str:
        """The course of one metric in 12 cells."""
        known = self._sparks.get(series.key)
        if known is not None and known[1] == plain and same_look(known[0], series, SPARK):
            return known[2]
        if len(self._sparks) > _SPARKS:
            self._sparks.clear()
        columns = reduce(series, SPARK)
        text = sparkline(columns.mean, columns.broken, plain=plain)
        self._sparks[series.key] = (series, plain, text)
        return text
