"""Blocks of lines that one row can stand for: tracebacks (of many ranks at once), repeated lines, banners, dumps of a
configuration. Decided from a stretch of whole lines alone."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate, islice
from operator import eq
from typing import Literal

from lptui.formats.config_dumps import find_configs
from lptui.formats.crash_dumps import find_dumps, read_report, skip_native
from lptui.formats.log_prefix import read_prefix, strip_escapes
from lptui.formats.log_redraws import find_redraws
from lptui.formats.log_shape import own_prefix, rank_of
from lptui.formats.traceback import HEAD, Traceback, find_tracebacks
from lptui.model.value import frozen

Kind = Literal["traceback", "repeated", "banner", "config", "redrawn"]
LONGEST = 48 * 1024
"""Bytes of one block at most: a longer one stays as it is."""
_TITLE = 300
_HEAD = 400
_NEAR = 512
"""Bytes between two tracebacks of one failure."""
_SUFFIX = 24
_LABELS = (b"[rank", b"[default")
_NO_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_LEAST_REPEATED = 4
_LEAST_RANKS = 3
_LEAST_DUMPED = 5
_MOST_LINES = 600
_DUMP = re.compile(rb"(?i)\b\w*(?:config|overrides|hparams|hyperparameters|arguments)\b[^\n]{0,40}:[ \t]*$")
_ENTRY = re.compile(rb"[ \t]*(?:- )?[\w./\"'-]{1,100}:(?:[ \t].*)?$|[ \t]*- .*$")
_BANNER = re.compile(rb"[ \t]*[=#*-]{5,} {1,4}([A-Z][^\n=]{2,60}?) {1,4}[=#*-]{5,}[ \t]*$")
_RULES = (b"=====", b"#####", b"*****", b"-----")
_CLOSED = re.compile(rb"[ \t]*[=#*-]{5,}[ \t]*$")


@frozen
class Fold:
    """Bytes [start, end) of whole lines. `title` is what happened, `detail` how often, where and when; `first_rank` is
    the rank that said it first."""

    start: int
    end: int
    kind: Kind
    title: str
    lines: int
    ranks: tuple[int, ...] = ()
    first_rank: int | None = None
    clock: str = ""
    count: int = 1

    @property
    def detail(self) -> str:
        """'x 8 ranks, first rank 3, 12:04:11'."""
        words: list[str] = []
        if len(self.ranks) > 1:
            words += [f"x {len(self.ranks)} ranks", f"first rank {self.first_rank}"]
        elif self.count > 1:
            words.append(f"x {self.count:,}")
        elif self.first_rank is not None:
            words.append(f"rank {self.first_rank}")
        return ", ".join([*words, self.clock] if self.clock else words)


def find_folds(data: bytes, limit: int | None = None) -> list[Fold]:
    """The blocks of `data`, in order, none in another. A block that the end of `data` may cut is left out; rows of
    progress bars that were drawn over are told in parts, none over `limit`."""
    told = _apart(_tracebacks(data), _stacks(data), _repeated(data), _dumps(data), _configs(data), _banners(data))
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


def _tracebacks(data: bytes) -> Iterator[Fold]:
    if HEAD not in data:
        return
    group: list[Traceback] = []
    for trace in sorted(find_tracebacks(data), key=lambda t: t.start):
        if not trace.exception or (trace.end >= len(data) and not data.endswith(b"\n")):
            continue
        if group and not (_shape(trace) == _shape(group[0]) and trace.start <= max(t.end for t in group) + _NEAR):
            yield _fold_traces(data, group)
            group = []
        group.append(trace)
    if group:
        yield _fold_traces(data, group)


def _shape(trace: Traceback) -> tuple[str, str]:
    return trace.exception, re.sub(r"\d+", "0", trace.message[:120])


def _fold_traces(data: bytes, group: list[Traceback]) -> Fold:
    start, end = group[0].start, max(t.end for t in group)
    ranks = [rank for t in group if (rank := rank_of(strip_escapes(_line(data, t.start)))) is not None]
    first = group[0]
    message = first.message.split("\n")[0]
    frame = first.user_frame or (first.frames[-1] if first.frames else None)
    place = ""
    if frame is not None:
        where = f" in {frame.function}" if frame.function else ""
        place = f"  {frame.path.rsplit('/', 1)[-1]}:{frame.line}{where}"
    title = f"{first.exception}{': ' + message if message else ''}"[:_TITLE] + place
    end = skip_native(data, end)
    if first.exception.endswith("ChildFailedError"):
        end, report = read_report(data, end)
        title = f"ChildFailedError: {report}"[:_TITLE] if report else title
    return Fold(
        start,
        end,
        "traceback",
        title,
        data.count(b"\n", start, end),
        tuple(sorted(set(ranks))),
        ranks[0] if ranks else None,
        _clock_near(data, start, end),
        len(group),
    )


def _stacks(data: bytes) -> Iterator[Fold]:
    for start, end, title in find_dumps(data):
        clock = _clock_near(data, start, end)
        rank = rank_of(strip_escapes(_line(data, start)))
        ranks = () if rank is None else (rank,)
        yield Fold(start, end, "traceback", title[:_TITLE], data.count(b"\n", start, end), ranks, rank, clock)


def _configs(data: bytes) -> Iterator[Fold]:
    for start, end, title in find_configs(data):
        yield Fold(start, end, "config", title[:_TITLE], data.count(b"\n", start, end))


def _repeated(data: bytes) -> Iterator[Fold]:
    """Runs of lines that say the same, but for the rank and the clock before it."""
    lines = data.split(b"\n")
    tails = [line[-_SUFFIX:] for line in lines]
    equal = map(eq, tails, islice(tails, 1, None))
    alike = [n for n, same in enumerate(equal) if same and tails[n]]
    if any(label in data for label in _LABELS):
        alike = sorted({*alike, *(n for n in range(len(lines) - 1) if tails[n] and _of_ranks(lines, n))})
    if not alike:
        return
    starts = [0, *accumulate(len(line) + 1 for line in lines)]
    run: list[int] = []
    message = b""
    for number in alike:
        if run and run[-1] != number:
            yield from _fold_run(data, [starts[n] for n in run], starts[run[-1] + 1])
            run = []
        if not run:
            run, message = [number], _message(data, starts[number])
        if message and number + 2 < len(lines) and _message(data, starts[number + 1]) == message:
            run.append(number + 1)
        else:
            yield from _fold_run(data, [starts[n] for n in run], starts[run[-1] + 1])
            run = []
    if run:
        yield from _fold_run(data, [starts[n] for n in run], starts[run[-1] + 1])


def _of_ranks(lines: list[bytes], number: int) -> bool:
    """Whether two lines in a row are labelled with ranks and may differ in their numbers only."""
    one, two = lines[number], lines[number + 1]
    if not one.startswith(_LABELS) or not two.startswith(_LABELS):
        return False
    return one[-_SUFFIX:].translate(_NO_DIGITS) == two[-_SUFFIX:].translate(_NO_DIGITS)


def _fold_run(data: bytes, run: list[int], end: int) -> Iterator[Fold]:
    heads = [strip_escapes(_line(data, at)) for at in run]
    ranks = [rank for head in heads if (rank := rank_of(head)) is not None]
    least = _LEAST_RANKS if len(set(ranks)) > 1 else _LEAST_REPEATED
    if len(run) < least:
        return
    title = _message(data, run[0])[:_TITLE].decode("utf-8", "replace").strip()
    clock = _clock_near(data, run[0], end)
    first = ranks[0] if ranks else None
    yield Fold(run[0], end, "repeated", title, len(run), tuple(sorted(set(ranks))), first, clock, len(run))


def _message(data: bytes, at: int) -> bytes:
    """What a line says without prefix and without its own rank; nothing for a bar or a huge line."""
    line = _line(data, at)
    if b"\r" in line or len(line) >= _HEAD:
        return b""
    line = strip_escapes(line)
    message = line[read_prefix(line).start :].strip()
    rank = rank_of(line)
    return re.sub(rb"\b%d\b" % rank, b"R", message) if rank is not None else message


def _dumps(data: bytes) -> Iterator[Fold]:
    for start, line in _lines_with(data, b":\n"):
        if _DUMP.search(line) is None:
            continue
        at = data.find(b"\n", start) + 1
        end, count = _take_lines(data, at, lambda line: _ENTRY.match(line) is not None and not own_prefix(line))
        if count >= _LEAST_DUMPED and at > 0 and end < len(data):
            title = _message_text(line)
            yield Fold(start, end, "config", title, count + 1, clock=_clock_near(data, start, end))


def _banners(data: bytes) -> Iterator[Fold]:
    for start, line in sorted({found for rule in _RULES for found in _lines_with(data, rule)}):
        match = _BANNER.match(line)
        if match is None:
            continue
        at = data.find(b"\n", start) + 1
        end, count = _take_lines(data, at, lambda line: b":" in line[:60] and not own_prefix(line))
        if at > 0 and _CLOSED.match(_line(data, end)):
            end = data.find(b"\n", end) + 1 or len(data)
        if count >= 1 and end < len(data):
            entries = data[at:end].decode("utf-8", "replace").split("\n")
            words = " · ".join(e.strip() for e in entries if ":" in e)
            yield Fold(
                start,
                end,
                "banner",
                f"{match[1].decode('utf-8', 'replace')}  {words}"[:_TITLE],
                data.count(b"\n", start, end),
            )


def _redrawn(data: bytes, limit: int | None) -> Iterator[Fold]:
    stop = len(data) if limit is None else data.find(b"\n", max(0, limit - 1)) + 1 or len(data)
    for start, end, count in find_redraws(data, LONGEST, stop):
        yield Fold(start, end, "redrawn", "rows of progress bars, drawn over", count, count=count)


def _lines_with(data: bytes, what: bytes) -> Iterator[tuple[int, bytes]]:
    """(start, line) of the lines that hold `what`, each once; finding bytes costs far less than matching lines."""
    at = data.find(what)
    while at >= 0:
        start = data.rfind(b"\n", 0, at) + 1
        yield start, _line(data, start)
        end = data.find(b"\n", at)
        at = data.find(what, end + 1) if end >= 0 else -1


def _take_lines(data: bytes, at: int, belongs: Callable[[bytes], bool]) -> tuple[int, int]:
    """(end, count) of the lines from `at` on that belong together."""
    count = 0
    while count < _MOST_LINES and 0 < at < len(data):
        line = _line(data, at)
        if not line or not belongs(line):
            break
        count += 1
        at = data.find(b"\n", at) + 1 or len(data)
    return at, count


def _message_text(line: bytes) -> str:
    line = strip_escapes(line)
    return line[read_prefix(line).start :][:_TITLE].decode("utf-8", "replace").strip()


def _clock_near(data: bytes, start: int, end: int) -> str:
    """The clock of the block's first line, of the line before it, or of the one after it, as it is written."""
    before = data.rfind(b"\n", 0, max(0, start - 1)) + 1
    for at in (start, before, end):
        clock = read_prefix(strip_escapes(_line(data, at))).clock
        if clock is not None:
            seconds = int(clock % 86400)
            return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return ""


def _line(data: bytes, at: int) -> bytes:
    """The line at `at`, or as much of it as tells what it is."""
    end = data.find(b"\n", at, at + _HEAD)
    return data[at : at + _HEAD if end < 0 else end].rstrip(b"\r")
