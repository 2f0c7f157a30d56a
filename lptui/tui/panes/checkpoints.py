"""Checkpoints: newest first, whether each can be resumed from, and whether the disk holds out."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from lptui.model.readings import CheckpointReading
from lptui.model.request import Answer, Cancel, CheckpointAnswer, VerifyCheckpoint
from lptui.state.resuming import resume_proof
from lptui.state.run_state import RunState
from lptui.state.saving import readiness, run_checkpoints
from lptui.tui.checkpointseries import find_partner, resume_command
from lptui.tui.glyphs import level_glyph
from lptui.tui.moments import checkpoint_cursor, nearest_checkpoint
from lptui.tui.panes import RowsPane
from lptui.tui.widgets.checkpointrows import Table, find_gaps, summary_rows
from lptui.tui.widgets.rows import Page, RowsView
from lptui.tui.widgets.spans import Row, clean, crop, wrap
from lptui.tui.widgets.tensorrows import LazyRows
from lptui.tui.workspace import Cursor, Workspace

_ENDED = ("finished", "crashed")


class CheckpointsPane(RowsPane):
    """The list of checkpoints; choosing one sets the time cursor of all panes. `alone`: it is the whole screen."""

    pane_id: ClassVar[str] = "checkpoints"
    title: ClassVar[str] = "Checkpoints"
    short: ClassVar[str] = "Ckpts"
    sources: ClassVar[tuple[str, ...]] = ("checkpoint",)
    BINDING_GROUP_TITLE = "Checkpoints"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "verify", "Verify", id="checkpoints.verify", tooltip="Read every byte: checksums, NaN, zeros"),
        Binding(
            "d",
            "compare",
            "Diff",
            id="checkpoints.diff",
            tooltip="What changed since the one before, or the marked",
        ),
        Binding("m", "mark", "Mark", id="checkpoints.mark", tooltip="Mark it, to compare another one with it (d)"),
    ]

    def __init__(self, *, alone: bool = False) -> None:
        super().__init__()
        self._alone = alone
        self._followed: Cursor | None = None
        self._verifying: tuple[VerifyCheckpoint, str] | None = None
        """(what is read deep now, how far)."""
        self._marked = ""

    @property
    def heading(self) -> str:
        return self.title if self._alone else super().heading

    def part(self, workspace: Workspace) -> tuple[object, ...]:
        state = workspace.run
        now = state.now if state.checkpoints and state.life.condition not in _ENDED else 0
        return (
            state.checkpoints,
            state.leftovers,
            state.saving,
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
        request, share = self._verifying
        return f"{count}, verifying {clean(request.path.rpartition('/')[2])} {share}, esc stops"

    def page(self, state: RunState, width: int) -> Page:
        if not state.checkpoints and not state.leftovers:
            return Page([((line, "dim"),) for line in wrap(none_yet(state), width)])
        known = run_checkpoints(state)
        loaded = known.readiness.loaded
        table = Table(
            width,
            None if state.life.condition in _ENDED else state.now,
            find_gaps(state.checkpoints),
            loaded.path if loaded is not None else "",
            self._marked,
            any(c.save_seconds is not None for c in state.checkpoints),
            self.ascii,
        )
        running = state.life.condition == "running"
        room = max(1, self.view.size.height // 3)
        top = summary_rows(known, resume_proof(state), width, room, running=running, plain=self.ascii)
        top = [*top, table.rows_head()]
        newest = [*reversed(state.checkpoints)]
        left = self._leftover_rows(state, width)

        def draw(i: int) -> Row:
            return table.row(newest[i]) if i < len(newest) else left[i - len(newest)]

        keys: list[str | None] = [*[None] * len(top), *(c.path for c in newest), *[None] * len(left)]
        head = len(top) if len(top) * 2 < self.view.size.height else 0
        return Page(LazyRows(top, len(newest) + len(left), draw), keys, head)

    def _leftover_rows(self, state: RunState, width: int) -> list[Row]:
        mark, style = level_glyph("watch", plain=self.ascii)
        return [
            crop(((f"{mark} leftover of a save that was cut short: ", style), (clean(name), "value")), width)
            for name in state.leftovers
        ]

    def action_verify(self) -> None:
        chosen = self._selected()
        if chosen is not None:
            self._stop()
            request = VerifyCheckpoint(chosen.path)
            self._verifying = (request, "0 %")
            self.draw()
            self.ask(request, self._told)

    def _told(self, answer: Answer) -> None:
        if not isinstance(answer, CheckpointAnswer) or self._verifying is None or answer.request != self._verifying[0]:
            return
        request = self._verifying[0]
        if answer.ended:
            self._verifying = None
            title = f"{clean(request.path.rpartition('/')[2])}: {answer.verdict or 'not verified'}"
            self.notify(clean(answer.reason or answer.error), title=title, markup=False, timeout=6)
        else:
            self._verifying = (request, f"{answer.done / max(1, answer.total):.0%}")
        self.draw()

    def action_mark(self) -> None:
        chosen = self._selected()
        if chosen is not None:
            self._marked = "" if chosen.path == self._marked else chosen.path
            self.view.redraw()

    def action_compare(self) -> None:
        chosen, space = self._selected(), self.workspace
        if chosen is None or space is None:
            return
        marked = self._marked if self._marked != chosen.path else ""
        partner = marked or find_partner(space.run.checkpoints, chosen.path)
        if partner:
            self.post_message(self.DetailWanted("checkpoint", chosen.path, partner))
        else:
            self.notify("nothing to compare it with: mark another one with m first", markup=False, timeout=3)

    def close(self) -> bool:
        if self._stop():
            self.draw()
            return True
        marked, self._marked = self._marked, ""
        self.view.redraw()
        return bool(marked)

    def copied(self) -> tuple[str, str]:
        chosen, space = self._selected(), self.workspace
        if chosen is None or space is None:
            return "", ""
        command = resume_command(readiness(space.run), chosen.path)
        return (command, "command that resumes") if command else (clean(chosen.path), "path of the checkpoint")

    def on_rows_view_highlighted(self, event: RowsView.Highlighted) -> None:
        event.stop()
        chosen = self._selected()
        if chosen is not None:
            self.choose(checkpoint_cursor(chosen, self.pane_id))

    def action_detail(self) -> None:
        chosen = self._selected()
        if chosen is not None:
            self.post_message(self.DetailWanted("checkpoint", chosen.path))

    def _stop(self) -> bool:
        """End the deep pass that runs; whether there was one."""
        if self._verifying is None:
            return False
        self.ask(Cancel(self._verifying[0]), self._told)
        self._verifying = None
        return True

    def _selected(self) -> CheckpointReading | None:
        space = self.workspace
        if space is None or not space.runs:
            return None
        return next((c for c in space.run.checkpoints if c.path == self.view.selected), None)


def none_yet(state: RunState) -> str:
    """Why the list is empty."""
    if state.statuses and "checkpoints" not in state.statuses:
        return "Looking for checkpoints …"
    looked = next((k for k in state.run.looked if k.kind.startswith("checkpoint")), None)
    if state.run.checkpoint_dirs:
        return "No checkpoint has been written yet. Watched: " + ", ".join(clean(d) for d in state.run.checkpoint_dirs)
    where = f" {clean(looked.note)}" if looked is not None and looked.note else ""
    return f"No checkpoints were found.{where}"
