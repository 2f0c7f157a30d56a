"""Config: the run's own configuration as flat rows, searchable; secrets were masked before they came here."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input

from lptui.state.run_state import RunState
from lptui.text import plural
from lptui.tui.panes import RowsPane
from lptui.tui.widgets.rows import Page
from lptui.tui.widgets.spans import Row, clean, columns, crop, wrap
from lptui.tui.workspace import Workspace


class ConfigPane(RowsPane):
    """Key and value; `/` or `f` narrow the list to what matches."""

    pane_id: ClassVar[str] = "config"
    title: ClassVar[str] = "Config"
    sources: ClassVar[tuple[str, ...]] = ("config",)

    def __init__(self) -> None:
        super().__init__()
        self._filter = ""
        self._input = Input(placeholder="part of a key or value; esc clears", compact=True, id="config-filter")
        self._input.display = False

    def compose(self) -> ComposeResult:
        yield self.view
        yield self._input

    def part(self, workspace: Workspace) -> tuple[object, ...]:
        state = workspace.run
        return (state.config, state.config_path, state.statuses)

    def note(self, state: RunState) -> str:
        return clean(state.config_path).rpartition("/")[2]

    def status(self, state: RunState) -> str:
        if self._filter:
            return f"{len(matching(state.config, self._filter))} of {plural(len(state.config), 'key')} match"
        return super().status(state)

    def page(self, state: RunState, width: int) -> Page:
        if not state.config:
            return Page([((line, "dim"),) for line in wrap(_none(state), width)])
        rows = matching(state.config, self._filter)
        if not rows:
            return Page([((f"no key or value contains “{clean(self._filter)}”", "dim"),)])
        name = max(12, min(width * 55 // 100, max(len(key) for key, _ in rows) + 1))
        return Page([_row(key, value, name, width) for key, value in rows], [key for key, _ in rows])

    def close(self) -> bool:
        if not self._filter and not self._input.display:
            return False
        self._input.value, self._input.display = "", False
        return True

    def copied(self) -> tuple[str, str]:
        space = self.workspace
        if space is None or not space.runs:
            return "", ""
        value = next((v for k, v in space.run.config if k == self.view.selected), None)
        return ("", "") if value is None else (f"{clean(self.view.selected or '')}={clean(value)}", "key and value")

    def action_search(self) -> None:
        self._input.display = True
        self._input.focus()

    def action_filter(self) -> None:
        self.action_search()

    def action_detail(self) -> None:
        if self.view.selected:
            self.post_message(self.DetailWanted("config", self.view.selected))

    @on(Input.Changed)
    def _narrow(self, event: Input.Changed) -> None:
        event.stop()
        self._filter = event.value
        self.draw()

    @on(Input.Submitted)
    def _done(self, event: Input.Submitted) -> None:
        event.stop()
        self._input.display = bool(self._filter)
        self.view.focus()


def matching(rows: tuple[tuple[str, str], ...], words: str) -> list[tuple[str, str]]:
    """Rows whose key or value contains every word, whatever the case."""
    wanted = words.lower().split()
    return [row for row in rows if all(word in f"{row[0]}={row[1]}".lower() for word in wanted)]


def _row(key: str, value: str, name: int, width: int) -> Row:
    return crop((*columns([(clean(key), "key", name, "<")]), (f" {clean(value)}", "value")), width)


def _none(state: RunState) -> str:
    if state.run.configs:
        return "The configuration was not read yet: " + ", ".join(clean(path) for path in state.run.configs)
    looked = next((k for k in state.run.looked if k.kind.startswith("config")), None)
    note = f" {clean(looked.note)}" if looked is not None and looked.note else ""
    return f"No configuration file of this run was found.{note}"
