"""What a reader types to filter a log or to go somewhere in it, as values.

    nccl level:warning rank:0,4-7 last:10m          words are one pattern (RE2)
    since:12:04 until:12:10:30 -heartbeat +3        `-word` leaves out, `+3` shows lines around
    step:4M-5M   finding:                           between two steps; rows with a finding

Go to: `1234`, `-100`, `50%`, `12:04`, `2026-03-01T12:04`, `step 4M`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lptui.formats.log_prefix import read_prefix
from lptui.formats.log_time import read_time
from lptui.model.log_query import LEVELS, LogPlace, LogQuery

_ALIASES = {"warn": "warning", "err": "error", "crit": "critical", "fatal": "critical", "trace": "debug"}
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
_SCALES = {"": 1, "k": 1e3, "m": 1e6, "g": 1e9, "b": 1e9, "t": 1e12}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(s|m|min|h|d)")
_NUMBER = re.compile(r"(\d[\d,_]*(?:\.\d+)?(?:e\d+)?)([kmgbt]?)")
_DATE = re.compile(r"(?:\d{4}-\d\d-\d\d[T ])?\d\d?:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?")
_MOST_RANKS = 4096
MOST_CONTEXT = 50


def read_query(text: str, not_after: float) -> LogQuery:
    """The filter that `text` describes. Clocks without a date are the newest ones not after `not_after` (unix s).

    Raises ValueError with words for the reader.
    """
    query, words = LogQuery(), list[str]()
    for token in text.split():
        name, colon, value = token.partition(":")
        read = _TERMS.get(name.lower()) if colon else None
        if read is not None and (value or name == "finding"):
            query = replace(query, **read(value, not_after))
        elif token[0] == "-" and len(token) > 1:
            query = replace(query, unless=(*query.unless, token[1:]))
        elif re.fullmatch(r"\+\d{1,2}", token):
            query = replace(query, context=min(MOST_CONTEXT, int(token)))
        else:
            words.append(token)
    return replace(query, text=" ".join(words))


def read_place(text: str, not_after: float) -> LogPlace:
    """Where `text` says to go. Raises ValueError with words for the reader."""
    text = text.strip()
    if text.endswith("%"):
        share = _number(text[:-1].strip())
        if share > 100:
            raise ValueError(f"{text}: a log has 100 %")
        return LogPlace("percent", share)
    word, _, value = text.replace(":", " ", 1).partition(" ")
    if word.lower() in ("step", "line") and value:
        return LogPlace("step" if word.lower() == "step" else "line", _number(value.strip()))
    if _DATE.fullmatch(text):
        return LogPlace("time", read_moment(text, not_after))
    if text.startswith("-"):
        return LogPlace("line", -_number(text[1:]))
    return LogPlace("line", _number(text))


def read_moment(text: str, not_after: float) -> float:
    """Unix s of a clock or a date with one; local time unless it names a zone. Raises ValueError."""
    if not _DATE.fullmatch(text):
        raise ValueError(f"{text}: not a time; like 12:04, 12:04:11 or 2026-03-01T12:04")
    day, clock = (text[:11], text[11:]) if text[4:5] == "-" else ("", text)
    if clock[1:2] == ":":
        clock = "0" + clock
    match = re.match(r"\d\d:\d\d(:\d\d)?", clock)
    if match and not match[1]:
        clock = f"{clock[: match.end()]}:00{clock[match.end() :]}"
    at = read_time(read_prefix(f"{day}{clock} x".encode()), not_after)
    if at is None:
        raise ValueError(f"{text}: no such time")
    return at


def _level(value: str, _not_after: float) -> dict[str, Any]:
    level = _ALIASES.get(value.lower(), value.lower())
    if level not in LEVELS:
        raise ValueError(f"level:{value}: one of {', '.join(LEVELS)}")
    return {"level": level}


def _ranks(value: str, _not_after: float) -> dict[str, Any]:
    ranks: set[int] = set()
    for part in value.split(","):
        match = re.fullmatch(r"(\d{1,6})(?:-(\d{1,6}))?", part)
        if match is None:
            raise ValueError(f"rank:{value}: like rank:3 or rank:0,4-7")
        last = min(int(match[2] or match[1]), int(match[1]) + _MOST_RANKS)
        ranks.update(range(int(match[1]), last + 1))
    return {"ranks": tuple(sorted(ranks))}


def _last(value: str, _not_after: float) -> dict[str, Any]:
    match = _DURATION.fullmatch(value.lower())
    if match is None:
        raise ValueError(f"last:{value}: like last:30s, last:10m, last:2h")
    return {"last": float(match[1]) * _UNITS[match[2]]}


def _steps(value: str, _not_after: float) -> dict[str, Any]:
    first, dash, last = value.partition("-")
    return {"step_from": _number(first) if first else None, "step_to": _number(last) if dash and last else None}


def _number(text: str) -> float:
    match = _NUMBER.fullmatch(text.lower())
    if match is None:
        raise ValueError(f"{text or 'nothing'}: not a number; like 1234, 50%, 12:04 or step 4M")
    return float(match[1].replace(",", "").replace("_", "")) * _SCALES[match[2]]


_TERMS: dict[str, Callable[[str, float], dict[str, Any]]] = {
    "level": _level,
    "rank": _ranks,
    "last": _last,
    "step": _steps,
    "since": lambda value, now: {"since": read_moment(value, now)},
    "until": lambda value, now: {"until": read_moment(value, now)},
    "finding": lambda _value, _now: {"findings": True},
}
