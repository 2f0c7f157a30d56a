"""Every metric of which something is expected, judged again when it has grown by enough to matter."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from dataclasses import replace

from lptui.expectations.judgement import NEWEST, Alarm, Excuse, judge
from lptui.expectations.matching import find_metric, match
from lptui.model.expectation import Expectation
from lptui.model.middle import median
from lptui.state.run_state import Expected, Judged, RunState
from lptui.stores.series import Series

MOST_VALUES = 600
"""Values that a judgement rests on: a longer series is thinned evenly, its newest values stay."""
EXACT_END = 100
GROWTH = 1.01


def judge_metrics(state: RunState) -> RunState:
    """`state` with what is expected of its metrics judged; parts that did not change keep their identity."""
    if not state.profiles or not state.series:
        return state
    expected = state.expected
    if expected is None or expected.metrics != len(state.series):
        expected = Expected(len(state.series), tuple(match(state.profiles, state.series)))
    alarms = {f.cls: Alarm(f.severity == "error", f.title) for f in reversed(state.findings) if f.active}
    told: dict[str, Judged] = {}
    for key, profile, rule in expected.rows:
        series, old = state.series.get(key), state.judged.get(key)
        if series is None:  # its name was joined with another's
            continue
        alarm = _find_alarm(rule, alarms)
        if old is not None and _still_holds(old, series, alarm):
            told[key] = old
        else:
            judgement = judge(rule, profile, key, thin_values(series), alarm, _find_excuse(rule, state))
            if series.sampled:
                judgement = replace(judgement, evidence=f"{judgement.evidence} (from a sample; still being read)")
            told[key] = Judged(judgement, series.count, series.nonfinite, alarm.title if alarm else "")
    if expected is state.expected and told == state.judged:
        return state
    return replace(state, expected=expected, judged=told)


def _find_alarm(rule: Expectation, alarms: Mapping[str, Alarm]) -> Alarm | None:
    return next((alarms[cls] for cls in rule.findings if cls in alarms), None)


def _find_excuse(rule: Expectation, state: RunState) -> Excuse | None:
    key = find_metric(rule.excused_by, state.series)
    values = [v for v in state.series[key].tail(NEWEST) if v == v] if key else []
    return Excuse(key, median(values)) if values and median(values) > rule.excused_above else None


def _still_holds(old: Judged, series: Series, alarm: Alarm | None) -> bool:
    grown = series.count > old.points * GROWTH
    return not grown and series.nonfinite == old.broken and (alarm.title if alarm else "") == old.alarm


def thin_values(series: Series) -> list[float]:
    """At most about `MOST_VALUES` values, oldest first; the newest ones exact. A sample stands in for what has not been
    read; what has been counts for as much as its steps do."""
    parts = [p for p in series.parts(fair=True) if p.values]
    if series.overview is not None:
        span = max(p.steps[-1] for p in parts) - min(p.steps[0] for p in parts)
        shares = [(p.steps[-1] - p.steps[0]) / span if span > 0 else 1.0 for p in parts]
        strides = [
            _stride(p.values, math.ceil(share * MOST_VALUES) + 1) for p, share in zip(parts, shares, strict=True)
        ]
        return [value for stride in strides for value in stride]
    every = max(1, sum(len(p.values) for p in parts) // MOST_VALUES)
    values: list[float] = []
    for part in parts:
        values.extend(part.values[::every])
    if every == 1 and not any(segment.level for segment in series.segments):
        return values
    end = series.tail(EXACT_END)
    return [*values[: max(0, len(values) - EXACT_END // every)], *end]


def _stride(values: array[float], most: int) -> array[float]:
    return values[:: max(1, len(values) // most)]
