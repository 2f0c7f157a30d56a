"""Line numbers, from the index of a log and the bytes in hand. No Textual here."""

from __future__ import annotations

from typing import Protocol

from lptui.model.log import LogView


class Feeds(Protocol):
    """Bytes in hand that can be counted."""

    view: LogView

    def count_feeds(self, low: int, high: int) -> int | None:
        """Line feeds in [low, high); None if not all of it is in hand."""
        ...


def line_number(hand: Feeds, position: int) -> int | None:
    """The number, from 1, of the line that begins at `position` in its file; before all of the file was counted the
    (negative) number from its end; None where neither is known."""
    view = hand.view
    segment = view.segment_at(position) or (view.segments[-1] if view.segments else None)
    feeds = _feeds_at(hand, position)
    if segment is None or feeds is None:
        return None
    base = view.lines.at_or_before(segment.base)
    if base is not None and base.position == segment.base and not segment.kept_from:
        return feeds - base.feeds + 1
    end = _feeds_at(hand, view.end)
    if end is None or segment.generation != view.segments[-1].generation:
        return None
    return min(-1, feeds - end - (0 if view.tail.endswith(b"\n") else 1))


def count_lines(view: LogView, hand: Feeds) -> int | None:
    """How many lines the newest file has; None before that is known."""
    if not view.segments:
        return None
    base = view.lines.at_or_before(view.segments[-1].base)
    end = _feeds_at(hand, view.end)
    if base is None or end is None or base.position != view.segments[-1].base or view.segments[-1].kept_from:
        return None
    return end - base.feeds + (0 if view.tail.endswith(b"\n") or not view.tail else 1)


def _feeds_at(hand: Feeds, position: int) -> int | None:
    lines = hand.view.lines
    before, after = lines.at_or_before(position), lines.after(position)
    if before is not None and (count := hand.count_feeds(before.position, position)) is not None:
        return before.feeds + count
    if after is not None and (count := hand.count_feeds(position, after.position)) is not None:
        return after.feeds - count
    return None
