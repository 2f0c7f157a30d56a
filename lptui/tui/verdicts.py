"""What a checkpoint's verdict means to a reader: glyph level and word."""

from __future__ import annotations

_WORDS: dict[str, tuple[str, str]] = {
    "ok": ("ok", "ok"),
    "ok-unverified": ("ok", "readable"),
    "ok-verified": ("ok", "verified"),
    "unread": ("unknown", "not read"),
    "not-read": ("unknown", "not read"),
    "being-written": ("unknown", "writing"),
    "changed": ("unknown", "changing"),
    "unknown-format": ("unknown", "unknown"),
    "no-permission": ("unknown", "no access"),
    "reader-failed": ("unknown", "not read"),
    "vanished": ("unknown", "gone"),
    "not-regular": ("unknown", "no file"),
    "custom-pickle": ("watch", "own code"),
    "incomplete": ("watch", "in part"),
    "unsafe-pickle": ("bad", "UNSAFE"),
    "truncated": ("bad", "CUT OFF"),
    "zeroed": ("bad", "ZEROED"),
    "crc-mismatch": ("bad", "DAMAGED"),
    "non-finite-weights": ("bad", "NaN"),
    "unreadable-pickle": ("bad", "DAMAGED"),
    "mismatch": ("bad", "MISMATCH"),
}


def verdict_word(verdict: str, *, complete: bool = True) -> tuple[str, str]:
    """(level, word of at most 9 cells) of a verdict; a verdict that is not known here is shown as it is."""
    level, word = _WORDS.get(verdict, ("unknown", verdict[:9]))
    if not complete and level in ("ok", "unknown") and verdict != "being-written":
        return "watch", "in part"
    return level, word
