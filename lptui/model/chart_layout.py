"""How a reader arranged the charts of a project; kept from one watch to the next."""

from __future__ import annotations

from typing import Literal

from lptui.model.value import frozen

MOST_NAMES = 500
"""Favourites and folded sections that are kept."""


@frozen
class ChartLayout:
    """`columns`, `rows` None: as many as fit. `smooth` is a weight, or a half-life in seconds where x is a time."""

    columns: int | None = None
    axis: Literal["step", "epoch", "time", "since"] = "step"
    log: bool = False
    clip: bool = True
    smooth: float = 0.0
    details: bool = False
    together: bool = True
    tables: bool = True
    sections: bool = False
    sort: str = "order"
    falling: bool = True
    favourites: tuple[str, ...] = ()
    folded: tuple[str, ...] = ()
    rows: int | None = None
