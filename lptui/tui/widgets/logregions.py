"""Which stretches of a log's positions can be read, and which are lost and why. No Textual here."""

from __future__ import annotations

from dataclasses import dataclass

from lptui.model.log import LogView, SeamKind


@dataclass(frozen=True, slots=True)
class Region:
    """Positions [start, end) of one generation that can be read, or that cannot (`lost` says why). `seams`
    are what happened to the file right before: (kind, unix time)."""

    start: int
    end: int
    lost: str = ""
    seams: tuple[tuple[SeamKind, float], ...] = ()


def find_regions(view: LogView, losses: list[tuple[int, int, str]]) -> list[Region]:
    """The regions of `view`, oldest first, with no gap between them; only the newest may be empty."""
    regions: list[Region] = []
    pending: tuple[tuple[SeamKind, float], ...] = ()
    for index, segment in enumerate(view.segments):
        newest = index == len(view.segments) - 1
        if segment.seam != "start":
            pending = (*pending, (segment.seam, segment.seam_at))
        parts: list[Region] = []
        floor = min(segment.base + segment.kept_from, segment.end)
        if segment.base < floor:
            parts.append(Region(segment.base, floor, segment.lost or "they are no longer in the file"))
        if floor < segment.end or newest:
            parts += _without(Region(floor, segment.end), losses)
        if parts:
            first = parts[0]
            parts[0] = Region(first.start, first.end, first.lost, pending)
            pending = ()
        regions += parts
    return regions


def _without(region: Region, losses: list[tuple[int, int, str]]) -> list[Region]:
    """`region` cut around the ranges that could not be read."""
    parts: list[Region] = []
    at = region.start
    for low, high, reason in sorted(losses):
        low, high = max(low, at), min(high, region.end)
        if low >= high:
            continue
        if at < low:
            parts.append(Region(at, low))
        parts.append(Region(low, high, reason))
        at = high
    if at < region.end or not parts:
        parts.append(Region(at, region.end))
    return parts
