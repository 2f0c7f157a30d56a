"""The top of the checkpoint browser: the verdict with its reason and next step, and what is read right now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lptui.checkpoints.contents import Contents, Measured
from lptui.model.readings import CheckpointReading
from lptui.text import short_bytes, short_number
from lptui.text.secrets import mask_text
from lptui.tui.glyphs import level_glyph
from lptui.tui.verdicts import verdict_word
from lptui.tui.widgets.rows import LinesView
from lptui.tui.widgets.spans import Row, bar, clean, crop, spread, wrap

_FILE_KNOWS_BETTER = (
    "unread",
    "not-read",
    "ok",
    "ok-unverified",
    "ok-verified",
    "custom-pickle",
    "changed",
    "reader-failed",
)
"""Verdicts of the list that say nothing beyond the file itself."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is to be said of a checkpoint: one of the verdicts, its reason and the next step."""

    verdict: str
    reason: str = ""
    next_step: str = ""
    complete: bool = True


def judge(
    reading: CheckpointReading | None, contents: Contents | None, measured: Measured | None, *, gone: bool = False
) -> Standing:
    """The verdict: that of the list where it knows of more than one file, else that of the deepest look."""
    if gone:
        return Standing("vanished", "it is no longer there: deleted, or renamed; what is shown was read before")
    file = (measured.worst if measured is not None else None) or (contents.worst if contents is not None else None)
    if reading is not None and (file is None or reading.verdict not in _FILE_KNOWS_BETTER or not reading.complete):
        return Standing(reading.verdict, reading.reason, reading.next_step, reading.complete)
    if file is None:
        return Standing("unread", "looking inside …")
    return Standing(file.verdict, file.reason, file.next_step)


def standing_rows(
    standing: Standing, name: str, reading: CheckpointReading | None, width: int, room: int, *, plain: bool
) -> list[Row]:
    """At most `room` lines; the verdict and the name come first, then why and what to do."""
    level, word = verdict_word(standing.verdict, complete=standing.complete)
    glyph, style = level_glyph(level, plain=plain)
    first: Row = ((f"{glyph} {word}", f"{style} bold"), ("  ", ""), (clean(name), "title"))
    rows: list[Row] = [spread(first, ((_numbers(reading), "dim"),), width) if reading else crop(first, width)]
    reason = wrap(mask_text(clean(standing.reason)), width, max(1, min(3, room - 2)))
    rows += [((line, "value" if level != "bad" else style),) for line in reason]
    if standing.next_step and len(rows) < room:
        left = min(2, room - len(rows))
        rows += [((line, "accent"),) for line in wrap(f"next: {clean(standing.next_step)}", width, left)]
    return rows[:room]


def _numbers(reading: CheckpointReading) -> str:
    parts = [short_bytes(reading.size)]
    parts += [f"step {short_number(reading.step)}"] if reading.step is not None else []
    parts += [f"epoch {short_number(reading.epoch)}"] if reading.epoch is not None else []
    return " · ".join(parts)


def progress_row(what: str, done: int, total: int, width: int, *, plain: bool) -> Row:
    """How far a long answer is."""
    share = min(1.0, done / total) if total else 0.0
    words = f"{what} {share:.0%}"
    cells = max(0, min(30, width - len(words) - 13))
    return crop(
        ((words, "accent"), (" ", ""), (bar(share, cells, ascii_only=plain), "ours"), ("  esc stops", "dim")), width
    )


class CheckpointHead(LinesView):
    """As high as what it has to say, within a quarter of the window."""

    def __init__(self) -> None:
        super().__init__(id="checkpoint-head")
        self._rows: Sequence[Row] = ()
        self.styles.height = 2

    def show(self, rows: Sequence[Row]) -> None:
        """Draw `rows`."""
        self._rows = rows
        height = max(1, len(rows))
        if self.styles.height is None or self.styles.height.value != height:
            self.styles.height = height
        self.redraw()

    def lines(self, width: int, height: int) -> Sequence[Row]:
        return self._rows
