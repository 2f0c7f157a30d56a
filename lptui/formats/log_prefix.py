"""What stands before the message of a log line: rank, clock, level, logger name.

Known: the console and file formats of Metta (three eras), Python logging with asctime in its usual arrangements
(Hydra's and DeepSpeed's among them), ISO 8601, loguru, glog / absl / torch C++, transformers, `LEVEL:name:`, JSON
objects (their clock only), the rank labels of torchrun and Ray, and what `clock_forms` knows (logfmt, syslog, dates
without separators, seconds since 1970). Rich's continuation lines are the caller's business.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from lptui.formats.clock_forms import STARTS, Form, read_form
from lptui.formats.clock_values import seconds_of_day, to_time
from lptui.formats.json_clock import DAY_CLOCK, LOOK, find_json_clock
from lptui.model.value import frozen
from lptui.text.regex import Regex

_LOOK = 400  # no known prefix is longer; a line may be megabytes
_REMEMBERED = 256

_RANK = Regex(
    rb"\[(?:rank|default)(\d{1,6})\]:? ?"
    rb"|\((?:[\w.:<>\[\]-]{1,60},? )?(?:rank=(\d{1,6}), )?pid=\d{1,10}(?:, ip=[\d.:a-f]{1,45})?\) ?"  # Ray, SkyPilot
)
_ESCAPE = Regex(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_CLOCK = Regex(rb"\[?" + DAY_CLOCK + rb"\]?(?=[\s\[|>-]|: |$)")
_GLOG = Regex(
    rb"\[?([DIWEFC])(\d\d)(\d\d) ([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))? +(?:\d+ +)?"
    rb"(?:\[?[\w./+-]{1,200}:\d+\] ?)?"
)
_GLOG_PLAIN = Regex(rb"\[([DIWEFC]) [\w./+-]{1,200}:\d+\] ?")
_GLOG_STARTS = b"[DIWEFC"
_COUNTING = 2
"""Groups of the patterns of seconds since 1970 (whole ones and a fraction); all others have more."""
_COUNTED = frozenset(bytes([c]) for c in b" 0123456789")
_WORD = rb"(TRACE|DEBUG|INFO|NOTICE|SUCCESS|WARN|WARNING|ERROR|CRITICAL|FATAL)"
_AFTER_CLOCK = Regex(
    rb"\s*(?:"
    # Metta's console, plain
    rb"(?:\[(?:\d+(?:-\d+)?)?\] +)?" + _WORD + rb"\b:? +(?:\[\d+(?:-\d+)?\] )?(?:- )?"
    # Metta's file, DeepSpeed
    rb"|\[ *" + _WORD + rb" *\] *(?:-+ +)?(?:\[[^\]\s]{1,120}\] |[\w.-]{1,80}: )?"
    rb"|[-|] *" + _WORD + rb" *[-|] (?:[\w.<>-]{1,80}(?::[\w.<>-]{1,80}){1,2} - "  # loguru
    rb"|(?:__main__|\w{1,40}(?:\.\w{1,40}){1,6}) - )?"  # the examples of transformers
    rb"|- [\w./:-]{1,80} - " + _WORD + rb"(?: - |: )"  # the example of the logging manual
    rb"|\[[\w./:-]{1,80}\]\[" + _WORD + rb"\] - "  # Hydra
    rb"|\[(trace|debug|info|notice|warn|warning|error|exception|critical|fatal) *\] "  # structlog
    rb"|>> "  # transformers
    rb"|: ([WEF]) (?=[\w./+-]{1,200}:\d+\] )"  # TensorFlow
    rb")"
)
_ALONE = Regex(
    rb" *(?:" + _WORD + rb":[\w.]{1,80}:|" + _WORD + rb":? - |" + _WORD + rb": +|\[(?!SUCCESS)" + _WORD + rb"\] +"
    rb"|" + _WORD + rb" {1,8}(?=\S)|[a-z_][\w.]{0,60} " + _WORD + rb": )"
)
_TRANSFORMERS = Regex(rb"\[" + _WORD + rb"\|[^\]]{1,200}\] *")
_RANKED = Regex(rb" {0,3}(\d{1,5}): ")
"""How `srun --label` marks what each task prints."""
_CALLS = Regex(rb"Traceback \(most recent|  File \"")
_LEVELS = {
    b"TRACE": "debug",
    b"DEBUG": "debug",
    b"INFO": "info",
    b"NOTICE": "info",
    b"SUCCESS": "info",
    b"WARN": "warning",
    b"WARNING": "warning",
    b"ERROR": "error",
    b"ERR": "error",
    b"EXCEPTION": "error",
    b"CRITICAL": "critical",
    b"CRIT": "critical",
    b"FATAL": "critical",
    b"PANIC": "critical",
    b"D": "debug",
    b"I": "info",
    b"W": "warning",
    b"E": "error",
    b"F": "critical",
    b"C": "critical",
}


@frozen
class Prefix:
    """The parts before a message; `start` is where the message begins in the line without escape sequences.

    `clock`: seconds since the epoch if `has_date`, else seconds of a day. Without a zone in the line (`has_zone`)
    it is the writer's local time, counted as if it were UTC.
    """

    start: int
    clock: float | None = None
    has_date: bool = False
    has_zone: bool = False
    level: str | None = None
    rank: int | None = None


def read_prefix(line: bytes) -> Prefix:
    """Take a line's prefix apart; an unknown one is empty. The line holds no escape sequences."""
    found = _match_prefix(line)
    clock, has_date, has_zone = None, False, False
    if found.clock is not None and found.clock.re is _GLOG.compiled:
        clock = seconds_of_day(found.clock, 4)
    elif found.clock is not None and found.clock.re.groups == _COUNTING:
        whole, fraction = found.clock.groups()
        clock, has_date, has_zone = int(whole) + (float(b"0." + fraction) if fraction else 0.0), True, True
    elif found.clock is not None:
        clock, has_date = to_time(found.clock)
        has_zone = found.clock[8] is not None
    level = None if found.word is None else _LEVELS.get(found.word.upper())
    return Prefix(found.start, clock, has_date, has_zone, level, found.rank)


