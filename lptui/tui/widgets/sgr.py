"""SGR parameters of a log's own colours as Rich styles."""

from __future__ import annotations

from functools import lru_cache

from rich.color import Color
from rich.style import Style

_FLAGS = {
    1: Style(bold=True),
    2: Style(dim=True),
    3: Style(italic=True),
    4: Style(underline=True),
    7: Style(reverse=True),
    9: Style(strike=True),
    22: Style(bold=False, dim=False),
    23: Style(italic=False),
    24: Style(underline=False),
    27: Style(reverse=False),
    29: Style(strike=False),
}
"""Blinking (5, 6) and concealing (8) are left out: a log neither flashes nor hides."""


@lru_cache(maxsize=1024)
def sgr_style(codes: str) -> Style:
    """The style of SGR parameters such as "1;31" or "38;5;208"; unknown ones are ignored."""
    numbers = [int(part) for part in codes.split(";") if part.isdigit() and len(part) < 4]
    style, at = Style.null(), 0
    while at < len(numbers):
        code = numbers[at]
        used = 1
        if code in (38, 48):
            color, used = _extended(numbers[at + 1 :])
            if color is not None:
                style += Style(color=color) if code == 38 else Style(bgcolor=color)
        else:
            style = _plain(style, code)
        at += used
    return style


def _plain(style: Style, code: int) -> Style:
    if code == 0:
        return Style.null()
    if code in _FLAGS:
        return style + _FLAGS[code]
    for low, base, back in ((30, 0, False), (90, 8, False), (40, 0, True), (100, 8, True)):
        if low <= code < low + 8:
            color = Color.from_ansi(base + code - low)
            return style + (Style(bgcolor=color) if back else Style(color=color))
    if code in (39, 49):
        return style + (Style(color="default") if code == 39 else Style(bgcolor="default"))
    return style


def _extended(rest: list[int]) -> tuple[Color | None, int]:
    """The colour after 38 or 48 and how many parameters it took, that one included."""
    if len(rest) >= 2 and rest[0] == 5:
        return (Color.from_ansi(rest[1]) if rest[1] < 256 else None), 3
    if len(rest) >= 4 and rest[0] == 2:
        red, green, blue = (min(255, n) for n in rest[1:4])
        return Color.from_rgb(red, green, blue), 5
    return None, 1 + len(rest)
