"""Which columns of the table of runs fit, and how wide each is: a long name hides none that tells how they do."""

from __future__ import annotations

from typing import NamedTuple

WIDEST = 60
"""Cells of a name at most, where there is room for all else."""


class Column(NamedTuple):
    """A title, its cells, and their alignment."""

    title: str
    size: int
    align: str


class _Wish(NamedTuple):
    title: str
    align: str
    least: int
    """Cells below which it says nothing."""
    fair: int
    """Cells that hold nearly all of what stands in it."""
    rank: int
    """How dispensable it is; 0 is always there."""


_WISHES = (
    _Wish("", "<", 1, 1, 0),
    _Wish("run", "<", 8, 20, 0),
    _Wish("!", "<", 1, 1, 0),
    _Wish("state", "<", 10, 10, 0),
    _Wish("age", ">", 4, 7, 1),
    _Wish("step", ">", 8, 11, 2),
    _Wish("done", ">", 5, 5, 5),
    _Wish("metric", "<", 14, 16, 4),
    _Wish("starts", ">", 6, 6, 7),
    _Wish("ckpts", ">", 5, 5, 8),
    _Wish("size", ">", 9, 9, 6),
    _Wish("finding", "<", 11, 26, 3),
)
_CORE = 4
"""Columns of at most this rank are there in their least width; others where the first have a fair one."""
_MOST = {"run": WIDEST, "metric": 22, "step": 13, "age": 8, "finding": 76}
_GOOD = {"run": 36, "finding": 40}
_ORDER = ("age", "step", "run", "finding", "metric")
"""Who is served first where there are cells left."""


def fit_columns(width: int, longest: int) -> list[Column]:
    """The columns that fit in `width` cells, where the longest name takes `longest`."""
    most = {**_MOST, "run": max(8, min(longest, WIDEST))}
    fair = {wish.title: min(wish.fair, most.get(wish.title, wish.fair)) for wish in _WISHES}
    chosen = [wish for wish in _WISHES if not wish.rank]
    size = {wish.title: wish.least for wish in chosen}
    for wish in sorted((wish for wish in _WISHES if wish.rank), key=lambda wish: wish.rank):
        tried = [*chosen, wish]
        needed = sum(1 + (one.least if wish.rank <= _CORE else fair[one.title]) for one in tried) - 1
        if needed > width:
            break
        chosen, size[wish.title] = tried, wish.least
    left = width - sum(size.values()) - len(chosen) + 1
    good = {title: min(cells, most[title]) for title, cells in {**fair, **_GOOD}.items() if title in most}
    for goal in (fair, good, most):
        for title in _ORDER:
            if title in size:
                more = max(0, min(left, goal[title] - size[title]))
                size[title], left = size[title] + more, left - more
    return [Column(wish.title, size[wish.title], wish.align) for wish in _WISHES if wish.title in size]
