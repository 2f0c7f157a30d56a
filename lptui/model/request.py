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
    """What is in one checkpoint (a file, or a folder). Answered by `lptui.checkpoints.contents.Contents`."""

    path: str


@dataclass(frozen=True, slots=True)
class VerifyCheckpoint:
    """Read every byte of one checkpoint: checksums, NaN, zeros. Answered by `lptui.checkpoints.contents.Measured`."""

    path: str


@dataclass(frozen=True, slots=True)
class CompareCheckpoints:
    """What differs between two checkpoints; `measure`: also by how much, for which both are read whole. Answered by
    `lptui.checkpoints.difference.Difference`."""

    first: str
    second: str
    measure: bool = False


@dataclass(frozen=True, slots=True)
class MeasureDrift:
    """How far the weights moved between neighbours of `paths` (oldest first), layer by layer. Answered by
    `lptui.checkpoints.drift.Drift`, after each pair by what is known until then."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FindNonFinite:
    """The first of `paths` (oldest first) with NaN or infinity in its weights. Answered by
    `lptui.checkpoints.bisection.FirstNonFinite`."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop answering a request about checkpoints, whether it runs or waits. Not answered."""

    request: CheckpointRequest


CheckpointRequest = InspectCheckpoint | VerifyCheckpoint | CompareCheckpoints | MeasureDrift | FindNonFinite
Request = ReadLog | SearchLog | Acknowledge | Snooze | Wake | CheckpointRequest | Cancel


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
class CheckpointAnswer:
    """How far a request about checkpoints is (parts `done` of `total`) and what was `found` until then: a value of
    `lptui.checkpoints`, the request says which. `ended`: this is the last word. `verdict` and `reason`: of a deep
    pass. `error`: it failed, and why."""

    request: CheckpointRequest
    done: int = 0
    total: int = 0
    found: object | None = None
    ended: bool = False
    verdict: str = ""
    reason: str = ""
    error: str = ""


Answer = Chunk | SearchProgress | CheckpointAnswer
