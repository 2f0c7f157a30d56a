"""Terminal cells: how wide text is, cutting and padding it. East Asian wide and combining characters counted."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_SHORT = 512
"""Texts of fewer characters are measured once: lines of a chart come again and again."""


@lru_cache(maxsize=4096)
def _char_width(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):  # not Mc: spacing marks take a cell, whatever their class
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def cell_width(text: str) -> int:
    """Cells that `text` takes; plain ASCII is its length."""
    return len(text) if text.isascii() else _measure(text) if len(text) < _SHORT else sum(map(_char_width, text))


@lru_cache(maxsize=8192)
def _measure(text: str) -> int:
    return sum(map(_char_width, text))


def is_even(text: str) -> bool:
    """Whether each character takes one cell, so that a cell is an index."""
    return text.isascii() or (len(text) < _SHORT and _is_even(text))


@lru_cache(maxsize=8192)
def _is_even(text: str) -> bool:
    return all(_char_width(char) == 1 for char in text)


def cut(text: str, width: int, mark: str = "…") -> str:
    """`text` in at most `width` cells, `mark` at the end if something was cut."""
    if cell_width(text) <= width:
        return text
    room, kept, used = width - cell_width(mark), [], 0
    if room < 0:
        return mark[:width]
    for char in text:
        used += _char_width(char)
        if used > room:
            break
        kept.append(char)
    return "".join(kept) + mark


def fit(text: str, width: int, align: str = "<") -> str:
    """`text` in exactly `width` cells: cut with … or padded (`<` left, `>` right)."""
    text = cut(text, width)
    pad = " " * (width - cell_width(text))
    return pad + text if align == ">" else text + pad


def shorten_middle(name: str, width: int) -> str:
    """`name` in at most `width` cells, keeping its end: metric names differ at their ends."""
    if cell_width(name) <= width:
        return name
    if width <= 1:
        return "…"[:width]
    head = 0 if width < 12 else width // 4
    tail = width - 1 - head
    return _take(name, head) + "…" + _take(name[::-1], tail)[::-1]


def _take(text: str, width: int) -> str:
    """As much of the beginning as fits in `width` cells."""
    if is_even(text):
        return text[:width]
    kept, used = 0, 0
    for char in text:
        used += _char_width(char)
        if used > width:
            break
        kept += 1
    return text[:kept]
