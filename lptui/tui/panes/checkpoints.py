"""Checkpoints: newest first, whether each can be resumed from, and whether the disk holds out."""

from __future__ import annotations

from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, ClassVar, cast

from textual.binding import Binding, BindingType

from lptui.model.readings import CheckpointReading
from lptui.model.request import Answer, CheckpointAnswer, VerifyCheckpoint
from lptui.run.recovery import assess
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

if TYPE_CHECKING:
    from lptui.tui.app import LptuiApp

_ENDED = ("finished", "crashed")


class CheckpointsPane(RowsPane):
    """The list of checkpoints; choosing one sets the time cursor of all panes."""

    pane_id: ClassVar[str] = "checkpoints"
    title: ClassVar[str] = "Checkpoints"
    short: ClassVar[str] = "Ckpts"
    sources: ClassVar[tuple[str, ...]] = ("checkpoint",)
    BINDING_GROUP_TITLE = "Checkpoints"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "verify", "Verify", id="checkpoints.verify", tooltip="Read every byte: checksums, NaN, zeros"),
    ]

    def __init__(self, *, alone: bool = False) -> None:
        super().__init__()
        self._alone = alone
        self._followed: Cursor | None = None
        self._verifying: tuple[str, str] | None = None
        """(path of the checkpoint that is read deep now, how far)."""

    @property
    def heading(self) -> str:
        return self.title if self._alone else super().heading

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
        count = str(len(state.checkpoints)) if state.checkpoints else ""
        if self._verifying is None:
            return count
        return f"{count}, verifying {clean(self._verifying[0].rpartition('/')[2])} {self._verifying[1]}"

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

    def action_verify(self) -> None:
        chosen = self._selected()
        if chosen is not None:
            self._verifying = (chosen.path, "0 %")
            cast("LptuiApp", self.app).ask(VerifyCheckpoint(chosen.path), self._told)
            self.view.redraw()

    def _told(self, answer: Answer) -> None:
        if not isinstance(answer, CheckpointAnswer) or self._verifying is None:
            return
        path = self._verifying[0]
        if answer.request != VerifyCheckpoint(path):
            return
        if answer.ended:
            self._verifying = None
            name = clean(path.rpartition("/")[2])
            title = f"{name}: {answer.verdict or 'not verified'}"
            self.notify(clean(answer.reason or answer.error), title=title, markup=False, timeout=6)
        else:
            self._verifying = (path, f"{answer.done / max(1, answer.total):.0%}")
        self.view.redraw()

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
    return [*rows, resume_row(state)]


def resume_row(state: RunState) -> Row:
    """Whether the run can resume, from which, and what would be lost."""
    ended = state.life.condition in _ENDED
    now = (state.life.last_sign if ended else state.now) or None
    told = assess(state.checkpoints, state.run.layout, state.run.name, step=state.progress.step, now=now)
    style = {"yes": "ok", "yes-but": "warn", "no": "error"}.get(told.answer, "dim")
    loaded = told.candidate if told.answer != "no" else told.fallback
    row: Row = (("can resume: ", "dim"), (told.answer, style))
    if loaded is not None:
        row = (*row, (f", {'from' if told.answer != 'no' else 'but from'} {clean(loaded.name)}", "value"))
    risk = [f"{short_number(told.steps_at_risk)} steps"] if told.steps_at_risk else []
    risk += [short_age(told.seconds_at_risk)] if (told.seconds_at_risk or 0) >= 1 else []
    if risk:
        row = (*row, (f", {' and '.join(risk)} at risk", "dim"))
    return row if told.answer == "yes" else (*row, (f": {clean(told.reason)}", "dim"))


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
