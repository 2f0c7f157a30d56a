"""Numbers, sizes, ages and times in few cells."""

from __future__ import annotations

import math
import time

_PREFIXES = ("", "k", "M", "G", "T")
_SIZES = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def short_number(value: float | None) -> str:
    """41234 -> '41.2k'; three significant digits; '-' when unknown."""
    if value is None:
        return "-"
    if not math.isfinite(value):
        return format_value(value)
    size, index = abs(value), 0
    if size >= 999.5e12:  # few read P and E
        return f"{value:.2e}"
    while size >= 999.5 and index < len(_PREFIXES) - 1:
        size, index = size / 1000, index + 1
    if index == 0:
        return f"{value:.0f}" if float(value).is_integer() else f"{value:.3g}"
    digits = 2 if size < 9.995 else 1 if size < 99.95 else 0
    return f"{math.copysign(size, value):.{digits}f}{_PREFIXES[index]}"


def short_bytes(count: float | None) -> str:
    """1_990_000_000 -> '1.9 GiB'; '-' when unknown."""
    if count is None:
        return "-"
    size, index = float(count), 0
    while abs(size) >= 1023.5 and index < len(_SIZES) - 1:
        size, index = size / 1024, index + 1
    return f"{size:.0f} {_SIZES[index]}" if index == 0 or abs(size) >= 99.95 else f"{size:.1f} {_SIZES[index]}"


def short_age(seconds: float | None) -> str:
    """An age that changes rarely: 1 s steps to 10 s, 10 s steps to 1 min, then minutes, hours, days."""
    if seconds is None:
        return "-"
    whole = max(0, int(seconds))
    if whole < 10:
        return f"{whole}s"
    if whole < 60:
        return f"{whole // 10 * 10}s"
    return short_duration(whole // 60 * 60)


def short_duration(seconds: float | None) -> str:
    """Two units at most: '42s', '3m', '3m 20s', '2h 05m', '3d 4h'."""
    if seconds is None or not math.isfinite(seconds):
        return "-"
    whole = max(0, round(seconds))
    days, hours, minutes, rest = whole // 86400, whole // 3600 % 24, whole // 60 % 60, whole % 60
    if days:
        return f"{days}d {hours}h" if hours else f"{days}d"
    if hours:
        return f"{hours}h {minutes:02d}m" if minutes else f"{hours}h"
    if minutes:
        return f"{minutes}m {rest:02d}s" if rest else f"{minutes}m"
    return f"{rest}s"


def format_value(value: float | None) -> str:
    """A metric value in at most 10 cells, five significant digits: '0.69315', '1.3e-05', 'NaN', 'inf', '52.4M'."""
    if value is None:
        return "-"
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    size = abs(value)
    if size >= 1e6:
        return short_number(value)
    if float(value).is_integer() and size < 1e6:
        return f"{value:.0f}"
    if size < 1e-4:
        return f"{value:.2e}"
    return f"{value:.5g}"


def plural(count: int, noun: str, many: str = "") -> str:
    """'1 task', '3 tasks', '2 entries' (with `many`)."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"


def clock(at: float | None) -> str:
    """Local wall time of a unix time, '12:04:11'; '-' where it is none."""
    return _local(at, "%H:%M:%S")


def moment(at: float | None) -> str:
    """Local date and time to the second, '11-23 12:04:11': what stands in a chain of events."""
    return _local(at, "%m-%d %H:%M:%S")


def date(at: float | None) -> str:
    """Local date and time of a unix time, '2026-11-23 12:04'."""
    return _local(at, "%Y-%m-%d %H:%M")


def _local(at: float | None, form: str) -> str:
    if at is None:
        return "-"
    try:
        return time.strftime(form, time.localtime(at))
    except (OverflowError, ValueError, OSError):  # a file may claim any number as its time
        return "-"
