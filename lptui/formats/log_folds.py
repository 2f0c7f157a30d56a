"""Blocks of lines that one row can stand for: tracebacks (of many ranks at once), repeated lines, banners, what
launchers say of a start, dumps of a configuration. Decided from a stretch of whole lines alone."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator

from lptui.formats.config_dumps import find_configs
from lptui.formats.crash_dumps import find_dumps, read_report, skip_native
from lptui.formats.fold import LONGEST, TITLE, Fold, clock_near, line_at
from lptui.formats.fold_banners import find_banners, find_dumped
from lptui.formats.fold_launchers import find_launchers
from lptui.formats.fold_repeats import find_repeats
from lptui.formats.log_prefix import strip_escapes
from lptui.formats.log_redraws import find_redraws
from lptui.formats.log_shape import rank_of
from lptui.formats.traceback import HEAD, Traceback, find_tracebacks
from lptui.formats.traceback_lead import find_lead

_NEAR = 512
"""Bytes between two tracebacks of one failure."""


def find_folds(data: bytes, limit: int | None = None) -> list[Fold]:
    """The blocks of `data`, in order, none in another. A block that the end of `data` may cut is left out; rows of
    progress bars that were drawn over are told in parts, none over `limit`."""
    launched = list(find_launchers(data))
    restarts = sorted(fold.start for fold in launched if fold.kind == "restart")
    blocks = find_dumped(data), _configs(data), find_banners(data), launched
    told = _apart(_tracebacks(data, restarts), _stacks(data), find_repeats(data), *blocks)
    drawn = [fold for fold in _redrawn(data, limit) if fold.end - fold.start <= LONGEST]
    if not told or not drawn:
        return told or drawn
    # What a bar drew over hides no block that says something.
    starts = [fold.start for fold in told]
    free = [fold for fold in drawn if _is_free(fold, told, bisect_left(starts, fold.end))]
    return sorted([*told, *free], key=lambda f: f.start)


def _apart(*found: Iterable[Fold]) -> list[Fold]:
    """Blocks in order, none in another, none too long."""
    kept: list[Fold] = []
    for fold in sorted((fold for some in found for fold in some), key=lambda f: (f.start, -f.end)):
        if fold.end - fold.start <= LONGEST and (not kept or fold.start >= kept[-1].end):
            kept.append(fold)
    return kept


def _is_free(fold: Fold, told: list[Fold], number: int) -> bool:
    """Whether no block reaches into `fold`; `number` of them begin before its end."""
    return number == 0 or told[number - 1].end <= fold.start


def _tracebacks(data: bytes, restarts: list[int]) -> Iterator[Fold]:
    """Those of one failure as one; what was raised before and after one of `restarts` is not."""
    if HEAD not in data:
        return
    group: list[Traceback] = []
    for trace in sorted(find_tracebacks(data), key=lambda t: t.start):
        if not trace.exception or (trace.end >= len(data) and not data.endswith(b"\n")):
            continue
        if group and not _of_one_failure(group, trace, restarts):
            yield _fold_traces(data, group)
            group = []
        group.append(trace)
    if group:
        yield _fold_traces(data, group)


def _of_one_failure(group: list[Traceback], trace: Traceback, restarts: list[int]) -> bool:
    if _shape(trace) != _shape(group[0]) or trace.start > max(t.end for t in group) + _NEAR:
        return False
    return bisect_left(restarts, group[0].start) == bisect_left(restarts, trace.start)


def _shape(trace: Traceback) -> tuple[str, str]:
    return trace.exception, re.sub(r"\d+", "0", trace.message[:120])


def _fold_traces(data: bytes, group: list[Traceback]) -> Fold:
    start, end = find_lead(data, group[0].start), max(t.end for t in group)
    ranks = [rank for t in group if (rank := rank_of(strip_escapes(line_at(data, t.start)))) is not None]
    first = group[0]
    message = first.message.split("\n")[0]
    frame = first.user_frame or (first.frames[-1] if first.frames else None)
    place = ""
    if frame is not None:
        where = f" in {frame.function}" if frame.function else ""
        place = f"  {frame.path.rsplit('/', 1)[-1]}:{frame.line}{where}"
    title = f"{first.exception}{': ' + message if message else ''}"[:TITLE] + place
    end = skip_native(data, end)
    if first.exception.endswith("ChildFailedError"):
        end, report = read_report(data, end)
        title = f"ChildFailedError: {report}"[:TITLE] if report else title
    return Fold(
        start,
        end,
        "traceback",
        title,
        data.count(b"\n", start, end),
        tuple(sorted(set(ranks))),
        ranks[0] if ranks else None,
        clock_near(data, start, end),
        len(group),
    )


def _stacks(data: bytes) -> Iterator[Fold]:
    for start, end, title in find_dumps(data):
        clock = clock_near(data, start, end)
        rank = rank_of(strip_escapes(line_at(data, start)))
        ranks = () if rank is None else (rank,)
        yield Fold(start, end, "traceback", title[:TITLE], data.count(b"\n", start, end), ranks, rank, clock)


def _configs(data: bytes) -> Iterator[Fold]:
    for start, end, title in find_configs(data):
        yield Fold(start, end, "config", title[:TITLE], data.count(b"\n", start, end))


def _redrawn(data: bytes, limit: int | None) -> Iterator[Fold]:
    stop = len(data) if limit is None else data.find(b"\n", max(0, limit - 1)) + 1 or len(data)
    for start, end, count in find_redraws(data, LONGEST, stop):
        yield Fold(start, end, "redrawn", "rows of progress bars, drawn over", count, count=count)
