"""Checkpoints: newest first, whether each can be resumed from, and whether the disk holds out."""

from __future__ import annotations

from itertools import pairwise
from statistics import median
from typing import ClassVar

from lptui.model.readings import CheckpointReading
from lptui.state.run_state import RunState
from lptui.text import plural, short_age, short_bytes, short_number, shorten_middle
from lptui.text.units import date
from lptui.tui.glyphs import level_glyph
from lptui.tui.moments import checkpoint_cursor, nearest_checkpoint
from lptui.tui.panes import RowsPane
from lptui.tui.verdicts import verdict_word
from lptui.tui.widgets.rows import Page, RowsView
from lptui.tui.widgets.spans import Row, clean, columns, crop, row_width, wrap
from lptui.tui.workspace import Cursor, Workspace

_ENDED = ("finished", "crashed")


class CheckpointsPane(RowsPane):
    """The list of checkpoints; choosing one sets the time cursor of all panes."""

    pane_id: ClassVar[str] = "checkpoints"
    title: ClassVar[str] = "Checkpoints"
    short: ClassVar[str] = "Ckpts"
    sources: ClassVar[tuple[str, ...]] = ("checkpoint",)

    def __init__(self) -> None:
        super().__init__()
        self._followed: Cursor | None = None

    def part(self, workspace: Workspace) -> tuple[object, ...]:
        state = workspace.run
        now = state.now if state.checkpoints and state.life.condition not in _ENDED else 0
        return (
            state.checkpoints,
            state.leftovers,
            state.host,
            state.statuses,
            state.life,
            now,
            workspace.cursor,
        )

    def show(self, workspace: Workspace) -> None:
        cursor = workspace.cursor
        if cursor is not self._followed:
            self._followed = cursor
            if cursor is not None and cursor.origin != self.pane_id:
                found = nearest_checkpoint(workspace.run.checkpoints, cursor)
                if found is not None:
                    self.view.redraw()  # the rows must be known before one can be brought into view
                    self.view.select(found)
                    return
        self.view.redraw()

    def note(self, state: RunState) -> str:
        return str(len(state.checkpoints)) if state.checkpoints else ""

    def page(self, state: RunState, width: int) -> Page:
        if not state.checkpoints and not state.leftovers:
            return Page([((line, "dim"),) for line in wrap(none_yet(state), width)])
        newest = list(reversed(state.checkpoints))
        top = [crop(line, width) for line in (*summary(state), head_row(state, width))]
        rows = [checkpoint_row(c, state, width, plain=self.ascii) for c in newest]
        mark, style = level_glyph("watch", plain=self.ascii)
        left = [
            crop(((f"{mark} leftover of a save that was cut short: ", style), (clean(name), "value")), width)
            for name in state.leftovers
        ]
        keys: list[str | None] = [*[None] * len(top), *(c.path for c in newest), *[None] * len(left)]
        head = len(top) if len(top) * 2 < self.view.size.height else 0
        return Page([*top, *rows, *left], keys, head)

    def copied(self) -> tuple[str, str]:
        chosen = self._selected()
        return (clean(chosen.path), "path of the checkpoint") if chosen is not None else ("", "")

    def on_rows_view_highlighted(self, event: RowsView.Highlighted) -> None:
        event.stop()
        chosen = self._selected()
        if chosen is not None:
            self.choose(checkpoint_cursor(chosen, self.pane_id))

    def action_detail(self) -> None:
        chosen = self._selected()
        if chosen is not None:
            self.post_message(self.DetailWanted("checkpoint", chosen.path))

    def _selected(self) -> CheckpointReading | None:
        space = self.workspace
        if space is None or not space.runs:
            return None
        return next((c for c in space.run.checkpoints if c.path == self.view.selected), None)


def none_yet(state: RunState) -> str:
    """Why the list is empty."""
    looked = next((k for k in state.run.looked if k.kind.startswith("checkpoint")), None)
    if state.run.checkpoint_dirs:
        return "No checkpoint has been written yet. Watched: " + ", ".join(clean(d) for d in state.run.checkpoint_dirs)
    where = f" {clean(looked.note)}" if looked is not None and looked.note else ""
    return f"No checkpoints were found.{where}"


def summary(state: RunState) -> list[Row]:
    """Number, size and pace of the checkpoints; what the disk still holds."""
    total = sum(c.size for c in state.checkpoints)
    row: Row = ((plural(len(state.checkpoints), "checkpoint"), "value"), (f", {short_bytes(total)}", "dim"))
    times = [c.modified_at for c in state.checkpoints][-6:]
    gaps = [b - a for a, b in pairwise(times) if b > a]
    if gaps:
        row = (*row, (f", one every {short_age(median(gaps))}", "dim"))
    free = state.host.disk_free if state.host is not None else None
    rows: list[Row] = [row]
    sizes = [c.size for c in state.checkpoints if c.size][-3:]
    if free is not None and sizes:
        fits = int(free // max(sizes))
        few = fits < 3
        words = f"room for {fits} more" if fits < 1000 else "room for over 1,000 more"
        rows.append(((f"disk {short_bytes(free)} free: ", "dim"), (words, "warn" if few else "ok")))
    return rows


def _wide(width: int) -> bool:
    return width >= 56


def head_row(state: RunState, width: int) -> Row:
    """Column titles."""
    when = "written" if state.life.condition in _ENDED else "age"
    cells = [("", "dim", 11, "<"), ("step", "dim", 7, ">")]
    if _wide(width):
        cells.append(("epoch", "dim", 6, ">"))
    cells += [("size", "dim", 9, ">"), (when, "dim", _when_width(state, width), ">")]
    return (*columns(cells), (" name", "dim"))


def checkpoint_row(checkpoint: CheckpointReading, state: RunState, width: int, *, plain: bool) -> Row:
    """One checkpoint in one line."""
    level, word = verdict_word(checkpoint.verdict, complete=checkpoint.complete)
    glyph, style = level_glyph(level, plain=plain)
    ended = state.life.condition in _ENDED
    written = date(checkpoint.modified_at)[0 if width >= 72 else 5 :]
    when = written if ended else short_age(state.now - checkpoint.modified_at)
    cells = [(f"{glyph} {word}", style, 11, "<"), (short_number(checkpoint.step), "value", 7, ">")]
    if _wide(width):
        cells.append((short_number(checkpoint.epoch), "value", 6, ">"))
    cells += [(short_bytes(checkpoint.size), "value", 9, ">"), (when, "dim", _when_width(state, width), ">")]
    row = columns(cells)
    name = shorten_middle(clean(checkpoint.name), max(4, width - row_width(row) - 1))
    return crop((*row, (f" {name}", "value")), width)


def _when_width(state: RunState, width: int) -> int:
    if state.life.condition not in _ENDED:
        return 7
    return 16 if width >= 72 else 11
