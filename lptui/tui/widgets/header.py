"""The header: what the run does and the worst that is wrong with it, true at any size."""

from __future__ import annotations

from collections.abc import Sequence

from lptui.model.finding import Finding
from lptui.state.run_state import RunState
from lptui.text import clock, plural, short_age, short_number
from lptui.text.incident import find_followers
from lptui.text.units import date
from lptui.text.width import cut
from lptui.tui.conditions import has_spoken, unread_words
from lptui.tui.glyphs import condition_glyph, severity_glyph
from lptui.tui.widgets.otherruns import place_chip, tell_others
from lptui.tui.widgets.rows import LinesView
from lptui.tui.widgets.spans import Row, Span, bar, clean, crop, row_width, spread
from lptui.tui.workspace import Workspace

_STILL = ("finished", "crashed")


class Header(LinesView):
    """Two lines (one where the window is tiny): the run, then its worst finding."""

    def __init__(self) -> None:
        super().__init__(id="header")
        self.workspace: Workspace | None = None

    def show(self, workspace: Workspace) -> None:
        """Draw `workspace`."""
        self.workspace = workspace
        self.redraw()

    def lines(self, width: int, height: int) -> Sequence[Row]:
        if self.workspace is None or not self.workspace.runs:
            return [crop((("  opening the run …", "dim"),), width)]
        plain = bool(getattr(self.app, "ascii", False))
        if height == 1:
            return [crop(tiny_line(self.workspace, plain=plain), width)]
        return [
            run_line(self.workspace, width, plain=plain),
            verdict_line(self.workspace, width, plain=plain),
        ]


