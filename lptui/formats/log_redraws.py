"""Lines that progress bars drew over: those of several rows (Rich's with several tasks, nested tqdm, one a rank), and
frames that something on the way (torchrun's tee, a container's log) made lines of their own.

A bar of several rows moves the cursor up (`ESC [ n A`) and writes its rows again, so that a file holds a line for every
redraw. Which lines a terminal would no longer show is found by following the cursor's row, that of each rank where a
launcher labels the lines, and nothing else of a terminal. A frame is over with the next one of the same bar below it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate

from lptui.formats.bar_end import find_behind
from lptui.formats.log_prefix import strip_labels
from lptui.formats.log_shape import own_prefix

_UP = re.compile(rb"\x1b\[(\d{0,3})A")
_ESCAPE = re.compile(rb"\x1b\[[0-?]{0,32}[@-~]")
_ERASE = re.compile(rb"\x1b\[[02]?K[ \r]*$")
_LONGEST_LINE = 16 * 1024
"""Of a longer line the end alone is looked at: it is what its row shows."""
_DRAWN = re.compile(rb"\r[^\r\n]|\x1b\[\d{0,3}[AK]|\d%|\d/\d|(?:it|s|B)/(?:s|it|B)|\xe2[\x94-\x96\xa0-\xa3][\x80-\xbf]")
"""What a row of a bar has: a cursor that moves, a share, a count, a rate, blocks and lines, a spinner's dots. Two
programs that draw into one file move the cursor over what the other has printed: what has none of these is kept."""
_LEAST = 2
_LEAST_RETURNS, _MOST_IN_A_ROW = 3, 4
_NO_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_REMEMBERED = 64
_FRAME = re.compile(rb"([^|\r\n]{0,200}?) {0,3}\d{1,3}%\|[^|\r\n]{0,400}\| *[\d.,kMGT?]{1,20}/([\d.,kMGT?]{1,20}) \[")
_NEAR = 64
"""A frame of the same bar is looked for among so many lines."""


def find_redraws(data: bytes, most: int, stop: int) -> Iterator[tuple[int, int, int]]:
    """(start, end, lines) of runs of whole lines below `stop` that were drawn over, of at most `most` bytes each."""
    if _UP.search(data) is None and data.count(b"%|") < _LEAST:
        return
    lines = data.split(b"\n")
    starts = [0, *accumulate(len(line) + 1 for line in lines)]
    gone, blank = _drawn_over(lines)
    run: list[int] = []
    last = 0
    for number in sorted(gone | blank):
        if starts[number] >= stop:
            break
        if run and (number != run[-1] + 1 or starts[number + 1] - starts[run[0]] > most):
            yield from _told(run[: last + 1], starts, gone)
            run, last = [], 0
        if number in gone or _is_label(lines[number]):
            last = len(run)
        elif not run:
            continue  # what is blank belongs to a run only between its lines
        run.append(number)
    yield from _told(run[: last + 1], starts, gone)


def _told(run: list[int], starts: list[int], gone: set[int]) -> Iterator[tuple[int, int, int]]:
    if len(run) >= _LEAST and not gone.isdisjoint(run):
        yield starts[run[0]], starts[run[-1] + 1], len(run)


def _drawn_over(lines: list[bytes]) -> tuple[set[int], set[int]]:
    """Numbers of the lines of which nothing is left, and of those that never showed anything.

    A line with a prefix of its own (clock, level) always stays.
    """
    gone: set[int] = set()
    blank: set[int] = set()
    shown: dict[tuple[bytes, int], int] = {}
    cursors: dict[bytes, int] = {}
    frames: dict[bytes, int] = {}
    bars = _Bars()
    for number, line in enumerate(lines):
        label, text = _split_label(line[-_LONGEST_LINE:])
        cursor = cursors.get(label, 0)
        inked = False
        parts = _UP.split(text)
        for index in range(0, len(parts), 2):
            if index:
                cursor -= int(parts[index - 1] or b"1")
            ink = _ink(parts[index])
            if ink is None:
                continue
            over = shown.pop((label, cursor), number)
            if over != number and _DRAWN.search(lines[over]) is not None and not _says(lines[over]):
                gone.add(over)
                bars.note_over(over, lines[over], lines[number])
            if ink:
                shown[label, cursor] = number
                inked = True
        cursors[label] = cursor + 1
        if inked:
            bars.note_frame(number, line)
        else:
            blank.add(number)
        if inked and (name := _name_frame(label, text)) is not None:
            if number - frames.get(name, number - _NEAR) < _NEAR:
                gone.add(frames[name])
            frames[name] = number
    return gone - bars.newest_of_many(), blank


class _Bars:
    """Bars of several processes that draw at once into one file move the cursor over each other's: of each the newest
    frame stays in view. They differ in a number (of the rank), and their frames alternate; bars that follow each other
    in one row, or an evaluation's among the training's, are not such ones."""

    def __init__(self) -> None:
        self._lasts: dict[bytes, int] = {}
        self._drawn: dict[bytes, int] = {}
        self._returns: dict[bytes, int] = {}
        self._newest: bytes | None = None
        self._spared: dict[bytes, int] = {}

    def note_frame(self, number: int, line: bytes) -> None:
        """A line that shows something."""
        name = _name_last(line)
        if name is not None:
            self._lasts[name] = number
            self._drawn[name] = self._drawn.get(name, 0) + 1
            self._returns[name] = self._returns.get(name, 0) + (name != self._newest)
            self._newest = name

    def note_over(self, over: int, old: bytes, new: bytes) -> None:
        """Line `over` was drawn over by another."""
        mine, other = _name_last(old), _name_last(new)
        if mine is None or other is None or mine == other:
            return
        if mine.translate(_NO_DIGITS) == other.translate(_NO_DIGITS) and self._alternates(other):
            self._spared[mine] = over

    def newest_of_many(self) -> set[int]:
        """Frames that were drawn over by another such bar, and never came again."""
        spared = self._spared.items()
        return {number for name, number in spared if self._lasts.get(name) == number and self._alternates(name)}

    def _alternates(self, name: bytes) -> bool:
        """Whether frames of others come between a bar's own ones all the time."""
        returns = self._returns.get(name, 0)
        return returns >= _LEAST_RETURNS and returns * _MOST_IN_A_ROW >= self._drawn[name]


