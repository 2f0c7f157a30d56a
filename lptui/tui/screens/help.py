"""All keys, pane by pane, as they are bound now."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.dom import DOMNode

from lptui.tui.bindings import grouped
from lptui.tui.panes import Pane
from lptui.tui.screens.dialog import Dialog
from lptui.tui.widgets.rows import Page, RowsView
from lptui.tui.widgets.spans import Row, columns, wrap

_ABOUT = (
    "lptui only reads: nothing here touches the training, and leaving with q never ends it.",
    "Choosing a finding, a checkpoint, a log line or a point of a chart moves all panes there; esc lets go.",
)


class HelpScreen(Dialog):
    """Scrolls; any of esc, ?, q closes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,enter", "close", "Close", id="help.close", tooltip="Back to the run")
    ]

    def compose(self) -> ComposeResult:
        yield from self.framed("Keys", "esc closes", self._page)

    def _page(self, width: int) -> Page:
        stack = self.app.screen_stack
        run, below = stack[0], next(screen for screen in reversed(stack) if screen is not self)
        title = str(below.BINDING_GROUP_TITLE or "Here")
        rows = _section(title, _bound(below), width) if below is not run else []
        panes = list(run.query(Pane))
        asked = [pane for pane in panes if below is run and pane.has_focus_within]
        rows += _sections_of(asked, width)
        rows += _section("Everywhere", _bound(self.app), width)
        rows += _section(str(run.BINDING_GROUP_TITLE or "Here"), _bound(run), width)
        rows += _sections_of((pane for pane in panes if pane not in asked), width)
        rows += _section("In lists", _bound(RowsView(lambda _width: Page())), width)
        for text in _ABOUT:
            rows += [(), *(((line, "dim"),) for line in wrap(text, width))]
        return Page(rows[1:])


def _sections_of(panes: Iterable[Pane], width: int) -> list[Row]:
    rows: list[Row] = []
    for pane in panes:
        mine = [binding for node in (pane, *pane.query("*")) for binding in _own(node)]
        rows += _section(pane.title, mine, width)
    return rows


def _bound(node: object) -> list[Binding]:
    bindings = cast(DOMNode, node)._bindings  # pyright: ignore[reportPrivateUsage]  there is no public way
    return [binding for _, binding in bindings if binding.id and binding.tooltip]


def _own(node: DOMNode) -> list[Binding]:
    return [] if type(node) is RowsView else [b for b in _bound(node) if not (b.id or "").startswith("rows.")]


def _section(title: str, bindings: Iterable[Binding], width: int) -> list[Row]:
    entries = grouped(bindings)
    if not entries:
        return []
    rows: list[Row] = [(), ((title, "accent bold"),)]
    for keys, binding in entries:
        rows.append(columns([(f"  {keys}", "key", 16, "<"), (binding.tooltip, "value", max(10, width - 17), "<")]))
    return rows
