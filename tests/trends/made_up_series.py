"""Made-up series for the tests: noise with memory and spikes, from a seed; no test rests on one lucky draw."""

from __future__ import annotations

import math
import random

from lptui.trends.plan import Plan
from lptui.trends.roles import choose_keys
from lptui.trends.standing import Verdict
from lptui.trends.verdicts import judge
from lptui.trends.watch import Entry, merge, see, start

STRIDE = 1000.0


def wobble(count: int, sigma: float, seed: int, spikes: float = 0.0) -> list[float]:
    """Autocorrelated noise around 0 with rare spikes that are gone after an entry or two."""
    rng = random.Random(seed)
    values, state, spike = [], 0.0, 0.0
    for _ in range(count):
        state = 0.6 * state + 0.8 * rng.gauss(0, sigma)
        spike = math.log(rng.uniform(3, 20)) if rng.random() < spikes else 0.3 * spike
        values.append(state + spike)
    return values


def level(count: int, value: float = 1.0, sigma: float = 0.2, seed: int = 1, spikes: float = 0.0) -> list[float]:
    """A positive metric that stays where it is."""
    return [value * math.exp(w) for w in wobble(count, sigma, seed, spikes)]


def ramp(count: int, start: int, length: int, factor: float) -> list[float]:
    """1 until `start`, `factor` from `length` entries later on, in even multiplicative steps between."""
    return [factor ** max(0.0, min(1.0, (i - start) / max(1, length))) for i in range(count)]


def times(a: list[float], b: list[float]) -> list[float]:
    return [x * y for x, y in zip(a, b, strict=True)]


def watch_all(
    series: dict[str, list[float]],
    plan: Plan | None = None,
    steps: list[float] | None = None,
    clock: list[float] | None = None,
    limits: dict[str, float] | None = None,
) -> tuple[dict[str, Verdict], dict[str, Verdict]]:
    """(what is told at the end, what was told at any time), by class."""
    plan = plan or Plan()
    watches = {key: start(key, role) for key, role in choose_keys(series).items()}
    count = max(len(v) for v in series.values())
    steps = steps or [STRIDE * (i + 1) for i in range(count)]
    clock = clock or [10.0 * (i + 1) for i in range(count)]
    histories = {
        key: [Entry(steps[i], clock[i], v) for i, v in enumerate(values)]
        for key, values in series.items()
        if key in watches
    }
    told: tuple[Verdict, ...] = ()
    ever: dict[str, Verdict] = {}
    mark = None
    for now, key, entry in merge(histories):
        if mark is not None and now != mark:
            told = judge(watches, plan, told)
            ever.update({v.cls: v for v in told if v.cls not in ever})
        watches[key] = see(watches[key], plan, entry, (limits or {}).get(key))
        mark = now
    told = judge(watches, plan, told)
    ever.update({v.cls: v for v in told if v.cls not in ever})
    return {v.cls: v for v in told}, ever
