"""Rows made of spans: cutting, padding, columns, wrapping. All text from a run passes `clean` first."""

from __future__ import annotations

from collections.abc import Iterable

from lptui.text import cell_width, fit, sanitise
from lptui.text.width import cut

Span = tuple[str, str]
"""Text (already sanitised) and the name of its style; see `theme`."""
Row = tuple[Span, ...]


def clean(text: str, limit: int = 2000) -> str:
    """Foreign text as one harmless line of at most `limit` characters."""
    return sanitise(text[:limit])


def row_width(row: Iterable[Span]) -> int:
    """Cells that spans take."""
    return sum(cell_width(text) for text, _ in row)


def crop(row: Row, width: int) -> Row:
    """`row` in exactly `width` cells: cut with … or padded."""
    room, kept = width, list[Span]()
    for text, style in row:
        size = cell_width(text)
        if size > room:
            kept.append((cut(text, room), style))
            room -= cell_width(kept[-1][0])
            break
        kept.append((text, style))
        room -= size
    if room > 0:
        kept.append((" " * room, ""))
    return tuple(kept)


def spread(left: Row, right: Row, width: int, gap: int = 1) -> Row:
    """`left` and `right` at the two ends of `width` cells; the left one is cut when both do not fit."""
    need = row_width(right)
    if need + gap >= width:
        return crop(left, width)
    return (*crop(left, width - need - gap), (" " * gap, ""), *right)


def wrap(text: str, width: int, limit: int = 50) -> list[str]:
    """`text` in lines of at most `width` cells, broken at blanks where possible; at most `limit` lines."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        candidate = f"{line} {word}" if line else word
        if cell_width(candidate) <= width:
            line = candidate
            continue
        if line:
            lines.append(line)
        while cell_width(word) > width > 0:
            head = word[: max(1, width // 2)] if not word.isascii() else word[:width]
            lines.append(head)
            word = word[len(head) :]
        line = word
    if line:
        lines.append(line)
    if len(lines) <= limit:
        return lines
    # The last line that fits says as much as it can, so that a value at the break is not lost to a lone ellipsis.
    return [*lines[: limit - 1], cut(" ".join(lines[limit - 1 :]), width)]


def bar(share: float, width: int, *, ascii_only: bool = False) -> str:
    """A horizontal bar of `share` (0 to 1) in exactly `width` cells, in eighths of a cell."""
    share = min(1.0, max(0.0, share))
    if ascii_only:
        full = round(share * width)
        return "#" * full + "-" * (width - full)
    eighths = round(share * width * 8)
    if share > 0 and eighths == 0:
        eighths = 1
    full, rest = divmod(eighths, 8)
    return ("█" * full + (" ▏▎▍▌▋▊▉"[rest] if rest else "")).ljust(width)


def columns(cells: Iterable[tuple[str, str, int, str]], gap: int = 1) -> Row:
    """Cells as (text, style, width, align) side by side; text is cut or padded to its width."""
    row: list[Span] = []
    for text, style, width, align in cells:
        if row:
            row.append((" " * gap, ""))
        row.append((fit(text, width, align), style))
    return tuple(row)
