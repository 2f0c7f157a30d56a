"""Suspicious lines -> confirmed hits, read in their context.

A line is judged as a reader would: not program text in a traceback, not advice, not a setting. A traceback is one
thing: its classes are those of its exception lines, with the deepest frame in the user's own code; one that no class
knows is an `uncaught-exception`. Nothing here remembers: a block and its lead give the same hits, whatever came before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from lptui.detect.catalogue import Entry, Pattern
from lptui.detect.log_block import GROUP_TEXT, RECOVERY, UNCAUGHT, Block, Hit
from lptui.detect.log_lines import (
    Line,
    compiled,
    is_handled,
    is_help,
    is_quiet,
    is_raised,
    is_source,
    is_talk,
    read_text,
    tells_recovery,
)
from lptui.detect.raised import read_tracebacks, read_unreadable
from lptui.detect.scanner import UNREADABLE, Scanner
from lptui.formats.traceback import HEAD, MARK
from lptui.model.log import Suspect
from lptui.text.regex import Regex

__all__ = ["RECOVERY", "UNCAUGHT", "Hit", "find_hits"]

_FLOOD = 24
"""So often a line of one shape (what stands around the match, numbers aside) is read in full in a block; the rest of
them is taken for the same."""
_SHAPE_BEFORE, _SHAPE_AFTER = 32, 48
_WRAPPED = 60
_CONTEXT, _CONTEXT_OF_RAISED = 6, 30
"""Lines before a hit in which a pattern's `context` is looked for; an exception's frames count."""
_HELP = 5
"""Lines before one of a help text in which its option stands."""
_DIGITS = Regex(rb"0x[0-9a-f]+|\d{2,}(?:[:.,]\d+)*|\d+(?:[:.,]\d+)+")
_FRAME = Regex(r'\s*File "[^"]+", line \d+')


def find_hits(
    scanner: Scanner, data: bytes, start: int, lead: bytes = b"", suspects: Sequence[Suspect] | None = None
) -> list[Hit]:
    """All hits whose line begins in `data` (which lies at position `start`, after `lead`), in order; `suspects` if
    the scanner's `sift` was over it already."""
    lead = _restore_mark(lead)
    suspects = list(scanner.scan(data)) if suspects is None else scanner.keep_suspicious(data, suspects)
    goes_on = HEAD in lead
    if not suspects and not goes_on:
        return []
    block = Block(lead + data, len(lead), start - len(lead))
    hits = list(_confirm_lines(scanner, block, block.head, suspects))
    if goes_on or _hold(data, suspects, HEAD):

        def find_before(at: int) -> Iterator[Hit]:
            return _confirm_lines(scanner, block, at, scanner.scan(block.buffer[at : block.head]))

        hits = read_tracebacks(block, hits, find_before)
    if any(_hold(data, suspects, word) for word in UNREADABLE):
        hits += list(read_unreadable(block, hits))
    return sorted(hits, key=lambda h: (h.position, h.key))


def _hold(data: bytes, suspects: Sequence[Suspect], mark: bytes) -> bool:
    """Whether a suspicious line holds a mark; the scanner suspects each that does."""
    return any(data.find(mark, s.at, s.end + len(mark)) >= 0 for s in suspects)


def _restore_mark(lead: bytes) -> bytes:
    """A lead that begins in the middle of a traceback, with the line that it lost put before its first whole frame."""
    if MARK in lead or lead[lead.rfind(b"\n", 0, -1) + 1 :][:2] != b"  ":
        return lead
    if lead.startswith(b'  File "'):
        return MARK + b":\n" + lead
    frame = lead.find(b'\n  File "')
    return MARK + b":" + lead[frame:] if frame >= 0 else lead


def _confirm_lines(scanner: Scanner, block: Block, first: int, suspects: Iterable[Suspect]) -> Iterator[Hit]:
    """What suspicious lines say, whose places count from `first` on."""
    shapes: dict[bytes, tuple[list[Hit], int]] = {}
    for suspect in suspects:
        start, end, at = first + suspect.start, first + suspect.end, first + suspect.at
        low, high = max(start, at - _SHAPE_BEFORE), min(end, at + _SHAPE_AFTER)
        shape = _DIGITS.sub(b"#", block.buffer[low:high])
        known, times = shapes.get(shape, ([], 0))
        if times >= _FLOOD:
            yield from (replace(hit, position=block.base + start, count=1) for hit in known)
            continue
        hits = list(_confirm(scanner, block, start, end))
        if len(shapes) < 4096 or times:
            shapes[shape] = (hits, times + 1)
        yield from hits


