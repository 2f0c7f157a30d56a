"""Round values for the labels of a chart's y axis, and the words that stand there. Pure arithmetic."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from lptui.text import cell_width, format_value, short_number
from lptui.tui.widgets.braille import Scale

_MOST_WASTE = 1.35
"""A scale may be this much larger than what it shows, to end at round values."""
_MOST_PARTS = 10
_TWO_LABELS = 0.3
"""So much waste is worth a label between the two ends."""
_MOST_AWAY = 0.2
"""A label may be this part of what labels differ by from its value."""


def nice_steps(least: float, ladder: Sequence[float] = (1.0, 2.0, 2.5, 5.0)) -> Iterator[float]:
    """Round steps from `least` on upwards: 0.2, 0.25, 0.5, 1, 2, ..."""
    if not (least > 0 and math.isfinite(least)):
        return
    power = math.floor(math.log10(least))
    while power < 308:
        for head in ladder:
            step = float(f"{head}e{power}")
            if step >= least * (1 - 1e-9):
                yield step
        power += 1


def round_scale(scale: Scale, rows: int) -> tuple[Scale, tuple[float, ...]]:
    """`scale` widened to round values where that costs little, and the values to be labelled in `rows` rows."""
    if scale.level is not None:
        return scale, (scale.level,)
    if scale.log:
        return _round_log(scale, rows)
    span = scale.high - scale.low
    best: tuple[float, int, int, float] | None = None
    size = max(abs(scale.low), abs(scale.high))
    wide = rows >= 5 and span > size / 500  # else labels need more digits than they have room
    if math.isfinite(span) and span > size * 1e-12:
        for step in nice_steps(span / _MOST_PARTS):
            low, high = math.floor(scale.low / step + 1e-9), math.ceil(scale.high / step - 1e-9)
            waste = (high - low) * step / span
            if not math.isfinite(low * step) or not math.isfinite(high * step):
                continue  # beyond the largest number
            few = wide and len(_label_values(times(low, step), times(high, step), step, rows)) < 3
            cost = waste + 0.03 * (high - low) + _TWO_LABELS * few
            if waste <= _MOST_WASTE and (best is None or cost < best[0]):
                best = (cost, low, high, step)
            if step > span:
                break
    if best is None:
        return scale, (scale.low, scale.high) if rows > 1 else (scale.high,)
    _, low, high, step = best
    bottom, top = times(low, step), times(high, step)
    return Scale(bottom, top), _label_values(bottom, top, step, rows)


def times(count: int, step: float) -> float:
    """`count * step` as it would be written, without the dust of floating point."""
    digits = max(0, 2 - math.floor(math.log10(step)))
    return round(count * step, digits) if digits < 300 else count * step


def _label_values(low: float, high: float, step: float, rows: int) -> tuple[float, ...]:
    """Values from `low` to `high` in equal round parts, so few that each has two rows. Both ends are among them."""
    if rows <= 1:
        return (high,)
    room = max(1, (rows - 1) // 2)
    for part in nice_steps((high - low) / room):
        count = (high - low) / part
        if part > (high - low) / min(room, 2) * (1 + 1e-9):
            break
        if abs(count - round(count)) < 1e-6 and abs(low / part - round(low / part)) < 1e-6:
            return tuple(times(round(low / part) + i, part) for i in range(round(count) + 1))
    parts = round((high - low) / step)
    stride = next((s for s in range(1, parts + 1) if parts % s == 0 and parts // s <= room), 1)
    return tuple(times(round(low / step) + i, step) for i in range(0, parts + 1, stride))


def _round_log(scale: Scale, rows: int) -> tuple[Scale, tuple[float, ...]]:
    low, high = math.log10(scale.low), math.log10(scale.high)
    bottom, top = math.floor(low + 1e-9), math.ceil(high - 1e-9)
    if bottom < top and top - bottom <= (high - low) * _MOST_WASTE and bottom > -300 and top < 300:
        scale = Scale(10.0**bottom, 10.0**top, True)
        low, high = float(bottom), float(top)
    powers = range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1)
    room = max(2, (rows + 1) // 2)
    if len(powers) >= 2:
        stride = -(-(len(powers) - 1) // (room - 1))
        return scale, tuple(10.0**p for p in powers[::stride])
    heads = [float(f"{m}e{p}") for p in range(math.floor(low), math.ceil(high) + 1) for m in (1, 2, 5)]
    inside = tuple(v for v in heads if scale.low <= v <= scale.high)
    if len(inside) >= 2:
        return scale, inside[:: -(-len(inside) // room)]
    if high - low < 1:  # less than a power: even parts are as round as those of a plain axis
        _, values = round_scale(Scale(scale.low, scale.high), rows)
        within = tuple(v for v in values if scale.low <= v <= scale.high)
        return scale, within if len(within) >= 2 else (scale.low, scale.high)
    return scale, (scale.low, scale.high)


def y_labels(scale: Scale, values: Sequence[float], height: int, room: int) -> dict[int, str]:
    """Labels by row, each in at most `room` cells. Those that would read the same as their neighbours, or as a value
    between them, are told as differences."""
    step = min((abs(b - a) for a, b in pairwise(values)), default=0.0)
    least = step
    if step > 0 and math.isfinite(step):
        step = _common_power(values, step)
    texts = [tick_text(value, value if scale.log else step, room) for value in values]
    away = max((abs(_read_text(text) - value) for text, value in zip(texts, values, strict=True)), default=0.0)
    if len(set(texts)) < len(texts) or (not scale.log and away > _MOST_AWAY * least > 0):
        texts = _differences(values, texts, least, room)
    labels: dict[int, str] = {}
    for value, text in zip(values, texts, strict=True):
        share = min(1.0, max(0.0, scale.share(value)))
        labels.setdefault(height - 1 - min(height - 1, int(share * height)), text)
    return labels


def _common_power(values: Sequence[float], step: float) -> float:
    """The largest power of ten of which all of `values` are multiples: they need its digits, and no more. `step` where
    there is none near it."""
    top = math.floor(math.log10(step) + 1e-9)
    units = (float(f"1e{power}") for power in range(top, max(top - 4, -300), -1))
    return next((u for u in units if all(abs(math.remainder(v, u)) <= u * 1e-6 for v in values)), step)


def _differences(values: Sequence[float], texts: Sequence[str], step: float, room: int) -> list[str]:
    """One value as it is, the one whose text is exact if there is such, and the others by how far they are from it."""
    exact = [i for i, text in enumerate(texts) if abs(_read_text(text) - values[i]) <= step / 100]
    base = exact[0] if exact else 0
    told: list[str] = []
    for i, (value, text) in enumerate(zip(values, texts, strict=True)):
        sign = "-" if value < values[base] else "+"
        away = sign + _short_power(abs(value - values[base]), room - 1)
        told.append(away if i != base else text if exact or cell_width(text) >= room else f"~{text}")
    return told


def _read_text(text: str) -> float:
    """The number that a label tells."""
    power = {"k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}.get(text[-1:], 1.0)
    try:
        return float(text.rstrip("kMGT")) * power
    except ValueError:
        return math.nan


def tick_text(value: float, step: float, room: int = 8) -> str:
    """`value` with the digits that `step` has, in at most `room` cells."""
    step = step if math.isfinite(step) else 0.0
    if abs(value) < step * 1e-6:
        value = 0.0
    if value == 0:
        return "0"
    if step == 0 and cell_width(format_value(value)) <= room:
        return bare(format_value(value))
    if abs(value) >= 10_000 or abs(value) < 1e-3:
        choices = [scaled(value, step)] if abs(value) >= 1 else []
        choices += [f"{value:.2e}", _whole_power(f"{value:.2e}"), f"{value:.1e}", _whole_power(f"{value:.1e}")]
        choices += [f"{value:.0e}"]
    else:
        digits = min(12, max(0, -math.floor(math.log10(step) + 1e-9))) if step > 0 else 4
        if step > 0 and abs(step * 10**digits - round(step * 10**digits)) > 1e-6:
            digits += 1  # 0.25, 0.025
        choices = [f"{value:.{digits}f}", format_value(value), f"{value:.3g}", f"{value:.2g}", short_number(value)]
        choices += [_whole_power(f"{value:.1e}"), f"{value:.0e}"]
    good = [text for text in map(bare, choices) if cell_width(text) <= room and text.strip("-0.")]
    return good[0] if good else bare(f"{value:.0e}")[:room]


def bare(text: str) -> str:
    """5e-04 -> 5e-4, 1.00e+06 -> 1e+6: what is read the same in fewer cells."""
    head, e, power = text.partition("e")
    if not e:
        return text
    head = head.rstrip("0").rstrip(".") if "." in head else head
    return f"{head}e{power[:1] if power[:1] == '-' else ''}{power.lstrip('+-').lstrip('0') or '0'}"


def _whole_power(text: str) -> str:
    """1.25e-4 -> 125e-6: the same in one cell less."""
    head, _, power = bare(text).partition("e")
    _, dot, digits = head.partition(".")
    return f"{head.replace('.', '')}e{int(power) - len(digits)}" if dot else bare(text)


def _short_power(value: float, room: int) -> str:
    """0.000025 -> 2.5e-5, or 25e-6 in one cell less; 300 and 0.5 as they are."""
    plain = f"{value:.3g}"
    exact = f"{value:.1e}"
    choices = (plain if "e" not in plain else "", bare(exact), _whole_power(exact), bare(f"{value:.0e}"))
    return next((text for text in choices if text and len(text) <= room), "")


def scaled(value: float, step: float) -> str:
    """41_000 -> 41k, 1_250_000 -> 1.25M: as many digits as `step` needs. From 1e15 on as a power: few read P and E."""
    if abs(value) >= 1e15 * (1 - 1e-9):
        return f"{value:.1e}"
    for size, prefix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size * (1 - 1e-9):
            unit = step / size
            digits = next((d for d in range(4) if abs(unit * 10**d - round(unit * 10**d)) < 1e-6), 3)
            digits = digits if abs(value) < size * 1e6 else 0
            return f"{value / size:.{digits}f}{prefix}" if abs(value) < size * 1e5 else f"{value:.1e}"
    return f"{value:g}"
