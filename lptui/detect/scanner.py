"""Finds lines that may say a failure, in raw bytes: one google-re2 alternation, or `lptui.detect.trie` under `re`.

RE2 runs at 0.6-0.7 GB/s and without the GIL; `re` at a third of that where lines differ in their numbers only, and
at a twentieth of it where none is like another. Both only suggest lines, and suggest
no fewer than those that a pattern of the catalogue matches; `lptui.detect.confirm` decides. LPTUI_NO_RE2=1 forces the
second.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from typing import Protocol, cast

from lptui.config.rules import RuleFile
from lptui.detect.catalogue import Catalogue, Entry, Pattern, load_catalogue
from lptui.detect.literals import LiteralIndex
from lptui.detect.trie import LONG_LITERAL, Shapes, loosen, make_search
from lptui.formats.progress_gate import RARE
from lptui.formats.traceback import HEAD
from lptui.model.log import Suspect
from lptui.model.value import frozen

REACH = 4096
"""How far from a match its line is followed; a longer line is looked at in windows of about this size."""
SHORT = 32 * 1024
"""Bytes up to which a log is scanned for what occurs in it, before all of the catalogue is compiled."""
_MAX_MEM = 256 * 1024 * 1024
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
UNREADABLE = (b"SyntaxError: ", b"IndentationError: ", b"TabError: ")
"""How a program that Python cannot read ends, which has no traceback."""
MARKS = (*(mark.decode() for mark in (HEAD, *UNREADABLE)), *_RECOVERIES)
"""What makes a line worth a look besides the patterns."""


class _Found(Protocol):
    def start(self) -> int: ...
    def end(self) -> int: ...


class _Search(Protocol):
    def __call__(self, data: bytes, at: int, /) -> _Found | None: ...


class _ShortText:
    """How much text has come: compiling all patterns (35 ms) is not worth it for a short log."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = SHORT

    def takes(self, size: int) -> bool:
        """Whether a block of `size` bytes still counts as short."""
        self._left -= size
        return self._left >= 0


@frozen
class Scanner:
    """All patterns of a catalogue, ready to search."""

    engine: str
    search: _Search
    index: LiteralIndex
    shapes: Shapes | None = None
    short: _ShortText | None = None
    whole: Callable[[], Scanner] | None = None
    """What scans with all patterns, once the text is no longer short."""
    sifter: Callable[[], Scanner] | None = None
    """What finds anything of `RARE` too: in a healthy log ten times as many lines."""

    def scan(self, data: bytes) -> Iterator[Suspect]:
        """Suspicious lines in order. A carriage return ends a line too: what a progress bar glues to a message."""
        if self.whole is not None:
            search = self._narrow(data)
            yield from self.whole().scan(data) if search is None else self._walk(data, data, search)
            return
        if self.shapes is None:
            yield from self._walk(data, data, self.search)
            return
        for start, end in self.shapes.doubtful(data):
            line = data[start:end]
            for suspect in self._walk(line, line.lower(), self.search):
                yield Suspect(start + suspect.start, start + suspect.end, start + suspect.at)

    def sift(self, data: bytes) -> tuple[Suspect, ...] | None:
        """Suspicious lines and those with anything of `RARE`, which cost RE2 nothing in the same pass. None: look for
        them one by one."""
        sifter = self if self.sifter is None else self.sifter()
        return tuple(sifter.scan(data)) if sifter.engine == "re2" else None

    def keep_suspicious(self, data: bytes, sifted: Sequence[Suspect]) -> list[Suspect]:
        """Those of what `sift` found that `scan` would find: another look at a line is a fifth of what it takes to
        judge one that only tells of the run's life."""
        scanner = self if self.whole is None else self.whole()
        if scanner.engine != "re2":
            return list(sifted)
        looked = ((line, scanner.search(data[line.start : line.end], 0)) for line in sifted)
        return [replace(line, at=line.start + found.start()) for line, found in looked if found is not None]

    def _narrow(self, data: bytes) -> _Search | None:
        """A search for those patterns alone whose literal text occurs in a short block: it finds what all would."""
        if self.short is None or not self.short.takes(len(data)):
            return None
        return _compile_few(tuple(pattern for _, pattern in self.candidates(data.decode(errors="replace"))))

    def _walk(self, data: bytes, haystack: bytes, search: _Search) -> Iterator[Suspect]:
        at, size = 0, len(data)
        while at < size:
            found = search(haystack, at)
            if found is None:
                return
            suspect = _find_line(data, found.start(), found.end(), at)
            yield suspect
            at = max(suspect.end, found.end(), at + 1)

    def candidates(self, text: str) -> list[tuple[Entry, Pattern]]:
        """The patterns whose literal text occurs in a line."""
        return self.index.find(text)


@cache
def load_scanner(extra: tuple[RuleFile | str, ...] = ()) -> Scanner:
    """The scanner over the catalogue, made at first use (some milliseconds)."""
    return make_scanner(load_catalogue(extra), use_re2=not os.environ.get("LPTUI_NO_RE2"))


def make_scanner(catalogue: Catalogue, *, use_re2: bool) -> Scanner:
    """A scanner with RE2 if it is wanted, installed and passes its self-test; otherwise with `re`."""
    patterns = [(e, p) for e in catalogue.entries.values() for p in e.patterns]
    index = LiteralIndex(patterns)
    plain = [p for _, p in patterns]
    marks = _compile_re2([]) if use_re2 else None
    if marks is None:
        return Scanner("re", make_search(plain, MARKS), index, Shapes(plain, MARKS))

    @cache
    def make_whole(besides: tuple[bytes, ...] = ()) -> Scanner:
        search = _compile_re2(plain, besides)
        return make_scanner(catalogue, use_re2=False) if search is None else Scanner("re2", search, index)

    return Scanner("re2", marks, index, short=_ShortText(), whole=make_whole, sifter=lambda: make_whole(RARE))


def _find_line(data: bytes, start: int, end: int, at: int) -> Suspect:
    low, high = max(at, start - REACH), min(len(data), end + REACH)
    low = max(low, data.rfind(b"\n", low, start) + 1)
    low = max(low, data.rfind(b"\r", low, start) + 1)
    newline = data.find(b"\n", end, high)
    high = high if newline < 0 else newline
    carriage = data.find(b"\r", end, high)
    return Suspect(low, high if carriage < 0 else carriage, start)


# --- RE2 ------------------------------------------------------------------------------------------------------


def _compile_re2(patterns: list[Pattern], besides: tuple[bytes, ...] = ()) -> _Search | None:
    """A search for `patterns`, MARKS and what is sought `besides`; None without an RE2 that passes its self-test."""
    try:
        import re2
    except ImportError:
        return None
    source = b"|".join((*_shorten(patterns), *besides))
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


@lru_cache(64)
def _compile_few(patterns: tuple[Pattern, ...]) -> _Search | None:
    """The same, kept: the lines of a log are much alike, and each live line is a block."""
    return _compile_re2(list(patterns))


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
    if folded:
        yield b"(?i:" + re.escape("\n".join(sorted(folded))).replace("\\\n", "|").encode() + b")"
    for pattern in patterns:
        if len(pattern.literal) < LONG_LITERAL:
            yield f"(?{'i' if pattern.ignore_case else ''}:{loosen(pattern)})".encode()
