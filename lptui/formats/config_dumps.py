"""Configurations that a program printed over many lines: pretty-printed dicts, JSON, dataclasses, arguments objects,
YAML without a heading, trees of Rich."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from lptui.formats.log_prefix import read_prefix, strip_escapes

_NAMED = re.compile(rb"(?i)config|\bargs\b|argument|hparams|hyperparam|settings|namespace|options\b|overrides")
_OPENS = re.compile(rb"(?:[A-Za-z_][\w.]{0,80})?[({\[]|.{0,80}[:=] ?[({\[]$")
_KEY = re.compile(rb"[A-Za-z_]\w{0,60}:$")
_ENTRY = re.compile(rb"[ \t]*(?:- )?[\w./\"'-]{1,100}:(?:[ \t].*)?$|[ \t]*- .*$")
_BRANCHES = ("├── ".encode(), "└── ".encode())
_TREE = ("├".encode(), "└".encode(), "│".encode(), b"    ")
_SIGNS = (b"{\n", b"(\n", b":\n", b"{'", b"Config(", b"Arguments(", b"Args(", b"Settings(", *_BRANCHES)
_BRACKETS = re.compile(rb"'[^'\n]{0,400}'|\"[^\"\n]{0,400}\"|[()\[\]{}]")
_LEAST, _LEAST_UNNAMED, _LEAST_YAML = 5, 12, 8
_MOST_LINES = 600
_LONG = 256
_LONGEST_LINE = 1000


def find_configs(data: bytes) -> Iterator[tuple[int, int, str]]:
    """(start, end, title) of each, whole lines; one that the end of `data` may cut is left out."""
    done = 0
    for start in _candidates(data):
        if start < done:
            continue
        line, at = _line(data, start)
        text = line[read_prefix(line).start :].rstrip()
        above = _line(data, data.rfind(b"\n", 0, max(0, start - 1)) + 1)[0] if start else b""
        end, count, least = at, 0, _LEAST_YAML
        if text.startswith(_BRANCHES):
            start, text = (data.rfind(b"\n", 0, start - 1) + 1, above) if above.strip() else (start, text)
            end, count = _take(data, at, lambda one: one.startswith(_TREE))
            least = _LEAST
        elif _KEY.match(text):
            end, count = _take(data, at, lambda one: _ENTRY.match(one) is not None)
            least = _LEAST_YAML if data.startswith(b" ", at) else _MOST_LINES
        elif _OPENS.match(text):
            end, count = _close(data, at, _depth(text))
            least = _LEAST if _NAMED.search(text) or _NAMED.search(above) else _LEAST_UNNAMED
        if end - at > _LONG:
            done = end  # what was read once, in vain or not, is not read again from its next line
        if count >= least and end < len(data):
            done = end
            if len(text) < _LEAST:  # a bracket alone: what stands behind it says more
                text += b" " + _line(data, at)[0].strip()
            yield start, end, text.decode("utf-8", "replace")


def _candidates(data: bytes) -> list[int]:
    """Starts of lines that open a bracket which they do not close, name a key, or begin a tree."""
    found: set[int] = set()
    for sign in _SIGNS:
        at = data.find(sign) if sign[:1] in data and sign[-1:] in data else -1
        while at >= 0:
            found.add(data.rfind(b"\n", 0, at) + 1)
            end = data.find(b"\n", at)
            at = data.find(sign, end + 1) if end >= 0 else -1
    return sorted(found)


def _take(data: bytes, at: int, belongs: Callable[[bytes], bool]) -> tuple[int, int]:
    count = 0
    while count < _MOST_LINES:
        line, stop = _line(data, at)
        if stop == at or not line.strip() or not belongs(line) or read_prefix(line).clock is not None:
            break
        at, count = stop, count + 1
    return at, count


def _close(data: bytes, at: int, depth: int) -> tuple[int, int]:
    """(end, lines) up to the one that closes what is open; no lines where none does."""
    for count in range(1, _MOST_LINES):
        line, stop = _line(data, at)
        if depth <= 0 or stop == at or read_prefix(line).clock is not None:
            break
        depth += _depth(line)
        at = stop
        if depth <= 0:
            return at, count + 1
    return at, 0


def _depth(line: bytes) -> int:
    marks = [mark for mark in _BRACKETS.findall(line) if len(mark) == 1]
    return sum(1 if mark in b"([{" else -1 for mark in marks)


def _line(data: bytes, at: int) -> tuple[bytes, int]:
    """(a line without colours, where the next one begins)."""
    stop = data.find(b"\n", at) + 1 or len(data)
    return strip_escapes(data[at : min(stop, at + _LONGEST_LINE)]).rstrip(b"\r\n"), stop
