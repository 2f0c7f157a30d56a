"""One expectation against the values of one metric."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

from lptui.expectations.behaviour import LEAST, Behaviour, judge_rise, judge_stable, read_behaviour
from lptui.model.expectation import Expectation, Judgement, Status
from lptui.model.middle import median
from lptui.model.value import frozen
from lptui.text import format_value

NEWEST = 20
"""Values at the end whose median is 'now' for a bound."""
_WORDS = {
    "increase": "should increase",
    "decrease": "should decrease",
    "stable": "should be stable",
    "finite": "should be a number",
    "schedule": "should follow the schedule",
    "no-signal": "says nothing",
}


@frozen
class Excuse:
    """Another metric that shows that a wrong course is no fault."""

    key: str
    value: float


@frozen
class Alarm:
    """An active finding of a class that the expectation names."""

    severe: bool
    title: str


def describe(rule: Expectation) -> str:
    """'should increase', 'should be around 16', 'should lie between 0 and 1'."""
    if rule.should == "around":
        return f"should be around {format_value(rule.target)}"
    if rule.should == "between":
        return f"should lie between {format_value(rule.low)} and {format_value(rule.high)}"
    if rule.should == "above":
        return f"should be above {format_value(rule.low)}"
    if rule.should == "below":
        return f"should be below {format_value(rule.high)}"
    return _WORDS[rule.should]


def judge(
    rule: Expectation,
    profile: str,
    key: str,
    values: Sequence[float],
    alarm: Alarm | None = None,
    excuse: Excuse | None = None,
) -> Judgement:
    """How `values` (oldest first, thinned at will) of metric `key` stand to `rule`; a finding outweighs the numbers."""
    if rule.should == "no-signal":
        status, evidence = "no signal", rule.means
    elif alarm is not None:
        status, evidence = ("violated" if alarm.severe else "watch"), alarm.title
    elif values and not math.isfinite(values[-1]) and rule.should != "schedule":
        status, evidence = "violated", f"the newest value is {format_value(values[-1])}"
    else:
        status, evidence = _judge_values(rule, [abs(v) for v in values] if rule.magnitude else values)
        if excuse is not None and status in ("violated", "watch"):
            status, evidence = "ok", f"{evidence}; no fault while {excuse.key} is {format_value(excuse.value)}"
    return Judgement(
        key, cast(Status, status), describe(rule), evidence, profile, rule.means, rule.todo, guide=rule.guide
    )


def _judge_values(rule: Expectation, values: Sequence[float]) -> tuple[str, str]:
    finite = [v for v in values if math.isfinite(v)]
    if not finite:
        return "no data", "nothing logged yet"
    if rule.should == "finite":
        return "ok", f"now {format_value(finite[-1])}"
    if rule.should == "schedule":
        return _judge_schedule(finite)
    if rule.should in ("around", "between", "above", "below"):
        return _judge_bound(rule, median(finite[-NEWEST:]))
    seen = read_behaviour(finite)
    if seen is None:
        return "no data", f"{len(finite)} values, too few to tell (it takes {LEAST})"
    return _judge_course(rule, seen)


def _judge_schedule(values: Sequence[float]) -> tuple[str, str]:
    """Departures are found by a detector; without one there is only the value to tell."""
    return "ok", f"now {format_value(values[-1])}, largest {format_value(max(values))}; no departure found"


def _judge_course(rule: Expectation, seen: Behaviour) -> tuple[str, str]:
    if rule.should == "stable":
        status, word = judge_stable(seen)
        return status, f"{word}: {_course(seen)}"
    falls = rule.should == "decrease"
    status, word = judge_rise(seen.mirrored() if falls else seen)
    if falls:
        word = {"fell": "rose", "rose": "fell"}.get(word, word.replace("rose", "fell").replace("falling", "rising"))
    return status, f"{word}: {_course(seen)}"


def _course(seen: Behaviour) -> str:
    start, end = format_value(seen.first), format_value(seen.last)
    low, high = format_value(min(seen.levels)), format_value(max(seen.levels))
    return f"from {start} to {end}, in between {low} to {high}"


def _judge_bound(rule: Expectation, now: float) -> tuple[str, str]:
    low, high = rule.low, rule.high
    if rule.should == "around":
        reach = abs(rule.target or 0.0) * rule.within
        low, high = (rule.target or 0.0) - reach, (rule.target or 0.0) + reach
    text = f"now {format_value(now)}"
    if (low is None or now >= low) and (high is None or now <= high):
        return "ok", text
    width = (high - low) if low is not None and high is not None else abs(low if low is not None else high or 0.0)
    away = (low - now) if low is not None and now < low else now - (high if high is not None else now)
    return ("violated" if away > 0.5 * width else "watch"), text
