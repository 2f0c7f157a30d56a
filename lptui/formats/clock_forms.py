"""How other programs than Python's loggers begin a line: logfmt, syslog, `date`, dates without separators, and seconds
since 1970. Told by the first byte, so that most lines cost one look-up."""

from __future__ import annotations

import re
from typing import NamedTuple

from lptui.formats.json_clock import DAY_CLOCK
from lptui.text.regex import Regex

_UNSAID = rb"(?:(?!)()()())?"
"""Three groups that never match: no year, month and day."""
_TIME = rb"([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(?:[.,](\d{1,9}))?(?:(?!)())?"
_SYSLOG = Regex(
    _UNSAID + rb"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ 0123]\d "
    + _TIME
    # of `date`: zone and year; of syslog: host, program and process
    + rb"(?: (?:[A-Z]{2,5} )?(?:19|20)\d\d(?:: ?| +|$)| [\w.:-]{1,64} [\w./@:-]{1,64}(?:\[\d{1,10}\])?: | +|: |$)"
)  # fmt: skip
_RFC_5424 = Regex(
    rb"<\d{1,3}>\d{1,2} " + DAY_CLOCK + rb"(?: [^\s\[]{1,128}){4} (?:- |\[[^\]\r\n]{1,200}\] ?)?"
)  # fmt: skip
_COMPACT = Regex(
    rb"\[?(20\d\d)(0[1-9]|1[0-2])([0-3]\d)(?:[T_-]| (?=\d\d:))([01]\d|2[0-3]):?([0-5]\d):?([0-5]\d|60)"
    rb"(?:[.,](\d{1,9}))?(?: ?(Z|UTC|[+-]\d\d:?\d\d))?\]?(?:(?=[\s\[|>-])|: |$)"
)
_COUNT = rb"((?:1[4-9]|20)\d{8})(?:(?:\.|(?=(?:\d{3}){1,3}(?!\d)))(\d{1,9}))?"
"""Whole seconds from 2014 to 2036, and the digits of a fraction; without a point they are milli-, micro- or
nanoseconds."""
_SINCE_1970 = Regex(rb"\[?" + _COUNT + rb"\]?(?:(?=[\s\[|>-])|: |$)")
_FIELD = (
    rb"(?:caller|source|logger|name|module|host|app|service|component|pid|rank)="
    rb"(?:\"[^\"\n]{0,80}\"|[^\s\"]{0,80})"
)  # fmt: skip
_LEVEL = rb"(?:level|lvl|severity|levelname|at)=\"?([A-Za-z]{3,8})\"?(?= |$)"
_TIME_NAMED = rb"(?:time|ts|timestamp|@timestamp|datetime|asctime|t)=\"?(?=\d)"
_LOGFMT = Regex(
    rb"(?:" + _FIELD + rb" ){0,3}(?:" + _LEVEL + rb" )?(?:" + _FIELD + rb" ){0,3}" + _TIME_NAMED
)  # fmt: skip
_LOGFMT_DAY = Regex(DAY_CLOCK + rb"\"?(?= |$)")
_LOGFMT_COUNT = Regex(_COUNT + rb"\"?(?= |$)")
_LOGFMT_REST = Regex(rb"(?: " + _FIELD + rb"){0,3}(?: " + _LEVEL + rb")?(?: " + _FIELD + rb"){0,3} ?")
_LOGFMT_LEVEL = Regex(_LEVEL + rb" ?(?:" + _FIELD + rb" ){0,3}")
_SAID = Regex(rb"(?:msg|message|event)=\"?")


class Form(NamedTuple):
    """What a line begins with: the match of its clock, the word for its level, and where the rest begins, which may
    have a prefix of its own (`goes_on`)."""

    clock: re.Match[bytes] | None
    word: bytes | None
    end: int
    goes_on: bool = False


def read_form(line: bytes, at: int, stop: int) -> Form | None:
    """What stands at `at` of the line, if it is one of these forms."""
    first = line[at : at + 1]
    if first in _LOGFMT_STARTS:
        # `step=3 loss=0.5` begins with one of the letters too: only names of a logger's own fields are worth a look.
        equals = line.find(b"=", at, at + _LONGEST_NAME)
        return _read_logfmt(line, at, stop) if equals > 0 and line[at:equals] in _NAMES else None
    for pattern in _PATTERNS.get(first, ()):
        match = pattern.match(line, at, stop)
        if match is not None:
            return Form(match, None, match.end(), goes_on=True)
    return None


def _read_logfmt(line: bytes, at: int, stop: int) -> Form | None:
    lead = _LOGFMT.match(line, at, stop)
    if lead is None:
        level = _LOGFMT_LEVEL.match(line, at, stop)
        return None if level is None else Form(None, level[1], _skip_said(line, level.end(), stop))
    clock = _LOGFMT_DAY.match(line, lead.end(), stop) or _LOGFMT_COUNT.match(line, lead.end(), stop)
    if clock is None:
        return None
    rest = _LOGFMT_REST.match(line, clock.end(), stop)
    if rest is None:
        return Form(clock, lead[1], clock.end())
    return Form(clock, lead[1] or rest[1], _skip_said(line, rest.end(), stop))


def _skip_said(line: bytes, at: int, stop: int) -> int:
    said = _SAID.match(line, at, stop)
    return at if said is None else said.end()


_LONGEST_NAME = 12
_NAMES = frozenset(
    b"caller source logger name module host app service component pid rank level lvl severity levelname at "
    b"time ts timestamp @timestamp datetime asctime t".split()
)
_LOGFMT_STARTS = frozenset(name[:1] for name in _NAMES)
_PATTERNS = {
    **{bytes([c]): (_SYSLOG,) for c in b"JFMASONDTW"},
    **dict.fromkeys((b"1", b"2", b"["), (_COMPACT, _SINCE_1970)),
    b"<": (_RFC_5424,),
}
STARTS = _LOGFMT_STARTS.union(_PATTERNS)
"""What any of these forms may begin with."""
