"""Meters: a bar of parts with the numbers beside it."""

from __future__ import annotations

from collections.abc import Sequence

from lptui.text import cell_width, fit, short_bytes
from lptui.tui.widgets.spans import Row, Span, bar

_FILL = {"ours": ("█", "#"), "others": ("▓", "+"), "warn": ("█", "#"), "error": ("█", "#")}
_UNKNOWN = ("▒", "?")
_WORDS = 28
_FREE = ("░", ".")


def parts_bar(parts: Sequence[tuple[float, str]], total: float, width: int, *, plain: bool) -> Row:
    """`parts` as (amount, style) of `total` in exactly `width` cells; any part above zero shows."""
    row: list[Span] = []
    room = width
    for amount, style in parts:
        cells = min(room, max(1, round(amount / total * width))) if amount > 0 and total > 0 else 0
        glyph = _FILL.get(style, _UNKNOWN)[1 if plain else 0]
        if cells:
            row.append((glyph * cells, style))
        room -= cells
    if room > 0:
        row.append((_FREE[1 if plain else 0] * room, "faint"))
    return tuple(row)


def level(share: float) -> str:
    """The style of a meter that is this full."""
    return "error" if share >= 0.95 else "warn" if share >= 0.85 else "ours"


def meter(name: str, used: float | None, total: float | None, width: int, note: str = "", *, plain: bool) -> Row:
    """`name`, bar, percent, used of total (bytes), note; a line that says so where a reading is missing."""
    lead: Span = (f"{name:<6}", "dim")
    if used is None or not total:
        return (lead, (note or "not known", "dim"))
    share = used / total
    words = f" {100 * share:3.0f} %  {short_bytes(used)} / {short_bytes(total)}"
    words = fit(words, max(_WORDS, cell_width(words)))  # bars of one pane end in one column
    cells = max(4, min(30, width - 6 - cell_width(words)))
    if note and 6 + cells + cell_width(words) + 2 + cell_width(note) <= width:
        words += f"  {note}"
    if plain:
        drawn: Row = parts_bar([(used, level(share))], total, cells, plain=True)
    else:
        drawn = ((bar(share, cells).rstrip(), level(share)),)
        drawn = (*drawn, ("░" * (cells - cell_width(drawn[0][0])), "faint"))
    return (lead, *drawn, (words, "value"))
