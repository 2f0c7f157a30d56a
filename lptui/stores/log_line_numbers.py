"""Which line of its own file a line of several logs as one is."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from lptui.stores.log_cuts import LogCuts
from lptui.stores.log_part import LogPart


def number_lines(cuts: LogCuts, positions: Iterable[int]) -> list[int | None]:
    """Of each position the number, from 1, of its line in its file; None where the file is not counted up to there, and
    for a line of ours. Neighbours share a count: within a stretch between two cuts a file's lines follow each other."""
    firsts: dict[tuple[int, int], int | None] = {}
    return [_number(cuts, position, firsts) for position in positions]


def _number(cuts: LogCuts, position: int, firsts: dict[tuple[int, int], int | None]) -> int | None:
    if not cuts.start <= position < cuts.end:
        return None
    stretch = cuts.chunk_at(position)
    start = cuts.bounds(stretch)[0]
    lines = cuts.lines_of(stretch)
    if not lines.order:
        return None
    place = lines.data.count(b"\n", 0, position - start)
    line = lines.order[min(place, len(lines.order) - 1)]
    index = bisect_right(lines.firsts, line) - 1
    part, (low, high) = cuts.parts[index], cuts.part_bounds(stretch, index)
    if part.has_seam(low, high):
        return _number_beside_seams(part, low, high, line - lines.firsts[index])
    if (start, index) not in firsts:
        firsts[start, index] = _line_number(part, low)
    first = firsts[start, index]
    return None if first is None else first + line - lines.firsts[index]


def _line_number(part: LogPart, offset: int) -> int | None:
    """Which line of its file, from 1, begins at `offset`; None where that cannot be told."""
    segment = part.view.segment_at(offset)
    base = part.index_at(segment.base).at_or_before(segment.base) if segment is not None else None
    if segment is None or base is None or base.position != segment.base or segment.kept_from:
        return None
    return part.feeds(offset) - part.feeds(segment.base) + 1


def _number_beside_seams(part: LogPart, low: int, high: int, line: int) -> int | None:
    """As `_line_number`, of line number `line`, from 0, of what lies in [low, high), with seams; None for a seam."""
    offset = part.offset_of(low, high, line)
    return None if offset == part.offset_of(low, high, line + 1) else _line_number(part, offset)
