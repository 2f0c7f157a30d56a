"""Findings drawn inside the log, right below the row that shows them: a card of a few rows each."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from lptui.model.finding import Finding, rank
from lptui.model.place import Anchor
from lptui.text import cell_width, sanitise
from lptui.text.incident import find_followers, follow_words, rank_words
from lptui.text.width import cut
from lptui.tui.glyphs import severity_glyph
from lptui.tui.widgets.spans import Row, crop, wrap


@dataclass(frozen=True, slots=True)
class Card:
    """One finding at one position of a log, with its followers, which are not drawn on their own."""

    position: int
    finding: Finding
    followers: tuple[Finding, ...] = ()
    speaks: bool = False
    """A follow-up whose root lies in no log (a metric): this line is where the reader meets it, so it says the fix."""

    @property
    def brief(self) -> bool:
        """Whether one dim row is enough: past, silenced, or a mere consequence."""
        follows = self.finding.role == "follow-up" and not self.speaks
        return self.finding.past or self.finding.acknowledged or follows


class Places(Protocol):
    """A log, or what else knows where its lines lie."""

    def position(self, anchor: Anchor) -> int | None:
        """Where a line lies; None if it is of another log."""
        ...


class Cards:
    """The cards of one log, found by position."""

    def __init__(self, findings: Sequence[Finding] = (), view: Places | None = None) -> None:
        roots = {f.incident for f in findings if f.incident and f.role == "root"}
        elsewhere = {f.id for f in findings if f.anchor is None and not f.past}
        followers = find_followers(findings)
        placed: list[Card] = []
        self.marks: list[tuple[int, Finding]] = []
        for f in findings:
            position = view.position(f.anchor) if view is not None and f.anchor is not None else None
            if position is None:
                continue
            self.marks.append((position, f))
            if f.role != "follow-up" or f.incident not in roots:
                placed.append(Card(position, f, tuple(followers.get(f.id, ())), f.incident in elsewhere))
        self._cards = sorted(placed, key=lambda c: c.position)
        self._positions = [c.position for c in self._cards]
        self.marks.sort(key=lambda m: m[0])
        self._marked = [m[0] for m in self.marks]

    def within(self, start: int, end: int) -> list[Card]:
        """The cards of the row [start, end)."""
        return self._cards[bisect_left(self._positions, start) : bisect_left(self._positions, end)]

    def worst_within(self, start: int, end: int) -> Finding | None:
        """The worst finding whose decisive place is in the row [start, end)."""
        marks = self.marks[bisect_left(self._marked, start) : bisect_left(self._marked, end)]
        return max((f for _, f in marks), key=lambda f: (f.active, rank(f.severity)), default=None)


def gutter(finding: Finding | None, ascii_only: bool) -> tuple[str, str]:
    """The mark beside a decisive row."""
    if finding is None:
        return "  ", ""
    glyph, style = severity_glyph(finding.severity, plain=ascii_only)
    return glyph + " ", style if finding.active else "dim"


def card_rows(card: Card, width: int, ascii_only: bool = False) -> list[Row]:
    """The rows of a card, each at most `width` cells."""
    finding = card.finding
    glyph, style = severity_glyph(finding.severity, plain=ascii_only)
    edge = "|" if ascii_only else "▎"
    title = sanitise(finding.title)
    if card.brief:
        word = "past" if finding.past else "acknowledged" if finding.acknowledged else "follow-up"
        reason = f" ({sanitise(finding.past_reason)})" if finding.past and finding.past_reason else ""
        return [crop(((f"{edge} {glyph} {word} {finding.severity}: {title}{reason}", "dim"),), width)]
    rows: list[Row] = [
        crop(
            (
                (edge, style),
                (f" {glyph} {finding.severity} ", f"{style} bold"),
                (title, "title"),
                (_tally(card), "dim"),
            ),
            width,
        )
    ]
    for label, text, look, limit in _body(card):
        for index, line in enumerate(_lines(text, max(8, width - 3 - len(label)), limit)):
            lead = label if index == 0 else " " * len(label)
            rows.append(crop(((edge, style), ("  " + lead, "dim"), (line, look)), width))
    return rows


def _tally(card: Card) -> str:
    finding = card.finding
    parts: list[str] = []
    if finding.count > 1:
        parts.append(f"seen {finding.count:,} times")
    if len(finding.ranks) > 1:
        parts.append(rank_words(finding.ranks))
    if finding.confidence < 1:
        parts.append(f"{100 * finding.confidence:.0f} % sure")
    return " · " + " · ".join(parts) if parts else ""


def _body(card: Card) -> list[tuple[str, str, str, int]]:
    """(label, text, style, most lines) of what a card says below its title."""
    finding = card.finding
    fix = finding.fix
    why = fix.why if fix and fix.why else next((e.text for e in finding.evidence if e.kind != "log"), "")
    body: list[tuple[str, str, str, int]] = []
    if why:
        body.append(("why: ", sanitise(why), "", 2))
    if fix and fix.what:
        body.append(("fix: ", sanitise(fix.what), "", 2))
    if fix and fix.command:
        body.append(("command: ", sanitise(fix.command), "key", 1))
    if card.followers:
        body.append(("", sanitise(follow_words(card.followers)), "dim", 2))
    return body


def _lines(text: str, width: int, limit: int) -> list[str]:
    """`text` in at most `limit` lines; a single one is a command, which says how to copy it."""
    if limit == 1:
        hint = "  (y copies)"
        return [text + hint if cell_width(text) + len(hint) <= width else cut(text, width)]
    lines = wrap(text, width)
    return lines if len(lines) <= limit else [*lines[: limit - 1], cut(f"{lines[limit - 1]} …", width)]
