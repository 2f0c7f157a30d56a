"""One row of a log as harmless spans: the last frame of a progress bar, colours kept, only the visible part
decoded."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from lptui.formats.log_prefix import strip_escapes
from lptui.formats.log_shape import line_level
from lptui.text import Span, cell_width, parse_sgr, sanitise
from lptui.text.secrets import mask_text
from lptui.tui.widgets.spans import Row

_NULS = re.compile(rb"\x00{2,}")
_QUIET = re.compile(rb"\x1b\[(?:[0-9;]{0,8}[A-HJK]|\?25[hl])")
"""Moving, hiding and showing the cursor, erasing: what progress bars emit. Dropped without a placeholder."""
SHORT, KEPT = 2048, 512
"""What was made of a line up to SHORT bytes is kept, of the KEPT last ones."""
MORE = "›"
"""At the right edge of a row whose text goes on."""
_BLANK = b" \t\r\n"
_PADDED = 1024
_COLOUR_END = re.compile(rb"\x1b\[[0-9;]{0,24}[mK]\Z")
_WINDOW = 64 * 1024
_SECRET = 512
"""Bytes looked at beyond what is visible, so that a secret is known as one before its end is in view."""
_BACK = b"\b" * 4
_LONGEST_BAR = 4096
_EMPTY_FRAMES = 256
"""Frames looked back at, at most, to find one that shows something."""
_STAMP = re.compile(r"\[?(?:\d{4}-\d\d-\d\d[ T])?\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?\]?[ :-]{0,3}")


def frame_bounds(data: bytes, start: int, end: int) -> tuple[int, int]:
    """Where in `data` the frame lies that the row [start, end) shows: the last one between carriage returns
    that is not blank. (end, end) if all are."""
    for _ in range(_EMPTY_FRAMES):
        last = _last_ink(data, start, end)
        if last <= start:
            break
        first = max(data.rfind(b"\r", start, last) + 1, start)
        first = _after_backspaces(data, first, last)
        if last - first > 64 or _QUIET.sub(b"", data[first:last]).strip(_BLANK):
            return first, last
        end = first
    return end, end


def _after_backspaces(data: bytes, first: int, last: int) -> int:
    """Where the newest frame begins of a bar that takes its text back by as many backspaces as it has characters."""
    low = max(first, last - _LONGEST_BAR)
    after = data.rfind(_BACK, low, last) + len(_BACK)
    if after < len(_BACK):
        return first
    taken = data[max(first, after - _LONGEST_BAR) : after]
    body = taken.rstrip(b"\b")
    frame = _QUIET.sub(b"", body[body.rfind(b"\b") + 1 :]).decode("utf-8", "replace")
    return after if len(frame) == len(taken) - len(body) else first


def _last_ink(data: bytes, start: int, end: int) -> int:
    while end > start:
        low = max(start, end - _WINDOW)
        kept = len(data[low:end].rstrip(_BLANK))
        if kept:
            return low + kept
        end = low
    return start


def visible_spans(data: bytes, start: int, end: int, left: int, width: int) -> list[Span]:
    """Cells [left, left + width) of the text in data[start:end], as harmless spans. Costs what is visible,
    not the length of the text; runs of NUL become one placeholder."""
    need = (left + width) * 4 + _SECRET
    if end - start <= need and (raw := data[start:end]).isascii() and (text := raw.decode("ascii")).isprintable():
        text = mask_text(text)[left : left + width]  # as most lines are
        return [Span(text)] if text else []
    while True:
        raw, complete = _fold(data, start, end, need)
        spans = _masked(parse_sgr(raw.decode("utf-8", "replace"), limit=need * 2))
        if complete or sum(cell_width(s.text) for s in spans) > left + width:
            return crop(spans, left, width)
        need *= 4


def _masked(spans: list[Span]) -> list[Span]:
    """`spans` without secrets; a line that holds one loses its colours."""
    text = "".join(span.text for span in spans)
    masked = mask_text(text)
    return spans if masked == text else [Span(masked)]


def _fold(data: bytes, start: int, end: int, need: int) -> tuple[bytes, bool]:
    """About `need` bytes from `start` on with NUL runs counted and cursor movements dropped; whether that
    is all."""
    parts: list[bytes] = []
    size, at = 0, start
    while at < end and size < need:
        high = min(end, at + need - size)
        run = _NULS.search(data, at, high)
        parts.append(data[at : run.start() if run else high])
        size += len(parts[-1])
        at = high
        if run:
            whole = _NULS.match(data, run.start(), end) or run
            parts.append(f"␀ × {len(whole[0]):,}".encode())
            size += len(parts[-1])
            at = whole.end()
    return _whole_characters(_QUIET.sub(b"", b"".join(parts)), data, start), at >= end


def _whole_characters(raw: bytes, data: bytes, start: int) -> bytes:
    """`raw` without the halves of characters that a cut left at its ends."""
    if start and raw[:1] and 0x80 <= raw[0] < 0xC0 and data[start - 1] >= 0x80:
        raw = raw.lstrip(bytes(range(0x80, 0xC0)))
    for back in range(1, min(4, len(raw) + 1)):
        byte = raw[-back]
        if byte >= 0xC0:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return raw[:-back] if back < length else raw
        if byte < 0x80:
            break
    return raw


def crop(spans: Iterable[Span], left: int, width: int) -> list[Span]:
    """Cells [left, left + width) of `spans`; half of a wide character at an edge becomes a blank."""
    kept: list[Span] = []
    at = 0
    for span in spans:
        wide = cell_width(span.text)
        low, high = max(left - at, 0), min(left + width - at, wide)
        if low < high:
            text = span.text[low:high] if wide == len(span.text) else _cells(span.text, low, high)
            kept.append(Span(text, span.style))
        at += wide
        if at >= left + width:
            break
    return kept


def _cells(text: str, low: int, high: int) -> str:
    out: list[str] = []
    at = 0
    for char in text:
        wide = cell_width(char)
        if at >= low and at + wide <= high and (wide or at > low or low == 0):
            out.append(char)
        elif at < high and at + wide > low and wide == 2:
            out.append(" ")
        at += wide
        if at >= high and wide:
            continue
    return "".join(out)


def stamp_length(text: str) -> int:
    """Characters of the time stamp at the start of a line: '[12:04:11.120] ', '2026-11-23 12:04:11,120 - ';
    0: none."""
    match = _STAMP.match(text[:48])
    return match.end() if match else 0


def plain_text(data: bytes, start: int, end: int, limit: int = 4096) -> str:
    """The row [start, end) as one harmless line of at most `limit` characters, for copying and for
    searching."""
    first, last = frame_bounds(data, start, end)
    raw = _QUIET.sub(b"", data[first : min(last, first + limit * 4)])
    return mask_text(sanitise(raw.decode("utf-8", "replace")[:limit]))


_LEVELS = {"critical": "error", "error": "error", "warning": "warn", "debug": "dim"}


def level_style(head: bytes) -> str:
    """The span style for a line that begins with `head`: "error", "warn", "dim" or ""."""
    return _LEVELS.get(line_level(strip_escapes(head)) or "", "")


def line_row(data: bytes, start: int, end: int, left: int, width: int, *, more: bool = True) -> Row:
    """The row data[start:end] in cells [left, left + width) as (text, style) spans: time stamp dimmed,
    levels coloured, the log's own colours kept as "sgr:CODES". `more`: mark where the text goes on."""
    if end - start <= SHORT:
        return _short_row(data[start:end], left, width, more)
    return _make_row(data, start, end, left, width, more=more)


