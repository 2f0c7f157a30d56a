"""Python tracebacks in a log: where they are, through which code they went, what was raised first.

Plain tracebacks, also behind rank labels and logger prefixes (`[rank2]: `, `(pid=7) `) with other ranks' lines in
between, those that DataLoader workers hand on (`Original Traceback`), exception groups, and Rich's boxes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from lptui.formats.log_prefix import strip_escapes, strip_labels
from lptui.formats.traceback_box import read_box
from lptui.formats.traceback_group import TITLE, skip_parts
from lptui.model.value import frozen
from lptui.text.regex import Regex

MARK = b"Traceback (most recent call last)"
HEAD = b"Traceback "
"""What every mark begins with: Rich cuts the rest to the width of its box, and colours it apart."""
_TITLE = b"Traceback (most"
_COLOURED = 64  # bytes before and behind that hold colours
_RULE = "─".encode()
_LONGEST_LINE = 4096
_MOST_FRAMES = 200
_MOST_FOREIGN = 128  # lines of other ranks in a row
_MOST_LINES = 2000
_MOST_MARKS = 2000  # a block of nothing but marks is no log
_FARTHEST_LINK = 60  # lines between an exception and the one that it led to: a long message, then the sentence
_LONGEST_MESSAGE = 2000
_FRAME = Regex(rb'(?: {2,4}|> )File "([^"\n]{1,1024})", line (\d{1,9})(?:, in (.{1,200}))?')
_RAISED = Regex(rb"([A-Za-z_][\w.<>]{0,200}(?:\([\w.]{1,100}\))?)(?::(?: (.*))?)?$", re.DOTALL)
_LEVEL_WORDS = frozenset((b"DEBUG", b"INFO", b"WARN", b"WARNING", b"ERROR", b"CRITICAL", b"FATAL"))
_LINKS = (
    b"During handling of the above exception, another exception occurred:",
    b"The above exception was the direct cause of the following exception:",
)
_FROM_A_CHILD = b"terminated with the following error:"  # torch.multiprocessing.spawn
_LIBRARY = Regex(r"site-packages|dist-packages|[/\\]lib[/\\]python\d|^<|[/\\]Lib[/\\](?:\w+\.py$|[a-z]+[/\\])")
_NO_DIGITS = bytes.maketrans(b"123456789", b"000000000")


@frozen
class Frame:
    """One call; `line` counts from 1, `function` may be empty."""

    path: str
    line: int
    function: str

    @property
    def in_library(self) -> bool:
        """Whether the code is an installed package's or Python's own."""
        return _LIBRARY.search(self.path) is not None


@frozen
class Traceback:
    """One exception's way up, outermost call first; `start` and `end` are offsets of whole lines in the block.

    `root` is what was raised first when exceptions follow from one another, None when this is the only one; `start`
    covers it. `exception` is empty when the block ends before its name.
    """

    start: int
    end: int
    frames: tuple[Frame, ...]
    exception: str
    message: str
    root: Traceback | None = None

    @property
    def origin(self) -> Traceback:
        """The exception that was raised first."""
        return self.root or self

    @property
    def user_frame(self) -> Frame | None:
        """The deepest frame in the user's own code; None when there is none."""
        return next((frame for frame in reversed(self.frames) if not frame.in_library), None)


def find_tracebacks(data: bytes) -> tuple[Traceback, ...]:
    """All tracebacks in a block of whole lines, chained ones as one value, in the order in which they begin.

    Looks at the first 2000 marks of a block.
    """
    found: list[Traceback] = []
    used: set[int] = set()
    mark = find_mark(data, 0)
    for _ in range(_MOST_MARKS):
        if mark < 0:
            break
        if mark not in used:
            chain = _read_chain(data, mark, used)
            if chain is not None:
                found.append(chain)
        mark = find_mark(data, mark + len(HEAD))
    return tuple(found)


def find_mark(data: bytes, at: int) -> int:
    """Where the next traceback is announced, from `at` on; -1 if none is."""
    while (mark := data.find(HEAD, at)) >= 0:
        if data.startswith(MARK, mark) or _is_title(data, mark):
            return mark
        at = mark + len(HEAD)
    return -1


def _is_title(data: bytes, mark: int) -> bool:
    """Whether the word at `mark` begins the title of a box."""
    before = strip_escapes(data[max(0, mark - _COLOURED) : mark])
    title = strip_escapes(data[mark : mark + len(_TITLE) + _COLOURED])
    return title.startswith(_TITLE) and before.endswith((_RULE + b" ", b"- "))


def _read_chain(data: bytes, mark: int, used: set[int]) -> Traceback | None:
    """The traceback at `mark` and those that follow from it; adds the marks that it took to `used`."""
    newest = first = _read_one(data, mark)
    root = first
    while newest is not None and (link := _find_link(data, mark, newest.end)) is not None:
        mark, nested = link
        following = None if mark in used else _read_one(data, mark)
        if following is None:
            break
        used.add(mark)
        if nested:  # printed after the exception that wraps it, but raised before
            root = following
            newest = replace(
                newest,
                end=following.end,
                exception=newest.exception or following.exception,  # a log that is cut in the wrapper's own lines
                message=newest.message or following.message,
            )
        else:
            newest = following
    if newest is None or first is None or (not newest.frames and not newest.exception):
        return None
    return replace(newest, start=first.start, root=None if root is newest or root is first is newest else root)


