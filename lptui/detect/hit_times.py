"""When a confirmed line was written: by its own clock, by that of a line near it, or by when we saw it come."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence

from lptui.detect.hit_memory import KEPT, Seen
from lptui.detect.log_block import Hit
from lptui.formats.log_prefix import read_prefix
from lptui.formats.log_time import line_head
from lptui.model.events import LogBlock
from lptui.model.place import Anchor

DAY = 86400.0
AHEAD = 90.0
"""How far a clock in the log may run ahead of the file's own time."""
_REACH = 4096
"""Bytes before a hit in which a line with a clock is looked for: tracebacks have none of their own."""


def place_hits(hits: Sequence[Hit], event: LogBlock) -> Iterator[Seen]:
    """Each hit with its anchor and time. Only those that will be kept are worth a search for a clock."""
    left, right = Counter[str](), Counter(h.key for h in hits)
    text = event.lead + event.data if hits and event.backfill else b""
    for hit in hits:
        left[hit.key] += 1
        kept = left[hit.key] <= KEPT or right[hit.key] - left[hit.key] < KEPT
        yield _place(hit, event, text if kept else b"")


def _place(hit: Hit, event: LogBlock, text: bytes) -> Seen:
    anchor = Anchor(event.file, event.generation, hit.position - event.base)
    if hit.at is not None:
        return Seen(hit, anchor, hit.at)
    if event.happened_at is not None:
        return Seen(hit, anchor, event.happened_at.at)
    if not event.backfill:
        return Seen(hit, anchor, event.seen_at or None)
    if not text:
        return Seen(hit, anchor)
    at, clock, own = _find_clock(text, hit.position - event.start + len(event.lead))
    return Seen(hit, anchor, at, not own and (at is not None or clock is not None), clock)


def _find_clock(text: bytes, start: int) -> tuple[float | None, float | None, bool]:
    """(unix time, seconds of the day, whether the line itself has it) of the nearest clock at or before `start`."""
    low = max(0, start - _REACH)
    at = start
    while at >= low:
        prefix = read_prefix(line_head(text, at))
        if prefix.clock is not None:
            if not prefix.has_date:
                return None, prefix.clock, at == start
            return (prefix.clock if prefix.has_zone else _from_local(prefix.clock)), None, at == start
        if at == 0:
            break
        at = text.rfind(b"\n", 0, at - 1) + 1
    return None, None, False


def _from_local(clock: float) -> float | None:
    """Local time that was counted as UTC, as unix seconds."""
    try:
        return time.mktime((*time.gmtime(clock)[:8], -1)) + clock % 1
    except (OverflowError, ValueError, OSError):
        return None


def date_clock(clock: float, not_after: float | None) -> float | None:
    """The newest local time with `clock` seconds since midnight that is not after `not_after` (unix s)."""
    if not_after is None:
        return None
    local = time.localtime(not_after)
    midnight = not_after - (local.tm_hour * 3600 + local.tm_min * 60 + local.tm_sec) - not_after % 1
    at = midnight + clock
    return at - DAY if at > not_after + AHEAD else at
