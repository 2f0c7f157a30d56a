"""Findings: what is wrong, worst first, with what to do about the one that is selected."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType

from lptui.model.finding import Finding
from lptui.state.run_state import RunState
from lptui.text import clock, short_number
from lptui.text.care import quiet_words
from lptui.text.incident import find_followers, follow_words
from lptui.text.width import cut
from lptui.tui.conditions import has_spoken, progress, unread, unread_words
from lptui.tui.glyphs import severity_glyph
from lptui.tui.moments import finding_cursor, fix_command, nearest_finding, order_findings
from lptui.tui.panes import RowsPane
from lptui.tui.widgets.rows import Page, RowsView
from lptui.tui.widgets.spans import Row, Span, clean, spread, wrap
from lptui.tui.workspace import Cursor, Workspace

FOLD = "follow:"
"""Begins the key of the row in which an incident's followers are folded."""


class FindingsPane(RowsPane):
    """The list of findings; choosing one sets the time cursor of all panes."""

    calm = False
    pane_id: ClassVar[str] = "findings"
    title: ClassVar[str] = "Findings"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "open(True)", "Unfold", show=False, id="findings.open", tooltip="Show what follows from it"),
        Binding("left", "open(False)", "Fold", show=False, id="findings.fold", tooltip="Fold what follows from it"),
    ]
    BINDING_GROUP_TITLE = "Findings"

    def __init__(self) -> None:
        super().__init__()
        self._followed: Cursor | None = None
        self._open: frozenset[str] = frozenset()
        """Ids of roots whose followers are listed one by one."""

    def part(self, workspace: Workspace) -> tuple[object, ...]:
        state = workspace.run
        return (state.findings, state.statuses, state.care, workspace.cursor)

    def show(self, workspace: Workspace) -> None:
        cursor = workspace.cursor
        if cursor is not self._followed:
            self._followed = cursor
            if cursor is not None and cursor.origin != self.pane_id:
                found = nearest_finding(workspace.run.findings, cursor)
                if found is not None:
                    self._unfold(found, workspace.run)
                    self.view.redraw()  # the rows must be known before one can be brought into view
                    self.view.select(found)
                    return
        self.view.redraw()

    def note(self, state: RunState) -> str:
        active = sum(1 for item in list_rows(state.findings) if item.finding.active and not item.folds)
        return str(active) if active else ""

    def status(self, state: RunState) -> str:
        return unread_words(state) if state.findings else ""

    def page(self, state: RunState, width: int) -> Page:
        if not state.findings:
            return Page(nothing_found(state, width, plain=self.ascii))
        followers = find_followers(state.findings)
        listed = list_rows(state.findings, self._open)
        chosen = (self.view.selected or listed[0].key).removeprefix(FOLD)  # on the fold, its root stays told
        rows: list[Row] = []
        keys: list[str | None] = []
        for item in listed:
            finding = item.finding
            if item.folds:
                folded = folded_rows(followers[finding.id], width, plain=self.ascii)
                rows += folded
                keys += [item.key] * (len(folded) - 1)
            else:
                words = quiet_words(state.care.get(finding.id))
                rows.append(finding_row(finding, width, indented=item.indented, plain=self.ascii, quiet=words))
            keys.append(item.key)
            if item.key == chosen and self.view.size.height >= 6 and not item.folds:
                fix = fix_rows(finding, width)
                room = max(0, self.view.size.height - len(listed) - len(fix))
                preview = [*fix, *more_rows(finding, width)[:room]]
                rows += preview
                keys += [None] * len(preview)
        return Page(rows, keys)

    def copied(self) -> tuple[str, str]:
        finding = self._selected()
        return fix_command(finding), "fix"

    def on_rows_view_highlighted(self, event: RowsView.Highlighted) -> None:
        event.stop()
        finding = self._selected()
        if finding is not None:
            self.choose(finding_cursor(finding, self.pane_id))

    def action_open(self, unfold: bool) -> None:
        """List the followers of the selected incident one by one, or in one row again."""
        finding = self._selected()
        space = self.workspace
        if finding is None or space is None:
            return
        followers = find_followers(space.run.findings)
        root = next((i for i, rows in followers.items() if finding in rows), finding.id)
        if root not in followers:
            return
        first = followers[root][0].id
        self._open = self._open | {root} if unfold else self._open - {root}
        self.view.redraw()
        self.view.select(first if unfold and self._on_fold() else self.view.selected if unfold else root)

    def _on_fold(self) -> bool:
        return (self.view.selected or "").startswith(FOLD)

    def _unfold(self, finding_id: str, state: RunState) -> None:
        for root, rows in find_followers(state.findings).items():
            if any(f.id == finding_id for f in rows):
                self._open |= {root}

    def action_detail(self) -> None:
        if self._on_fold():
            self.action_open(True)
            return
        finding = self._selected()
        if finding is not None:
            self.post_message(self.DetailWanted("finding", finding.id))

    def _selected(self) -> Finding | None:
        space = self.workspace
        if space is None or not space.runs:
            return None
        chosen = (self.view.selected or "").removeprefix(FOLD)
        return next((f for f in space.run.findings if f.id == chosen), None)


@dataclass(frozen=True, slots=True)
class Item:
    """One row of the list: a finding, or (`folds`) all that follows from it."""

    finding: Finding
    indented: bool = False
    folds: bool = False

    @property
    def key(self) -> str:
        return FOLD + self.finding.id if self.folds else self.finding.id


