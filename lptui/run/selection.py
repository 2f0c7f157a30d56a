"""Which runs of a list are meant: words, globs, `field:pattern` and comparisons, all of which must hold.

arena                    a part of the name, state, layout, tag or finding
nav*seed?3               a glob on the name
state:running,stalled    fields: state name path layout finding severity tag metric
reward>0.5  step>=1e6    step total progress (percent) epoch rate restarts findings checkpoints size age, or a part
age<2h  size>1G          of the headline metric's name; k M G T, and s m h d for ages
-finding:oom             a minus (or !) in front: not
"""

from __future__ import annotations

import operator
import re
import shlex
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase

from lptui.model.summary import RunSummary
from lptui.model.value import frozen

Test = Callable[[RunSummary, float], bool]
_COMPARE = re.compile(r"([^\s<>=!:]+)(<=|>=|!=|<|>|=)(.+)\Z")
_NUMBER = re.compile(r"(-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)([a-z%]*)\Z", re.IGNORECASE)
_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "!=": operator.ne,
}
_SCALES = {"": 1.0, "%": 1.0, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}
_AGES = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_BYTES = {"k": 2.0**10, "m": 2.0**20, "g": 2.0**30, "t": 2.0**40}
_TEXTS: Mapping[str, Callable[[RunSummary], str]] = {
    "state": lambda run: run.condition,
    "name": lambda run: run.name,
    "path": lambda run: run.path,
    "layout": lambda run: run.layout,
    "finding": lambda run: f"{run.cls} {run.finding}",
    "severity": lambda run: run.severity or "",
    "tag": lambda run: " ".join(run.tags),
    "metric": lambda run: run.metric,
}
_NUMBERS: Mapping[str, Callable[[RunSummary, float], float | None]] = {
    "step": lambda run, _now: run.step,
    "total": lambda run, _now: run.total,
    "progress": lambda run, _now: None if run.share is None else 100 * run.share,
    "epoch": lambda run, _now: run.epoch,
    "rate": lambda run, _now: run.steps_per_second,
    "restarts": lambda run, _now: run.restarts,
    "findings": lambda run, _now: run.findings,
    "checkpoints": lambda run, _now: run.checkpoints,
    "size": lambda run, _now: run.size,
    "age": lambda run, now: None if run.modified_at is None else now - run.modified_at,
}


@frozen
class Selection:
    """A filter; `error` says what of it was not understood, which then selects nothing away."""

    tests: tuple[Test, ...] = ()
    error: str = ""

    def has(self, run: RunSummary, now: float) -> bool:
        """Whether `run` is meant."""
        return all(test(run, now) for test in self.tests)


def read_selection(text: str) -> Selection:
    """The filter that `text` means. Never raises: what is being typed is often half a word."""
    try:
        words = shlex.split(text)
    except ValueError:  # a quote that is still open
        words = text.split()
    tests: list[Test] = []
    errors: list[str] = []
    for word in words:
        refused = word[:1] in "-!" and len(word) > 1
        test = _read_term(word[1:] if refused else word)
        if isinstance(test, str):
            errors.append(test)
        else:
            tests.append(_negate(test) if refused else test)
    return Selection(tuple(tests), "; ".join(errors))


def _negate(test: Test) -> Test:
    return lambda run, now: not test(run, now)


def _read_term(word: str) -> Test | str:
    found = _COMPARE.match(word)
    if found is not None:
        return _compare(found[1].lower(), _OPERATORS[found[2]], found[3])
    field, colon, pattern = word.partition(":")
    if colon and field.lower() in _TEXTS:
        read, patterns = _TEXTS[field.lower()], [p for p in pattern.lower().split(",") if p]
        return lambda run, _now: not patterns or any(_fits(p, read(run).lower()) for p in patterns)
    if colon and field.isalpha() and "/" not in field:
        return f"no field {field!r}: {', '.join(_TEXTS)}"
    return _bare(word.lower())


def _bare(word: str) -> Test:
    if any(sign in word for sign in "*?["):
        return lambda run, _now: _fits(word, run.name.lower())
    return lambda run, _now: any(
        word in text.lower() for text in (run.name, run.condition, run.layout, run.cls, run.finding, *run.tags)
    )


def _fits(pattern: str, text: str) -> bool:
    """A glob fits the whole text, a word any part of it."""
    return fnmatchcase(text, pattern) if any(sign in pattern for sign in "*?[") else pattern in text


def _compare(field: str, compare: Callable[[float, float], bool], text: str) -> Test | str:
    wanted = _read_number(text, field)
    if wanted is None:
        return f"{text!r} is no number"
    read = _NUMBERS.get(field)

    def test(run: RunSummary, now: float) -> bool:
        value = read(run, now) if read is not None else (run.value if field in run.metric.lower() else None)
        return value is not None and compare(value, wanted)

    return test


def _read_number(text: str, field: str) -> float | None:
    found = _NUMBER.match(text)
    if found is None:
        return None
    unit = found[2].lower().removesuffix("ib").removesuffix("b") if field == "size" else found[2]
    if field == "age":
        scale = _AGES.get(unit.lower())
    elif field == "size":
        scale = _BYTES.get(unit, 1.0 if not unit else None)
    else:
        scale = _SCALES.get(unit.lower())
    return float(found[1]) * scale if scale is not None else None
