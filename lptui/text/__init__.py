"""Text for people: making foreign text harmless (`hostile`), widths (`width`), units (`units`), secrets (`secrets`)."""

from __future__ import annotations

from lptui.text.hostile import Span, parse_sgr, sanitise
from lptui.text.units import (
    clock,
    format_value,
    plural,
    short_age,
    short_bytes,
    short_duration,
    short_number,
)
from lptui.text.width import cell_width, fit, shorten_middle

__all__ = [
    "Span",
    "cell_width",
    "clock",
    "fit",
    "format_value",
    "parse_sgr",
    "plural",
    "sanitise",
    "short_age",
    "short_bytes",
    "short_duration",
    "short_number",
    "shorten_middle",
]