class ClockSpan(NamedTuple):
    """Where in a line its clock stands: whole seconds are [start, stop), digits of a fraction [point, fraction), a zone
    is [zone, end); without one both are equal."""

    start: int
    stop: int
    point: int
    fraction: int
    zone: int
    end: int


def find_clock(line: bytes) -> ClockSpan | None:
    """The clock of a line without escape sequences; None if it has none. Of glog's only the time of day is one."""
    match = _match_prefix(line).clock
    if match is None:
        return None
    if match.re.groups == _COUNTING:
        point, fraction = match.span(2) if match[2] else (match.end(1), match.end(1))
        return ClockSpan(match.start(1), match.end(1), point, fraction, fraction, fraction)
    dated = match.re is not _GLOG.compiled
    has_date, has_zone = dated and match[1] is not None, dated and match[8] is not None
    point, fraction = match.span(7) if match[7] else (match.end(6), match.end(6))
    zone, end = match.span(8) if has_zone else (fraction, fraction)
    return ClockSpan(match.start(1 if has_date else 4), match.end(6), point, fraction, zone, end)


def find_message(line: bytes) -> int:
    """Where the message begins in a line without escape sequences."""
    return _match_prefix(line).start


def parse_clock(line: bytes) -> tuple[float, bool] | None:
    """(seconds of the day, False) or (seconds since the epoch, True); None for a line without a clock.

    A date without a zone is the writer's local time counted as UTC; `read_prefix` tells which it was.
    """
    prefix = read_prefix(strip_escapes(line[:LOOK]))
    return None if prefix.clock is None else (prefix.clock, prefix.has_date)


def level(line: bytes) -> str | None:
    """debug, info, warning, error or critical, from a line's prefix."""
    return read_prefix(strip_escapes(line[:_LOOK])).level


def strip_prefix(line: bytes) -> bytes:
    """The message: the line without escape sequences, rank, clock, level and logger name."""
    line = strip_escapes(line)
    return line[read_prefix(line).start :]