def list_rows(findings: Sequence[Finding], unfolded: Container[str] = ()) -> list[Item]:
    """What is listed: an incident is its root and one row for its followers, unless it is unfolded."""
    followers = find_followers(findings)
    hidden = {f.id for root, rows in followers.items() if root not in unfolded for f in rows}
    items: list[Item] = []
    for finding, indented in order_findings(findings):
        if finding.id in hidden:
            continue
        items.append(Item(finding, indented))
        if finding.id in followers and finding.id not in unfolded:
            items.append(Item(finding, folds=True))
    return items


def folded_rows(followers: Sequence[Finding], width: int, *, plain: bool) -> list[Row]:
    """'└ + 3 follow: nccl-timeout on ranks 0, 2, 3 at 12:04:11', in at most two rows."""
    lead = "  ` " if plain else "  └ "
    lines = wrap(clean(follow_words(followers)), max(8, width - len(lead)), 2)
    return [((lead if not i else " " * len(lead), "faint"), (line, "dim")) for i, line in enumerate(lines)]


def nothing_found(state: RunState, width: int, *, plain: bool) -> list[Row]:
    """Why the list is empty; 'nothing found' only when everything has been read."""
    pending = unread(state)
    if state.statuses and not pending and state.still_reading:
        words = f"nothing found so far — {unread_words(state)}"
        return [((line, "dim"),) for line in wrap(words, width)]
    if state.statuses and not pending and not has_spoken(state):
        words = "nothing to judge yet — no log line, metric or checkpoint of this run was found"
        return [((line, "dim"),) for line in wrap(words, width)]
    if state.statuses and not pending:
        glyph = "o" if plain else "●"
        names = ", ".join(sorted(s.source for s in state.statuses.values() if s.condition == "ok"))
        words = wrap(clean(f"read in full: {names}"), width, 4)
        return [((f"{glyph} nothing found wrong", "ok"),), *(((line, "dim"),) for line in words)]
    if not pending:
        return [(("nothing found so far — nothing has been read yet", "dim"),)]
    names = ", ".join(_pending_word(s.source, progress(s) if s.of else "") for s in pending)
    words = f"nothing found so far — {unread_words(state)}: {names}"
    return [((line, "dim"),) for line in wrap(clean(words), width, 8)]


def _pending_word(source: str, share: str) -> str:
    return f"{source} ({share})" if share else source


def finding_row(finding: Finding, width: int, *, indented: bool, plain: bool, quiet: str = "") -> Row:
    """One line: glyph and word, title; where and since when on the right, if there is room. `quiet`: why it is."""
    glyph, style = severity_glyph(finding.severity, plain=plain)
    silent = finding.past or finding.acknowledged
    tone = "dim" if silent else style
    lead: list[Span] = [("  └ " if indented and not plain else "  ` " if indented else "", "faint")]
    word = "past" if finding.past else finding.role if indented else finding.severity
    lead += [
        (f"{glyph} {word:<9}"[: max(9, len(word) + 2)], f"{tone} bold" if not silent else tone),
        (" ", ""),
    ]
    left: Row = (*lead, (clean(finding.title), "dim" if silent else "value"))
    if finding.count > 1:
        left = (*left, (f" ×{finding.count}" if not plain else f" x{finding.count}", "dim"))
    right: list[Span] = []
    if finding.past and finding.past_reason:
        right.append((cut(clean(finding.past_reason), max(12, width // 3)), "dim"))
    elif finding.acknowledged:
        right.append((_brief(quiet), "dim"))
    elif width >= 64:
        right += _where(finding, width)
    if width >= 44:
        right += _since(finding)
    return spread(left, tuple(right), width, gap=2)


def _brief(quiet: str) -> str:
    """'snoozed until 12:14:00' in full, of an acknowledgement the word."""
    return clean(quiet.partition(" by ")[0]) if quiet.startswith("snoozed") else "acknowledged"


def _where(finding: Finding, width: int) -> list[Span]:
    for evidence in finding.evidence:
        if evidence.file:
            name = clean(evidence.file).rpartition("/")[2]
            line = f":{evidence.line}" if evidence.line is not None else ""
            return [(cut(name, max(10, width // 5)) + line, "dim")]
    return []


def _since(finding: Finding) -> list[Span]:
    if finding.step is not None:
        return [(f"  step {short_number(finding.step)}".rjust(12), "dim")]
    if finding.first_seen is not None:
        return [(f"  {clock(finding.first_seen)}".rjust(12), "dim")]
    return []


def fix_rows(finding: Finding, width: int) -> list[Row]:
    """What to do, and the command, in at most three lines."""
    if finding.fix is None or finding.past:
        return []
    rows: list[Row] = []
    for i, line in enumerate(wrap(clean(finding.fix.what), width - 8, 2)):
        rows.append((("  fix   " if not i else "        ", "accent"), (line, "value")))
    if finding.fix.command:
        hint = "  y copies"
        rows.append(
            (
                ("        ", ""),
                (cut(clean(finding.fix.command), max(8, width - 8 - len(hint))), "key"),
                (hint, "dim"),
            )
        )
    return rows


def more_rows(finding: Finding, width: int) -> list[Row]:
    """Where there is room: what was seen, why the fix helps, how to see that it did."""
    if finding.past:
        return []
    rows: list[Row] = []
    texts = [("seen" if not i else "", e.text) for i, e in enumerate(finding.evidence[:2])]
    texts += [("why", finding.fix.why), ("then", finding.fix.verify)] if finding.fix is not None else []
    for name, text in texts:
        lines = wrap(clean(text), width - 8, 2) if text else []
        rows += [((f"  {name if not i else '':<5} ", "dim"), (line, "dim")) for i, line in enumerate(lines)]
    return rows
