"""Semantic span styles ("ok", "dim", "value", ...) as Rich styles of the current theme.

A span's style name may join several, e.g. "error bold" or "key cursor"; later ones win. A theme may set any
of them in its `variables` as `span-NAME: "#rrggbb"`; otherwise they follow from the theme's own colours.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from rich.style import Style
from textual.color import Color, ColorParseError
from textual.theme import Theme

_SOURCES: dict[str, tuple[tuple[str, ...], dict[str, bool]]] = {
    # span name: (theme variables, first known wins; attributes)
    "text": (("span-text", "foreground"), {}),
    "dim": (("span-dim",), {}),
    "faint": (("span-faint",), {}),
    "ok": (("span-ok", "success"), {}),
    "warn": (("span-warn", "warning"), {}),
    "error": (("span-error", "error"), {}),
    "info": (("span-info", "secondary"), {}),
    "title": (("span-title", "foreground"), {"bold": True}),
    "key": (("span-key", "secondary"), {}),
    "value": (("span-value", "foreground"), {}),
    "accent": (("span-accent", "accent"), {}),
    "primary": (("span-primary", "primary"), {}),
    "ours": (("span-ours", "primary"), {}),
    "others": (("span-others", "warning"), {}),
    "series-1": (("span-series-1", "primary"), {}),
    "series-2": (("span-series-2", "accent"), {}),
    "series-3": (("span-series-3", "success"), {}),
    "series-4": (("span-series-4", "warning"), {}),
    "series-5": (("span-series-5", "secondary"), {}),
    "series-6": (("span-series-6", "error"), {}),
}
_SIXTEEN = {
    True: ("#00ffff", "#ff00ff", "#00ff00", "#ffff00", "#5c5cff", "#ff0000"),
    False: ("#008080", "#800080", "#008000", "#808000", "#000080", "#800000"),
}
"""Colours of lines that stay apart in a terminal of sixteen colours, where most of a theme's become the same grey."""
_BACKGROUNDS: dict[str, tuple[tuple[str, ...], tuple[str, ...], dict[str, bool]]] = {
    # span name: (foreground variables, background variables, attributes)
    "cursor": ((), ("span-cursor-background",), {}),
    "cursor-blurred": ((), ("span-cursor-blurred-background",), {}),
    "match": (("span-match-foreground",), ("span-match-background",), {"bold": True}),
    "chip": (("span-chip-foreground",), ("span-chip-background",), {"bold": True}),
    "alarm": (("span-alarm-foreground",), ("span-alarm-background",), {"bold": True}),
}
_ATTRIBUTES = {
    "bold": Style(bold=True),
    "reverse": Style(reverse=True),
    "underline": Style(underline=True),
    "italic": Style(italic=True),
    "strike": Style(strike=True),
}
_ROLES = frozenset({"primary", "secondary", "warning", "error", "success", "accent", "foreground", "background"})


class SpanStyles:
    """The styles of one theme; `style("error bold")` is cached."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = {**_derived(variables), **variables}
        self._named: dict[str, Style] = dict(_ATTRIBUTES)
        for name, (sources, attributes) in _SOURCES.items():
            self._named[name] = Style(color=self._first(sources), **_flags(attributes))
        for name, (front, back, attributes) in _BACKGROUNDS.items():
            color, bgcolor = self._first(front), self._first(back)
            self._named[name] = Style(color=color, bgcolor=bgcolor, **_flags(attributes))
        if self._variables.get("span-cursor-style") == "reverse":  # themes without colours
            self._named["cursor"] = Style(reverse=True)
        self._joined: dict[str, Style] = {}

    def style(self, name: str) -> Style:
        """The Rich style of a span's style name; unknown words are ignored."""
        known = self._joined.get(name)
        if known is None:
            parts = [self._named[part] for part in name.split() if part in self._named]
            known = self._joined[name] = Style.combine([Style.null(), *parts])
        return known

    def _first(self, sources: tuple[str, ...]) -> str | None:
        for source in sources:
            color = _parse(self._variables.get(source, ""))
            if color is not None:
                return color.hex6
        return None


