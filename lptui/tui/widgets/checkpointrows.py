"""The list of checkpoints as rows: what the run could go on from, its pace, whether the disk holds out. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from lptui.model.readings import CheckpointReading
from lptui.run.checkpoint_series import stem
from lptui.run.checkpoint_summary import RunCheckpoints, is_stale
from lptui.run.resume_proof import ResumeProof
from lptui.text import cell_width, plural, short_age, short_bytes, short_duration, short_number, shorten_middle
from lptui.text.secrets import mask_text
from lptui.text.units import date
from lptui.tui.glyphs import level_glyph
from lptui.tui.verdicts import verdict_word
from lptui.tui.widgets.spans import Row, Span, clean, columns, crop, row_width, wrap

MANY = 1000
_SOON = 12 * 3600.0
"""Seconds until the disk is full below which that is no longer far away."""
_FAR = 60 * 86400.0
"""... and above which nobody needs to know."""
_ANSWERS = {"yes": ("ok", "ok"), "yes-but": ("watch", "warn"), "no": ("bad", "error")}
_SAYS = {"proven": ("ok", "proven"), "contradicted": ("bad", "no"), "open": ("unknown", "not proven yet")}
_LEAST_NAME = 14


def summary_rows(
    known: RunCheckpoints, proof: ResumeProof | None, width: int, room: int, *, running: bool, plain: bool
) -> list[Row]:
    """At most `room` lines above the list; where they do not all fit, what matters least is left out."""
    told = [
        (1, _pace_row(known, running=running, plain=plain)),
        (3, _room_row(known)),
        *((i, row) for i, row in enumerate(_resume_rows(known, width, plain=plain))),
        *((2, row) for row in _break_rows(known, proof, plain=plain)),
    ]
    rows = [(worth, i, crop(row, width)) for i, (worth, row) in enumerate(told) if row]
    kept = sorted(sorted(rows)[: max(1, room)], key=lambda one: one[1])
    return [row for _, _, row in kept]


def _pace_row(known: RunCheckpoints, *, running: bool, plain: bool) -> Row:
    cadence = known.cadence
    total = sum(c.size for c in known.ordered)
    row: Row = ((plural(len(known.ordered), "checkpoint"), "value"), (f", {short_bytes(total)}", "dim"))
    if cadence.seconds is not None:
        steps = f" ({short_number(cadence.steps)} {cadence.counts}s)" if cadence.steps else ""
        row = (*row, (f", one every {short_duration(cadence.seconds)}{steps}", "dim"))
    if running and known.age is not None and is_stale(known):
        glyph, style = level_glyph("watch", plain=plain)
        late = f", {glyph} none for {short_age(known.age)}: {known.overdue or 0:.0f} usual intervals"
        return (*row, (late, style))
    if cadence.size and cadence.bytes_per_hour:
        row = (*row, (f", {short_bytes(cadence.bytes_per_hour)} an hour", "dim"))
    return row


def _room_row(known: RunCheckpoints) -> Row:
    found = known.room
    if found.free is None or found.saves is None:
        return ()
    few = found.saves < 3 or (found.seconds is not None and found.seconds < _SOON)
    more = f"room for {found.saves} more" if found.saves < MANY else f"room for over {MANY:,} more"
    row: Row = ((f"disk {short_bytes(found.free)} free: ", "dim"), (more, "warn" if few else "ok"))
    if found.limited_by not in ("", "disk") and found.saves < MANY:
        row = (*row, (f" ({found.limited_by})", "warn" if few else "dim"))
    if found.seconds is not None and found.seconds < _FAR:
        row = (*row, (f", full in {short_duration(found.seconds)} at this pace", "warn" if few else "dim"))
    elif found.net_per_hour == 0:
        row = (*row, (f", {clean(found.reason)}", "dim"))
    return row


def _resume_rows(known: RunCheckpoints, width: int, *, plain: bool) -> list[Row]:
    """Whether and from what, with the work at risk; why not; what to type."""
    ready = known.readiness
    level, style = _ANSWERS.get(ready.answer, ("unknown", "dim"))
    glyph, _ = level_glyph(level, plain=plain)
    row: Row = ((f"{glyph} can resume: ", style), (ready.answer, f"{style} bold"))
    if ready.loaded is not None:
        row = (*row, (f", {'from' if ready.answer != 'no' else 'but from'} {clean(ready.loaded.name)}", "value"))
    risk = [f"{short_number(ready.steps_at_risk)} steps"] if ready.steps_at_risk else []
    risk += [short_age(ready.seconds_at_risk)] if (ready.seconds_at_risk or 0) >= 1 else []
    if risk:
        row = (*row, (f", {' and '.join(risk)} at risk", "dim"))
    rows: list[Row] = [row]
    if ready.answer != "yes":
        told = clean(mask_text(ready.reason)) + (f"; {clean(ready.next_step)}" if ready.next_step else "")
        rows += [((f"  {line}", "dim"),) for line in wrap(told, width - 2, 2)]
    if ready.command:
        rows.append((("  y copies ", "dim"), (clean(ready.command), "key")))
    return rows


def _break_rows(known: RunCheckpoints, proof: ResumeProof | None, *, plain: bool) -> list[Row]:
    rows: list[Row] = []
    gap = known.restarted
    if gap is not None:
        glyph, style = level_glyph("watch", plain=plain)
        what = "began anew" if gap.kind == "restarted" else "went back"
        words = f"{glyph} the series {what}: {clean(gap.after.name)} was written after {clean(gap.before.name)}"
        rows.append(((words, style),))
    if proof is not None:
        level, word = _SAYS[proof.says]
        glyph, style = level_glyph(level, plain=plain)
        why = next((c.text for c in proof.checks if c.says == proof.says), "")
        lead: Span = (f"{glyph} attempt {proof.attempt} went on from a checkpoint: {word}", style)
        rows.append((lead, (f" ({clean(why)})" if why else "", "dim")))
    return rows


@dataclass(frozen=True, slots=True)
class Table:
    """What a row needs beside its checkpoint. `now` None: of a run that ended, when counts and not how long ago.

    `gaps` are the seconds since the save before, by path; `loaded` is what would be resumed, `marked` what to compare
    with.
    """

    width: int
    now: float | None
    gaps: Mapping[str, float] = field(default_factory=dict[str, float])
    loaded: str = ""
    marked: str = ""
    timed: bool = False
    """Whether any save was watched, so that it is known how long it took."""
    plain: bool = False

    def rows_head(self) -> Row:
        """Column titles."""
        cells = [(c.title, "dim", c.width, c.align) for c in self.columns]
        return crop((*columns(cells), (" name", "dim")), self.width)

    def row(self, one: CheckpointReading) -> Row:
        """One checkpoint in one line."""
        row = columns([(*c.cell(one, self), c.width, c.align) for c in self.columns])
        notes, cells = _notes(one, self), len(row)
        room = self.width - row_width(row) - 1
        name = shorten_middle(clean(one.name), max(4, room))
        room -= cell_width(name)
        for note in notes:  # the name is worth more than what is said behind it
            room -= cell_width(note[0])
            row = (*row, note) if room >= 0 else row
        return crop((*row[:cells], (f" {name}", "value"), *row[cells:]), self.width)

    @property
    def columns(self) -> tuple[Column, ...]:
        """Those that there is room for, in order."""
        when = 7 if self.now is not None else 16 if self.width >= 80 else 11
        title = "age" if self.now is not None else "written"
        by_worth = (
            Column("", 11, _verdict, "<"),
            Column("step", 7, lambda c, _t: (short_number(c.step), "value")),
            Column(title, when, _when),
            Column("size", 9, _size),
            Column("epoch", 6, lambda c, _t: (short_number(c.epoch), "value")),
            Column("gap", 7, _gap),
            Column("took", 6, _took),
        )
        order = ("", "step", "epoch", "size", title, "gap", "took")
        chosen: list[Column] = []
        room = self.width - _LEAST_NAME
        empty = {title for title, filled in (("took", self.timed), ("gap", self.gaps)) if not filled}
        for column in by_worth:
            if (not chosen or column.width + 1 <= room) and column.title not in empty:
                chosen.append(column)
                room -= column.width + 1
        return tuple(sorted(chosen, key=lambda column: order.index(column.title)))


@dataclass(frozen=True, slots=True)
class Column:
    title: str
    width: int
    cell: Callable[[CheckpointReading, Table], Span]
    align: str = ">"


def _verdict(one: CheckpointReading, table: Table) -> Span:
    level, word = verdict_word(one.verdict, complete=one.complete)
    glyph, style = level_glyph(level, plain=table.plain)
    return f"{glyph} {word}", style


def _when(one: CheckpointReading, table: Table) -> Span:
    if table.now is None:
        return date(one.modified_at)[0 if table.width >= 80 else 5 :], "dim"
    return short_age(table.now - one.modified_at), "dim"


def _size(one: CheckpointReading, _table: Table) -> Span:
    share = _written(one)
    return (short_bytes(one.size), "value") if share is None else (f"{share:.0%} done", "info")


def _written(one: CheckpointReading) -> float | None:
    """Of a save under way, which share of its usual size is there."""
    if one.verdict != "being-written" or not one.usual_size:
        return None
    return min(0.99, one.size / one.usual_size)


def _gap(one: CheckpointReading, table: Table) -> Span:
    gap = table.gaps.get(one.path)
    return (short_age(gap) if gap is not None else ""), "dim"


def _took(one: CheckpointReading, _table: Table) -> Span:
    return (short_age(one.save_seconds) if one.save_seconds is not None else ""), "dim"


def _notes(one: CheckpointReading, table: Table) -> list[Span]:
    """What is to be said of one row in words, behind its name."""
    notes: list[Span] = []
    if _written(one) is not None:
        notes.append((f"  {short_bytes(one.size)} of usually {short_bytes(one.usual_size)}", "info"))
    if one.path == table.loaded:
        notes.append(("  resumes", "accent"))
    if one.path == table.marked:
        notes.append(("  marked", "accent bold"))
    return notes


def find_gaps(checkpoints: Sequence[CheckpointReading]) -> dict[str, float]:
    """Seconds between each checkpoint and the one before it of its series, by the path of the later one."""
    series: dict[str, list[CheckpointReading]] = {}
    for one in checkpoints:
        series.setdefault(stem(one.path), []).append(one)
    gaps: dict[str, float] = {}
    for rows in series.values():
        rows.sort(key=lambda c: c.modified_at)
        times = {b.path: b.modified_at - a.modified_at for a, b in pairwise(rows)}
        gaps.update({path: gap for path, gap in times.items() if gap >= 1})  # less is a copy of the files
    return gaps
