"""Points in immutable segments. Metrics that were logged together share one `Rows` (steps and times), so that a point
costs the eight bytes of its value; segments grow by merging with their neighbours, and old ones can be thinned.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from lptui.model.events import Points
from lptui.model.value import frozen

SMALL = 256
"""Segments shorter than this are merged with the next one, so that live points do not pile up one by one."""
SEALED = 8192
"""Segments of this length are left as they are."""
GROUP = 16
"""Entries of which thinning keeps four: the lowest and the highest in their order, one that is not finite (the middle
one where all are), and the last, which is a fair sample."""
KEPT = (0, 5, 10, 15)
"""Whose rows the four kept entries get."""

Order = tuple[str, float]
"""Where in its source a batch lies: the file (in natural order), and the position in it."""


@frozen(eq=False, weakref_slot=True)
class Rows:
    """Steps and unix times (NaN where unknown) of points, and the batches they came in: `orders[i]` is where in its
    file the batch lies whose first point is `firsts[i]`; empty once the rows were thinned. Plain numbers: of a flood
    each point is a batch, and an `Order` for each would take five times as much as the points."""

    steps: array[float]
    times: array[float]
    orders: Sequence[float] = ()
    firsts: Sequence[int] = ()


@frozen(eq=False, weakref_slot=True)
class Segment:
    """Points of one file in the order their source wrote them (once thinned, of several), from `start` to `stop` (None:
    how far they reach is not known)."""

    start: Order
    stop: Order | None
    until: Order
    """The order of its newest batch."""
    rows: Rows
    values: array[float]
    level: int = 0
    """How often it was thinned; each time leaves a quarter."""

    @property
    def points(self) -> Points:
        """The same as points without a name."""
        return Points("", self.rows.steps, self.rows.times, self.values)

    def sample(self) -> Points:
        """A fair sample: all points, or of thinned ones those that were not chosen for their value."""
        if not self.level:
            return self.points
        return Points("", self.rows.steps[3::4], self.rows.times[3::4], self.values[3::4])

    def __len__(self) -> int:
        return len(self.values)


class Sharing:
    """Rows that were made for one batch, so that its metrics go on sharing them. Lives as long as one fold step."""

    def __init__(self) -> None:
        self._made: dict[tuple[object, ...], Rows] = {}
        self._spans: dict[int, tuple[float, float]] = {}

    def span(self, points: Points) -> tuple[float, float]:
        """The lowest and the highest step of new points."""
        key = id(points.steps)
        if key not in self._spans:
            self._spans[key] = (min(points.steps), max(points.steps))
        return self._spans[key]

    def first(self, points: Points, order: Order) -> Rows:
        """The rows of new points."""
        key = (id(points.steps), id(points.times))
        if key not in self._made:
            self._made[key] = Rows(points.steps, points.times, array("d", order[1:]), array("q", (0,)))
        return self._made[key]

    def joined(self, one: Rows, two: Rows) -> Rows:
        """The rows of one segment that goes on with another."""
        key = (id(one), id(two))
        if key not in self._made:
            steps, times = one.steps + two.steps, one.times + two.times
            if one.orders and two.orders:
                orders, firsts = array("d", one.orders), array("q", one.firsts)
                orders.extend(two.orders)
                firsts.extend(len(one.steps) + i for i in two.firsts)
                self._made[key] = Rows(steps, times, orders, firsts)
            else:
                self._made[key] = Rows(steps, times)
        return self._made[key]

    def part(self, rows: Rows, first: int, stop: int) -> Rows:
        """Batches `first` to `stop` (not included) of rows."""
        key = (id(rows), first, stop)
        if key not in self._made:
            here = slice(rows.firsts[first], rows.firsts[stop] if stop < len(rows.firsts) else None)
            firsts = array("q", (i - rows.firsts[first] for i in rows.firsts[first:stop]))
            self._made[key] = Rows(rows.steps[here], rows.times[here], rows.orders[first:stop], firsts)
        return self._made[key]

    def thinned(self, rows: Rows) -> Rows:
        """The rows of thinned points."""
        key = (id(rows), "thinned")
        if key not in self._made:
            whole = len(rows.steps) // GROUP * GROUP
            keep = [i + k for i in range(0, whole, GROUP) for k in KEPT] + [*range(whole, len(rows.steps))]
            steps, times = (array("d", [a[i] for i in keep]) for a in (rows.steps, rows.times))
            self._made[key] = Rows(steps, times)
        return self._made[key]


def insert(segments: tuple[Segment, ...], new: Segment, sharing: Sharing) -> tuple[Segment, ...]:
    """The segments with a new one at its place, merged with its neighbours where that makes few of many."""
    if not segments:
        return (new,)
    last = segments[-1]
    if new.start >= last.until:
        if last.level or len(last.values) >= SMALL or len(new.values) >= SMALL or not _goes_on(last, new):
            return (*segments, new)
        return (*segments[:-1], _join(last, new, sharing))  # live points: nothing comes between them
    place = next(i for i, s in enumerate(segments) if new.start < s.until)
    found = segments[place]
    if new.start < found.start or not found.rows.orders:
        return _settle([*segments[:place], new, *segments[place:]], place, sharing)
    return (*segments[:place], *_split(found, new, sharing), *segments[place + 1 :])


def _goes_on(one: Segment, two: Segment) -> bool:
    """Whether nothing can come between a segment and the one after it in their file, as far as is known."""
    return (one.stop is None or one.stop == two.start) and one.start[0] == two.start[0]


def settle_end(segments: tuple[Segment, ...], sharing: Sharing, sealed: int) -> tuple[Segment, ...]:
    """The segments with those at the end merged that have grown to one size."""
    if len(segments[-1].values) < SMALL:
        return segments
    many = [*segments]
    while len(many) > 1 and len(many[-1]) >= SMALL and _are_alike(many[-2], many[-1], sealed) and _goes_on(*many[-2:]):
        many[-2:] = [_join(many[-2], many[-1], sharing)]
    return tuple(many) if len(many) < len(segments) else segments


def _settle(many: list[Segment], place: int, sharing: Sharing) -> tuple[Segment, ...]:
    """A segment that came late is merged with what follows it, once it is known to be next to that."""
    while place + 1 < len(many):
        one, two = many[place], many[place + 1]
        if one.stop != two.start or not _are_alike(one, two, SEALED):
            break
        many[place : place + 2] = [_join(one, two, sharing)]
    return tuple(many)


def _are_alike(one: Segment, two: Segment, sealed: int) -> bool:
    long, short = max(len(one), len(two)), min(len(one), len(two))
    near = one.level > 0 or one.start[0] == two.start[0]
    return one.level == two.level and near and long < sealed and (long < 1.5 * short or long < SMALL)


def _join(one: Segment, two: Segment, sharing: Sharing) -> Segment:
    rows = sharing.joined(one.rows, two.rows)
    return Segment(one.start, two.stop, two.until, rows, one.values + two.values, one.level)


def _split(segment: Segment, new: Segment, sharing: Sharing) -> tuple[Segment, ...]:
    """A late batch that belongs between two that were merged: the segment is cut there again."""
    file, orders, firsts = segment.start[0], segment.rows.orders, segment.rows.firsts
    at = bisect_right(orders, new.start[1])  # it lies within the segment, so in its file
    head, tail = sharing.part(segment.rows, 0, at), sharing.part(segment.rows, at, len(orders))
    values = segment.values
    return (
        Segment(segment.start, None, (file, orders[at - 1]), head, values[: firsts[at]]),
        new,
        Segment((file, orders[at]), segment.stop, segment.until, tail, values[firsts[at] :]),
    )


def compact(segments: tuple[Segment, ...], limit: int, sharing: Sharing) -> tuple[Segment, ...]:
    """The segments with at most about `limit` points: the newest quarter of that stays exact, older ones are thinned,
    those first that were thinned least."""
    total = sum(map(len, segments))
    while total > limit:
        exact, index = 0, len(segments)
        while index and exact + len(segments[index - 1]) <= limit // 4:
            index -= 1
            exact += len(segments[index])
        old = [s for s in segments[:index] if len(s) >= GROUP]
        level = min((s.level for s in old), default=None)
        if level is None:
            break
        many = (thin(s, sharing) if s.level == level and len(s) >= GROUP else s for s in segments[:index])
        segments = (*_merge_thinned(many, sharing), *segments[index:])
        before, total = total, sum(map(len, segments))
        if total >= before:
            break
    return segments


def _merge_thinned(segments: Iterable[Segment], sharing: Sharing) -> list[Segment]:
    merged: list[Segment] = []
    for segment in segments:
        last = merged[-1] if merged else None
        if last is not None and last.stop == segment.start and _are_alike(last, segment, SEALED):
            merged[-1] = _join(last, segment, sharing)
        else:
            merged.append(segment)
    return merged


def thin(segment: Segment, sharing: Sharing) -> Segment:
    """Four of `GROUP` points: extremes and what is not finite stay, so that a chart looks the same."""
    import numpy as np

    whole = len(segment) // GROUP * GROUP
    values = np.frombuffer(segment.values, dtype=np.float64)
    groups = values[:whole].reshape(-1, GROUP)
    bad = ~np.isfinite(groups)
    low = np.where(bad, np.inf, groups).argmin(axis=1)
    high = np.where(bad, -np.inf, groups).argmax(axis=1)
    third = np.where(bad.any(axis=1), bad.argmax(axis=1), GROUP // 2)
    picks = np.stack([np.minimum(low, high), np.maximum(low, high), third, np.full(len(groups), GROUP - 1)], axis=1)
    kept = array("d", np.take_along_axis(groups, picks, axis=1).tobytes())
    return Segment(
        segment.start,
        segment.stop,
        segment.until,
        sharing.thinned(segment.rows),
        kept + segment.values[whole:],
        segment.level + 1,
    )
