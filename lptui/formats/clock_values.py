"""What the groups of a matched clock mean, in seconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache


def seconds_of_day(match: re.Match[bytes], first: int) -> float:
    """Of groups `first` to `first` + 3: hour, minute, second and the digits of a fraction."""
    hour, minute, second, fraction = match.group(first, first + 1, first + 2, first + 3)
    return int(hour) * 3600 + int(minute) * 60 + int(second) + (float(b"0." + fraction) if fraction else 0.0)


def to_time(match: re.Match[bytes]) -> tuple[float | None, bool]:
    """(seconds since 1970, True) or, without a date, (seconds of the day, False), of a clock whose groups are year,
    month, day, hour, minute, second, fraction and zone; None on a day that no calendar has."""
    seconds = seconds_of_day(match, 4)
    if match[1] is None:
        return seconds, False
    day = _find_day(match[1], match[2], match[3])
    return (None, False) if day is None else (day + seconds - _to_offset(match[8]), True)


@lru_cache(64)
def _find_day(year: bytes, month: bytes, day: bytes) -> float | None:
    """Midnight UTC of a date; None when the calendar has no such day."""
    try:
        return datetime(int(year), int(month), int(day), tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        return None


def _to_offset(zone: bytes | None) -> int:
    """Seconds east of UTC of `Z`, `UTC`, `+01:00`, `-0530`."""
    if zone is None or zone[:1] in (b"Z", b"U"):
        return 0
    seconds = int(zone[1:3]) * 3600 + int(zone[-2:]) * 60
    return -seconds if zone[:1] == b"-" else seconds
