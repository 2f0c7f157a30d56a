"""What a screen asks of the engine: frozen values, cancellable, answered by values."""

from __future__ import annotations

from dataclasses import dataclass

from lptui.model.log import Chunk


@dataclass(frozen=True, slots=True)
class ReadLog:
    """Bytes [start, start + length) of a log; positions as in model.log."""

    file: str
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class SearchLog:
    """The next row from `start` on (or before it, `backwards`) that matches `pattern` (RE2 syntax, case-insensitive
    when it has no upper-case letter)."""

    file: str
    pattern: str
    start: int
    backwards: bool = False


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Silence one finding: it stays listed, but no longer leads the header."""

    finding_id: str


@dataclass(frozen=True, slots=True)
class Snooze:
    """Silence one finding for a while; `seconds` None: until the next attempt begins."""

    finding_id: str
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Wake:
    """Take back what silenced a finding."""

    finding_id: str


@dataclass(frozen=True, slots=True)
class InspectCheckpoint:
    """Look inside one checkpoint now."""

    path: str


@dataclass(frozen=True, slots=True)
class VerifyCheckpoint:
    """Read every byte of one checkpoint: checksums, NaN, zeros."""

    path: str


Request = ReadLog | SearchLog | Acknowledge | Snooze | Wake | InspectCheckpoint | VerifyCheckpoint


@dataclass(frozen=True, slots=True)
class SearchProgress:
    """How far a search is: `hit` is the position of the matching row, once found. `error`: the pattern is wrong."""

    request: SearchLog
    scanned: int
    total: int
    hit: int | None = None
    hit_length: int = 0
    done: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class VerifyProgress:
    """How far a deep pass is, in bytes; `verdict` and `reason` at its end."""

    path: str
    read: int
    total: int
    verdict: str = ""
    reason: str = ""


Answer = Chunk | SearchProgress | VerifyProgress
