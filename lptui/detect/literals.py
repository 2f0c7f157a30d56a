"""Which patterns of the catalogue may match a line: those whose literal text occurs in it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from lptui.detect.catalogue import Entry, Pattern

_KEY = 4
"""Characters at the beginning of a literal by which it is found."""
_KEPT, _LONGEST = 2048, 400
"""Lines whose answer is kept, and the characters of the longest one."""
_NUMBER = re.compile(r"[0-9]+")


class _Row(NamedTuple):
    """A pattern, its literal without numbers and case, and whether the line itself has to be asked for its numbers."""

    loose: str
    entry: Entry
    pattern: Pattern
    numbered: bool


class LiteralIndex:
    """Lines of a log differ in little but their numbers, so that an answer is kept for all lines of one shape: what
    occurs in a line occurs in its shape, and literals with numbers are looked for in the line again. Safe to use from
    several threads."""

    def __init__(self, patterns: Iterable[tuple[Entry, Pattern]]) -> None:
        index: dict[str, list[_Row]] = {}
        for entry, pattern in patterns:
            loose = _NUMBER.sub("0", pattern.literal)
            row = _Row(loose, entry, pattern, loose != pattern.literal)
            index.setdefault(loose.lower()[:_KEY], []).append(row)
        self._short = tuple(row for key, rows in index.items() if len(key) < _KEY for row in rows)
        self._index = {key: tuple(rows) for key, rows in index.items()}
        self._kept: dict[str, tuple[_Row, ...]] = {}

    def find(self, text: str) -> list[tuple[Entry, Pattern]]:
        """The patterns whose literal text occurs in `text`, in the order in which they are met."""
        shape = _NUMBER.sub("0", text)
        rows = self._kept.get(shape)
        if rows is None:
            rows = tuple(self._search(shape))
            if len(shape) <= _LONGEST:
                if len(self._kept) >= _KEPT:
                    self._kept = {}
                self._kept[shape] = rows
        return [(row.entry, row.pattern) for row in rows if not row.numbered or _occurs(row.pattern, text)]

    def _search(self, shape: str) -> Iterable[_Row]:
        low = shape.lower()
        rows = [
            row
            for key in dict.fromkeys(low[at : at + _KEY] for at in range(len(low) - _KEY + 1))
            for row in self._index.get(key, ())
        ]
        return (
            row
            for row in (*rows, *self._short)
            if (row.loose.lower() in low if row.pattern.ignore_case else row.loose in shape)
        )


def _occurs(pattern: Pattern, text: str) -> bool:
    return pattern.literal.lower() in text.lower() if pattern.ignore_case else pattern.literal in text