def _is_label(line: bytes) -> bool:
    """Whether a launcher's label is all that a line has: it put one before each row that a bar went over."""
    return line[:1] in (b"[", b"(") and not strip_labels(line).strip()


@lru_cache(_REMEMBERED)
def _name_last(line: bytes) -> bytes | None:
    """What tells the bar whose frame a line shows last."""
    if b"%|" not in line:
        return None
    shown = _ESCAPE.sub(b"", line[-_LONGEST_LINE:]).rstrip(b"\r").rpartition(b"\r")[2]
    match = _FRAME.match(shown)
    return None if match is None else b"%s|%s" % (match[1], match[2])


def _says(line: bytes) -> bool:
    """Whether a line says more than a bar: it has a clock or a level, or a message right behind the bar."""
    shown = line[line.rstrip(b"\r").rfind(b"\r") + 1 :]
    return own_prefix(line) or find_behind(shown, 0, len(shown)) < len(shown)


def _split_label(line: bytes) -> tuple[bytes, bytes]:
    """A launcher's label and the rest of a line."""
    rest = strip_labels(line) if line[:1] in (b"[", b"(") else line
    return line[: len(line) - len(rest)], rest


def _name_frame(label: bytes, text: bytes) -> bytes | None:
    """What tells the bar that a line is one frame of; None where carriage returns hold several, or it is none."""
    if b"%|" not in text or b"\r" in text.strip(b"\r"):
        return None
    match = _FRAME.match(_ESCAPE.sub(b"", text).strip(b"\r"))
    return None if match is None else b"%s|%s|%s" % (label, match[1], match[2])


def _ink(part: bytes) -> bool | None:
    """Whether the row shows something after `part` was written; None: it is as it was."""
    if _ERASE.search(part) is not None:
        return False
    bare = _ESCAPE.sub(b"", part)
    frame = bare.rstrip(b"\r").rpartition(b"\r")[2]
    if frame.strip():
        return True
    return False if frame else None
