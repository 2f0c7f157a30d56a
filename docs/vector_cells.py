"""Make a terminal picture independent of the viewer's fonts.

Rich's SVG sets whole rows of text and stretches them to length, so blanks and glyphs of another font (braille, frames,
blocks) shift what follows. Here each word gets its own place, and braille, frames and blocks become shapes.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from lptui.text import cell_width

WIDTH, HEIGHT, BASE = 12.2, 24.4, 18.5
"""Cell size and the baseline below its top, as in Rich's `export_svg`."""
_TEXT = re.compile(
    r'<text class="(?P<cls>[^"]+)" x="(?P<x>[\d.]+)" y="(?P<y>[\d.]+)" textLength="[\d.]+" clip-path="[^"]+">'
    r"(?P<text>[^<]*)</text>"
)
_FILL = re.compile(r"\.(\S+) \{ fill: (#[0-9a-fA-F]{6})")
_LINE_CLIPS = re.compile(r'<clipPath id="[^"]*-line-\d+">.*?</clipPath>', re.DOTALL)
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_WORD = re.compile(r"[!-~]+|[^\s!-~]")
_FRAMES = {
    "─": "M{x} {v}H{w}",
    "│": "M{u} {t}V{h}",
    "╭": "M{w} {v}H{b}Q{u} {v} {u} {d}V{h}",
    "╮": "M{x} {v}H{a}Q{u} {v} {u} {d}V{h}",
    "╰": "M{w} {v}H{b}Q{u} {v} {u} {c}V{t}",
    "╯": "M{x} {v}H{a}Q{u} {v} {u} {c}V{t}",
}
_SHADES = {"░": 0.22, "▒": 0.45, "▓": 0.7}
_DOTS = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
"""(column, row) of the bits of a braille character."""


def fix_cells(svg: str) -> str:
    """`svg` of Rich's `export_svg`, with every word in its place and line art as shapes."""
    fills = dict(_FILL.findall(svg))
    svg = _FONTS.sub("", _LINE_CLIPS.sub("", svg))
    svg = _TEXT.sub(lambda m: "".join(_pieces(m, fills)), svg)
    return "\n".join(line.rstrip() for line in svg.splitlines() if line.strip()) + "\n"


def _pieces(match: re.Match[str], fills: dict[str, str]) -> Iterator[str]:
    left, base, cls = float(match["x"]), float(match["y"]), match["cls"]
    top = base - BASE
    color = fills.get(cls, "#c5c8c6")
    text = html.unescape(match["text"])
    dots, lines, blocks = "", "", ""
    for word in _WORD.finditer(text):
        x = left + WIDTH * cell_width(text[: word.start()])
        piece = word[0]
        if "\u2800" <= piece <= "\u28ff":
            dots += _braille(piece, x, top)
        elif piece in _FRAMES:
            lines += _frame(piece, x, top)
        elif piece in _SHADES:
            yield f'<path fill="{color}" fill-opacity="{_SHADES[piece]}" d="{_box(x, top, 0, 0, 1, 1)}"/>'
        elif "▀" <= piece <= "▕":
            blocks += _block(piece, x, top)
        else:
            length = _short(WIDTH * cell_width(piece))
            adjust = "" if piece.isascii() else ' lengthAdjust="spacingAndGlyphs"'
            place = f'x="{_short(x)}" y="{_short(base)}" textLength="{length}"{adjust}'
            yield f'<text class="{cls}" {place}>{html.escape(piece, quote=False)}</text>'
    if dots:
        yield f'<path stroke="{color}" stroke-width="4.4" stroke-linecap="round" d="{dots}"/>'
    if lines:
        yield f'<path stroke="{color}" stroke-width="1.6" fill="none" d="{lines}"/>'
    if blocks:
        yield f'<path fill="{color}" d="{blocks}"/>'


def _braille(char: str, x: float, top: float) -> str:
    bits = ord(char) - 0x2800
    places = (place for bit, place in enumerate(_DOTS) if bits >> bit & 1)
    return "".join(
        f"M{_short(x + WIDTH * (2 * cx + 1) / 4)} {_short(top + HEIGHT * (2 * cy + 1) / 8)}h0" for cx, cy in places
    )


def _frame(char: str, x: float, top: float) -> str:
    u, v, bend = x + WIDTH / 2, top + HEIGHT / 2, 5.0
    values = {"x": x, "u": u, "w": x + WIDTH, "a": u - bend, "b": u + bend}
    values |= {"t": top, "v": v, "h": top + HEIGHT, "c": v - bend, "d": v + bend}
    return _FRAMES[char].format(**{name: _short(value) for name, value in values.items()})


def _block(char: str, x: float, top: float) -> str:
    code = ord(char)
    if char == "▀":
        return _box(x, top, 0, 0, 1, 0.5)
    if code <= 0x2588:  # lower eighths
        share = (code - 0x2580) / 8
        return _box(x, top, 0, 1 - share, 1, share)
    if code <= 0x258F:  # left eighths, from seven down
        return _box(x, top, 0, 0, (0x2590 - code) / 8, 1)
    edges = {"▐": (0.5, 0, 0.5, 1), "▔": (0, 0, 1, 0.125), "▕": (0.875, 0, 0.125, 1)}
    return _box(x, top, *edges[char])


def _box(x: float, top: float, left: float, above: float, width: float, height: float) -> str:
    corner = f"M{_short(x + left * WIDTH)} {_short(top + above * HEIGHT)}"
    return f"{corner}h{_short(width * WIDTH)}v{_short(height * HEIGHT)}h-{_short(width * WIDTH)}z"


def _short(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")
