"""Banners, and configurations below a heading."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lptui.formats.fold import TITLE, Fold, clock_near, line_at, lines_with, message_text, take_lines
from lptui.formats.log_prefix import find_message, strip_escapes
from lptui.formats.log_shape import own_prefix

_LEAST_DUMPED = 5
_DUMP = re.compile(rb"(?i)\b\w*(?:config|overrides|hparams|hyperparameters|arguments)\b[^\n]{0,40}:[ \t]*$")
_ENTRY = re.compile(rb"[ \t]*(?:- )?[\w./\"'-]{1,100}:(?:[ \t].*)?$|[ \t]*- .*$")
_BANNER = re.compile(rb"[ \t]*[=#*-]{5,} {1,4}([A-Z][^\n=]{2,60}?) {1,4}[=#*-]{5,}[ \t]*$")
_RULES = (b"=====", b"#####", b"*****", b"-----")
_SETTING = re.compile(rb" {1,4}[A-Z][^\n=]{1,70} = ")
"""How transformers lists what it trains with."""
_PAIR = re.compile(rb"[ \t]*[A-Za-z_][\w ()./-]{0,40}[:=]")
_JOB = re.compile(rb"(?i)\b(?:slurm|prolog(?:ue)?|epilog(?:ue)?|job ?id|job|restart|requeued?|resum\w{2,4}|attempt)\b")
_LEAST_BETWEEN, _MOST_BETWEEN = 2, 40
_CLOSED = re.compile(rb"[ \t]*[=#*-]{5,}[ \t]*$")


def find_dumped(data: bytes) -> Iterator[Fold]:
    for start, line in lines_with(data, b":\n"):
        if _DUMP.search(line) is None:
            continue
        at = data.find(b"\n", start) + 1
        end, count = take_lines(data, at, lambda line: _ENTRY.match(line) is not None and not own_prefix(line))
        if count >= _LEAST_DUMPED and at > 0 and end < len(data):
            title = message_text(line)
            yield Fold(start, end, "config", title, count + 1, clock=clock_near(data, start, end))


def find_banners(data: bytes) -> Iterator[Fold]:
    """Headings between rules with what stands below them, and what prologues of a job print between two rules."""
    done = 0
    for start, line in sorted({found for rule in _RULES for found in lines_with(data, rule)}):
        if start < done:
            continue
        bare = strip_escapes(line)
        message = find_message(bare)
        match = _BANNER.match(bare, message)
        if match is not None:
            end, words = _take_below(data, start, prefixed=message > 0)
        elif _CLOSED.match(bare):
            end, words = _take_between(data, start)
        else:
            continue
        if words and end < len(data):
            done = end
            head = f"{match[1].decode('utf-8', 'replace')}  " if match is not None else ""
            title = f"{head}{' · '.join(words)}"[:TITLE]
            yield Fold(start, end, "banner", title, data.count(b"\n", start, end), clock=clock_near(data, start, end))


def _take_below(data: bytes, start: int, *, prefixed: bool) -> tuple[int, list[str]]:
    """(end, what is said) of a heading and the entries below it. Of a logger's heading (transformers') each line is a
    record of its own, told by its indentation."""

    def belongs(line: bytes) -> bool:
        bare = strip_escapes(line)
        if prefixed:
            return _SETTING.match(bare, find_message(bare)) is not None
        return (b":" in line[:60] or _SETTING.match(bare) is not None) and not own_prefix(line)

    at = data.find(b"\n", start) + 1
    end, _ = take_lines(data, at, belongs)
    words = [message_text(line) for line in data[at:end].split(b"\n") if b":" in line or b" = " in line]
    if at > 0 and _CLOSED.match(line_at(data, end)):
        end = data.find(b"\n", end) + 1 or len(data)
    return end, words


def _take_between(data: bytes, start: int) -> tuple[int, list[str]]:
    """(end, what is said) of the entries between two rules, if they tell of a job; nothing for other tables."""
    at = data.find(b"\n", start) + 1
    if _JOB.search(line_at(data, at)) is None:
        return start, []
    end, count = take_lines(data, at, lambda line: _PAIR.match(line) is not None or _JOB.search(line) is not None)
    if count < _LEAST_BETWEEN or count > _MOST_BETWEEN or not _CLOSED.match(line_at(data, end)):
        return start, []
    words = [" ".join(message_text(line).split()) for line in data[at:end].split(b"\n") if line.strip()]
    return data.find(b"\n", end) + 1 or len(data), words
