"""The log pane with the engine's own answers, given at once and over bytes in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.pilot import Pilot

from lptui.engine.align import align
from lptui.engine.rows_at import read_rows
from lptui.engine.saving import save
from lptui.engine.search import search
from lptui.engine.seek import seek
from lptui.engine.sift import sift
from lptui.model.finding import Finding
from lptui.model.log import Chunk, LogSegment, LogView
from lptui.model.request import AlignLogs, Answer, ReadLog, ReadRows, SaveLog, SearchLog, SeekLog, SiftLog
from lptui.model.run import RunInfo
from lptui.state.run_state import RunState
from lptui.stores.log_index import Indexer
from lptui.tui.panes.log import LogPane
from lptui.tui.workspace import Cursor, Workspace

FILE = "/r/logs/script.log"
TAIL = 64 * 1024


class LogApp(App[None]):
    """One pane on `data`, and on the logs of `others`; `grow` appends."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("slash", "of_pane('search')", ""),
        ("f", "of_pane('filter')", ""),
        ("enter", "of_pane('detail')", ""),
    ]
    CSS = "LogPane { border: round white; height: 1fr; } LinesView { height: 1fr; width: 1fr; }"

    def __init__(
        self,
        data: bytes,
        *,
        findings: tuple[Finding, ...] = (),
        indexed: bool = False,
        others: dict[str, bytes] | None = None,
    ) -> None:
        super().__init__()
        self.files = {FILE: data, **(others or {})}
        self.findings, self.indexed = findings, indexed
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
    def data(self) -> bytes:
        return self.files[FILE]

    def view_of(self, file: str) -> LogView:
        data = self.files[file]
        tail_start = max(0, len(data) - TAIL)
        view = LogView(file, (LogSegment(0, 0, len(data)),), data[tail_start:], tail_start, modified_at=1.79e9)
        if self.indexed:
            indexer = Indexer()
            indexer.begin(len(data), complete=not data, at=1.79e9)
            indexer.take_older(data, 0, (), 1.79e9, last=True)
            view = replace(view, lines=indexer.index)
        return view

    def publish(self) -> None:
        logs = {file: self.view_of(file) for file in self.files}
        run = RunState(RunInfo("r", "/r", logs=tuple(logs)), 100.0, logs=logs, findings=self.findings)
        self.pane.workspace = Workspace((run,), None, 100.0)

    def point_at(self, finding: Finding) -> None:
        """What the run screen does when a finding is chosen elsewhere."""
        space = self.pane.workspace
        assert space is not None
        self.pane.workspace = replace(space, cursor=Cursor(anchor=finding.anchor, finding_id=finding.id))

    def grow(self, data: bytes, file: str = FILE) -> None:
        self.files[file] += data
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
        view, read = self.view_of(request.file), self._reader(request.file)
        match request:
            case ReadLog():
                yield read(request.start, request.length)
            case ReadRows():
                yield read_rows(request, view, read)
            case SearchLog():
                yield from search(request, view, read)
            case SiftLog():
                yield from sift(request, view, read)
            case SeekLog():
                yield from seek(request, view, read)
            case SaveLog():
                yield from save(request, view, read, "/r")
            case AlignLogs():
                yield align(request, lambda file: SimpleNamespace(view=self.view_of(file), read=self._reader(file)))
            case _:
                raise AssertionError(request)

    def _reader(self, file: str) -> Callable[[int, int], Chunk]:
        return lambda start, length: Chunk(file, start, self.files[file][max(0, start) : max(0, start) + length])


async def settle(pilot: Pilot[None]) -> None:
    """Until questions and answers have come round."""
    for _ in range(4):
        await pilot.pause()


async def type_line(pilot: Pilot[None], key: str, text: str) -> None:
    """Open an entry with `key`, type `text` and give it."""
    await pilot.press(key, *text, "enter")
    await settle(pilot)
