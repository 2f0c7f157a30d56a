"""The log pane with the engine's own answers, given at once and over bytes in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.pilot import Pilot

from lptui.engine.rows_at import read_rows
from lptui.engine.saving import save
from lptui.engine.search import search
from lptui.engine.seek import seek
from lptui.engine.sift import sift
from lptui.model.finding import Finding
from lptui.model.log import Chunk, LogSegment, LogView
from lptui.model.request import Answer, ReadLog, ReadRows, SaveLog, SearchLog, SeekLog, SiftLog
from lptui.model.run import RunInfo
from lptui.state.run_state import RunState
from lptui.stores.log_index import Indexer
from lptui.tui.panes.log import LogPane
from lptui.tui.workspace import Workspace

FILE = "/r/logs/script.log"
TAIL = 64 * 1024


class LogApp(App[None]):
    """One pane on `data`; `grow` appends."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("slash", "of_pane('search')", ""),
        ("f", "of_pane('filter')", ""),
        ("enter", "of_pane('detail')", ""),
    ]
    CSS = "LogPane { border: round white; height: 1fr; } LinesView { height: 1fr; width: 1fr; }"

    def __init__(self, data: bytes, *, findings: tuple[Finding, ...] = (), indexed: bool = False) -> None:
        super().__init__()
        self.data, self.findings, self.indexed = data, findings, indexed
        self.asked: list[Any] = []
        self.copied: list[str] = []
        self.said: list[str] = []
        self.details: list[tuple[str, str]] = []

    def compose(self) -> ComposeResult:
        yield LogPane()

    def on_mount(self) -> None:
        self.pane.focus_view()
        self.publish()

    @property
    def pane(self) -> LogPane:
        return self.query_one(LogPane)

    @property
    def shown(self) -> list[str]:
        return [row.rstrip(" ▐") for row in self.pane.view.shown]

    @property
    def status(self) -> str:
        return str(self.pane.border_subtitle)

    @property
    def view(self) -> LogView:
        data = self.data
        tail_start = max(0, len(data) - TAIL)
        view = LogView(FILE, (LogSegment(0, 0, len(data)),), data[tail_start:], tail_start, modified_at=1.79e9)
        if self.indexed:
            indexer = Indexer()
            indexer.begin(len(data), complete=not data, at=1.79e9)
            indexer.take_older(data, 0, (), 1.79e9, last=True)
            view = replace(view, lines=indexer.index)
        return view

    def publish(self) -> None:
        run = RunState(RunInfo("r", "/r", logs=(FILE,)), 100.0, logs={FILE: self.view}, findings=self.findings)
        self.pane.workspace = Workspace((run,), None, 100.0)

    def grow(self, data: bytes) -> None:
        self.data += data
        self.publish()

    def ask(self, request: Any, on_answer: Callable[[Any], None]) -> None:
        self.asked.append(request)
        for answer in self._answers(request):
            self.call_later(on_answer, answer)

    def action_of_pane(self, name: str) -> None:
        """What the run screen does for keys that work in every pane."""
        getattr(self.pane, f"action_{name}")()

    def copy_to_clipboard(self, text: str) -> None:
        self.copied.append(text)

    def notify(self, message: str, **_: Any) -> None:
        self.said.append(message)

    def on_pane_detail_wanted(self, event: LogPane.DetailWanted) -> None:
        self.details.append((event.kind, event.key))

    def _answers(self, request: Any) -> Iterator[Answer]:
        match request:
            case ReadLog():
                yield self._read(request.start, request.length)
            case ReadRows():
                yield read_rows(request, self.view, self._read)
            case SearchLog():
                yield from search(request, self.view, self._read)
            case SiftLog():
                yield from sift(request, self.view, self._read)
            case SeekLog():
                yield from seek(request, self.view, self._read)
            case SaveLog():
                yield from save(request, self.view, self._read, "/r")
            case _:
                raise AssertionError(request)

    def _read(self, start: int, length: int) -> Chunk:
        return Chunk(FILE, start, self.data[max(0, start) : max(0, start) + length])


async def settle(pilot: Pilot[None]) -> None:
    """Until questions and answers have come round."""
    for _ in range(4):
        await pilot.pause()


async def type_line(pilot: Pilot[None], key: str, text: str) -> None:
    """Open an entry with `key`, type `text` and give it."""
    await pilot.press(key, *text, "enter")
    await settle(pilot)
