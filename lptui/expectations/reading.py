"""Plain data (of a YAML file) -> profiles; what is wrong with an entry is said and the rest is used."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast, get_args

from lptui.model.expectation import Expectation, Profile, Should

_PROFILE_KEYS = ("id", "title", "applies", "unless", "expectations")
_RULE_KEYS = ("keys", "should", "low", "high", "target", "within", "magnitude", "findings")
_RULE_TEXTS = ("excused_by", "excused_above", "means", "todo", "guide")
_NEEDS = {"around": ("target",), "between": ("low", "high"), "above": ("low",), "below": ("high",)}
_MOST_RULES, _LONGEST = 400, 2000


class _Wrong(ValueError):
    """Why an entry cannot be used."""


def read_profile(data: object, origin: str) -> tuple[Profile | None, tuple[str, ...]]:
    """The profile in `data`, and what is wrong in it: 'origin: entry: reason'. None when nothing can be used."""
    try:
        row = _mapping(data, _PROFILE_KEYS, "a profile")
        name = _text(row, "id") or origin.rpartition("/")[2].partition(".")[0]
        applies, rows = _texts(row, "applies"), row.get("expectations")
        if not applies:
            raise _Wrong("'applies' is missing: globs of metric names, one of which such a run has")
        if not isinstance(rows, list):
            raise _Wrong("'expectations' has to be a list")
        unless, title = _texts(row, "unless"), _text(row, "title") or name
    except _Wrong as wrong:
        return None, (f"{origin}: {wrong}",)
    rules, broken = read_rules(cast(list[object], rows), f"{origin}: {name}")
    return Profile(name, title, applies, rules, unless, origin), broken


def read_rules(rows: list[object], origin: str) -> tuple[tuple[Expectation, ...], tuple[str, ...]]:
    """The expectations that can be used, and why the others cannot."""
    rules: list[Expectation] = []
    broken: list[str] = []
    for number, row in enumerate(rows[:_MOST_RULES], 1):
        try:
            rules.append(_rule(_mapping(row, (*_RULE_KEYS, *_RULE_TEXTS), "an expectation")))
        except _Wrong as wrong:
            broken.append(f"{origin}: expectation {number}: {wrong}")
    if len(rows) > _MOST_RULES:
        broken.append(f"{origin}: only the first {_MOST_RULES} expectations are used")
    return tuple(rules), tuple(broken)


def _rule(row: Mapping[str, Any]) -> Expectation:
    keys, should = _texts(row, "keys"), _text(row, "should")
    if not keys:
        raise _Wrong("'keys' is missing: globs of metric names")
    if should not in get_args(Should):
        raise _Wrong(f"should: {should!r} is not known{_guess(should, get_args(Should))}")
    for need in _NEEDS.get(should, ()):
        if row.get(need) is None:
            raise _Wrong(f"should: {should} needs '{need}'")
    within = _number(row, "within")
    return Expectation(
        keys,
        cast(Should, should),
        _number(row, "low"),
        _number(row, "high"),
        _number(row, "target"),
        0.25 if within is None else within,
        row.get("magnitude") is True,
        _texts(row, "findings"),
        _text(row, "excused_by"),
        _number(row, "excused_above") or 0.0,
        _text(row, "means"),
        _text(row, "todo"),
        _text(row, "guide"),
    )


def _guess(word: str, known: Sequence[str]) -> str:
    from difflib import get_close_matches  # only on the way to an error: not paid at start-up

    near = get_close_matches(word, known, 1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _mapping(data: object, known: tuple[str, ...], what: str) -> Mapping[str, Any]:
    if not isinstance(data, dict):
        raise _Wrong(f"{what} has to be a mapping")
    row = {str(key): value for key, value in cast(dict[object, Any], data).items()}
    for key in row:
        if key not in known:
            raise _Wrong(f"{key!r} is no key of {what}{_guess(key, known)}")
    return row


def _text(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise _Wrong(f"{key!r} has to be a text of at most {_LONGEST:,} characters")
    return value


def _texts(row: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = row.get(key)
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list):
        raise _Wrong(f"{key!r} has to be a text or a list of texts")
    items = cast(list[object], value)
    if len(items) > 100 or any(not isinstance(item, str) or not 0 < len(item) <= 300 for item in items):
        raise _Wrong(f"{key!r} has to be a list of at most 100 short texts")
    return tuple(cast(list[str], items))


def _number(row: Mapping[str, Any], key: str) -> float | None:
    value = row.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _Wrong(f"{key!r} has to be a number")
    return float(value)
