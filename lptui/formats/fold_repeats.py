"""Lines that come again: the same one several times in a row, or from several ranks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate, islice
from operator import eq

from lptui.formats.fold import HEAD, TITLE, Fold, clock_near, line_at
from lptui.formats.log_prefix import read_prefix, strip_escapes
from lptui.formats.log_shape import rank_of

_SUFFIX = 24
_LABELS = (b"[rank", b"[default")
_NO_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_LEAST_REPEATED = 4
_LEAST_RANKS = 3
_REMEMBERED = 4096


def find_repeats(data: bytes) -> Iterator[Fold]:
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
    if len(run) < _LEAST_RANKS:
        return
    heads = [strip_escapes(line_at(data, at)) for at in run]
    ranks = [rank for head in heads if (rank := rank_of(head)) is not None]
    least = _LEAST_RANKS if len(set(ranks)) > 1 else _LEAST_REPEATED
    if len(run) < least:
        return
    title = _message(data, run[0])[:TITLE].decode("utf-8", "replace").strip()
    clock = clock_near(data, run[0], end)
    first = ranks[0] if ranks else None
    yield Fold(run[0], end, "repeated", title, len(run), tuple(sorted(set(ranks))), first, clock, len(run))


def _message(data: bytes, at: int) -> bytes:
    """What a line says without prefix and without its own rank; nothing for a bar or a huge line."""
    line = line_at(data, at)
    return b"" if b"\r" in line or len(line) >= HEAD else _strip(line)


@lru_cache(_REMEMBERED)
def _strip(line: bytes) -> bytes:
    """The end of a log that grows is looked through for each new line, and many lines end as the one above does."""
    line = strip_escapes(line)
    message = line[read_prefix(line).start :].strip()
    rank = rank_of(line)
    return re.sub(rb"\b%d\b" % rank, b"R", message) if rank is not None else message
