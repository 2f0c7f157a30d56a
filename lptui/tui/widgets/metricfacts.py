"""What one row of a table says of a metric; worked out again only when its series changed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lptui.stores.columns import reduce
from lptui.stores.series import Series
from lptui.text.regex import Regex
from lptui.trends.roles import find_role
from lptui.tui.widgets.braille import find_scale
from lptui.tui.widgets.charttitle import trend
from lptui.tui.widgets.curves import same_look
from lptui.tui.widgets.sparks import bridged, sparkline

TAIL = 20
"""The mean of a tail is that of so many newest points."""
SPARK = 12
_HIGHER = frozenset(("score", "success", "throughput", "explained_variance"))
_LOWER = frozenset(("loss",))
_HELD_OUT = Regex(r"^(?:eval|val|valid|validation|test)_")
_RIGHT = Regex(r"(?:^|_)(?:acc|accuracy|f1|auc|top_?[15]|map_?\d+\S*)$")
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


def find_best(key: str, facts: Sequence[Facts | None]) -> int | None:
    """Which of several runs stands best by the mean of its newest points, where the metric's name says whether high or
    low is good."""
    leaf = _HELD_OUT.sub("", key.rpartition("/")[2].lower())
    role = find_role(key) or find_role(leaf)
    higher = role in _HIGHER or _RIGHT.search(leaf) is not None
    if not higher and role not in _LOWER:
        return None
    known = [(f.mean, i) for i, f in enumerate(facts) if f and f.mean is not None and math.isfinite(f.last or 0.0)]
    if len(known) < 2:
        return None
    return max(known)[1] if higher else min(known)[1]


class FactBook:
    """Facts and sparklines of metrics that were looked up before."""

    def __init__(self) -> None:
        self.worked_out = 0
        self._facts: dict[tuple[str, int], tuple[Series, Facts]] = {}
        self._sparks: dict[str, tuple[Series, bool, tuple[str, str]]] = {}

    def facts(self, series: Series, run: int = 0) -> Facts:
        """The numbers of one metric; `run` tells those of several runs apart."""
        known = self._facts.get((series.key, run))
        if known is not None and known[0] is series:
            return known[1]
        if len(self._facts) > _KEPT:
            self._facts.clear()
        self.worked_out += 1
        facts = facts_of(series)
        self._facts[series.key, run] = (series, facts)
        return facts

    def course(self, series: Series, *, plain: bool) -> tuple[str, str]:
        """The course of one metric in 12 cells, and where it goes at its end, by the rule of the arrow of its chart."""
        known = self._sparks.get(series.key)
        if known is not None and known[1] == plain and same_look(known[0], series, SPARK):
            return known[2]
        if len(self._sparks) > _SPARKS:
            self._sparks.clear()
        columns = reduce(series, SPARK)
        arrow = trend(columns, find_scale([columns]), plain=plain)
        told = sparkline(bridged(columns.mean, columns.broken), columns.broken, plain=plain), arrow or " "
        self._sparks[series.key] = (series, plain, told)
        return told
