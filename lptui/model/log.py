"""A log as the engine knows it: one line of bytes positions over all generations of one file.

A *position* counts bytes from the start of the generation that was opened first (0); older generations that are found
later (`.1`, `.2.gz`) lie at negative positions. A position is derived from an Anchor by the segment's `base`.
"""

from __future__ import annotations

from typing import Literal

from lptui.model.log_index import UNREAD, LineIndex
from lptui.model.place import Anchor
from lptui.model.value import frozen

SeamKind = Literal["start", "rotated", "truncated", "replaced", "returned"]


@frozen
class Suspect:
    """A line that may say something: bytes [start, end) of a block, without its line break; found by what is `at`."""

    start: int
    end: int
    at: int


@frozen
class LogSegment:
    """One generation of a log file: bytes [base, base + size) in positions.

    `path` is the older file that it was found in (empty: the log itself). `kept_from` is the first offset whose bytes
    can still be read, `lost` says why those before it cannot.
    """

    generation: int
    base: int
    size: int
    seam: SeamKind = "start"
    seam_at: float = 0.0
    kept_from: int = 0
    lost: str = ""
    path: str = ""

    @property
    def end(self) -> int:
        return self.base + self.size


@frozen
class LogView:
    """A log file at one instant: its segments, oldest first, and the newest bytes in hand.

    `tail` are the last bytes of the newest segment, starting at position `tail_start`; what the screen needs to
    follow is always in hand. `lines` is what the scan has counted so far.
    """

    file: str
    segments: tuple[LogSegment, ...] = ()
    tail: bytes = b""
    tail_start: int = 0
    grown_at: float | None = None
    modified_at: float | None = None
    missing: bool = False
    lines: LineIndex = UNREAD

    @property
    def start(self) -> int:
        return self.segments[0].base + self.segments[0].kept_from if self.segments else 0

    @property
    def end(self) -> int:
        return self.segments[-1].end if self.segments else 0

    def segment_at(self, position: int) -> LogSegment | None:
        """The segment that holds `position`, or None outside of all."""
        for segment in reversed(self.segments):
            if segment.base <= position < segment.end:
                return segment
        return None

    def anchor(self, position: int) -> Anchor:
        """The lasting name of `position`."""
        segment = self.segment_at(position) or (self.segments[-1] if self.segments else None)
        if segment is None:
            return Anchor(self.file, 0, position)
        return Anchor(self.file, segment.generation, position - segment.base)

    def position(self, anchor: Anchor) -> int | None:
        """Where `anchor` lies now, or None if its generation is gone or it is of another file."""
        if anchor.file != self.file:
            return None
        for segment in self.segments:
            if segment.generation == anchor.generation:
                return segment.base + anchor.offset
        return None


@frozen
class Chunk:
    """Bytes [start, start + len(data)) of a log, as asked for by a screen. `reason` says why bytes are missing."""

    file: str
    start: int
    data: bytes
    reason: str = ""

    @property
    def end(self) -> int:
        return self.start + len(self.data)