def _read_one(data: bytes, mark: int) -> Traceback | None:
    start = data.rfind(b"\n", 0, mark) + 1
    stop = _find_end(data, mark)
    head = strip_escapes(data[start:stop])
    if MARK not in head or head[head.find(MARK) + len(MARK) :].strip()[:1] not in (b":", b""):
        box = read_box(data, start)
        if box is None:
            return None
        frames = tuple(Frame(*frame) for frame in box.frames)
        return Traceback(start, box.end, frames, box.exception, box.message)
    found = _read_plain(data, start, mark)
    if found.exception and data.endswith(TITLE, start, mark):
        found = replace(found, end=skip_parts(data, data[start : mark - len(TITLE)], found.end))
    return found


def _read_plain(data: bytes, start: int, mark: int) -> Traceback:
    end = min(len(data), _find_end(data, mark) + 1)
    lines = _own_lines(data, mark)
    frames, raised, end = _read_frames(lines, end)
    if raised is None:
        return Traceback(start, end, frames, "", "")
    name = _show(raised[1])
    if "RayTaskError" in name:  # below its name stand the frames of the task, and what was raised there
        inner, inside, stop = _read_frames(lines, end)
        if inside is not None:
            root = Traceback(end, stop, inner, _show(inside[1]), _show((inside[2] or b"").strip()))
            return Traceback(start, stop, (*frames, *inner), root.exception, root.message, root)
    message = [raised[2] or b""]
    for text, stop in lines:
        if text[:1] not in (b" ", b"\t") or len(message) > 20:
            break
        message.append(text.strip())
        end = stop
    joined = b"\n".join(message)[:_LONGEST_MESSAGE]
    return Traceback(start, end, frames, name, _show(joined.strip()))


def _read_frames(lines: Iterator[tuple[bytes, int]], end: int) -> tuple[tuple[Frame, ...], re.Match[bytes] | None, int]:
    """Frames with their program text, the line of the exception, and where that ends.

    Loguru puts blank lines between frames, the first of them right below the mark, and `>` before one frame.
    """
    frames: list[Frame] = []
    spaced = False
    for place, (text, stop) in enumerate(lines):
        match = _FRAME.match(text)
        if match and len(frames) < _MOST_FRAMES:
            path, number, function = match.groups(b"")
            frames.append(Frame(_show(path), int(number), _show(function.strip())))
        elif not text.strip() and (spaced or place == 0):
            spaced = True
        elif text[:1] not in (b" ", b"\t"):
            raised = _RAISED.match(text)
            if raised and raised[1] not in _LEVEL_WORDS:
                return tuple(frames), raised, stop
            break
        end = stop
    return tuple(frames), None, end


def _find_link(data: bytes, mark: int, end: int) -> tuple[int, bool] | None:
    """Where the next traceback of a chain begins, and whether a child process sent it; None: no chain."""
    between: list[bytes] = []
    at = end
    for text, stop in _own_lines(data, mark, end, behind_group=True):
        place = find_mark(text, 0)
        if place >= 0:
            position = find_mark(data, at)
            sentence = b" ".join(b" ".join(between).split())
            nested = text.startswith(b"Original Traceback") or sentence.endswith(_FROM_A_CHILD)
            return (position, nested) if nested or sentence.endswith(_LINKS) else None
        between.append(text)
        at = stop
        if len(between) > _FARTHEST_LINK:
            break
    return None


def _own_lines(data: bytes, mark: int, at: int = -1, *, behind_group: bool = False) -> Iterator[tuple[bytes, int]]:
    """(text without its label, end) of the lines from `at` on that belong to the traceback at `mark`.

    What stands before the mark is the label when the next line has it too, its digits aside; lines without it are then
    someone else's. A rank's label must be the same to the digit.
    """
    start = data.rfind(b"\n", 0, mark) + 1
    label = _find_label(data[start:mark])
    if behind_group and data.endswith(TITLE, start, mark):
        label = label[:-2].rstrip(b" ")
    first = _find_end(data, mark) + 1
    at = first if at < 0 else at
    exact = bool(label) and not strip_labels(label).strip()
    shape = label.translate(_NO_DIGITS)
    labelled = exact or bool(label and data[first : first + len(label)].translate(_NO_DIGITS) == shape)
    foreign = 0
    for _ in range(_MOST_LINES):
        if at >= len(data):
            return
        stop = min(len(data), _find_end(data, at) + 1)
        line = data[at : min(stop, at + _LONGEST_LINE)].rstrip(b"\r\n")
        at = stop
        if labelled:
            head = line[: len(label)]
            if head == label or (not exact and head.translate(_NO_DIGITS) == shape):
                line = line[len(label) :]
            elif line != label.rstrip():
                foreign += 1
                if foreign > _MOST_FOREIGN or not exact:
                    return
                continue
            else:
                line = b""
            foreign = 0
        yield strip_escapes(line), stop


def _find_label(before: bytes) -> bytes:
    """What every line of a traceback may begin with, from what stands before its mark."""
    before = before[before.rfind(b"\r") + 1 :]
    if before.endswith(b"Original "):
        before = before[: -len(b"Original ")]
    if before.endswith(TITLE):
        before = before[: -len(TITLE)] + b"| "
    return before


def _find_end(data: bytes, at: int) -> int:
    end = data.find(b"\n", at)
    return len(data) if end < 0 else end


def _show(raw: bytes) -> str:
    return raw.decode(errors="replace")
