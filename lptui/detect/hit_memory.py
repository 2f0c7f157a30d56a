"""What the log detector remembers: of each class in each file the first and last hits and a count; bounded.

Every part is a minimum, a maximum or a sum over what was seen, so the order in which blocks come does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace

from lptui.detect.confirm import Hit
from lptui.model.place import Anchor
from lptui.model.value import frozen

KEPT = 16
"""Hits kept at each end of a log, by class."""
STEPS_KEPT = 64
MOST_FILES = 256


@frozen
class Seen:
    """A hit, where it lies, and when it was written (unix s).

    `loose`: the time is that of the last line before it with a clock, so it may have come later. `clock`: seconds of
    the day, where the line has no date; the day is found when the log's own times are known.
    """

    hit: Hit
    anchor: Anchor
    at: float | None = None
    loose: bool = False
    clock: float | None = None


@frozen
class Kept:
    """The first and the last hits of one class in one file, by position, and how many there were."""

    first: tuple[Seen, ...] = ()
    last: tuple[Seen, ...] = ()
    count: int = 0
    ranks: frozenset[int] = frozenset()

    @property
    def all(self) -> tuple[Seen, ...]:
        """Those at hand, in the order of the log."""
        table = {s.hit.position: s for s in (*self.first, *self.last)}
        return tuple(table[p] for p in sorted(table))

    def add(self, found: Iterable[Seen]) -> Kept:
        new = list(found)
        every = sorted({s.hit.position: s for s in (*self.all, *new)}.values(), key=lambda s: s.hit.position)
        ranks = self.ranks | {s.hit.rank for s in new if s.hit.rank is not None}
        return Kept(tuple(every[:KEPT]), tuple(every[-KEPT:]), self.count + len(new), frozenset(sorted(ranks)[:64]))


@frozen
class FileMemory:
    """All that is remembered of one log. `steps`: (position, step) of the newest progress; `epochs`: where a line
    tells only its epoch, which shows that training went on and is no step.

    `record`: it is no log but what a launcher keeps of one exception, with the `rank` and the `attempt` it told.
    """

    kept: Mapping[str, Kept] = field(default_factory=dict[str, Kept])
    steps: tuple[tuple[int, float], ...] = ()
    epochs: tuple[tuple[int, float], ...] = ()
    record: bool = False
    rank: int | None = None
    attempt: int | None = None

    def add_hits(self, found: Iterable[Seen]) -> FileMemory:
        by_key: dict[str, list[Seen]] = {}
        for seen in found:
            by_key.setdefault(seen.hit.key, []).append(seen)
        grown = {key: self.kept.get(key, Kept()).add(new) for key, new in by_key.items()}
        return replace(self, kept={**self.kept, **grown})

    def add_steps(self, steps: Iterable[tuple[int, float]], epochs: Iterable[tuple[int, float]] = ()) -> FileMemory:
        """Keep the last positions at which progress was printed."""
        return replace(self, steps=_keep(self.steps, steps), epochs=_keep(self.epochs, epochs))

    def steps_after(self, position: int) -> int:
        """How many different steps, or epochs without one, were printed after a position, among those kept."""
        return sum(len({s for p, s in told if p > position}) for told in (self.steps, self.epochs))

    def step_before(self, position: int) -> float | None:
        """The last step printed before a position, if it is among those kept."""
        return next((s for p, s in reversed(self.steps) if p <= position), None)


def _keep(old: tuple[tuple[int, float], ...], new: Iterable[tuple[int, float]]) -> tuple[tuple[int, float], ...]:
    return tuple(sorted({**dict(old), **dict(new)}.items())[-STEPS_KEPT:])
