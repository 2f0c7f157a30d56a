"""Run: what discovery found and what not, how each source is, and who says that the run is alive."""

from __future__ import annotations

from typing import ClassVar

from lptui.model.readings import SourceStatus
from lptui.state.cloud_word import find_address
from lptui.state.run_state import RunState, Witness
from lptui.text import clock, plural, short_age
from lptui.text.units import date
from lptui.tui.conditions import describe
from lptui.tui.glyphs import condition_glyph, level_glyph
from lptui.tui.panes import RowsPane
from lptui.tui.widgets.rows import Page
from lptui.tui.widgets.spans import Row, clean, columns, crop, wrap
from lptui.tui.workspace import Workspace

_SAYS: dict[str, tuple[str, str]] = {
    "alive": ("ok", "alive"),
    "ended": ("ok", "ended"),
    "silent": ("watch", "silent"),
    "dead": ("bad", "dead"),
    "unknown": ("unknown", "unknown"),
}
_CONTRADICTS: dict[str, tuple[str, ...]] = {"running": ("dead", "ended"), "stalled": ("dead", "ended")}
"""What a witness says that does not go with the condition: files that rest after an end, or before a stall, do."""
_SOURCE: dict[str, str] = {
    "ok": "ok",
    "absent": "unknown",
    "waiting": "unknown",
    "partial": "watch",
    "failed": "bad",
}


class RunInfoPane(RowsPane):
    """Sections: state and its witnesses, attempts, sources, discovery."""

    pane_id: ClassVar[str] = "run"
    title: ClassVar[str] = "Run"

    def part(self, workspace: Workspace) -> tuple[object, ...]:
        state = workspace.run
        return (state.life, state.statuses, state.run, state.milestones, state.seen)

    def page(self, state: RunState, width: int) -> Page:
        rows = [
            *life_rows(state, width, plain=self.ascii),
            *server_rows(state, width, plain=self.ascii),
            *milestone_rows(state, width),
            *source_rows(state, width, plain=self.ascii),
            *discovery_rows(state, width, plain=self.ascii),
        ]
        return Page(rows)


def _heading(text: str) -> Row:
    return ((text, "title"),)


def life_rows(state: RunState, width: int, *, plain: bool) -> list[Row]:
    """The condition, its reason, and what each witness says."""
    life = state.life
    glyph, style = condition_glyph(life.condition, plain=plain)
    rows: list[Row] = [(("State  ", "title"), (f"{glyph} {life.condition}", f"{style} bold"))]
    rows += [(("  ", ""), (line, "value")) for line in wrap(clean(life.reason), width - 2, 4) if line]
    against = _CONTRADICTS.get(life.condition, ())
    rows += [_witness(w, state, against=w.says in against, width=width, plain=plain) for w in life.witnesses]
    facts = [plural(life.attempts, "attempt")]
    if life.restarts_known is not None:
        facts.append(f"{plural(life.restarts_known, 'restart')} on record")
    if life.exit_code is not None:
        facts.append(f"exit code {life.exit_code}")
    facts.append(f"silence counts as a stall after {life.patience:.0f} s")
    return [*rows, crop(((f"  {'; '.join(facts)}", "dim"),), width)]


def _witness(witness: Witness, state: RunState, *, against: bool, width: int, plain: bool) -> Row:
    level, word = _SAYS[witness.says]
    glyph, style = level_glyph(level, plain=plain)
    cells = [(f"  {glyph} {word}", style, 11, "<"), (clean(witness.name), "key", 14, "<")]
    when = ""
    if witness.at is not None:
        # Of a run that is over the ages would change for ever; the times do not.
        over = state.life.condition in ("finished", "crashed")
        when = f" {date(witness.at)}" if over else f" {short_age(state.now - witness.at)} ago ({clock(witness.at)})"
    agreement = "  disagrees" if against else ""
    return crop((*columns(cells), (f" {clean(witness.text)}{when}", "value"), (agreement, "warn")), width)


def milestone_rows(state: RunState, width: int) -> list[Row]:
    """The life cycle as the logs tell it, newest first, and facts that files left."""
    rows: list[Row] = []
    if state.milestones:
        rows += [(), _heading("Milestones")]
        for stone in list(reversed(state.milestones))[:12]:
            cells = [(f"  {clock(stone.at)}", "dim", 10, "<"), (clean(stone.kind), "key", 14, "<")]
            rows.append(crop((*columns(cells), (f" {clean(stone.value)}", "value")), width))
        if len(state.milestones) > 12:
            rows.append(((f"  and {len(state.milestones) - 12:,} earlier", "dim"),))
    if state.seen:
        rows += [(), _heading("On record")]
        for fact in (fact for fact in state.seen.values() if fact.name != "wandb_address"):
            cells = [(f"  {clean(fact.name)}", "key", 24, "<")]
            rows.append(
                crop(
                    (*columns(cells), (f" {clean(fact.value)}", "value"), (f"  {clean(fact.source)}", "dim")),
                    width,
                )
            )
    return rows


def source_rows(state: RunState, width: int, *, plain: bool) -> list[Row]:
    """Every source and how it is."""
    if not state.statuses:
        return []
    rows: list[Row] = [(), _heading("Sources")]
    known = [state.statuses[name] for name in sorted(state.statuses)]
    return [*rows, *(_source(status, state.now, width, plain=plain) for status in known)]


def server_rows(state: RunState, width: int, *, plain: bool) -> list[Row]:
    """The run's record on the W&B server, where there is one beside its files."""
    address = find_address(state)
    if not address or state.run.remote:
        return []
    asked = bool(state.run.cloud)
    glyph, style = level_glyph("ok" if asked else "unknown", plain=plain)
    cells = [(f"  {glyph} {'asked' if asked else 'unasked'}", style, 11, "<"), ("W&B server", "key", 14, "<")]
    words = "X ceases to ask it" if asked else "X asks it for state, history and system metrics"
    return [crop((*columns(cells), (f" {clean(address)}", "value"), (f"  {words}", "dim")), width)]


def _source(status: SourceStatus, now: float, width: int, *, plain: bool) -> Row:
    glyph, style = level_glyph(_SOURCE[status.condition], plain=plain)
    cells = [(f"  {glyph} {status.condition}", style, 11, "<"), (clean(status.source), "key", 22, "<")]
    words = describe(status, now) or clean(status.detail)
    path = f"  {clean(status.path)}" if status.path else ""
    return crop((*columns(cells), (f" {words}", "value"), (path, "dim")), width)


def discovery_rows(state: RunState, width: int, *, plain: bool) -> list[Row]:
    """What belongs to the run, and where nothing was found."""
    run = state.run
    rows: list[Row] = [(), _heading("Found")]
    rows.append(crop((("  ", ""), (clean(run.path), "value"), (f"  layout {run.layout}", "dim")), width))
    if run.modified_at is not None:
        rows.append(((f"  last changed {date(run.modified_at)}", "dim"),))
    for looked in run.looked:
        glyph, style = level_glyph("ok" if looked.paths else "unknown", plain=plain)
        words = ", ".join(clean(path) for path in looked.paths[:4]) or "none"
        more = f" and {len(looked.paths) - 4} more" if len(looked.paths) > 4 else ""
        note = f"  {clean(looked.note)}" if looked.note else ""
        cells = [(f"  {glyph} {clean(looked.kind)}", style, 25, "<")]
        rows.append(
            crop(
                (*columns(cells), (f" {words}{more}", "value" if looked.paths else "dim"), (note, "dim")),
                width,
            )
        )
    return rows
