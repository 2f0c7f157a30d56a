"""Finds lines that may say a failure, in raw bytes: one google-re2 alternation, or a trie of literals under `re`.

RE2 runs at 0.3-0.4 GB/s and without the GIL; `re` over a trie at 1/20 of that. Both only suggest lines, and suggest
no fewer than those that a pattern of the catalogue matches; `lptui.detect.confirm` decides. LPTUI_NO_RE2=1 forces the
second.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Protocol, cast

from lptui.config.rules import RuleFile
from lptui.detect.catalogue import Catalogue, Entry, Pattern, load_catalogue

REACH = 4096
"""How far from a match its line is followed; a longer line is looked at in windows of about this size."""
_LONG_LITERAL = 14
"""A literal this long is rare enough to search for alone; a shorter one is searched with the rest of its pattern."""
_MAX_MEM = 256 * 1024 * 1024
_KEY = 4
_COUNT = re.compile(r"\{([0-9]+)(?:,[0-9]*)?\}")
_GROUP = re.compile(r"\?P<\w+>")
_RECOVERIES = (
    *("etrying", "ill retry", "rying again", "econnected", "esolved after", "ucceeded after", "ucceeded on"),
    *(
        "etry succeeded",
        "ecovered",
        "onnection restored",
        "onnection re",
        "educing batch",
        "educed batch",
        "alving batch",
    ),
    *("owering batch", "educing the", "educing micro", "atch size reduced", "atch size lowered", "atch size halved"),
    *("alling back to", "kipping batch", "kipping this", "kipping the", "kipping sample", "kipping file"),
)
MARKS = ("Traceback (most recent call last)", *_RECOVERIES)
"""What makes a line worth a look besides the patterns."""


class _Found(Protocol):
    def start(self) -> int: ...
    def end(self) -> int: ...


class _Search(Protocol):
    def __call__(self, data: bytes, at: int) -> _Found | None: ...


@dataclass(frozen=True, slots=True)
class Suspect:
    """A line that may say a failure: bytes [start, end) of the block, without its line break; found by what is `at`."""

    start: int
    end: int
    at: int


@dataclass(frozen=True, slots=True)
class Scanner:
    """All patterns of a catalogue, ready to search."""

    engine: str
    search: _Search
    lowered: bool
    index: Mapping[str, tuple[tuple[str, Entry, Pattern], ...]]

    def scan(self, data: bytes) -> Iterator[Suspect]:
        """Suspicious lines in order. A carriage return ends a line too: what a progress bar glues to a message."""
        haystack = data.lower() if self.lowered else data
        at, size = 0, len(data)
        while at < size:
            found = self.search(haystack, at)
            if found is None:
                return
            suspect = _find_line(data, found.start(), found.end(), at)
            yield suspect
            at = max(suspect.end, found.end(), at + 1)

    def candidates(self, text: str) -> list[tuple[Entry, Pattern]]:
        """The patterns whose literal text occurs in a line."""
        low = text.lower()
        index = self.index
        found: list[tuple[Entry, Pattern]] = []
        seen: set[str] = set()
        for at in range(len(low) - _KEY + 1):
            key = low[at : at + _KEY]
            rows = index.get(key)
            if rows is None or key in seen:
                continue
            seen.add(key)
            found.extend(
                (entry, pattern)
                for literal, entry, pattern in rows
                if (literal in low if pattern.ignore_case else pattern.literal in text)
            )
        return found


@cache
def load_scanner(extra: tuple[RuleFile | str, ...] = ()) -> Scanner:
    """The scanner over the catalogue, made at first use (some milliseconds)."""
    return make_scanner(load_catalogue(extra), use_re2=not os.environ.get("LPTUI_NO_RE2"))


def make_scanner(catalogue: Catalogue, *, use_re2: bool) -> Scanner:
    """A scanner with RE2 if it is wanted, installed and passes its self-test; otherwise with `re`."""
    patterns = [(e, p) for e in catalogue.entries.values() for p in e.patterns]
    index = _make_index(patterns)
    search = _load_re2([p for _, p in patterns]) if use_re2 else None
    if search is not None:
        return Scanner("re2", search, False, index)
    return Scanner("re", _load_trie([p for _, p in patterns]), True, index)


def _make_index(
    patterns: Iterable[tuple[Entry, Pattern]],
) -> Mapping[str, tuple[tuple[str, Entry, Pattern], ...]]:
    index: dict[str, list[tuple[str, Entry, Pattern]]] = {}
    for entry, pattern in patterns:
        literal = pattern.literal.lower()
        index.setdefault(literal[:_KEY], []).append((literal, entry, pattern))
    return {key: tuple(rows) for key, rows in index.items()}


def _find_line(data: bytes, start: int, end: int, at: int) -> Suspect:
    low, high = max(at, start - REACH), min(len(data), end + REACH)
    head = max(data.rfind(b"\n", low, start), data.rfind(b"\r", low, start)) + 1
    newline, carriage = data.find(b"\n", end, high), data.find(b"\r", end, high)
    ends = [e for e in (newline, carriage) if e >= 0]
    return Suspect(max(head, low), min(ends) if ends else high, start)


# --- RE2 ------------------------------------------------------------------------------------------------------


def _load_re2(patterns: list[Pattern]) -> _Search | None:
    try:
        import re2
    except ImportError:
        return None
    source = b"|".join(_shorten(patterns))
    try:
        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        options.never_capture = True
        options.log_errors = False
        options.max_mem = _MAX_MEM
        search = cast(_Search, re2.compile(source, options).search)
        return search if _passes(search) else None
    except Exception:  # noqa: BLE001 - another module of this name raises whatever it likes
        return None


def _passes(search: _Search) -> bool:
    """Whether what answers to `re2` finds bytes where they are, and nothing where nothing is."""
    found = search(b"\xff\xfe\x00 ok\nTraceback (most recent call last):\n", 0)
    late = search(b"Traceback (most recent call last):\n..", 3)
    return found is not None and found.start() == 7 and late is None


def _shorten(patterns: list[Pattern]) -> Iterator[bytes]:
    """What to search for: long literals alone, short ones with their pattern."""
    plain = {p.literal for p in patterns if not p.ignore_case and len(p.literal) >= _LONG_LITERAL} | set(MARKS)
    folded = {p.literal.lower() for p in patterns if p.ignore_case and len(p.literal) >= _LONG_LITERAL}
    yield from (re.escape(literal).encode() for literal in sorted(plain))
    yield b"(?i:" + re.escape("\n".join(sorted(folded))).replace("\\\n", "|").encode() + b")"
    for pattern in patterns:
        if len(pattern.literal) < _LONG_LITERAL:
            yield f"(?{'i' if pattern.ignore_case else ''}:{_loosen(pattern)})".encode()


def _loosen(pattern: Pattern) -> str:
    """The pattern for raw bytes: no groups, no counts (they make the automaton large), any line end for '$'."""
    regex = pattern.regex[4:] if pattern.ignore_case else pattern.regex
    regex = _GROUP.sub("?:", _COUNT.sub(lambda m: "*" if m[1] == "0" else "+", regex))
    regex = regex.replace(r"[^\n]", r"[^\r\n]")  # a carriage return ends a line too
    return regex.replace(r"\s", r"[\t ]").replace("$", r"(?:[\r\n\x1b]|$)")


def _drop_implied(literals: set[str]) -> list[str]:
    """Without those that contain another one: where they occur, it does too."""
    kept: list[str] = []
    for literal in sorted(literals, key=len):
        if not any(short in literal for short in kept):
            kept.append(literal)
    return kept


# --- re -------------------------------------------------------------------------------------------------------


class _Node:
    """A character of the trie: what may follow, and the patterns that end their literal here."""

    __slots__ = ("below", "rests")

    def __init__(self) -> None:
        self.below: dict[str, _Node] = {}
        self.rests: list[str] = []


def _load_trie(patterns: list[Pattern]) -> _Search:
    """One regular expression over lower-cased bytes, in which literals share their beginnings."""
    root = _Node()
    long = {p.literal.lower() for p in patterns if len(p.literal) >= _LONG_LITERAL} | {m.lower() for m in MARKS}
    for literal in _drop_implied(long):
        _enter(root, literal, "")
    for pattern in patterns:
        if len(pattern.literal) < _LONG_LITERAL:
            body = _loosen(pattern)
            head = len(_escaped(body, len(pattern.literal)))
            _enter(root, pattern.literal.lower(), f"(?i:{body[head:]})" if body[head:] else "")
    return cast(_Search, re.compile(_write(root).encode()).search)


def _escaped(regex: str, count: int) -> str:
    """The part of `regex` that stands for its first `count` literal characters."""
    at = 0
    for _ in range(count):
        at += 2 if regex[at] == "\\" else 1
    return regex[:at]


def _enter(root: _Node, literal: str, rest: str) -> None:
    node = root
    for char in literal:
        node = node.below.setdefault(char, _Node())
    node.rests.append(rest)


def _write(node: _Node) -> str:
    """A trie as a regular expression; whatever ends here without a rest makes the rest of the branch needless."""
    if "" in node.rests:
        return ""
    parts = [re.escape(char) + _write(below) for char, below in sorted(node.below.items())]
    parts += dict.fromkeys(node.rests)
    return parts[0] if len(parts) == 1 else "(?:" + "|".join(parts) + ")"
