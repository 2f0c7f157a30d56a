"""Suspicious lines -> confirmed hits, read in their context.

A line is judged as a reader would: not program text in a traceback, not advice, not a setting. A traceback is one
thing: its classes are those of its exception lines, with the deepest frame in the user's own code; one that no class
knows is an `uncaught-exception`. Nothing here remembers: a block and its lead give the same hits, whatever came before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from lptui.detect.catalogue import Entry, Pattern
from lptui.detect.log_lines import (
    LONGEST,
    Line,
    compiled,
    is_handled,
    is_quiet,
    is_source,
    is_talk,
    read_line,
    tells_recovery,
)
from lptui.detect.scanner import Scanner
from lptui.formats.traceback import MARK, Traceback, find_tracebacks

UNCAUGHT = "uncaught-exception"
RECOVERY = "~recovery"
_FLOOD = 24
"""So often a line of one shape (what stands around the match, numbers aside) is read in full in a block; the rest of
them is taken for the same."""
_SHAPE_BEFORE, _SHAPE_AFTER = 32, 48
_WRAPPED = 60
_CONTEXT = 6
"""Lines before a hit in which a pattern's `context` is looked for."""
_DIGITS = re.compile(rb"0x[0-9a-f]+|\d{2,}(?:[:.,]\d+)*|\d+(?:[:.,]\d+)+")
_FRAME = re.compile(r'\s*File "[^"]+", line \d+')
_NOTEBOOK = re.compile(rb"\n(\w+(?:Error|Exception|Interrupt|Warning)) {2,80}Traceback \(most recent call last\)")
_NO_ERROR = frozenset(("SystemExit", "StopIteration", "GeneratorExit", "Traceback", "Exit"))
_IGNORED = re.compile(rb"Exception ignored in|Exception in thread QueueManager|Exception ignored on|handled gracefully")
_GROUP_TEXT = 200


@dataclass(frozen=True, slots=True)
class Hit:
    """One confirmed line, which begins at `position` in the log. `key` tells a series (`need` > 1) from single hits."""

    key: str
    position: int
    text: str
    groups: tuple[tuple[str, str], ...] = ()
    need: int = 1
    later: bool = False
    confidence: float = 1.0
    rank: int | None = None
    at: float | None = None
    frame: str = ""
    count: int = 1

    @property
    def cls(self) -> str:
        return self.key.split("~")[0]


@dataclass(frozen=True, slots=True)
class _Block:
    """Lead and data as one text; hits count from `head` on. `base` is the position of its first byte."""

    buffer: bytes
    head: int
    base: int

    def line_at(self, start: int, end: int) -> Line:
        return read_line(self.buffer[start:end])

    def before(self, start: int, count: int) -> list[str]:
        """Up to `count` lines right before `start`, as shown, oldest first."""
        lines: list[str] = []
        while start > 0 and len(lines) < count:
            low = max(0, start - 1 - LONGEST)
            head = max(self.buffer.rfind(b"\n", low, start - 1), self.buffer.rfind(b"\r", low, start - 1)) + 1
            if head == 0 and low > 0:
                break
            lines.append(self.line_at(head, start - 1).text)
            start = head
        return lines[::-1]

    def after(self, end: int) -> str:
        """The line behind `end`, as shown; empty at the end of the block."""
        newline = self.buffer.find(b"\n", end, end + 2)
        if newline < 0:
            return ""
        stop = self.buffer.find(b"\n", newline + 1, newline + 1 + LONGEST)
        return self.line_at(newline + 1, stop if stop >= 0 else min(len(self.buffer), newline + 1 + LONGEST)).message


def find_hits(scanner: Scanner, data: bytes, start: int, lead: bytes = b"") -> list[Hit]:
    """All hits whose line begins in `data` (which lies at position `start`, after `lead`), in order."""
    lead = _restore_mark(lead)
    block = _Block(lead + data, len(lead), start - len(lead))
    hits = list(_confirm_lines(scanner, block, data))
    if MARK in data or MARK in lead:
        hits = _read_tracebacks(block, hits)
    return sorted(hits, key=lambda h: (h.position, h.key))


