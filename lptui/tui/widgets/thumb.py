"""The thumb of a scroll bar: a column of cells at the right edge that says which part is in view."""

from __future__ import annotations

from lptui.tui.widgets.spans import Row, crop


def find_thumb(top: int, room: int, total: int) -> range | None:
    """The lines of the scroll thumb, or None if everything is in view."""
    if total <= room or room <= 0:
        return None
    size = max(1, room * room // total)
    start = round(top / (total - room) * (room - size))
    return range(start, start + size)


def with_thumb(row: Row, width: int, thumb: bool) -> Row:
    """A row of `width` cells that ends in its piece of the bar."""
    return (*crop(row, width - 1), ("▐" if thumb else " ", "faint"))
