"""Every metric of which something is expected, judged again when it has grown by enough to matter."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import replace

from lptui.expectations.judgement import NEWEST, Alarm, Excuse, judge
from lptui.expectations.matching import find_metric, match
from lptui.model.expectation import Expectation
from lptui.model.finding import Finding
from lptui.model.middle import median
from lptui.state.incidents import NAN
from lptui.state.run_state import Expected, Judged, RunState
from lptui.stores.series import Series
from lptui.trends.roles import find_role

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
    active = [finding for finding in state.findings if finding.active]
    told: dict[str, Judged] = {}
    for key, profile, rule in expected.rows:
        series, old = state.series.get(key), state.judged.get(key)
        if series is None:  # its name was joined with another's
            continue
        alarm = _find_alarm(rule, key, active)
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


def _find_alarm(rule: Expectation, key: str, active: Sequence[Finding]) -> Alarm | None:
    """The finding that says that metric `key` is not as it should be."""
    for cls in rule.findings:
        found = next((f for f in active if f.cls == cls and _concerns(f, key)), None)
        if found is not None:
            return Alarm(found.severity == "error", found.title)
    return None


def _concerns(finding: Finding, key: str) -> bool:
    """Whether a finding speaks of metric `key`: seen in it, in none in particular, or in another kind of metric, which
    is why a rule names its class (what broke the KL shows in the clip fraction). A loss is not at fault for another,
    nor for a number that is NaN elsewhere."""
    if not finding.metrics or key in finding.metrics:
        return True
    if finding.cls in NAN:
        return False
    role = find_role(key)
    return role is None or all(find_role(name) != role for name in finding.metrics)


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
