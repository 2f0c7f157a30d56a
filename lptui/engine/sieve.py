"""Which lines of a block a query keeps. One pass of the most telling pattern over the raw bytes, then a closer look at
the lines that it hits: linear time with google-re2, `re` otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lptui.engine.log_blocks import HEAD, Begins
from lptui.engine.pattern import Pattern, compile_bytes
from lptui.formats.bar_end import find_behind
from lptui.formats.json_clock import LOOK
from lptui.formats.log_shape import (
    continues,
    last_frame,
    level_gate,
    level_gate_in_colour,
    level_run,
    line_level,
    own_prefix,
    rank_gate,
    rank_of,
)
from lptui.model.log_query import LEVELS, LogQuery

PIECE = 64 * 1024
"""A line longer than this is shown in pieces: a match deep inside of it is told by its own place."""
_LOOK = HEAD
_COLOUR = re.compile(rb"\x1b\[[0-9;:?]{0,32}[A-Za-z]")
_MOST_CONTINUED = 200
_FEED = re.compile(rb"\n")


class _InColour:
    """What finds lines of some levels whose letters may be in colour."""

    def __init__(self, levels: frozenset[str]) -> None:
        self.gate = compile_bytes(level_gate_in_colour(levels))
        self.run = compile_bytes(rb"(?m)^" + level_run(levels, coloured=True))


class Sieve:
    """Raises ValueError for a pattern that is none."""

    def __init__(self, query: LogQuery) -> None:
        self._text = Pattern(query.text) if query.text else None
        self._unless = [Pattern(text) for text in query.unless]
        self._worst = frozenset(LEVELS[LEVELS.index(query.level) :]) if query.level else frozenset[str]()
        self.ranks = frozenset(query.ranks)
        self._gate = self._text or self._make_gate(query)
        plain = self._worst and not (query.text or query.unless or query.ranks)
        self._run = compile_bytes(rb"(?m)^" + level_run(self._worst)) if plain else None
        self._in_colour = _InColour(self._worst) if plain else None

    @property
    def begins(self) -> Begins | None:
        """What tells which lines stay with the one above them, if that matters."""
        return begins_anew if self._worst and not self._text else None

    def _make_gate(self, query: LogQuery) -> Any:
        if self._worst:
            return compile_bytes(level_gate(self._worst))
        return compile_bytes(rank_gate(query.ranks)) if query.ranks else None

    def keep(self, data: bytes) -> list[int]:
        """Offsets of the lines in `data`, a block of whole lines, that are kept, in order; of a huge line, of the
        first match in it."""
        kept: list[int] = []
        if self._run is None or self._in_colour is None:
            self._keep_each(data, kept)
        elif b"\x1b" in data:
            self._keep_in_colour(self._in_colour, data, kept)
        else:
            self._keep_runs(self._run, data, kept)
        return kept

    def _keep_each(self, data: bytes, kept: list[int]) -> None:
        until = 0
        for start, hit in _hits(self._gate, data, self._text):
            if start >= until:
                until = self._take(data, start, hit, kept)

    def _keep_runs(self, run: Any, data: bytes, kept: list[int]) -> None:
        """Of a plain level: many lines at a time where all are kept."""
        at = 0
        while (hit := self._gate.search(data, at)) is not None:
            start = data.rfind(b"\n", at, hit.start()) + 1 or at
            found = run.match(data, start)
            if found is None:
                at = self._take(data, start, hit.start(), kept)
            else:
                at = self._take_run(data, start, found.end(), kept)

    def _keep_in_colour(self, shapes: _InColour, data: bytes, kept: list[int]) -> None:
        """As `_keep_runs`, where lines are in colour: only those that may be of the level are stripped of it."""
        at = 0
        while (hit := shapes.gate.search(data, at)) is not None:
            start = data.rfind(b"\n", at, hit.start()) + 1 or at
            found = shapes.run.match(data, start)
            if found is not None:
                at = self._take_run(data, start, found.end(), kept)
                continue
            end = data.find(b"\n", start)
            line = data[start : len(data) if end < 0 else end]
            place = next(_hits(self._gate, line), None)
            at = start + len(line) + 1 if place is None else self._take(data, start, start + place[1], kept)

    def _take_run(self, data: bytes, start: int, end: int, kept: list[int]) -> int:
        kept.append(start)
        kept += [feed.end() for feed in _FEED.finditer(data, start, end - 1)]
        return self._continue(data, end, kept)

    def _take(self, data: bytes, start: int, hit: int, kept: list[int]) -> int:
        """Look closely at the line at `start`, which the gate hit; where to go on."""
        end = data.find(b"\n", max(start, hit))
        end = len(data) if end < 0 else end
        deep = hit - start >= PIECE
        if not self._passes(data[start:end], hit - start if deep else 0):
            return end + 1
        kept.append(hit if deep else start)
        return self._continue(data, end + 1, kept) if self._worst and not self._text else end + 1

    def _passes(self, line: bytes, piece: int) -> bool:
        """Whether a line is kept; of a huge one, whether that `piece` of it is, an offset."""
        if b"\r" in line:
            line, piece = last_frame(line), 0
            if self._text is not None and self._text.search(_COLOUR.sub(b"", line)) is None:
                return False
        head = line[: LOOK if b"{" in line[:_LOOK] else _LOOK]
        head = _COLOUR.sub(b"", head) if b"\x1b" in head else head
        if self._worst and line_level(head) not in self._worst and not self._grave_behind_bar(line):
            return False
        if self.ranks and rank_of(head) not in self.ranks:
            return False
        if not self._unless:
            return True
        shown = line[piece:] if piece else line[:PIECE]
        shown = _COLOUR.sub(b"", shown) if b"\x1b" in shown else shown
        return not any(pattern.search(shown) for pattern in self._unless)

    def _grave_behind_bar(self, line: bytes) -> bool:
        """Whether a message of a level that is asked for was printed right behind a progress bar."""
        cut = find_behind(line, 0, len(line))
        return cut < len(line) and line_level(_COLOUR.sub(b"", line[cut : cut + _LOOK])) in self._worst

    def _continue(self, data: bytes, at: int, kept: list[int]) -> int:
        """Add the lines of a traceback or a wrapped message below a kept line; where the next line begins."""
        for _ in range(_MOST_CONTINUED):
            if at >= len(data) or begins_anew(data, at):
                break
            kept.append(at)
            end = data.find(b"\n", at)
            at = len(data) if end < 0 else end + 1
        return at


def begins_anew(data: bytes, at: int) -> bool:
    """Whether the line of `data` at `at` belongs to no message above it."""
    head = data[at : at + _LOOK].partition(b"\n")[0]
    return not head or not continues(head) or own_prefix(head)


def _hits(gate: Any, data: bytes, text: Pattern | None = None) -> Iterator[tuple[int, int]]:
    """(offset of the line, offset of the match) of what `gate` finds in `data`; every line without a gate. `text` may
    tell that there is nothing."""
    if gate is None:
        at = 0
        while at < len(data):
            yield at, at
            end = data.find(b"\n", at)
            at = len(data) if end < 0 else end + 1
    elif b"\x1b" in data:  # one byte: eight times as fast as to look for two
        plain = _COLOUR.sub(b"", data)
        if text is None or text.may_match(plain):
            yield from _hits_in_colour(gate, plain, data)
    elif text is None or text.may_match(data):
        yield from _hits_in(gate, data)


def _hits_in(gate: Any, data: bytes) -> Iterator[tuple[int, int]]:
    """Lines with a match that lies within them, and where it is."""
    at = 0
    while (match := gate.search(data, at)) is not None:
        found = match.start()
        if match.end() == found and found >= len(data):
            return
        end = data.find(b"\n", found)
        if 0 <= end < match.end():  # it goes on in the next line: a shorter one may not
            match = gate.search(data, found, end)
            found = -1 if match is None else match.start()
        if found >= 0:
            yield data.rfind(b"\n", 0, found) + 1, found
        if end < 0:
            return
        at = end + 1


def _hits_in_colour(gate: Any, plain: bytes, data: bytes) -> Iterator[tuple[int, int]]:
    """As `_hits_in`, over the text without its colours: a word may be coloured in part. The place of a match in a
    coloured line is only known without colours, so that of the line stands for it."""
    seen = raw = 0
    for line, found in _hits_in(gate, plain):
        for _ in range(plain.count(b"\n", seen, line)):
            raw = data.find(b"\n", raw) + 1
        seen = line
        deep = found - line >= PIECE and data.startswith(plain[line:found], raw)
        yield raw, raw + found - line if deep else raw


class Within:
    """The rows with a pattern among those that a query keeps. Raises ValueError."""

    def __init__(self, pattern: str, query: LogQuery) -> None:
        self._text = Sieve(LogQuery(text=pattern))
        self._query = None if query == LogQuery(context=query.context) else Sieve(query)

    @property
    def begins(self) -> Begins | None:
        """As that of `Sieve`."""
        return self._query.begins if self._query is not None else None

    @property
    def ranks(self) -> frozenset[int]:
        """The ranks whose lines are kept; none: all."""
        return self._query.ranks if self._query is not None else frozenset()

    def keep(self, data: bytes) -> list[int]:
        """As `Sieve.keep`."""
        kept = self._text.keep(data)
        if not kept or self._query is None:
            return kept
        wanted = {data.rfind(b"\n", 0, at) for at in self._query.keep(data)}
        return [at for at in kept if data.rfind(b"\n", 0, at) in wanted]
