"""In which order the list of runs stands: by what needs attention, or by one of its columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lptui.model.finding import rank
from lptui.model.summary import UNLOOKED, RunSummary
from lptui.model.value import frozen

ATTENTION = "attention"


def _number(value: float | None) -> float | None:
    return None if value is None or value != value else value


def _count(run: RunSummary) -> tuple[bool, int] | None:
    """Steps, apart from epochs."""
    if run.step is not None:
        return True, run.step
    return None if run.epoch is None else (False, run.epoch)


_COLUMNS: Mapping[str, tuple[Callable[[RunSummary], Any], bool]] = {
    "run": (lambda run: run.name.lower(), False),
    "state": (lambda run: None if run.looked in UNLOOKED and run.condition == "unknown" else run.condition, False),
    "age": (lambda run: run.modified_at, True),
    "step": (_count, True),
    "done": (lambda run: run.share, True),
    "metric": (lambda run: _number(run.value), True),
    "starts": (lambda run: run.restarts, True),
    "ckpts": (lambda run: run.checkpoints, True),
    "size": (lambda run: run.size, True),
    "finding": (lambda run: None if run.severity is None else 1000 * rank(run.severity) + run.findings, True),
}
"""By title of a column: what it is sorted by, and whether the largest comes first (of ages the newest)."""
ORDERS = (ATTENTION, *_COLUMNS)


@frozen
class Order:
    """`column` is one of ORDERS; `turned`: the other way round. What is not known stands last in any case."""

    column: str = ATTENTION
    turned: bool = False

    @property
    def falling(self) -> bool:
        """Whether the largest comes first."""
        return self.column != ATTENTION and _COLUMNS[self.column][1] != self.turned

    @property
    def arrow(self) -> str:
        """Beside the title of the column."""
        return "" if self.column == ATTENTION else "▾" if self.falling else "▴"

    def tell(self) -> str:
        """In words; nothing for the usual order."""
        if self.column == ATTENTION:
            return "what needs attention last" if self.turned else ""
        first = "largest" if self.column not in ("run", "state", "age") else "newest" if self.column == "age" else "z"
        last = {"largest": "smallest", "newest": "oldest", "z": "a"}[first]
        return f"by {self.column}, {first if self.falling else last} first"

    def next(self) -> Order:
        """The order by the column after this one."""
        return Order(ORDERS[(ORDERS.index(self.column) + 1) % len(ORDERS)])

    def turn(self) -> Order:
        """The other way round."""
        return Order(self.column, not self.turned)

    def sort(self, runs: Sequence[RunSummary]) -> tuple[RunSummary, ...]:
        """Runs that stand in the order of attention, in this one; among equals that order stays."""
        if self.column == ATTENTION:
            return tuple(reversed(runs)) if self.turned else tuple(runs)
        value = _COLUMNS[self.column][0]
        known = [run for run in runs if value(run) is not None]
        unknown = [run for run in runs if value(run) is None]
        return (*sorted(known, key=value, reverse=self.falling), *unknown)


BY_ATTENTION = Order()
"""As boards come."""
