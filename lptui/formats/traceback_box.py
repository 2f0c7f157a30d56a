"""Tracebacks as Rich draws them: a box of frames with source lines, the exception below it.

    ╭── Traceback (most recent call last) ──╮
    │ /home/me/train.py:10 in outer         │
    │                                       │
    │ ❱ 10 │   inner(1)                     │
    ╰───────────────────────────────────────╯
    KeyError: 'k'

A RichHandler indents all of it; everything is wrapped at the console's width.
"""

from __future__ import annotations

import re

from lptui.formats.log_prefix import strip_escapes
from lptui.model.value import frozen
from lptui.text.regex import Regex

_MOST_LINES = 4000
_LONGEST_LINE = 4096
_MOST_FRAMES = 200
_MOST_WRAPS = 20
_MOST_TITLE = 16
"""Rows of a frame's title: a long path in a narrow box."""
_MOST_ROWS = 120
"""Rows of one frame: program text and locals."""
_MOST_PARTS = 100
_CORNERS = "╭┌+"
_SIDES = "│|"
_FEET = "╰└+"
_FRAME = Regex(r"(\S.{0,1000}?):(\d{1,9}) in (\S{1,200})")
_RAISED = Regex(r"([A-Za-z_][\w.<>]{0,200})(?::(?: (.*))?)?$", re.DOTALL)


@frozen
class Box:
    """What a box says: (path, line, function) of each frame, outermost first; `end` is the offset behind it,
    of a group behind the boxes of what it holds."""

    end: int
    frames: tuple[tuple[str, int, str], ...]
    exception: str
    message: str


def read_box(data: bytes, start: int) -> Box | None:
    """The box whose top line begins at `start`; None when that is not a top line."""
    top, at = _read_line(data, start)
    left = next((place for place, glyph in enumerate(top) if glyph in _CORNERS), -1)
    if left < 0:
        return None
    inside: list[str] = []
    closed = False
    for _ in range(_MOST_LINES):
        line, stop = _read_line(data, at)
        edge = line[left : left + 1]
        if not edge or stop == at or edge not in _SIDES + _FEET:
            break
        at = stop
        if edge in _FEET:
            closed = True
            break
        inside.append(line[left + 2 :].rstrip().rstrip(_SIDES).rstrip())
    frames = tuple(_find_frames(inside))
    if not closed:
        return Box(at, frames, "", "")
    text, end = _read_below(data, at, left, len(top.rstrip()))
    match = _RAISED.match(text)
    if not match:
        return Box(at, frames, "", "")
    return Box(_skip_parts(data, end, left), frames, match[1], (match[2] or "").strip())


def _skip_parts(data: bytes, at: int, left: int) -> int:
    """Behind the boxes `Sub-exception #1`, ... that stand below a group: they hold boxes of their own."""
    end = at
    for _ in range(_MOST_PARTS):
        line, at = _read_line(data, end)
        if not line.strip():
            line, at = _read_line(data, at)
        if line[left : left + 1] not in _CORNERS or "Sub-exc" not in line[left : left + 200]:
            break
        for _ in range(_MOST_LINES):
            line, at = _read_line(data, at)
            if line[left : left + 1] not in _SIDES:
                break
        end = at
    return end


def frame_at(data: bytes, at: int) -> tuple[str, int] | None:
    """(path, line) of the frame to which the row of a box at offset `at` belongs: its title, which may be wrapped, its
    program text or its locals; None outside of a frame."""
    row = data.count(b"\n", 0, at)
    lines = data.split(b"\n")[: row + _MOST_TITLE]
    insides: dict[int, str | None] = {}

    def inside(number: int) -> str | None:
        if number not in insides:
            insides[number] = _inside(lines[number][:_LONGEST_LINE]) if 0 <= number < len(lines) else None
        return insides[number]

    for number in range(row, max(-1, row - _MOST_ROWS), -1):
        text = inside(number)
        if text is None:
            return None
        if not text or text[0] in " ❱╭╰" or inside(number - 1):
            continue
        for more in range(1, _MOST_TITLE):
            match = _FRAME.fullmatch(text)
            if match:
                return match[1], int(match[2])
            following = inside(number + more)
            if not following:
                break
            text = _join_title(text, following)
    return None


def _inside(raw: bytes) -> str | None:
    """What stands between the sides of a box, of the innermost one; None where there are none."""
    line = strip_escapes(raw).decode(errors="replace").strip()
    if line[:1] not in _SIDES or not line:
        return None
    while line[:1] in _SIDES and line:
        line = line[1:].removeprefix(" ")
    return line.rstrip(_SIDES + " ")


def _find_frames(inside: list[str]) -> list[tuple[str, int, str]]:
    """The frames' title lines; a long path continues on the lines below it."""
    frames: list[tuple[str, int, str]] = []
    for place, line in enumerate(inside):
        if not line or line[0] in " ❱╭│╰" or len(frames) >= _MOST_FRAMES or (place and inside[place - 1]):
            continue
        title = line
        for following in inside[place + 1 : place + _MOST_TITLE]:
            if _FRAME.fullmatch(title) or not following:
                break
            title = _join_title(title, following)
        match = _FRAME.fullmatch(title)
        if match:
            frames.append((match[1], int(match[2]), match[3]))
    return frames


def _join_title(title: str, following: str) -> str:
    """Two rows of a wrapped title: a path is cut anywhere, between words a blank goes with the cut."""
    cut = title.endswith(" in") or (title[-1:].isdigit() and following.startswith("in "))
    return f"{title} {following}" if cut else title + following


def _read_below(data: bytes, at: int, left: int, width: int) -> tuple[str, int]:
    """The exception's line, unwrapped: a line goes on if its first word had not fitted on the one before."""
    line, end = _read_line(data, at)
    side = next((glyph for glyph in line[:left] if glyph in _SIDES), "\n")  # of a box that holds this one
    width -= 2 if side in _SIDES else 0
    text = last = line[left:].rstrip().removesuffix(side).rstrip()
    for _ in range(_MOST_WRAPS):
        following, stop = _read_line(data, end)
        rest = following[left:].rstrip().removesuffix(side).strip()
        if stop == end or not rest or following[:left].strip(f" {side}") or rest[0] in _FEET:
            break
        if left + len(last) + 1 + len(rest.split(" ", 1)[0]) <= width:
            break
        text, last, end = f"{text} {rest}", rest, stop
    return text, end


def _read_line(data: bytes, at: int) -> tuple[str, int]:
    stop = data.find(b"\n", at) + 1 or len(data)
    return strip_escapes(data[at : min(stop, at + _LONGEST_LINE)]).decode(errors="replace").rstrip("\r\n"), stop
