"""A small menu: for how long a finding shall be silent."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from lptui.model.finding import Finding
from lptui.model.request import Acknowledge, Request, Snooze, Wake
from lptui.tui.screens.dialog import Dialog
from lptui.tui.widgets.rows import Page, RowsView
from lptui.tui.widgets.spans import Row, clean, wrap

Ask = Callable[[Request, str], None]
"""Takes the request and what to say of it."""
CHOICES: tuple[tuple[str, str, str], ...] = (
    ("1", "10-min", "for 10 minutes"),
    ("2", "1-h", "for 1 hour"),
    ("3", "attempt", "until the next attempt begins"),
    ("4", "ever", "until it recovers and comes again (acknowledge)"),
)


class SnoozeScreen(Dialog):
    """`enter` or a digit chooses, `esc` leaves all as it is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", "Choose", id="snooze.choose", tooltip="Silence it for as long as the chosen row says"),
        Binding("1", "pick('10-min')", "10 min", show=False, id="snooze.10-min", tooltip="For 10 minutes"),
        Binding("2", "pick('1-h')", "1 h", show=False, id="snooze.1-h", tooltip="For 1 hour"),
        Binding("3", "pick('attempt')", "Attempt", show=False, id="snooze.attempt", tooltip="Until the next attempt"),
        Binding("4", "pick('ever')", "Acknowledge", show=False, id="snooze.ever", tooltip="Until it comes again"),
        Binding("5", "pick('wake')", "Wake", show=False, id="snooze.wake", tooltip="Let it alarm again"),
        Binding("escape,q,s", "close", "Close", id="snooze.close", tooltip="Leave it as it is"),
    ]

    def __init__(self, finding: Finding, ask: Ask) -> None:
        super().__init__()
        self._finding = finding
        self._ask = ask

    def compose(self) -> ComposeResult:
        yield from self.framed("Silence", "enter chooses   esc leaves it", self._page)

    def on_rows_view_clicked(self, event: RowsView.Clicked) -> None:
        event.stop()
        self.action_pick(event.key)

    def action_take(self) -> None:
        self.action_pick(self.query_one(RowsView).selected or "")

    def action_pick(self, key: str) -> None:
        made = make_request(self._finding.id, key)
        if made is None or (key == "wake" and not self._finding.acknowledged):
            return
        self.dismiss()
        self._ask(*made)

    def _page(self, width: int) -> Page:
        head: list[Row] = [((line, "title"),) for line in wrap(clean(self._finding.title), width, 3)]
        choices = [*CHOICES, ("5", "wake", "not at all: let it alarm again")] if self._finding.acknowledged else CHOICES
        rows: list[Row] = [*head, (), *(((f" {key} ", "key"), (f" {words}", "value")) for key, _, words in choices)]
        return Page(rows, [*[None] * (len(head) + 1), *(name for _, name, _ in choices)])


def make_request(finding_id: str, key: str) -> tuple[Request, str] | None:
    """(request, what to say of it) for a choice of the menu."""
    seconds = {"10-min": 600.0, "1-h": 3600.0, "attempt": None}
    if key in seconds:
        return Snooze(finding_id, seconds[key]), "snoozed " + next(words for _, name, words in CHOICES if name == key)
    if key == "ever":
        return Acknowledge(finding_id), "acknowledged"
    return (Wake(finding_id), "alarms again") if key == "wake" else None
