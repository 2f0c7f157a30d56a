"""One watched series: its role decides which monitors see its entries; a counter that goes back starts them anew."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from lptui.trends import counters, levels, ramps, schedules, scores, tasks
from lptui.trends.levels import Level, Rule
from lptui.trends.plan import Plan
from lptui.trends.roles import Role

RULES: Mapping[Role, Rule] = {
    "loss": Rule(+1, log=True, least=math.log(4)),
    "value_loss": Rule(+1, log=True, least=math.log(3), sigmas=2.5),
    "policy_loss": Rule(+1, log=False, least=0.0, sigmas=4.0, floor=1e-9),
    "entropy": Rule(-1, log=True, least=math.log(11)),
    "kl": Rule(+1, log=True, least=math.log(3), sigmas=2.0),
    "clip_fraction": Rule(+1, log=False, least=0.15, sigmas=3.0, floor=0.01),
    "explained_variance": Rule(-1, log=False, least=0.35, floor=0.03),
    "throughput": Rule(-1, log=True, least=-math.log(0.68), sigmas=3.0, floor=0.02, whole=False),
}
GRADIENT_UP = Rule(+1, log=True, least=math.log(3), sigmas=2.5)
GRADIENT_DOWN = Rule(-1, log=True, least=math.log(15), skip=20)
MEMORY_ROLES = ("gpu_memory", "host_memory")
COUNT_ROLES = ("active_tasks", "sample_probability", "zero_tasks")
LONGEST = 2000
"""Entries of one history that are looked at one by one; of a longer one the older part is sampled evenly."""


_COUNTER, _LEVEL, _GROWTH = counters.Counter(), Level(), ramps.Growth()
_RATE, _SCORE, _COUNTS = schedules.Rate(), scores.Score(), tasks.Counts()


class Entry(NamedTuple):
    """One point of a series; step and time NaN where unknown."""

    step: float
    time: float
    value: float


_UNKNOWN = Entry(math.nan, math.nan, math.nan)


class Watch(NamedTuple):
    """A series with what its monitors remember. `down` is the second rule of gradient norms."""

    key: str
    role: Role
    sign: float = 1.0
    entries: int = 0
    last: Entry = _UNKNOWN
    counter: counters.Counter = _COUNTER
    level: Level = _LEVEL
    down: Level = _LEVEL
    growth: ramps.Growth = _GROWTH
    rate: schedules.Rate = _RATE
    score: scores.Score = _SCORE
    counts: tasks.Counts = _COUNTS


def start(key: str, role: Role) -> Watch:
    """A watch that has seen nothing. Some frameworks log minus the entropy, as a term of the loss."""
    return Watch(key, role, -1.0 if role == "entropy" and "loss" in key.lower().rpartition("/")[2] else 1.0)


def see(watch: Watch, plan: Plan, entry: Entry, limit: float | None = None) -> Watch:
    """The watch after one more entry. `limit`: what a memory metric is full at, in its own unit."""
    at, time, value = entry
    counter = counters.step(watch.counter, at, time, value)
    if counter.restart is not None and counter.seen == 1:
        watch = start(watch.key, watch.role)
    role, value, entries = watch.role, watch.sign * value, watch.entries + 1
    watch = watch._replace(entries=entries, last=entry, counter=counter)
    if role in RULES:
        return watch._replace(level=levels.step(watch.level, RULES[role], at, time, value))
    if role == "gradient_norm":
        up = levels.step(watch.level, GRADIENT_UP, at, time, value)
        return watch._replace(level=up, down=levels.step(watch.down, GRADIENT_DOWN, at, time, value))
    if role in ("score", "success"):
        return watch._replace(score=scores.step(watch.score, at, time, value))
    if role == "learning_rate":
        return watch._replace(rate=schedules.step(watch.rate, plan, at, time, value))
    if role in MEMORY_ROLES:
        return watch._replace(growth=ramps.step(watch.growth, at, time, value / limit)) if limit else watch
    if role in COUNT_ROLES:
        return watch._replace(counts=tasks.step(watch.counts, role, plan.tasks, at, time, value))
    return watch


def thin(steps: list[float], times: list[float], values: list[float]) -> list[Entry]:
    """The entries to look at: the newer ones exact, older ones sampled evenly, falls of the counter kept."""
    count = len(values)
    if count <= LONGEST:
        return [Entry(*e) for e in zip(steps, times, values, strict=True)]
    exact = count - LONGEST // 2
    stride = -(-exact // (LONGEST // 2))
    keep = set(range(0, exact, stride))
    if sorted(steps[:exact]) != steps[:exact]:
        falls = [i for i in range(1, exact) if steps[i] < steps[i - 1]][: LONGEST // 4]
        keep.update(falls, (i - 1 for i in falls))
    chosen = [*sorted(keep), *range(exact, count)]
    return [Entry(steps[i], times[i], values[i]) for i in chosen]


def merge(histories: Mapping[str, Sequence[Entry]]) -> Iterator[tuple[float, str, Entry]]:
    """(moment, key, entry) of several series in the order in which they were logged; each series keeps its own order.

    The moment is the time, or the step when not all times are known.
    """
    timed = all(e.time == e.time for entries in histories.values() for e in entries)
    rows: list[tuple[float, str, int, Entry]] = []
    for key, entries in histories.items():
        reached = -math.inf
        for index, entry in enumerate(entries):
            mark = entry.time if timed else entry.step
            reached = mark if mark > reached else reached
            rows.append((reached, key, index, entry))
    rows.sort()
    return ((mark, key, entry) for mark, key, _, entry in rows)