def run_line(workspace: Workspace, width: int, *, plain: bool = False) -> Row:
    """Name, condition, progress, pace, sign of life; what does not fit is left out, least needed first."""
    state = workspace.run
    glyph, style = condition_glyph(state.life.condition, plain=plain)
    name = cut(clean(state.run.name) or "this run", max(8, width // 4))
    must: list[Span] = [
        (f" {name} ", "chip"),
        *place_chip(workspace),
        (" ", ""),
        (f"{glyph} {state.life.condition}", f"{style} bold"),
    ]
    if workspace.frozen_at is not None:
        age = short_age(workspace.now - workspace.frozen_at)
        must += [("  ", ""), (f" FROZEN {age} ", "alarm")]
    brief = width < 110
    # (what, how much it is needed: 0 is kept longest)
    wanted: list[tuple[Row, int]] = [
        (_steps(state, brief=brief), 0),
        (_meter(state, plain=plain), 5),
        (_eta(state), 1),
        (_pace(state), 3),
        (_restarts(state), 4),
        (_sign(state, brief=brief), 2),
    ]
    wanted = [(row, need) for row, need in wanted if row]
    while wanted and row_width(must) + sum(row_width(row) + 3 for row, _ in wanted) > width - 1:
        wanted.remove(max(wanted, key=lambda item: item[1]))
    row = tuple(must)
    for part, _ in wanted:
        row = (*row, ("   ", ""), *part)
    return crop(row, width)


def verdict_line(workspace: Workspace, width: int, *, plain: bool = False) -> Row:
    """The finding line; where several runs are attached, with a word on the others, for which it leaves room."""
    right = tell_others(workspace, width // 2, plain=plain)
    if not right:
        return finding_line(workspace.run, width, plain=plain)
    left = finding_line(workspace.run, max(20, width - row_width(right) - 3), plain=plain)
    return spread(left, (*right, (" ", "")), width, gap=2)


def finding_line(state: RunState, width: int, *, plain: bool = False) -> Row:
    """The worst finding and how many more there are; or that nothing was found, and on what ground."""
    worst = state.worst
    left = _verdict(state, plain=plain) if worst is None else _worst(worst, plain=plain)
    right = _others(state, worst)
    reason = clean(state.life.reason)
    if reason and state.life.condition not in ("running", "finished"):
        room = width - row_width(left) - row_width(right) - 4
        if room >= 24:
            right = (*right, ("  ", ""), (cut(reason, room), "dim"))
    return spread(left, (*right, (" ", "")), width, gap=2) if right else crop(left, width)


def tiny_line(workspace: Workspace, *, plain: bool = False) -> Row:
    """Everything that matters in one line."""
    state = workspace.run
    glyph, style = condition_glyph(state.life.condition, plain=plain)
    row: list[Span] = [(f"{glyph} {state.life.condition}", f"{style} bold"), (" ", "")]
    if workspace.attached > 1:
        row = [(f"{workspace.front + 1}/{workspace.attached} ", "title"), *row]
    if workspace.frozen_at is not None:
        row = [("FROZEN", "alarm"), (" ", ""), *row]
    if words := _how_far(state):
        row += [(words, "value"), (" ", "")]
    if state.life.condition not in _STILL and state.life.last_sign is not None:
        row += [*_sign(state, brief=True), (" ", "")]
    worst = state.worst
    if worst is not None:
        mark, tone = severity_glyph(worst.severity, plain=plain)
        more = len(_rest(state, worst))
        row += [(f"{mark} {clean(worst.title)}", tone), (f" +{more}" if more else "", "dim")]
        return tuple(row)
    return (*row, (cut(clean(state.run.name), 24), "title"), (" ", ""), *_verdict(state, plain=plain)[1:])


def sentence(workspace: Workspace | None) -> str:
    """The header in words, for a window in which nothing else fits."""
    if workspace is None or not workspace.runs:
        return "opening the run …"
    state = workspace.run
    words = f"{clean(state.run.name)} {state.life.condition}"
    if far := _how_far(state):
        words += f" {far}"
    if state.worst is not None:
        words += f": {state.worst.severity}: {clean(state.worst.title)}"
    return words


def _steps(state: RunState, *, brief: bool) -> Row:
    progress = state.progress
    if progress.step is None and progress.share is not None:
        return ((_how_far(state), "value"),)
    if progress.step is None:
        return (("step not known yet", "dim"),) if state.life.condition == "running" else ()
    row: Row = (("" if brief else "step ", "dim"), (short_number(progress.step), "value"))
    if progress.total:
        row = (*row, (f" / {short_number(progress.total)}", "dim"), (f"  {_share(state)}", "value"))
    return row


def _how_far(state: RunState) -> str:
    """'50.0 %', or the step where there is no total; nothing where neither is known."""
    step, share = state.progress.step, state.progress.share
    if step is not None:
        return _share(state) or short_number(step)
    return "" if share is None else f"{100 * share:.0f} %"


def _share(state: RunState) -> str:
    share = _part(state)
    if share is None:
        return ""
    share *= 100
    return f"{share:.0f} %" if share >= 100 else f"{int(share * 10 + 1e-6) / 10:.1f} %"


def _part(state: RunState) -> float | None:
    """How much of the training is done, from 0."""
    progress = state.progress
    return progress.step / progress.total if progress.step is not None and progress.total else progress.share


def _meter(state: RunState, *, plain: bool) -> Row:
    part = _part(state)
    if part is None:
        return ()
    drawn = bar(part, 16, ascii_only=plain).rstrip()
    return ((drawn, "primary"), ("─" * (16 - len(drawn)) if not plain else "", "faint"))


def _eta(state: RunState) -> Row:
    if state.life.condition != "running" or state.progress.eta is None:
        return ()
    return (("ETA ", "dim"), (short_age(state.progress.eta), "value"))


def _pace(state: RunState) -> Row:
    pace = state.progress.steps_per_second
    if pace is None:
        return ()
    word = " steps/s" if state.life.condition not in _STILL else " steps/s at the end"
    return ((short_number(pace), "value"), (word, "dim"))


def _restarts(state: RunState) -> Row:
    life = state.life
    count = life.restarts_known if life.restarts_known is not None else max(0, life.attempts - 1)
    return ((plural(count, "restart"), "warn"),) if count else ()


def _sign(state: RunState, *, brief: bool) -> Row:
    last = state.life.last_sign
    if last is None:
        return (("no sign of life seen", "dim"),)
    if state.life.condition in _STILL:  # an age would change for ever
        return (
            ("ended " if state.life.condition == "finished" else "last sign ", "dim"),
            (date(last), "value"),
        )
    age = short_age(state.now - last)
    if state.life.condition in ("stalled", "unknown"):
        return (("silent for ", "dim"), (age, "warn"))
    if brief:
        return ((f"{age} ago", "value"),)
    source = clean(state.life.last_sign_from)
    return (("last sign ", "dim"), (age, "value"), (f" ago ({source})" if source else " ago", "dim"))


def _worst(worst: Finding, *, plain: bool) -> Row:
    glyph, style = severity_glyph(worst.severity, plain=plain)
    row: Row = ((f" {glyph} {worst.severity}", f"{style} bold"), ("  ", ""), (clean(worst.title), style))
    if worst.step is not None:
        row = (*row, (f"  at step {short_number(worst.step)}", "dim"))
    elif worst.first_seen is not None:
        row = (*row, (f"  since {clock(worst.first_seen)}", "dim"))
    return row


def _verdict(state: RunState, *, plain: bool) -> Row:
    known = len(_leaders(state))
    if known:
        return ((" · ", "dim"), (f"{plural(known, 'finding')} acknowledged, none other", "dim"))
    if state.complete and state.statuses and not has_spoken(state):
        return ((" · ", "dim"), ("nothing to judge yet: no log line, metric or checkpoint", "dim"))
    if state.complete and state.statuses:
        return ((" o " if plain else " ● ", "ok"), ("nothing found wrong", "ok"))
    why = unread_words(state) or "nothing has been read yet"
    return ((" · ", "dim"), (f"nothing found so far: {why}", "dim"))


def _leaders(state: RunState) -> list[Finding]:
    """Active findings, one an incident: what follows from another one is no more to worry about."""
    under = {f.id for rows in find_followers(state.findings).values() for f in rows}
    return [f for f in state.findings if f.active and f.id not in under]


def _rest(state: RunState, worst: Finding | None) -> list[Finding]:
    return [f for f in _leaders(state) if not f.acknowledged and f is not worst]


def _others(state: RunState, worst: Finding | None) -> Row:
    rest = _rest(state, worst)
    if not rest:
        return ()
    parts: list[Span] = [("and ", "dim")]
    words = {"error": ("error", "error"), "warning": ("warning", "warn"), "info": ("note", "info")}
    for severity, (noun, style) in words.items():
        count = sum(1 for f in rest if f.severity == severity)
        if count:
            parts += [(plural(count, noun), style), (", ", "dim")]
    return tuple(parts[:-1])
