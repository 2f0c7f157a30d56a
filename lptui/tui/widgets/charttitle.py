"""The frame of a chart in words: its name, the newest value and where it goes; a legend; minimum, maximum, change."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import lru_cache

from lptui.stores.columns import Columns
from lptui.text import cell_width, format_value, plural, sanitise, short_number, shorten_middle
from lptui.text.width import cut
from lptui.tui.widgets.axes import bare
from lptui.tui.widgets.braille import Scale
from lptui.tui.widgets.chartplan import Band
from lptui.tui.widgets.curves import Curve
from lptui.tui.widgets.metricunits import NONE, Unit
from lptui.tui.widgets.spans import Row, Span, clean, crop, row_width

ARROWS = ("↗", "↘", "→")
_SCRAP = 5
_WORDS = re.compile(r"[^/._:\s]+")
PLAIN_ARROWS = ("/", "\\", "-")


def value_text(value: float | None, unit: Unit = NONE) -> str:
    """A value in its unit: '41.2k steps/s', '93%', '0.69315'."""
    if value is None:
        return "-"
    text = format_value(value * unit.factor)
    return f"{text}%" if unit.word == "%" else f"{text} {unit.word}".rstrip() if math.isfinite(value) else text


def tell_apart(name: str, width: int, mates: Sequence[str]) -> str:
    """`name` in at most `width` cells, and another text than `mates` are shortened to: with the word by which it
    differs from them, where their ends are the same."""
    shown = short_key(name, width)
    if shown == name or width < 6:
        return shown
    alike = [mate for mate in mates if mate != name and short_key(mate, width) == shown]
    if not alike:
        return shown
    others = {word for mate in alike for word in _WORDS.findall(mate)}
    own = next((word for word in reversed(_WORDS.findall(name)) if word not in others), "")
    if not own or not name.isascii():
        return shown
    mark = "" if name.startswith(own) else "…"
    kept = own[: max(3, min(len(own), width // 2 - len(mark)))]
    if any(kept in word for word in others):
        kept = own
    rest = width - len(mark) - len(kept) - 1
    return cut(f"{mark}{kept}…{name[-rest:]}" if rest > 2 else f"{mark}{kept}", width)


@lru_cache(maxsize=4096)
def short_key(name: str, width: int) -> str:
    """`name` in at most `width` cells: metrics that stand side by side differ at their ends, so that is kept."""
    if cell_width(name) <= width:
        return name
    leaf = name.rpartition("/")[2]
    if not name.isascii() or len(leaf) > width - 2:
        return shorten_middle(leaf, width)
    tail = name[len(name) - width + 1 :]
    part = tail.find("/")  # a scrap of a part says less than none
    return "…" + (tail[part:] if part <= _SCRAP else tail)


def trend(columns: Columns, scale: Scale | None, *, plain: bool = False) -> str:
    """An arrow for the newest tenth of the chart against the fifth before it; blank while there is too
    little."""
    if scale is None:
        return ""
    shares = [scale.share(v) for v in columns.mean if v is not None and not (scale.log and v <= 0)]
    recent = max(1, len(shares) // 10)
    before = shares[-3 * recent : -recent]
    if len(shares) < 4 or not before:
        return ""
    change = sum(shares[-recent:]) / recent - sum(before) / len(before)
    up, down, level = PLAIN_ARROWS if plain else ARROWS
    return up if change > 0.03 else down if change < -0.03 else level


def title_row(
    name: str,
    curve: Curve,
    scale: Scale | None,
    width: int,
    *,
    unit: Unit = NONE,
    status: tuple[str, str, str] = ("", "", ""),
    chosen: bool = False,
    star: bool = False,
    plain: bool = False,
    several: bool = False,
    read: Sequence[float | None] = (),
    mates: Sequence[str] = (),
) -> Row:
    """The end of the name, then the newest value and where it is going (in the legend, of several lines); with `read`
    the value at the crosshair instead."""
    value = read[0] if read else _newest(curve)
    bad = value is not None and not math.isfinite(value)
    right = _tell_value(curve, scale, width, value, unit, plain=plain, several=several, read=bool(read))
    mark = (">" if plain else "▸") if chosen else " "
    starred = ("* " if plain else "★ ") if star else ""
    glyph, word, tone = status
    told = f"{glyph} {word} " if glyph and width >= 44 else f"{glyph} " if glyph else ""
    fixed = cell_width(right) + cell_width(told) + cell_width(starred)
    shown = tell_apart(sanitise(name[:500]), max(4, width - fixed - 4), mates)
    gap = " " * max(1, width - 2 - cell_width(mark) - cell_width(shown) - fixed)
    style = "accent bold" if chosen else "title"
    return crop(
        (
            (mark, "accent"), (told, tone), (starred, "warn"), (shown, style), (gap, ""),
            (right, "error bold" if bad else "key bold" if read else "value"), (" ", ""),
        ),
        width,
    )  # fmt: skip


def _tell_value(
    curve: Curve,
    scale: Scale | None,
    width: int,
    value: float | None,
    unit: Unit,
    *,
    plain: bool,
    several: bool,
    read: bool,
) -> str:
    """The value, where it is going, and what one must know of it: that it is sampled, that the axis is logarithmic."""
    right = ""
    if not several:
        bad = value is not None and not math.isfinite(value)
        arrow = ("X" if plain else "✖") if bad else "@" if read else trend(curve.columns, scale, plain=plain)
        right = f"{value_text(value, unit)} {arrow}".rstrip()
        right = f"{curve.line.letter} {right}".strip()  # the only run that has it
    if curve.line.series.sampled:
        right = f"~ sampled {right}" if width >= 40 else f"~ {right}"
    if scale is not None and scale.log:
        right = f"log {right}".rstrip()
    return right


_LEVELS = 7
"""How many ways a legend has to tell the same, each shorter than the one before."""


def legend_row(
    curves: Sequence[Curve], scale: Scale | None, width: int, *, unit: Unit = NONE, best: int | None = None,
    plain: bool = False, read: Sequence[float | None] = (),
) -> Row:  # fmt: skip
    """Each line's letter, name, newest value, arrow and distance to the first: as much of that as there is room for,
    and how many lines are left out. With `read` the values at the crosshair instead of the newest."""
    values = list(read) if read else [_newest(curve) for curve in curves]
    arrows = [
        ("X" if plain else "✖") if value is not None and not math.isfinite(value)
        else ("@" if value is not None else "") if read
        else trend(curve.columns, scale, plain=plain)
        for curve, value in zip(curves, values, strict=True)
    ]  # fmt: skip
    parts: list[Row] = []
    tick = "+" if plain else "✓"
    names = [sanitise(curve.line.label[:200]) for curve in curves]
    for level in range(_LEVELS):
        named = level < 2 or (
            level < 4 and all(cell_width(name) <= 6 for name in names)
        )  # a scrap tells less than none
        parts = [
            _legend_part(
                curve, name if named else "", value, values[0] if i else None, arrow, unit, level,
                best=("" if best != i else tick),
            )
            for i, (curve, name, value, arrow) in enumerate(zip(curves, names, values, arrows, strict=True))
        ]  # fmt: skip
        if sum(row_width(part) for part in parts) <= width - 1:
            break
    row: list[Span] = [(" ", "")]
    room = width - 1
    for i, part in enumerate(parts):
        more = f"+{len(parts) - i}"
        if row_width(part) - 1 > room - (0 if i == len(parts) - 1 else len(more) + 1):
            row.append((more, "dim"))
            break
        row += part
        room -= row_width(part)
    return crop(tuple(row), width)


def _legend_part(
    curve: Curve, name: str, value: float | None, first: float | None, arrow: str, unit: Unit, level: int, *, best: str
) -> Row:
    """One line in the legend; the higher `level`, the shorter."""
    line = curve.line
    bad = value is not None and not math.isfinite(value)
    told = value_text(value, unit) if level < 2 or value is None or bad else _short(value * unit.factor, level)
    words = f"{told} {arrow}".rstrip() if level < 3 else told
    if level == 0 and first is not None and value is not None and math.isfinite(value - first):
        words += f" ({distance_text((value - first) * unit.factor)})"
    if best:
        words += " best" if level < 2 else best
    name = cut(name, (30, 16, 6, 6)[level]) + " " if name else ""
    style = "error bold" if bad else "value"
    return (
        (f"{line.letter} ", f"{line.style} bold"),
        (name, line.style),
        (words, style),
        ("  " if level < 2 else " ", ""),
    )


def _short(value: float, level: int) -> str:
    """`value` in few cells; from level 5 on in two digits, then one."""
    digits = 1 if level > 5 else 2 if level > 4 else 3
    power = bare(f"{value:.{digits - 1}e}")
    if abs(value) >= 1000:
        return short_number(value) if abs(value) < 1e15 else power
    plain = bare(f"{value:.{digits}g}")
    return min(plain, power, key=len) if level > 4 and value else plain


def distance_text(distance: float) -> str:
    """'+0.0153', '-58.1k': how far a run is from the one in front."""
    return f"{distance:+.3g}" if abs(distance) < 1000 else f"{'+' if distance > 0 else ''}{short_number(distance)}"


def _newest(curve: Curve) -> float | None:
    last = curve.line.series.last()
    return last.value if last is not None else None


def detail_row(curve: Curve, width: int, *, unit: Unit = NONE) -> Row:
    """Minimum, maximum and the change over what is shown."""
    extent, means = curve.columns.extent, [v for v in curve.columns.mean if v is not None]
    low, high = extent or (None, None)
    facts = [("min", value_text(low, unit)), ("max", value_text(high, unit))]
    if len(means) > 1:
        facts.append(("change", f"{(means[-1] - means[0]) * unit.factor:+.4g}"))
    row: list[Span] = [(" ", "")]
    for name, value in facts:
        more: list[Span] = [(f"{name} ", "dim"), (f"{value}  ", "value")]
        if row_width((*row, *more)) > width + 1:
            break  # a number cut short would be another number
        row += more
    return crop(tuple(row), width)


def section_row(band: Band, width: int, *, chosen: bool, plain: bool) -> Row:
    """The head of a section: whether it is folded, its name, how many charts it has."""
    arrow = (">" if plain else "▸") if band.folded else ("v" if plain else "▾")
    name = clean(band.section or "", 200) or "no prefix"
    row = ((f"{arrow} ", "accent"), (name, "accent bold" if chosen else "title"),
           (f"  {plural(band.stop - band.start, 'chart')}", "dim"))  # fmt: skip
    return crop(tuple((text, f"{style} cursor") for text, style in row) if chosen else row, width)