def series_of_sixteen(*, dark: bool) -> dict[str, str]:
    """The colours of a chart's lines for a terminal that has sixteen, on a dark or on a light ground."""
    return {f"span-series-{i}": color for i, color in enumerate(_SIXTEEN[dark], 1)}


@lru_cache(maxsize=8)
def _styles(items: tuple[tuple[str, str], ...]) -> SpanStyles:
    return SpanStyles(dict(items))


def span_styles(variables: Mapping[str, str]) -> SpanStyles:
    """The span styles of a theme, from the app's `theme_variables`."""
    return _styles(tuple((k, v) for k, v in variables.items() if k in _ROLES or k.startswith("span-")))


def _flags(attributes: Mapping[str, bool]) -> dict[str, Any]:
    return dict(attributes)


def _parse(text: str) -> Color | None:
    try:
        return Color.parse(text) if text else None
    except ColorParseError:
        return None


def frame_colors(theme: Theme) -> dict[str, str]:
    """The variables of the stylesheet that a theme may leave to us."""
    front = _parse(theme.foreground or "") or Color(220, 220, 220)
    back = _parse(theme.background or "") or Color(18, 18, 18)
    return {
        "border-quiet": back.blend(front, 0.22).hex6,
        "border-focus": theme.primary,
        "border-title": back.blend(front, 0.8).hex6,
    }


def _derived(variables: Mapping[str, str]) -> dict[str, str]:
    """Shades that no theme has to spell out: quiet text, the cursor row, matches."""
    front = _parse(variables.get("foreground", "")) or Color(220, 220, 220)
    back = _parse(variables.get("background", "")) or Color(18, 18, 18)
    primary = _parse(variables.get("primary", "")) or front
    warning = _parse(variables.get("warning", "")) or front
    error = _parse(variables.get("error", "")) or front
    return {
        "span-dim": back.blend(front, 0.62).hex6,
        "span-faint": back.blend(front, 0.28).hex6,
        "span-cursor-background": back.blend(primary, 0.32).hex6,
        "span-cursor-blurred-background": back.blend(front, 0.10).hex6,
        "span-match-foreground": warning.get_contrast_text(1).hex6,
        "span-match-background": warning.hex6,
        "span-chip-foreground": primary.get_contrast_text(1).hex6,
        "span-chip-background": primary.hex6,
        "span-alarm-foreground": error.get_contrast_text(1).hex6,
        "span-alarm-background": error.hex6,
    }


_FIELDS = frozenset(
    {
        "primary", "secondary", "warning", "error", "success", "accent", "foreground", "background", "surface",
        "panel", "boost", "dark", "luminosity_spread", "text_alpha", "variables",
    }
)  # fmt: skip


def theme_from(name: str, fields: Mapping[str, object]) -> Theme:
    """A Textual theme from the fields of a theme file. ValueError says which field is wrong."""
    unknown = sorted(set(fields) - _FIELDS - {"name", "description"})
    if unknown:
        raise ValueError(f"theme {name}: unknown field {unknown[0]!r}; known are {', '.join(sorted(_FIELDS))}")
    known: dict[str, Any] = {key: value for key, value in fields.items() if key in _FIELDS}
    for key in ("luminosity_spread", "text_alpha"):
        if key in known:
            known[key] = float(known[key])
    known["dark"] = str(known.get("dark", True)).lower() in ("true", "yes", "on", "1")
    for key, value in known.items():
        if key not in ("dark", "luminosity_spread", "text_alpha", "variables") and _parse(str(value)) is None:
            raise ValueError(f"theme {name}: {key} is not a colour: {value!r}")
    if "primary" not in known:
        raise ValueError(f"theme {name}: it needs at least 'primary'")
    known["variables"] = {str(k): str(v) for k, v in dict(known.get("variables") or {}).items()}
    return Theme(name=name, **known)
