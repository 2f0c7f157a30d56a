"""Lines of our own that say, within a merged log, where a file began anew while it was watched."""

from __future__ import annotations

from collections.abc import Callable

from lptui.model.log import LogView

Raw = Callable[[int, int], bytes]
_WORDS = {
    "rotated": b"the log was rotated; a new file begins here",
    "truncated": b"the log was truncated; it starts anew here",
    "replaced": b"the log was replaced by another file",
    "returned": b"the log came back after it had been missing",
}


class LogSeams:
    """The seams of one file, at offsets of its view, oldest first."""

    def __init__(self) -> None:
        self._seams: list[tuple[int, bytes]] = []
        self._generation = 0

    def note(self, view: LogView, raw: Raw) -> None:
        """Remember those that came since the last look; a line that the old file left open is ended."""
        for segment in view.segments:
            if segment.generation > self._generation:
                self._generation = segment.generation
                before = raw(segment.base - 1, segment.base)
                close = b"" if not before or before in b"\n\0" else b"\n"
                words = _WORDS.get(segment.seam, b"a new file begins here")
                self._seams.append((segment.base, close + b"--- " + words + b" ---\n"))

    def ends_a_line(self, offset: int) -> bool:
        """Whether the file that ended at `offset` left a line open."""
        return any(at == offset and text.startswith(b"\n") for at, text in self._seams)

    def weigh(self, offset: int, label: int) -> int:
        """Bytes that seams before `offset` add, where each line has `label` bytes before it."""
        return sum(len(text) + label * text.count(b"\n") for at, text in self._seams if at < offset)

    def any_within(self, low: int, high: int) -> bool:
        """Whether `put_in` adds any to [low, high)."""
        return any(low <= at < high for at, _ in self._seams)

    def put_in(self, low: int, high: int, raw: Raw) -> bytes:
        """The bytes of [low, high) with the seams in them."""
        parts: list[bytes] = []
        for at, text in self._seams:
            if low <= at < high:
                parts += [raw(low, at), text]
                low = at
        return b"".join([*parts, raw(low, high)])

    def take_out(self, low: int, high: int, at: int) -> int:
        """The offset in the file of what lies `at` bytes behind `low` in the text with seams."""
        at += low
        for seam, text in self._seams:
            if low <= seam < high and at > seam:
                at -= min(len(text), at - seam)
        return min(high - 1, at)
