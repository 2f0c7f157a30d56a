"""The threads that answer what is asked of a log, one for each kind of work, so that none waits behind a longer one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lptui.engine.align import align
from lptui.engine.desk import Desk
from lptui.engine.rows_at import read_rows
from lptui.engine.saving import save
from lptui.engine.search import search
from lptui.engine.seek import seek
from lptui.engine.sift import sift
from lptui.model.log import Chunk
from lptui.model.merged import (
    AnchorsPlaced,
    LineNamed,
    LinesNumbered,
    MergedAnswer,
    MergedRequest,
    NameLine,
    NumberLines,
    PlaceAnchors,
)
from lptui.model.place import Anchor
from lptui.model.request import (
    Aligned,
    AlignLogs,
    Answer,
    LogRequest,
    ReadLog,
    ReadRows,
    SaveLog,
    SearchLog,
    SeekLog,
    SiftLog,
)
from lptui.sources.log import LogSource
from lptui.sources.merged_log import MergedLog

Reply = Callable[[Answer], None]
Log = LogSource | MergedLog
LANES = ("reads", "moments", "searches", "counts", "filters", "saves")
"""Short reads must not wait behind a search, nor that behind a count of a whole log."""
_OF_PARTS = ReadLog | ReadRows | AlignLogs | MergedRequest
"""What a merged log answers from what was merged so far."""
_SUPERSEDED = ("searches", "counts", "filters")


class LogAnswers:
    """`find(path)` gives the source of a log, `run` is the folder in which nothing may be written. A newer search,
    count or filter of the same column of the screen ends an older one."""

    def __init__(self, find: Callable[[str], Log | None], run: str) -> None:
        self._find, self._run_path = find, run
        self._desks = {name: Desk[tuple[LogRequest, Reply]](name, self._answerer(name)) for name in LANES}
        self._newest: dict[tuple[str, int], LogRequest] = {}

    def start(self) -> None:
        """Begin to answer."""
        for desk in self._desks.values():
            desk.start()

    def ask(self, request: LogRequest, reply: Reply) -> None:
        """Queue `request`."""
        lane = _lane_of(request)
        if not (isinstance(request, SiftLog) and request.more):
            self._newest[lane, _column_of(request)] = request
        self._desks[lane].put((request, reply))

    def stop(self) -> None:
        """End the threads; what runs is cancelled."""
        self._newest.clear()
        for desk in self._desks.values():
            desk.stop()

    def _answerer(self, lane: str) -> Callable[[tuple[LogRequest, Reply]], None]:
        return lambda asked: self._answer(lane, *asked)

    def _answer(self, lane: str, request: LogRequest, reply: Reply) -> None:
        source = self._find(request.file)
        if source is None:
            if isinstance(request, ReadLog):
                reply(Chunk(request.file, request.start, b"", "this log is not open"))
            elif isinstance(request, AlignLogs):
                reply(Aligned(request, None))
            return
        whole = request.whole if isinstance(request, PlaceAnchors) else not isinstance(request, _OF_PARTS)
        if isinstance(source, MergedLog) and whole:
            source.finish(lambda: not self._is_stale(lane, request))
        for answer in self._answers_of(request, source):
            if self._is_stale(lane, request):
                return
            reply(answer)

    def _answers_of(self, request: LogRequest, source: Log) -> Iterator[Answer]:
        view, read = source.view, source.read
        match request:
            case ReadLog():
                yield read(request.start, request.length)
            case ReadRows():
                yield read_rows(request, view, read)
            case SearchLog():
                yield from search(request, view, read)
            case SiftLog():
                yield from sift(request, view, read)
            case SeekLog():
                yield from seek(request, view, read)
            case AlignLogs():
                yield align(request, self._find)
            case SaveLog():
                yield from save(request, view, read, self._run_path)
            case PlaceAnchors() | NameLine() | NumberLines():
                if isinstance(source, MergedLog):
                    yield _answer_merged(request, source)

    def _is_stale(self, lane: str, request: LogRequest) -> bool:
        """Whether the reader wants something else by now; what adds to a sifting is short."""
        if lane not in _SUPERSEDED:
            return False
        adds = isinstance(request, SiftLog) and request.more
        return not adds and self._newest.get((lane, _column_of(request))) is not request


def _column_of(request: LogRequest) -> int:
    return request.column if isinstance(request, SearchLog | SiftLog) else 0


def _answer_merged(request: MergedRequest, source: MergedLog) -> MergedAnswer:
    match request:
        case PlaceAnchors():
            return AnchorsPlaced(request, tuple(_place(anchor, source) for anchor in request.anchors))
        case NameLine():
            return LineNamed(request, _name(request.position, source))
        case NumberLines():
            return LinesNumbered(request, tuple(source.number_lines(request.positions)))


def _place(anchor: Anchor, source: MergedLog) -> int | None:
    part = source.read_part(anchor.file)
    offset = part[0].position(anchor) if part is not None else None
    return None if offset is None else source.find_line(anchor.file, offset)


def _name(position: int, source: MergedLog) -> Anchor | None:
    place = source.name_line(position)
    part = source.read_part(place[0]) if place is not None else None
    return None if place is None or part is None else part[0].anchor(place[1])


def _lane_of(request: LogRequest) -> str:
    match request:
        case SearchLog() | SeekLog():
            return "searches"
        case AlignLogs() | PlaceAnchors():
            return "moments"
        case SiftLog():
            return "counts" if request.purpose == "count" else "filters"
        case SaveLog():
            return "saves"
        case ReadLog() | ReadRows() | NameLine() | NumberLines():
            return "reads"