def _confirm(scanner: Scanner, block: Block, start: int, end: int) -> Iterator[Hit]:
    """What one line says; of several classes those that no other one explains."""
    text, position = read_text(block.buffer[start:end]), block.base + start
    if tells_recovery(text):
        yield Hit(RECOVERY, position, "")
    candidates = scanner.candidates(text)
    line = block.line_at(start, end) if candidates else None
    if line is None or not (candidates := _keep_telling(candidates, line, block, start)):
        return
    handled = is_handled(line)
    found: dict[str, tuple[Entry, Pattern, re.Match[str]]] = {}
    wrapped = _join_following(line, block, end)
    for entry, pattern in sorted(candidates, key=_by_worth):
        if entry.id in found or (handled and not entry.keeps_retries):
            continue
        match = _match(pattern, line, wrapped)
        if match is None or (is_talk(line, match) and pattern.need == 1):
            continue
        if _fits(entry, pattern, line, block, start):
            found[entry.id] = (entry, pattern, match)
    best = [told for told in found.values() if told[0].yields_to.isdisjoint(found)]
    for entry, pattern, match in best or found.values():
        yield _make_hit(entry, pattern, match, line, position)


def _keep_telling(
    candidates: list[tuple[Entry, Pattern]], line: Line, block: Block, start: int
) -> list[tuple[Entry, Pattern]]:
    """Those patterns that count in a line of this kind."""
    if is_quiet(line):  # nearly all of what a healthy run says: the rest need not be known of it
        candidates = [told for told in candidates if told[0].any_level]
    if not candidates or is_source(line.text) or _is_code(block, start, line):
        return []
    return [] if line.text[:1].isspace() and is_help(line.text, block.before(start, _HELP)) else candidates


def _by_worth(candidate: tuple[Entry, Pattern]) -> tuple[bool, int]:
    """Patterns that count alone first, and of those the ones that tell most."""
    pattern = candidate[1]
    return (pattern.need > 1 or pattern.later, -pattern.regex.count("(?P<"))


def _match(pattern: Pattern, line: Line, wrapped: str) -> re.Match[str] | None:
    regex = compiled(pattern.regex)
    if pattern.start:
        return regex.match(line.message)
    return regex.search(line.text) or (regex.search(wrapped) if wrapped else None)


def _join_following(line: Line, block: Block, end: int) -> str:
    """A line that may have been wrapped, with the one after it; '' for a short or last one."""
    following = block.after(end) if len(line.text) >= _WRAPPED else ""
    return f"{line.text.rstrip()} {following}" if following else ""


def _fits(entry: Entry, pattern: Pattern, line: Line, block: Block, start: int) -> bool:
    """Whether nothing on the line or near it says that it does not count."""
    if any(compiled(regex).search(line.text) for regex in entry.excludes):
        return False
    if not entry.unless_near and not pattern.context:
        return True
    reach = (_CONTEXT_OF_RAISED if is_raised(line) else _CONTEXT) if pattern.context else 0
    before = block.before(start, max(entry.within, reach))
    near = "\n".join([*before[max(0, len(before) - entry.within) :], line.text])
    if any(compiled(regex).search(near) for regex in entry.unless_near):
        return False
    return not pattern.context or compiled(pattern.context).search("\n".join([*before, line.text])) is not None


def _is_code(block: Block, start: int, line: Line) -> bool:
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
    groups = tuple((k, v[:GROUP_TEXT]) for k, v in sorted(match.groupdict().items()) if v is not None)
    key = entry.id if pattern.need == 1 else f"{entry.id}~{pattern.need}"
    text = line.text.strip() if len(line.text) <= 600 else _clip(line.text, match.start())
    return Hit(key, position, text, groups, pattern.need, pattern.later, pattern.confidence, line.rank, line.at)


def _clip(text: str, around: int) -> str:
    low = max(0, around - 200)
    return text[low : low + 600].strip()
