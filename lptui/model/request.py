"""What a screen asks of the engine: frozen values, cancellable, answered by values."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import Literal

from lptui.model.chart_layout import ChartLayout
from lptui.model.log import Chunk
from lptui.model.log_query import EVERYTHING, LogPlace, LogQuery
from lptui.model.merged import MergedAnswer, MergedRequest, MergeLogs
from lptui.model.server_request import ServerRequest
from lptui.model.value import frozen


@frozen
class ReadLog:
    """Bytes [start, start + length) of a log; positions as in model.log."""

    file: str
    start: int
    length: int


@frozen
class ReadRows:
    """The lines at `positions`, each with `around` lines before and after it: matches lie far apart in a log. With
    `numbers` also which lines of their file they are."""

    file: str
    positions: tuple[int, ...]
    around: int = 0
    numbers: bool = False


@frozen
class SearchLog:
    """The next row from `start` on (or before it, `backwards`) that matches `pattern` (RE2 syntax, case-insensitive
    when it has no upper-case letter), among the rows that `within` keeps. A newer one of the same `column` ends an
    older one."""

    file: str
    pattern: str
    start: int
    backwards: bool = False
    within: LogQuery = EVERYTHING
    column: int = 0


@frozen
class SiftLog:
    """All rows of [start, end) that `query` keeps and that match `pattern`, if there is one, newest first; None: from
    the oldest, to the newest byte. A newer one for the same purpose and `column` ends an older one; one with `more`
    adds to it."""

    file: str
    query: LogQuery
    pattern: str = ""
    purpose: Literal["count", "filter"] = "filter"
    start: int | None = None
    end: int | None = None
    more: bool = False
    column: int = 0


@frozen
class SeekLog:
    """Where `place` lies. Lines are those of the generation that holds position `near`."""

    file: str
    place: LogPlace
    near: int


@frozen
class AlignLogs:
    """Where the logs `others` were when the row at `position` of `file` was written. `known` (unix s): if that was it,
    nothing is looked for."""

    file: str
    position: int
    others: tuple[str, ...]
    known: float | None = None


@frozen
class SaveLog:
    """Write the rows that `query` keeps to a new file, harmless and with secrets masked; never under the run."""

    file: str
    query: LogQuery
    path: str


@frozen
class Acknowledge:
    """Silence one finding: it stays listed, but no longer leads the header."""

    finding_id: str


@frozen
class Snooze:
    """Silence one finding for a while; `seconds` None: until the next attempt begins."""

    finding_id: str
    seconds: float | None


@frozen
class Wake:
    """Take back what silenced a finding."""

    finding_id: str


@frozen
class InspectCheckpoint:
    """What is in one checkpoint (a file, or a folder). Answered by `lptui.checkpoints.contents.Contents`."""

    path: str


@frozen
class VerifyCheckpoint:
    """Read every byte of one checkpoint: checksums, NaN, zeros. Answered by `lptui.checkpoints.contents.Measured`."""

    path: str


@frozen
class CompareCheckpoints:
    """What differs between two checkpoints; `measure`: also by how much, for which both are read whole. Answered by
    `lptui.checkpoints.difference.Difference`."""

    first: str
    second: str
    measure: bool = False


@frozen
class MeasureDrift:
    """How far the weights moved between neighbours of `paths` (oldest first), layer by layer. Answered by
    `lptui.checkpoints.drift.Drift`, after each pair by what is known until then."""

    paths: tuple[str, ...]


@frozen
class FindNonFinite:
    """The first of `paths` (oldest first) with NaN or infinity in its weights. Answered by
    `lptui.checkpoints.bisection.FirstNonFinite`."""

    paths: tuple[str, ...]


@frozen
class Cancel:
    """Stop answering a request about checkpoints, whether it runs or waits. Not answered."""

    request: CheckpointRequest


@frozen
class ReadLayout:
    """How the charts of this project were arranged last."""


@frozen
class KeepLayout:
    """Keep how the charts are arranged now; answered only if that fails."""

    layout: ChartLayout


LayoutRequest = ReadLayout | KeepLayout
CheckpointRequest = InspectCheckpoint | VerifyCheckpoint | CompareCheckpoints | MeasureDrift | FindNonFinite
LogRequest = ReadLog | ReadRows | SearchLog | SiftLog | SeekLog | AlignLogs | SaveLog | MergedRequest
CareRequest = Acknowledge | Snooze | Wake
Request = LogRequest | MergeLogs | CareRequest | CheckpointRequest | Cancel | LayoutRequest | ServerRequest


@frozen
class SearchProgress:
    """How far a search is: `hit` is the position of the matching row, once found. `error`: the pattern is wrong."""

    request: SearchLog
    scanned: int
    total: int
    hit: int | None = None
    done: bool = False
    error: str = ""


@frozen
class RowsRead:
    """One chunk for each of the asked positions, of whole lines; empty where they could not be read. `numbers`: of
    the first line of each chunk, from 1, or None."""

    request: ReadRows
    chunks: tuple[Chunk, ...]
    numbers: tuple[int | None, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Sifted:
    """How far a sifting is. `found` are the positions found since the last answer, newest first; `matches` counts all
    of them; `full`: there are more, older ones than are kept. `covered`: the last position up to which rows are known,
    for a later request to go on from."""

    request: SiftLog
    found: array[int]
    matches: int
    scanned: int
    total: int
    covered: int
    done: bool = False
    full: bool = False
    error: str = ""


@frozen
class Sought:
    """Where a place is: `position`, or None and `reason`."""

    request: SeekLog
    position: int | None = None
    done: bool = True
    reason: str = ""


@frozen
class Standing:
    """A row of a log, and when (unix s) it was written."""

    position: int
    at: float


@frozen
class Aligned:
    """When the row was written (`at`, unix s; None: no clock is near it) and, for each of the other logs, the row that
    it had written last by then, or its first one; None where it tells no time. `places` is empty where nothing was
    looked for."""

    request: AlignLogs
    at: float | None
    places: tuple[Standing | None, ...] = ()


@frozen
class SaveProgress:
    """How far a saving is, in bytes read; `rows` were written. `error`: why it was not, or not all."""

    request: SaveLog
    scanned: int
    total: int
    rows: int = 0
    done: bool = False
    error: str = ""


@frozen
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


@frozen
class LayoutRead:
    """The layout that was kept; None where there is none, or it cannot be used or kept: `note` says why."""

    layout: ChartLayout | None
    note: str = ""


Answer = (
    Chunk
    | RowsRead
    | SearchProgress
    | Sifted
    | Sought
    | Aligned
    | MergedAnswer
    | SaveProgress
    | CheckpointAnswer
    | LayoutRead
)
