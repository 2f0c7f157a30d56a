"""The gate over the raw bytes of a log: which lines may say anything of progress or life cycle."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Protocol, cast

from lptui.formats import lifecycle, progress_lines
from lptui.model.log import Suspect


class Hit(Protocol):
    def start(self) -> int: ...
    def end(self) -> int: ...


class _Span:
    """A hit in a line, at its place in the block."""

    __slots__ = ("_end", "_start")

    def __init__(self, start: int, end: int) -> None:
        self._start, self._end = start, end

    def start(self) -> int:
        return self._start

    def end(self) -> int:
        return self._end


Search = Callable[[bytes, int], "Hit | None"]
_WINDOW = 16 << 10
_GATE_MEMORY = 64 << 20
_BROKEN = rb"[=: ](?:\x1b\[[0-9;]*m)*[-+]?(?:nan|NaN|inf|Inf|Infinity)\b"
_BROKEN_WORDS = (b"nan", b"NaN", b"inf", b"Inf")
RARE: tuple[bytes, ...] = (_BROKEN, *lifecycle.GATE)
"""Patterns in RE2 syntax for what must never be missed, however many progress lines are left out."""
_PROBE = b"Epoch 3$"  # what the self-test below looks for


@cache
def load_gate(*, rare: bool = False) -> Search:
    """A search for anything of interest (`rare`: only what must never be missed)."""
    if rare:
        return _make_gate(RARE, (*_BROKEN_WORDS, *lifecycle.GATE_WORDS))
    return _make_gate((*progress_lines.GATE, *lifecycle.GATE), (*progress_lines.GATE_WORDS, *lifecycle.GATE_WORDS))


@cache
def load_bounds() -> Search:
    """A search for what tells how an attempt began or ended."""
    return _make_gate(lifecycle.BOUNDS, lifecycle.GATE_WORDS)


def _make_gate(patterns: tuple[bytes, ...], words: tuple[bytes, ...]) -> Search:
    """google-re2 where it is installed and behaves, `re` otherwise."""
    pattern = b"|".join((*patterns, _PROBE))
    try:
        import re2

        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        options.never_capture = True
        options.max_mem = _GATE_MEMORY
        gate = re2.compile(pattern, options)
        hit = gate.search(b"x\nEpoch 3", 1)
        if hit is not None and hit.start() == 2:
            return cast(Search, gate.search)
    except (ImportError, AttributeError, TypeError, ValueError):
        pass  # no wheel here, or another package of this name
    return _make_plain_gate(pattern, words)


def search_among(suspects: Sequence[Suspect], gate: Search) -> Search:
    """The gate, run only over the lines of `suspects`, to be asked with places that grow."""
    rest = iter(suspects)

    def search(data: bytes, at: int) -> Hit | None:
        for suspect in rest:
            if suspect.end <= at:
                continue
            end = data.find(b"\n", suspect.end)
            start, end = max(at, suspect.start), len(data) if end < 0 else end
            hit = gate(data[start:end], 0)
            if hit is not None:
                return _Span(start + hit.start(), start + hit.end())
        return None

    return search


def _make_plain_gate(pattern: bytes, words: tuple[bytes, ...]) -> Search:
    """The gate without google-re2: `re`, run only over windows of lines that hold one of the words."""
    compiled = re.compile(pattern)

    def search(data: bytes, at: int) -> re.Match[bytes] | None:
        while at < len(data):
            stop = data.find(b"\n", at + _WINDOW)
            stop = len(data) if stop < 0 else stop
            if any(data.find(word, at, stop) >= 0 for word in words):
                match = compiled.search(data, at, stop)
                if match:
                    return match
            at = stop
        return None

    return search
