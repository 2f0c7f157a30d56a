"""The clock of a JSON line: a date with a time of day, or seconds (milli-, micro-, nanoseconds) since 1970, under one
of the names that loggers give it."""

from __future__ import annotations

import re

from lptui.text.regex import Regex

LOOK = 4096
"""structlog and others write the clock last, behind message and fields; of a longer line it is not looked for."""
DAY_CLOCK = (
    rb"(?:(\d{4})[-/](\d\d)[-/](\d\d)[T ]|\d\d/\d\d(?:/(?:\d\d){1,2})? |\d\d-\d\d )?"
    rb"([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)"
    rb"(?:[.,](\d{1,9})(?:\.\d{3}(?!\d))?)?"
    rb"(?: ?(Z|UTC|[+-]\d\d:?\d\d)(?![\d.]))?"
)
"""Year, month, day; hour, minute, second; fraction; zone. Of a date that does not begin with the year (Rich's, that of
transformers' examples, vLLM's) the order is the locale's: the time of day counts."""
_NAMED = Regex(
    rb'"(?:@?timestamp|time|ts|asctime|datetime|date|created(?:_at)?|eventTime|@t)"\s{0,2}:\s{0,2}'
    rb'(?:\{\s?"repr"\s?:\s?)?"?(?=\d)'  # loguru's `serialize`
)
_WRITTEN = Regex(DAY_CLOCK + rb'(?=")')
_COUNTED = Regex(rb'(\d{10})(?:\.?(\d{1,9}))?(?=\s{0,2}[",}\]])')
"""Whole seconds since 1970, and the digits of a fraction, with or without a point."""


def find_json_clock(line: bytes, at: int) -> re.Match[bytes] | None:
    """The clock of the JSON object that begins at `at`: a match with the groups of DAY_CLOCK, or one of _COUNTED."""
    for named in _NAMED.finditer(line, at, at + LOOK):
        found = _WRITTEN.match(line, named.end(), at + LOOK) or _COUNTED.match(line, named.end(), at + LOOK)
        if found is not None:
            return found
    return None