def _restore_mark(lead: bytes) -> bytes:
    """A lead that begins in the middle of a traceback, with the line that it lost put before its first whole frame."""
    if MARK in lead or lead[lead.rfind(b"\n", 0, -1) + 1 :][:2] != b"  ":
        return lead
    frame = lead.find(b'\n  File "')
    return MARK + b":" + lead[frame:] if frame >= 0 else lead


def _confirm_lines(scanner: Scanner, block: _Block, data: bytes) -> Iterator[Hit]:
    shapes: dict[bytes, tuple[list[Hit], int]] = {}
    for suspect in scanner.scan(data):
        start, end = block.head + suspect.start, block.head + suspect.end
        low, high = max(suspect.start, suspect.at - _SHAPE_BEFORE), min(suspect.end, suspect.at + _SHAPE_AFTER)
        shape = _DIGITS.sub(b"#", data[low:high])
        known, times = shapes.get(shape, ([], 0))
        if times >= _FLOOD:
            yield from (replace(hit, position=block.base + start, count=1) for hit in known)
            continue
        hits = list(_confirm(scanner, block, start, end))
        if len(shapes) < 4096 or times:
            shapes[shape] = (hits, times + 1)
        yield from hits


def _confirm(scanner: Scanner, block: _Block, start: int, end: int) -> Iterator[Hit]:
    """What one line says; of several classes those that no other one explains."""
    line = block.line_at(start, end)
    position = block.base + start
    if tells_recovery(line.text):
        yield Hit(RECOVERY, position, "")
    candidates = scanner.candidates(line.text)
    if not candidates or is_source(line.text) or _is_code(block, start, line):
        return
    handled, quiet = is_handled(line), is_quiet(line)
    found: dict[str, tuple[Entry, Pattern, re.Match[str]]] = {}
    for entry, pattern in sorted(candidates, key=_by_worth):
        if entry.id in found or (quiet and not entry.any_level) or (handled and not entry.keeps_retries):
            continue
        match = _match(pattern, line, block, end)
        if match is None or (is_talk(line, match) and pattern.need == 1):
            continue
        if _fits(entry, pattern, line, block, start):
            found[entry.id] = (entry, pattern, match)
    for entry, pattern, match in found.values():
        if entry.yields_to.isdisjoint(found):
            yield _make_hit(entry, pattern, match, line, position)


def _by_worth(candidate: tuple[Entry, Pattern]) -> tuple[bool, int]:
    """Patterns that count alone first, and of those the ones that tell most."""
    pattern = candidate[1]
    return (pattern.need > 1 or pattern.later, -pattern.regex.count("(?P<"))


def _match(pattern: Pattern, line: Line, block: _Block, end: int) -> re.Match[str] | None:
    regex = compiled(pattern.regex)
    if pattern.start:
        return regex.match(line.message)
    match = regex.search(line.text)
    if match is None and len(line.text) >= _WRAPPED:
        following = block.after(end)
        if following:
            match = regex.search(f"{line.text.rstrip()} {following}")
    return match


def _fits(entry: Entry, pattern: Pattern, line: Line, block: _Block, start: int) -> bool:
    """Whether nothing on the line or near it says that it does not count."""
    if any(compiled(regex).search(line.text) for regex in entry.excludes):
        return False
    if not entry.unless_near and not pattern.context:
        return True
    before = block.before(start, max(entry.within, _CONTEXT if pattern.context else 0))
    near = "\n".join([*before[max(0, len(before) - entry.within) :], line.text])
    if any(compiled(regex).search(near) for regex in entry.unless_near):
        return False
    return not pattern.context or compiled(pattern.context).search("\n".join([*before, line.text])) is not None


def _is_code(block: _Block, start: int, line: Line) -> bool:
    """A line of program text below its frame, as in `File "x.py", line 3, in f`."""
    if (
        line.message[:1]
        and line.text[:1] not in " \t[(│|"
        and not line.message.startswith(("raise ", "assert ", "return "))
    ):
        return False
    if _FRAME.match(line.message):
        return True
    before = block.before(start, 1)
    return bool(before) and _FRAME.search(before[0]) is not None


