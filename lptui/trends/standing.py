"""Where all watched metrics stand at one moment, by role, and what was told of them before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from lptui.model.value import frozen
from lptui.trends import levels, scores
from lptui.trends.plan import Plan
from lptui.trends.roles import Role
from lptui.trends.watch import GRADIENT_UP, RULES, Watch

LONG = 20
"""Entries over whose median a metric is asked whether it agrees."""


@frozen
class Seen:
    """One metric in evidence: where it was and where it is, in its own unit."""

    key: str
    before: float
    after: float


@frozen
class Verdict:
    """A failure that the metrics show. `kind` says which sort of it; `detail` is what its monitor found."""

    cls: str
    key: str
    step: float
    time: float
    evidence: tuple[Seen, ...]
    confidence: float
    detail: object
    kind: str = ""


class Watches:
    """The watches by role, for reading; made anew for every judgement."""

    def __init__(self, watches: Mapping[str, Watch], plan: Plan, told: Iterable[Verdict]) -> None:
        self.plan = plan
        self._told = {(v.cls, v.key): v for v in told}
        self._by_role: dict[Role, list[Watch]] = {}
        for _, watch in sorted(watches.items()):
            self._by_role.setdefault(watch.role, []).append(watch)

    def of(self, role: Role) -> list[Watch]:
        return self._by_role.get(role, [])

    def all(self) -> Iterator[Watch]:
        return (w for group in self._by_role.values() for w in group)

    def told(self, cls: str, key: str) -> Verdict | None:
        """The verdict that stands since earlier."""
        return self._told.get((cls, key))

    def shift(self, role: Role, entries: int = LONG) -> float | None:
        """How far a role is from its level in the direction of harm; None when it is not logged or has no level yet."""
        rule = GRADIENT_UP if role == "gradient_norm" else RULES[role]
        found = [levels.find_shift(w.level, rule, entries) for w in self.of(role) if w.level.base is not None]
        return max(found, default=None)

    def now(self, role: Role) -> float | None:
        found = [levels.find_now(w.level, RULES[role]) for w in self.of(role)]
        return next((v for v in found if v is not None), None)

    def has_learned(self) -> bool:
        """Whether a score rose by far more than its noise."""
        return any(scores.has_learned(w.score) for w in self.of("score"))

    def score_trend(self) -> float | None:
        """Newest score against the best one, in spans of what was learned; None without a score."""
        return next((scores.find_trend(w.score) for w in self.of("score") if w.score.seen), None)
