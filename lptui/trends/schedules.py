"""Does the learning rate do what the configuration asks for? One entry at a time.

A schedule that never fitted (other units, other end) is not used: what counts is that the rate followed it and then
left it abruptly. Without a schedule only breaks that speak for themselves count.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from lptui.model.value import frozen
from lptui.trends.plan import Plan

LAG = 20
"""Entries back to which the departure is compared: a model that is slightly wrong drifts off more slowly."""
TRUSTED = 0.02
"""Distance from the schedule, as a share of the peak rate, at which it is still taken to be followed."""
LASTING = 5
"""Entries in a row that it takes."""
EXACT, CLOSE, DEPARTED = 0.001, 0.01, 0.004
"""Shares of the peak rate: a schedule kept to the first for long, while it moved, is left at the third; one kept to the
second is left only by an abrupt change."""
JUMP = 8.0
"""Times the largest rate ever logged: no schedule does that in the middle of a run."""


@frozen
class Departure:
    """The rate left its schedule: since when; what it was, is, and should be (None without a schedule)."""

    step: float
    time: float
    before: float
    after: float
    expected: float | None
    kind: str


class Rate(NamedTuple):
    """Memory of one series. `recent`: (step, time, value, expected), the newest last."""

    seen: int = 0
    largest: float = 0.0
    recent: tuple[tuple[float, float, float, float | None], ...] = ()
    followed: int = 0
    worst: float = 0.0
    span: tuple[float, float] = (math.inf, -math.inf)
    """Of the entries that followed the schedule: the largest distance from it, and the range of what it asked for."""
    unfit: bool = False
    odd: int = 0
    calm: int = 0
    raised: Departure | None = None


def step(rate: Rate, plan: Plan, at: float, time: float, value: float) -> Rate:
    """The memory after one more entry."""
    if not math.isfinite(value) or value < 0:
        return rate
    warm = plan.warmup_steps
    expected = plan.expected_rate(at) if not warm or at > 1.3 * warm else None
    entry = (at, time, value, expected)
    recent = (*rate.recent[-LAG - LASTING :], entry)
    next_rate = rate._replace(seen=rate.seen + 1, largest=max(rate.largest, value), recent=recent)
    if rate.raised is not None:
        return _recover(next_rate, plan, expected, value)
    if expected is not None and not rate.unfit:
        return _follow(next_rate, plan, entry)
    return _watch(next_rate, rate.largest, plan, entry)


def _recover(rate: Rate, plan: Plan, expected: float | None, value: float) -> Rate:
    """Back on the schedule for `LASTING` entries in a row ends it; without a schedule, back near what it was."""
    raised = rate.raised
    if raised is None:
        return rate
    peak = plan.learning_rate or rate.largest
    if expected is not None:
        fits = abs(value - expected) <= max(0.03 * expected, 0.005 * peak)
    else:
        fits = raised.expected is None and 0.5 * raised.before <= value <= 2 * raised.before
    calm = rate.calm + 1 if fits else 0
    if calm < LASTING:
        return rate._replace(calm=calm)
    return rate._replace(calm=0, odd=0, raised=None, recent=rate.recent[-1:])


def _follow(rate: Rate, plan: Plan, entry: tuple[float, float, float, float | None]) -> Rate:
    _, _, value, expected = entry
    peak = plan.learning_rate or 0.0
    lagged = rate.recent[0] if len(rate.recent) > LAG else None
    base = rate.recent[max(0, len(rate.recent) - 1 - LAG - rate.odd)] if lagged else None
    if base is None or base[3] is None or expected is None:
        fits = expected is not None and abs(value - expected) <= TRUSTED * peak
        return rate._replace(followed=rate.followed + fits, unfit=not fits and rate.followed < LAG)
    off, off_then = value - expected, base[2] - base[3]
    if abs(off_then) > TRUSTED * peak:
        return rate._replace(unfit=True, odd=0)
    worst, span = max(rate.worst, abs(off_then)), (min(rate.span[0], base[3]), max(rate.span[1], base[3]))
    rate = rate._replace(worst=worst, span=span)
    # Of a slow drift from the first entry on the oldest part would still look exact before so many entries.
    moved = rate.followed > 1.5 * LAG and (plan.schedule == "constant" or span[1] - span[0] > 0.05 * peak)
    exact = moved and worst <= EXACT * peak
    abrupt = abs(off - off_then) > max(0.5 * abs(expected - base[3]), DEPARTED * peak, 0.001 * expected)
    close = moved and worst <= CLOSE * peak and plan.schedule != "constant"
    if not (abrupt and close) and not (exact and abs(off) > DEPARTED * peak):
        return rate._replace(odd=0, followed=rate.followed + 1)
    count = rate.odd + 1
    if count < LASTING or rate.followed < LAG:
        return rate._replace(odd=count)
    return rate._replace(odd=LASTING, raised=_describe(rate, count, expected))


def _describe(rate: Rate, count: int, expected: float) -> Departure:
    first = rate.recent[-count]
    before = rate.recent[-count - 1]
    values = [entry[2] for entry in rate.recent[-count:]]
    now = values[-1]
    kind = "left"
    if now == 0 and max(values) == 0:
        kind = "zero"
    elif max(values) == min(values) and abs(now - before[2]) < 1e-3 * max(now, before[2]):
        kind = "stuck"
    elif now > 2 * before[2] or now < before[2] / 2:
        kind = "jumped"
    return Departure(first[0], first[1], before[2], now, expected, kind)


def _watch(rate: Rate, largest: float, plan: Plan, entry: tuple[float, float, float, float | None]) -> Rate:
    """Without a schedule: far above all that was, or zero long before the end."""
    at, _, value, _ = entry
    fraction = plan.fraction(at)
    early = fraction is not None and fraction < 0.85
    jumped = largest > 0 and value > JUMP * largest
    lasting = rate.odd > 0 and value > JUMP / 2 * min(e[2] for e in rate.recent)
    zero = value == 0 and largest > 0 and early and at > 1.3 * plan.warmup_steps
    if rate.seen < 2 * LAG or not (jumped or lasting or zero):
        return rate._replace(odd=0)
    count = rate.odd + 1
    if count < LASTING:
        return rate._replace(odd=count)
    first, before = rate.recent[-count], rate.recent[-count - 1]
    kind = "zero" if zero else "jumped"
    return rate._replace(odd=LASTING, raised=Departure(first[0], first[1], before[2], value, None, kind))