def _make_hit(entry: Entry, pattern: Pattern, match: re.Match[str], line: Line, position: int) -> Hit:
    groups = tuple((k, v[:_GROUP_TEXT]) for k, v in sorted(match.groupdict().items()) if v is not None)
    key = entry.id if pattern.need == 1 else f"{entry.id}~{pattern.need}"
    text = line.text.strip() if len(line.text) <= 600 else _clip(line.text, match.start())
    return Hit(key, position, text, groups, pattern.need, pattern.later, pattern.confidence, line.rank, line.at)


def _clip(text: str, around: int) -> str:
    low = max(0, around - 200)
    return text[low : low + 600].strip()


# --- tracebacks -----------------------------------------------------------------------------------------------


def _read_tracebacks(block: _Block, hits: list[Hit]) -> list[Hit]:
    """Hits in a traceback get its frame; of one traceback's classes the first in its chain counts; others are added."""
    kept = hits
    for traceback in find_tracebacks(block.buffer):
        if traceback.end <= block.head or not traceback.exception:
            continue
        low, high = block.base + traceback.start, block.base + traceback.end
        inside = [h for h in kept if low <= h.position < high and h.key != RECOVERY]
        if _is_ignored(block, traceback):
            kept = [h for h in kept if h not in inside]
            continue
        frame = _tell_frame(traceback)
        if inside:
            kept = [replace(h, frame=frame) if h in inside else h for h in kept]
        else:
            kept = [*kept, *_tell_uncaught(block, traceback, frame)]
    return [*kept, *_read_notebooks(block, kept)]


def _is_ignored(block: _Block, traceback: Traceback) -> bool:
    """Whether the line before says that Python threw the exception away, or that somebody caught it and went on."""
    before = block.before(traceback.start, 2)
    if before and _IGNORED.search(before[-1].encode()):
        return True
    if not before:
        return False
    above = read_line(before[-1].encode())
    return above.level in ("info", "debug", "warning") and is_handled(above)


def _tell_uncaught(block: _Block, traceback: Traceback, frame: str) -> Iterable[Hit]:
    origin = traceback.origin
    name = traceback.exception
    if name.rsplit(".", 1)[-1] in _NO_ERROR:
        return
    raw = block.buffer[traceback.start : traceback.end]
    at = raw.rfind(name.encode())
    start = traceback.start + max(raw.rfind(b"\n", 0, at), raw.rfind(b"\r", 0, at)) + 1 if at >= 0 else traceback.start
    if start < block.head:
        return
    told = _one_line(traceback)
    cause = f" (from {_one_line(origin)})" if origin is not traceback and _one_line(origin) != told else ""
    line = block.line_at(start, min(len(block.buffer), start + LONGEST))
    groups = (("exception", told[:_GROUP_TEXT]), *((("frame", frame),) if frame else ()))
    yield Hit(UNCAUGHT, block.base + start, told + cause, groups, rank=line.rank, at=line.at, frame=frame)


def _one_line(traceback: Traceback) -> str:
    message = " ".join(traceback.message.split())
    return f"{traceback.exception}: {message}"[:400] if message else traceback.exception


def _tell_frame(traceback: Traceback) -> str:
    """The deepest frame in the user's own code, of what was raised first."""
    frame = traceback.origin.user_frame or traceback.user_frame
    return f"{frame.path}:{frame.line} in {frame.function or '?'}"[:400] if frame else ""


def _read_notebooks(block: _Block, hits: list[Hit]) -> Iterator[Hit]:
    """IPython writes the exception's name before the word Traceback and again with its message after the frames."""
    for mark in _NOTEBOOK.finditer(b"\n" + block.buffer):
        at = block.buffer.find(b"\n" + mark[1] + b":", mark.end(), mark.end() + 64 * 1024)
        if at < 0 or at + 1 < block.head:
            continue
        position = block.base + at + 1
        if any(block.base + mark.start() <= h.position <= position for h in hits if h.key != RECOVERY):
            continue
        stop = block.buffer.find(b"\n", at + 1)
        told = block.line_at(at + 1, stop if stop >= 0 else len(block.buffer)).text[:400]
        yield Hit(UNCAUGHT, position, told, (("exception", told[:_GROUP_TEXT]),))