def strip_escapes(line: bytes) -> bytes:
    """The line without ANSI escape sequences."""
    return _ESCAPE.sub(b"", line) if b"\x1b" in line else line


def strip_labels(line: bytes) -> bytes:
    """The line without the rank labels of torchrun and Ray."""
    return line[_skip_labels(line)[0] :]


class _Found(NamedTuple):
    start: int
    clock: re.Match[bytes] | None
    word: bytes | None
    rank: int | None


def _match_prefix(line: bytes) -> _Found:
    """A line is asked for its message, its clock and its level one after the other."""
    return _match_short(line) if len(line) <= _LOOK else _match_any(line)


@lru_cache(_REMEMBERED)
def _match_short(line: bytes) -> _Found:
    return _match_any(line)


def _match_any(line: bytes) -> _Found:
    label = _RANKED.match(line) if line[:1] in _COUNTED else None
    if label is not None:
        # A number and a colon are a label before what is known to begin a line only.
        rest = _match_unranked(line[label.end() : _LOOK])
        if rest.word or rest.clock or _CALLS.match(line, label.end()):
            found = _match_unranked(line, label.end())
            return found._replace(rank=int(label[1]) if found.rank is None else found.rank)
    return _match_unranked(line)


def _match_unranked(line: bytes, start: int = 0) -> _Found:
    at, rank = _skip_labels(line, start)
    word = None
    if line[at : at + 1] == b"{":
        return _Found(at, find_json_clock(line, at), None, rank)
    if line[at : at + 1] in _GLOG_STARTS:
        match = _GLOG.match(line, at, _LOOK)
        if match:
            return _Found(match.end(), match, match[1], rank)
        match = _GLOG_PLAIN.match(line, at, _LOOK)
        if match:
            return _Found(match.end(), None, match[1], rank)
        match = _TRANSFORMERS.match(line, at, _LOOK)
        if match:
            word, at = match[1], match.end()
    clock = _CLOCK.match(line, at, _LOOK)
    if not clock:
        return _match_clockless(line, at, word, rank)
    at = clock.end()
    after = _AFTER_CLOCK.match(line, at, _LOOK)
    if after:
        return _Found(after.end(), clock, word or (after[after.lastindex] if after.lastindex else None), rank)
    return _Found(_skip_blanks(line, at), clock, word, rank)


def _match_clockless(line: bytes, at: int, word: bytes | None, rank: int | None) -> _Found:
    """As `_match_unranked`, of a line that does not begin with a clock of Python's loggers."""
    if word is not None:
        return _Found(at, None, word, rank)
    match = _ALONE.match(line, at, _LOOK)
    if match is None:
        form = read_form(line, at, _LOOK) if line[at : at + 1] in STARTS else None
        return _Found(at, None, None, rank) if form is None else _match_form(line, form, rank)
    clock, at = None, match.end()
    if line[at : at + 1].isdigit() and (clock := _CLOCK.match(line, at, _LOOK)):
        at = _skip_blanks(line, clock.end())
    return _Found(at, clock, match[match.lastindex or 0], rank)


def _match_form(line: bytes, form: Form, rank: int | None) -> _Found:
    """As `_match_unranked`, of what no logger of Python begins a line with."""
    at = _skip_blanks(line, form.end)
    if not form.goes_on:
        return _Found(at, form.clock, form.word, rank)
    after = _AFTER_CLOCK.match(line, form.end, _LOOK)
    if after is not None:
        return _Found(after.end(), form.clock, after[after.lastindex] if after.lastindex else None, rank)
    rest = _match_unranked(line, at)
    return _Found(rest.start, form.clock, rest.word, rank if rest.rank is None else rest.rank)


def _skip_blanks(line: bytes, at: int) -> int:
    while line[at : at + 1] == b" ":
        at += 1
    return at


def _skip_labels(line: bytes, at: int = 0) -> tuple[int, int | None]:
    rank = None
    while line[at : at + 1] in (b"[", b"(") and at < _LOOK:
        match = _RANK.match(line, at, _LOOK)
        if not match:
            break
        at = match.end()
        named = match[1] or match[2]
        rank = int(named) if named else rank
    return at, rank
