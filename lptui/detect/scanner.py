"""Finds lines that may say a failure, in raw bytes: one google-re2 alternation, or `lptui.detect.trie` under `re`.

RE2 runs at 0.6-0.7 GB/s and without the GIL; `re` at a third of that where lines differ in their numbers only, and
at a twentieth of it where none is like another. Both only suggest lines, and suggest
no fewer than those that a pattern of the catalogue matches; `lptui.detect.confirm` decides. LPTUI_NO_RE2=1 forces the
second.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Protocol, cast

from lptui.config.rules import RuleFile
from lptui.detect.catalogue import Catalogue, Entry, Pattern, load_catalogue
from lptui.detect.trie import LONG_LITERAL, Shapes, loosen, make_search
from lptui.model.value import frozen

REACH = 4096
"""How far from a match its line is followed; a longer line is looked at in windows of about this size."""
_MAX_MEM = 256 * 1024 * 1024
_KEY = 4
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
    def __call__(self, data: bytes, at: int, /) -> _Found | None: ...


@frozen
class Suspect:
    """A line that may say a failure: bytes [start, end) of the block, without its line break; found by what is `at`."""

    start: int
    end: int
    at: int


@frozen
class Scanner:
    """All patterns of a catalogue, ready to search."""

    engine: str
    search: _Search
    index: Mapping[str, tuple[tuple[str, Entry, Pattern], ...]]
    shapes: Shapes | None = None

    def scan(self, data: bytes) -> Iterator[Suspect]:
        """Suspicious lines in order. A carriage return ends a line too: what a progress bar glues to a message."""
        if self.shapes is None:
            yield from self._walk(data, data)
            return
        for start, end in self.shapes.doubtful(data):
            line = data[start:end]
            for suspect in self._walk(line, line.lower()):
                yield Suspect(start + suspect.start, start + suspect.end, start + suspect.at)

    def _walk(self, data: bytes, haystack: bytes) -> Iterator[Suspect]:
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
        return Scanner("re2", search, index)
    plain = [p for _, p in patterns]
    return Scanner("re", make_search(plain, MARKS), index, Shapes(plain, MARKS))


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
    plain = {p.literal for p in patterns if not p.ignore_case and len(p.literal) >= LONG_LITERAL} | set(MARKS)
    folded = {p.literal.lower() for p in patterns if p.ignore_case and len(p.literal) >= LONG_LITERAL}
    yield from (re.escape(literal).encode() for literal in sorted(plain))
    yield b"(?i:" + re.escape("\n".join(sorted(folded))).replace("\\\n", "|").encode() + b")"
    for pattern in patterns:
        if len(pattern.literal) < LONG_LITERAL:
            yield f"(?{'i' if pattern.ignore_case else ''}:{loosen(pattern)})".encode()
