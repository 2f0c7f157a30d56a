"""How far the clocks of several ranks are apart: from lines that they all write, and from when files really grew."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from statistics import fmean, median

from lptui.formats.log_clock import NEVER
from lptui.formats.log_merge import split_lines
from lptui.formats.log_prefix import find_clock, find_message, strip_escapes
from lptui.stores.log_cuts import LogCuts
from lptui.stores.log_part import LogPart

LOOK = 2 * 1024 * 1024
"""Bytes, the newest of all files together, in which lines are compared."""
LEAST_PAIRS = 5
LEAST_GROWTHS = 5
MOST_GROWTHS = 32
AGAIN = 60.0
"""Seconds between two comparisons of what came live."""
LEAST_TOLD = 1.0
_SHORTEST = 12


class ClockSkew:
    """`of(path)`: seconds by which a file's clock is ahead of the others'; None if too little is known."""

    def __init__(self) -> None:
        self._by_lines: Mapping[str, float] = {}
        self._ahead: dict[str, list[float]] = {}
        self._clockless: set[str] = set()
        self._compared_at: float | None = None
        self._compared_to = 0

    def of(self, path: str) -> float | None:
        """By common lines if there are enough, else by the times at which the file grew."""
        if path in self._by_lines:
            return self._by_lines[path]
        seen = self._ahead.get(path, [])
        return _typical(seen) if len(seen) >= LEAST_GROWTHS else None

    def is_clockless(self, part: LogPart) -> bool:
        """Whether no line of its newest ones says a time."""
        return part.path in self._clockless

    def compare(self, cuts: LogCuts, now: float) -> bool:
        """Look at the newest lines of all files, once a while; whether it was time to."""
        if self._compared_at is not None and (now - self._compared_at < AGAIN or self._compared_to == cuts.end):
            return False
        self._compared_at, self._compared_to = now, cuts.end
        said: dict[str, dict[bytes, float]] = {}
        for part, end in zip(cuts.parts, cuts.newest, strict=True):
            low = part.line_at(max(part.view.start, end - LOOK // len(cuts.parts)), end)
            data = part.text(low, end)
            times = part.times(data, end)
            self._clockless.discard(part.path)
            if data and all(at == NEVER for at in times):
                self._clockless.add(part.path)
            if part.path not in said:
                said[part.path] = _once_said(split_lines(data), times, part.rank)
        self._by_lines = find_skews(said)
        return True

    def take(self, cuts: LogCuts, now: float) -> None:
        """A batch was added: hold the newest clock of each file that grew just now against when it grew."""
        for part, end in zip(cuts.parts, cuts.newest, strict=True):
            view = part.view
            if view.grown_at is None or view.modified_at is None or abs(now - view.grown_at) > 1.0:
                continue
            last = part.last_time(max(part.view.start, end - 4096), end)
            if last != NEVER:
                seen = self._ahead.setdefault(part.path, [])
                seen.append(last - view.modified_at)
                del seen[:-MOST_GROWTHS]


def find_skews(said: Mapping[str, Mapping[bytes, float]]) -> dict[str, float]:
    """From what each file says once, and when: how far each is ahead of the middle of all (of two, of the first)."""
    reference = max(said, key=lambda path: len(said[path]), default="")
    base = said.get(reference, {})
    apart = {reference: 0.0} if base else {}
    for path, lines in said.items():
        gaps = [at - base[text] for text, at in lines.items() if text in base]
        if path != reference and len(gaps) >= LEAST_PAIRS:
            apart[path] = _typical(gaps)
    if len(apart) < 2:
        return {}
    middle = median(apart.values()) if len(apart) > 2 else apart[min(apart, key=list(said).index)]
    return {path: gap - middle for path, gap in apart.items()}


def _typical(values: Sequence[float]) -> float:
    """The mean of the middle half: as robust as a median, and finer where clocks show whole seconds."""
    ordered = sorted(values)
    edge = len(ordered) // 4
    return fmean(ordered[edge : len(ordered) - edge])


def _once_said(lines: Sequence[bytes], times: Sequence[float], rank: int | None) -> dict[bytes, float]:
    """What a file says just once, without its prefix and its own rank, and when."""
    own = re.compile(rb"\b%d\b" % rank) if rank is not None else None
    found: dict[bytes, float] = {}
    for line, at in zip(lines, times, strict=True):
        if at == NEVER:
            continue
        plain = strip_escapes(line[:400])
        text = plain[find_message(plain) :].strip()
        if text.startswith(b"{") and (clock := find_clock(text)) is not None:
            text = text[: clock.start] + text[clock.end :]
        if len(text) < _SHORTEST:
            continue
        text = own.sub(b"R", text) if own is not None else text
        found[text] = NEVER if text in found else at
    return {text: at for text, at in found.items() if at != NEVER}
