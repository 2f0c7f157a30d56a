"""A folded block as one row, and the place that a frame of a traceback names. No Textual here."""

from __future__ import annotations

import re

from lptui.formats.fold import Fold
from lptui.text import plural, sanitise
from lptui.text.secrets import mask_text
from lptui.tui.widgets.spans import Row

_FRAME = re.compile(rb'\s*(?:[|>]\s*)?File "([^"\n]{1,1024})", line (\d{1,9})')
_BOX_FRAME = re.compile(r"[│|]\s*(?:❱\s*)?(\S[^\n]{0,1000}?):(\d{1,9}) in \S")
_STYLES = {"traceback": "error", "repeated": "", "banner": "info", "restart": "warn", "config": "dim", "redrawn": "dim"}


def fold_row(fold: Fold, plain: bool) -> Row:
    """A block as one row."""
    sign = "> " if plain else "▸ "
    detail = f" ({fold.detail})" if fold.detail else ""
    size = "" if fold.kind in ("repeated", "redrawn") else f"  {plural(fold.lines, 'line')}"
    return ((sign, "dim"), (mask_text(sanitise(fold.title)), _STYLES[fold.kind]), (detail, "title"), (size, "dim"))


def frame_place(line: bytes) -> str:
    """`path:line` that a traceback's line names; nothing for another line."""
    match = _FRAME.search(line[:2048])
    if match is not None:
        return f"{match[1].decode('utf-8', 'replace')}:{int(match[2])}"
    box = _BOX_FRAME.search(line[:2048].decode("utf-8", "replace"))
    return f"{box[1]}:{box[2]}" if box is not None else ""
