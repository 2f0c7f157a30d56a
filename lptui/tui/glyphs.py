"""A glyph and a word beside every colour, and their ASCII twins."""

from __future__ import annotations

from lptui.model.finding import Severity
from lptui.state.run_state import Condition

_SEVERITY: dict[Severity, tuple[str, str, str]] = {
    "error": ("✖", "X", "error"),
    "warning": ("▲", "!", "warn"),
    "info": ("·", ".", "info"),
}
_CONDITION: dict[Condition, tuple[str, str, str]] = {
    "running": ("●", "o", "ok"),
    "stalled": ("▲", "!", "warn"),
    "crashed": ("✖", "X", "error"),
    "finished": ("■", "=", "ok"),
    "waiting": ("○", ".", "info"),
    "unknown": ("?", "?", "dim"),
}
_LEVEL: dict[str, tuple[str, str, str]] = {
    "ok": ("●", "o", "ok"),
    "watch": ("▲", "!", "warn"),
    "bad": ("✖", "X", "error"),
    "unknown": ("·", ".", "dim"),
}


def severity_glyph(severity: Severity, *, plain: bool = False) -> tuple[str, str]:
    """(glyph, style name) of a severity."""
    glyph, twin, style = _SEVERITY[severity]
    return (twin if plain else glyph), style


def condition_glyph(condition: Condition, *, plain: bool = False) -> tuple[str, str]:
    """(glyph, style name) of a run's condition."""
    glyph, twin, style = _CONDITION[condition]
    return (twin if plain else glyph), style


def level_glyph(level: str, *, plain: bool = False) -> tuple[str, str]:
    """(glyph, style name) of ok, watch, bad or unknown."""
    glyph, twin, style = _LEVEL.get(level, _LEVEL["unknown"])
    return (twin if plain else glyph), style
