"""What the header says of the runs that are attached beside the one it shows."""

from __future__ import annotations

from lptui.model.finding import Severity, rank
from lptui.state.run_state import Condition
from lptui.text import cell_width, plural
from lptui.text.width import cut
from lptui.tui.glyphs import condition_glyph, severity_glyph
from lptui.tui.widgets.spans import Row, Span, clean, row_width
from lptui.tui.workspace import Workspace

_WORDS = {"error": ("error", "error"), "warning": ("warning", "warn"), "info": ("note", "info")}


def place_chip(workspace: Workspace) -> Row:
    """Which of how many runs is shown: 'run 2/3', nothing for a single one."""
    if workspace.attached < 2:
        return ()
    return ((" ", ""), (f" run {workspace.front + 1}/{workspace.attached} ", "chip"))


def tell_others(workspace: Workspace, width: int, *, plain: bool = False) -> Row:
    """The others' findings in at most `width` cells, and whose is the worst; without any, what they do."""
    if not workspace.others:
        return ()
    counts = dict.fromkeys(_WORDS, 0)
    worst: tuple[Severity, str, str] | None = None
    for state in workspace.others:
        for finding in state.findings:
            if finding.active and not finding.acknowledged and finding.role != "follow-up":
                counts[finding.severity] += 1
        first = state.worst
        if first is not None and (worst is None or rank(first.severity) > rank(worst[0])):
            worst = (first.severity, clean(state.run.name), clean(first.title))
    spans: list[Span] = [("others: ", "dim")]
    for severity, (noun, style) in _WORDS.items():
        if counts[severity]:
            spans += [(plural(counts[severity], noun), style), (", ", "dim")]
    if worst is None:
        return (*spans, *_conditions(workspace, plain=plain))
    told = tuple(spans[:-1])
    room = width - row_width(told) - cell_width(worst[1]) - 6
    if room < 16:
        return told
    glyph, style = severity_glyph(worst[0], plain=plain)
    return (*told, (f" {glyph} ", style), (f"{worst[1]}: ", "dim"), (cut(worst[2], room), style))


def _conditions(workspace: Workspace, *, plain: bool) -> Row:
    """What the others do, in glyphs and words: '2 running', 'crashed'."""
    counts: dict[Condition, int] = {}
    for state in workspace.others:
        counts[state.life.condition] = counts.get(state.life.condition, 0) + 1
    spans: list[Span] = []
    for condition, count in counts.items():
        glyph, style = condition_glyph(condition, plain=plain)
        spans += [(f"{glyph} {count} {condition}" if count > 1 else f"{glyph} {condition}", style), (", ", "dim")]
    return tuple(spans[:-1])
