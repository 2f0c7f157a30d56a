"""In what the configurations of several runs differ: keys down, runs across."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from lptui.text import plural
from lptui.tui.screens.dialog import Dialog
from lptui.tui.widgets.rows import Page, RowsView
from lptui.tui.widgets.spans import Row, clean, columns, wrap

if TYPE_CHECKING:
    from lptui.engine.config_differences import ConfigTable


class DifferencesScreen(Dialog):
    """Asks `compare` in a thread, since it reads files, and then shows the table."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,c", "close", "Close", id="differences.close", tooltip="Back to the runs"),
    ]

    def __init__(self, compare: Callable[[], ConfigTable], words: str) -> None:
        super().__init__()
        self._compare, self._words = compare, words
        self._table: ConfigTable | None = None
        self._failure = ""

    def compose(self) -> ComposeResult:
        yield from self.framed(f"Configurations of {self._words}: what differs", "esc closes", self._page)

    def on_mount(self) -> None:
        super().on_mount()
        self._read()

    @work(thread=True, exit_on_error=False)
    def _read(self) -> None:
        try:
            self._table = self._compare()
        except Exception as error:  # noqa: BLE001 - said in the window, which is all that fails
            self._failure = f"lptui: comparing failed ({type(error).__name__})"
        self.app.call_from_thread(self.query_one(RowsView).redraw)

    def _page(self, width: int) -> Page:
        if self._table is None:
            return Page([((self._failure or "reading …", "dim"),)])
        return differences_page(self._table, width)


def differences_page(table: ConfigTable, width: int) -> Page:
    """The table at `width` cells; where the values do not fit side by side, they stand below their key."""
    notes: list[Row] = [((line, "warn"),) for note in table.notes for line in wrap(clean(note), width)]
    same = f"{plural(table.same, 'key')} the same in all" if table.same else "no key is the same in all"
    if not table.rows:
        words = "nothing to compare" if not table.same else f"no difference: {same}"
        return Page([*notes, ((words, "dim"),)])
    room = (width - 1) // (len(table.names) + 1)
    rows = _side_by_side(table, width) if room >= 16 else _stacked(table, width)
    return Page(
        [*notes, *rows, (), ((same, "dim"),)],
        [None] * len(notes) + [None if not r else str(i) for i, r in enumerate(rows)],
    )


def _side_by_side(table: ConfigTable, width: int) -> list[Row]:
    names = [clean(name) for name in table.names]
    first = min(max(len(clean(key)) for key, _ in table.rows), max(16, width // 3))
    each = (width - first) // len(names) - 1
    rows: list[Row] = [columns([("", "", first, "<"), *((name, "title", each, "<") for name in names)])]
    for key, values in table.rows:
        cells = [(_text(value), "dim" if value is None else "value", each, "<") for value in values]
        rows.append(columns([(clean(key), "accent", first, "<"), *cells]))
    return rows


def _stacked(table: ConfigTable, width: int) -> list[Row]:
    rows: list[Row] = []
    for key, values in table.rows:
        rows.append(((clean(key), "accent"),))
        for name, value in zip(table.names, values, strict=True):
            half = max(8, width // 3)
            cells = [("", "", 1, "<"), (clean(name), "dim", half, "<"), (_text(value), "value", width - half - 3, "<")]
            rows.append(columns(cells))
    return rows


def _text(value: str | None) -> str:
    return "not set" if value is None else clean(value, 300)
