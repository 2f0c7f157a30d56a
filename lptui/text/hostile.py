"""Foreign text made harmless: what a log, a metric name or a file name holds must never steer the terminal.

Kept: printable text, tab (as blanks), SGR colours (as values, never as bytes), the text of links (OSC 8). Made visible:
control bytes, C1 controls, bidirectional overrides, invisible formatters, characters on whose width terminals disagree.
Removed with a placeholder: escape sequences (CSI but SGR, OSC, DCS, APC, PM, SOS, also unterminated ones) as in
ECMA-48. Text that is invalid UTF-8 decodes to U+FFFD.
"""

from __future__ import annotations

import re
import unicodedata

from lptui.model.value import frozen
from lptui.text.regex import Regex

PLACEHOLDER = "␛"
TAB = 4
COMBINING_LIMIT = 4

# U+202A-202E and U+2066-2069 reorder what is shown; zero-width and tag characters hide text; U+2028/9 break lines.
_INVISIBLE = (
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2060-\u2064"
    "\u2066\u2067\u2068\u2069\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f"
)
# Terminals disagree on how wide these are, and a cell that is miscounted breaks the frame beside it: marks that stand
# before a number, jamo that are no syllables of their own, hexagrams and trigrams.
_DISPUTED = (
    "\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u1160-\u11ff\u2630-\u2637\u268a-\u268f"
    "\u3164\u3248-\u324f\u4dc0-\u4dff\ud7b0-\ud7ff\uffa0\U000110bd\U000110cd"
)
_UNSAFE = Regex("[\x00-\x1f\x7f-\x9f" + _INVISIBLE + _DISPUTED + "]")
# Joiners, variation selectors and skin tones change the width of their neighbours in some terminals only.
_GLUE = Regex("[\u200c\u200d\ufe00-\ufe0f\U0001f3fb-\U0001f3ff]")
_SGR = Regex(r"\x1b\[([0-9;:]{0,64})m")
_ESCAPE = Regex(
    r"\x1b(?:\[[0-?]{0,256}[ -/]{0,16}[@-~]?"  # CSI
    r"|[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|$)?"  # OSC, DCS, SOS, PM, APC: up to their end, or all that follows
    r"|[ -/]{1,8}[0-~]?|[0-~]|$)?"
    r"|\x9b[0-?]{0,256}[ -/]{0,16}[@-~]?|[\x90\x98\x9d\x9e\x9f][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|$)?"
)
# What opens or ends a link, whole and well-formed: Rich's handler wraps a file's name so. The text between is kept.
_LINK = Regex(r"\x1b\]8;[ -:<-~]{0,256};[!-~]{0,2048}(?:\x07|\x1b\\)")
_MARKS = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_COMBINING = Regex(f"({_MARKS}{{{COMBINING_LIMIT}}}){_MARKS}+")


@frozen
class Span:
    """A piece of one row and the SGR parameters in force for it, e.g. `("error", "1;31")`."""

    text: str
    style: str = ""


def sanitise(text: str) -> str:
    """`text` with nothing left that a terminal would obey, one line, tabs expanded; colours are dropped."""
    if text.isascii() and text.isprintable():
        return text
    return _make_visible(
        _ESCAPE.sub(lambda m: "" if _SGR.fullmatch(m[0]) or _LINK.fullmatch(m[0]) else PLACEHOLDER, text)
    )


def parse_sgr(text: str | bytes, limit: int = 4096) -> list[Span]:
    """One row as spans of harmless text with their SGR codes; at most `limit` characters are looked at."""
    if isinstance(text, bytes):
        text = text[: limit * 4].decode("utf-8", "replace")
    text = text[:limit]
    if "\x1b" not in text:
        clean = sanitise(text)
        return [Span(clean)] if clean else []
    spans: list[Span] = []
    style, start = "", 0
    for match in _SGR.finditer(text):
        _add(spans, text[start : match.start()], style)
        style, start = _combine(style, match[1]), match.end()
    _add(spans, text[start:], style)
    return spans


def _add(spans: list[Span], text: str, style: str) -> None:
    clean = sanitise(text)
    if clean:
        spans.append(Span(clean, style))


def _combine(style: str, codes: str) -> str:
    """The style after `codes`: a reset (empty, or starting with 0) forgets what was in force."""
    parts = codes.replace(":", ";").split(";")
    if parts[0] in ("", "0"):
        style, parts = "", parts[1:]
    added = ";".join(p for p in parts if p)
    return ";".join(p for p in (style, added) if p)[-64:]


def _make_visible(text: str) -> str:
    text = _UNSAFE.sub(_symbol, text.replace("\t", " " * TAB))
    if text.isascii():
        return text
    for char in {char for char in text if char > "\u02ff" and unicodedata.category(char) == "Cn"}:
        text = text.replace(char, f"<U+{ord(char):04X}>")  # not assigned: its width is anybody's guess
    return _COMBINING.sub(r"\1", _GLUE.sub("", text))


def _symbol(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if code < 0xA0:
        return f"<{code:02X}>"
    return f"<U+{code:04X}>"
