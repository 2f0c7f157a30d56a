"""The rank column of a merged log: which rank, or which log, a line is of. No Textual here."""

from __future__ import annotations

from collections.abc import Sequence

from lptui.formats.fold import Fold
from lptui.model.log import LogView
from lptui.model.merged import MergedPart, MergedView
from lptui.text import cell_width, sanitise
from lptui.text.width import cut
from lptui.tui.widgets.logsearch import title_of
from lptui.tui.widgets.spans import Row

MOST_CELLS = 12
_COLOURS = 5
_LONGEST = 64
_SKEWED = 1.0
"""Seconds by which a clock is off before it is said."""


class RankColumn:
    """Knows the labels that stand before the lines of `view`, and draws them as a narrow column instead."""

    def __init__(self, view: MergedView) -> None:
        self.parts = view.parts
        names = [cut(sanitise(part.name), MOST_CELLS) for part in view.parts]
        self._cells = max((cell_width(name) for name in names), default=1)
        self._known: dict[bytes, tuple[str, str]] = {}
        self._by_rank: dict[int, tuple[str, str]] = {}
        for part, name in zip(view.parts, names, strict=True):
            look = self._known.get(part.label) or (name, f"series-{len(self._known) % _COLOURS + 1}")
            self._known[part.label] = look
            if part.rank is not None:
                self._by_rank[part.rank] = look

    @property
    def width(self) -> int:
        """Cells of the column, with the rule behind it."""
        return self._cells + 2

    def text_start(self, data: bytes, start: int, end: int) -> int:
        """Where in the row data[start:end] its own text begins."""
        label = self._label(data, start, end)
        return start + len(label) if label in self._known else start

    def cell(self, data: bytes, start: int, end: int, *, plain: bool) -> Row:
        """The column beside the row data[start:end]."""
        name, style = self._known.get(self._label(data, start, end), ("", ""))
        return self._draw(name, style, plain)

    def fold_cell(self, fold: Fold, *, plain: bool) -> Row:
        """The column beside a folded block; of many ranks it is the first one's, marked."""
        name, style = self._by_rank.get(-1 if fold.first_rank is None else fold.first_rank, ("", ""))
        return self._draw(name if len(fold.ranks) < 2 else "*", style if len(fold.ranks) < 2 else "title", plain)

    def _label(self, data: bytes, start: int, end: int) -> bytes:
        stop = data.find(b"]: ", start, min(end, start + _LONGEST))
        return data[start : stop + 3] if stop >= 0 else b""

    def _draw(self, name: str, style: str, plain: bool) -> Row:
        blank = " " * (self._cells - cell_width(name))
        return ((f"{blank}{name}", style), ("| " if plain else "│ ", "faint"))


def title_words(extent: LogView, names: Sequence[str]) -> str:
    """Which of the logs `names` is shown, for a title; of a merged one also which clocks are off."""
    if isinstance(extent, MergedView):
        later = "" if extent.complete else "older lines follow"
        return " · ".join(filter(None, (title_of_merged(extent), clock_words(extent), later)))
    words = title_of(extent.file)
    return f"{words} {names.index(extent.file) + 1}/{len(names)}" if len(names) > 1 and extent.file in names else words


def title_of_merged(view: MergedView) -> str:
    """'all ranks (8)': what is shown as one."""
    if view.by_rank:
        return f"all ranks ({len({part.rank for part in view.parts})})"
    return f"all logs ({len(view.parts)})"


def clock_words(view: MergedView) -> str:
    """Which clocks are off, or missing: by these the lines are in order. Nothing if all is well."""
    off = [part for part in view.parts if part.skew is not None and abs(part.skew) >= _SKEWED]
    off.sort(key=lambda part: -abs(part.skew or 0.0))
    words = [f"{_name(part)} clock {part.skew:+.1f} s" for part in off[:3]]
    words += [f"{len(off) - 3} clocks more"] if len(off) > 3 else []
    without = [part for part in view.parts if part.clockless]
    if without:
        words.append(f"{_name(without[0])}{f' and {len(without) - 1} more' if len(without) > 1 else ''}: no clock")
    return ", ".join(words)


def _name(part: MergedPart) -> str:
    return f"rank {part.rank}" if part.rank is not None else cut(sanitise(part.name), MOST_CELLS)