@lru_cache(KEPT)
def _short_row(line: bytes, left: int, width: int, more: bool) -> Row:
    """A page is made anew whenever a line comes or a match is found, most of it of lines that were there."""
    return _make_row(line, 0, len(line), left, width, more=more)


def _make_row(data: bytes, start: int, end: int, left: int, width: int, *, more: bool) -> Row:
    first, last = frame_bounds(data, start, end)
    spans = visible_spans(data, first, last, left, width + 1)
    more = more and sum(cell_width(s.text) for s in spans) > width
    if more and (shown := _without_blanks(data, first, last)) < last:  # Rich fills its rows up with blanks
        more = sum(cell_width(s.text) for s in visible_spans(data, first, shown, left, width + 1)) > width
    spans = crop(spans, 0, width - 1 if more else width)
    if not spans:
        return ((MORE, "dim"),) if more and width > 0 else ()
    head = spans[0].text
    look = level_style(data[first : min(last, first + 200)])
    row: list[tuple[str, str]] = []
    stamp = stamp_length(head) if left == 0 and not spans[0].style else 0
    if stamp:
        row.append((head[:stamp], "dim"))
        spans[0] = Span(head[stamp:], "")
    row += [(s.text, f"sgr:{s.style}" if s.style else look) for s in spans if s.text]
    return (*row, (MORE, "dim")) if more else tuple(row)


def _without_blanks(data: bytes, start: int, end: int) -> int:
    """Where data[start:end] ends without the blanks and colours behind it; only its last part is looked at."""
    low = max(start, end - _PADDED)
    tail = data[low:end]
    while (cut := _COLOUR_END.sub(b"", tail.rstrip(b" \t\r"))) != tail:
        tail = cut
    return low + len(tail)


def mark_matches(row: Row, found: Iterable[tuple[int, int]]) -> Row:
    """`row` with the character ranges `found`, counted over its whole text, in the style "match"."""
    cuts = sorted(found)
    if not cuts:
        return row
    out: list[tuple[str, str]] = []
    at = 0
    for text, style in row:
        low = 0
        for first, last in cuts:
            one, two = max(first - at, low), min(last - at, len(text))
            if one < two:
                out += [(text[low:one], style), (text[one:two], f"{style} match".strip())]
                low = two
        out.append((text[low:], style))
        at += len(text)
    return tuple(s for s in out if s[0])
