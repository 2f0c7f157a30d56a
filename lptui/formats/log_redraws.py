"""Lines that progress bars of several rows drew over: Rich's with more than one task, Lightning's on Rich, nested tqdm.

Such a bar moves the cursor up (`ESC [ n A`) and writes its rows again, so that a file holds a line for every redraw.
Which lines a terminal would no longer show is found by following the cursor's row, and nothing else of a terminal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate

from lptui.formats.log_shape import own_prefix

_UP = re.compile(rb"\x1b\[(\d{0,3})A")
_ESCAPE = re.compile(rb"\x1b\[[0-?]{0,32}[@-~]")
_ERASE = re.compile(rb"\x1b\[[02]?K[ \r]*$")
_LONGEST_LINE = 16 * 1024
"""Of a longer line the end alone is looked at: it is what its row shows."""
_LEAST = 2


def find_redraws(data: bytes, most: int, stop: int) -> Iterator[tuple[int, int, int]]:
    """(start, end, lines) of runs of whole lines below `stop` that were drawn over, of at most `most` bytes each."""
    if _UP.search(data) is None:
        return
    lines = data.split(b"\n")
    starts = [0, *accumulate(len(line) + 1 for line in lines)]
    run: list[int] = []
    for number in sorted(_drawn_over(lines)):
        if starts[number] >= stop:
            break
        if run and (number != run[-1] + 1 or starts[number + 1] - starts[run[0]] > most):
            yield from _told(run, starts)
            run = []
        run.append(number)
    yield from _told(run, starts)


def _told(run: list[int], starts: list[int]) -> Iterator[tuple[int, int, int]]:
    if len(run) >= _LEAST:
        yield starts[run[0]], starts[run[-1] + 1], len(run)


def _drawn_over(lines: list[bytes]) -> set[int]:
    """Numbers of the lines of which nothing is left. A line with a prefix of its own (clock, level) always stays."""
    gone: set[int] = set()
    shown: dict[int, int] = {}
    cursor = 0
    for number, line in enumerate(lines):
        parts = _UP.split(line[-_LONGEST_LINE:])
        for index in range(0, len(parts), 2):
            if index:
                cursor -= int(parts[index - 1] or b"1")
            ink = _ink(parts[index])
            if ink is None:
                continue
            if cursor in shown and shown[cursor] != number and not own_prefix(lines[shown[cursor]]):
                gone.add(shown[cursor])
            shown.pop(cursor, None)
            if ink:
                shown[cursor] = number
        cursor += 1
    return gone


def _ink(part: bytes) -> bool | None:
    """Whether the row shows something after `part` was written; None: it is as it was."""
    if _ERASE.search(part) is not None:
        return False
    bare = _ESCAPE.sub(b"", part)
    frame = bare.rstrip(b"\r").rpartition(b"\r")[2]
    if frame.strip():
        return True
    return False if frame else None
