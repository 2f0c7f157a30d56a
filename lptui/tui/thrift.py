"""Fewer bytes on the wire: of a line that changed in part, Textual sends all from the widget's left edge on, and a
reset and all attributes with each segment. Here only changed cells are sent, and attributes only where they change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS, Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, Compositor
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

Piece = tuple[int, int, Widget]
"""Columns [start, end) of a line of the screen, and the widget that is seen there."""
Spot = tuple[Region, Region]
"""Where a widget is on the screen, and the part of that in which it may draw."""


Codes = tuple[str, str, str]
"""Attributes, colour and background as parameters of SGR; nothing: the terminal's own."""
PLAIN: Codes = ("", "", "")


@lru_cache(4096)
def codes_of(style: Style, system: ColorSystem) -> Codes:
    """What a terminal of so many colours is told of `style`."""
    back, bare = style.background_style, style.without_color
    ink = Style(color=style.color)
    return Strip.render_ansi(bare, system), Strip.render_ansi(ink, system), Strip.render_ansi(back, system)


@lru_cache(4096)
def change_codes(before: Codes | None, after: Codes) -> str:
    """The sequence after which `after` is in force where `before` was: a colour alone where only that changes."""
    if before is None or before[0] != after[0] or any(old and not new for old, new in zip(before, after, strict=True)):
        codes = ";".join(filter(None, after))
        return f"\x1b[0;{codes}m" if codes else "\x1b[0m"
    return f"\x1b[{';'.join(new for old, new in zip(before, after, strict=True) if new != old)}m"


class ThriftyUpdate(ChopsUpdate):
    """Changed parts of lines as escape sequences."""

    def render_segments(self, console: Console) -> str:
        system = COLOR_SYSTEMS.get(console.color_system or "", ColorSystem.TRUECOLOR)
        out: list[str] = []
        in_force: Codes | None = None  # what others wrote last may be in force still
        for at, y, segment in self._pieces():
            if at is not None:
                out.append(f"\x1b[{y + 1};{at + 1}H")
            text, style, _ = segment
            if style is not None and style.link:
                out.append("\x1b[0m" + Strip.render_style(style, text, system))
                in_force = PLAIN
                continue
            wanted = PLAIN if style is None else codes_of(style, system)
            if wanted != (in_force or PLAIN):
                out.append(change_codes(in_force, wanted))
                in_force = wanted
            out.append(text)
        return "".join(out) + "\x1b[0m"

    def _pieces(self) -> Iterator[tuple[int | None, int, Segment]]:
        """(column to go to first, or None to go on; line; segment)."""
        for y, x1, x2 in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                if strip is None or x >= x2 or end <= x1:
                    continue
                start: int | None = max(x, x1)
                for segment in cut_cells(strip, max(x, x1) - x, min(end, x2) - x):
                    yield start, y, segment
                    start = None


def cut_cells(strip: Strip, start: int, end: int) -> Iterable[Segment]:
    """Cells [start, end) of a strip. What is cut is sent once: a strip of its own would be made in vain."""
    if start == 0 and end == strip.cell_length:
        return strip
    if not all(text.isascii() for text, _, _ in strip):
        return strip.crop(start, end)
    segments, at = list[Segment](), 0
    for segment in strip:
        text, style, control = segment
        low, high = max(start - at, 0), min(end - at, len(text))
        at += len(text)
        if low < high:
            segments.append(segment if high - low == len(text) else Segment(text[low:high], style, control))
    return segments


class ThriftyCompositor(Compositor):
    """Textual's, with updates that cost and send little: only the widgets that are seen where something changed are
    drawn, and of those only the lines from the first to the last that did. Textual draws all widgets within the box
    around all changes, which for a clock at the top and a chart at the bottom is the whole screen."""

    _seen_of: object = None
    _seen: dict[int, list[Piece]]

    def render_partial_update(self) -> ThriftyUpdate | None:
        dirty, screen = self._dirty_regions.copy(), self.size.region
        self._dirty_regions.clear()
        regions = [region for one in dirty if (region := one.intersection(screen))]
        if not regions:
            return None
        spans = list(self._regions_to_spans(regions))
        pieces = {y: self._pieces_of(y) for y, _, _ in spans}
        chops: list[dict[int, Strip | None]] = [{} for _ in range(screen.height)]
        ends: list[list[int]] = [[] for _ in range(screen.height)]
        drawn = self._draw(spans, pieces)
        for y, line in pieces.items():
            for piece in line:
                if (strip := drawn.get((y, piece))) is not None:
                    chops[y][piece[0]] = strip
                    ends[y].append(piece[1])
        return ThriftyUpdate(chops, spans, ends)

    def _draw(
        self, spans: Iterable[tuple[int, int, int]], pieces: Mapping[int, list[Piece]]
    ) -> dict[tuple[int, Piece], Strip]:
        """The `pieces` that a span touches, by line."""
        wanted: dict[Widget, dict[int, set[Piece]]] = {}
        for y, x1, x2 in spans:
            for piece in pieces[y]:
                if piece[0] < x2 and x1 < piece[1]:
                    wanted.setdefault(piece[2], {}).setdefault(y, set()).add(piece)
        drawn: dict[tuple[int, Piece], Strip] = {}
        for widget, lines in wanted.items():
            region, clip = self.visible_widgets[widget]
            shown = region.intersection(clip)
            first, last = min(lines), max(lines)
            rows = Region(shown.x - region.x, first - region.y, shown.width, last - first + 1)
            for y, strip in enumerate(widget.render_lines(rows), first):
                for piece in lines.get(y, ()):
                    start, end, _ = piece
                    whole = (start, end) == (shown.x, shown.right)
                    drawn[y, piece] = strip if whole else strip.crop(start - shown.x, end - shown.x)
        return drawn

    def _pieces_of(self, y: int) -> list[Piece]:
        """Who is seen where in line `y`, from left to right; worked out once for each layout."""
        visible = self.visible_widgets
        if self._seen_of is not visible:
            self._seen_of, self._seen = visible, {}
        found = self._seen.get(y)
        if found is None:
            found = self._seen[y] = find_pieces(visible, y, self.size.width)
        return found


def find_pieces(visible: Mapping[Widget, Spot], y: int, width: int) -> list[Piece]:
    """Who is seen where in line `y` of a screen of `width` cells; `visible` has what lies in front first."""
    free, pieces = [(0, width)], list[Piece]()
    for widget, (region, clip) in visible.items():
        shown = region.intersection(clip)
        if not shown or not shown.y <= y < shown.bottom:
            continue
        left: list[tuple[int, int]] = []
        for start, end in free:
            low, high = max(start, shown.x), min(end, shown.right)
            if low >= high:
                left.append((start, end))
                continue
            pieces.append((low, high, widget))
            left += [part for part in ((start, low), (high, end)) if part[0] < part[1]]
        free = left
    return sorted(pieces, key=lambda piece: piece[0])


class ThriftyScreen(Screen[None]):
    """A screen that sends little."""

    def __init__(self, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self._compositor = ThriftyCompositor()
