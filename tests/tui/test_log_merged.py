"""All ranks as one in the log pane: the key, the column, findings at their lines, ways there and back."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual.app import App, ComposeResult

from lptui.engine.log_answers import LogAnswers
from lptui.model.finding import Evidence, Finding
from lptui.model.merged import MergeLogs
from lptui.model.place import Anchor
from lptui.model.run import RunInfo
from lptui.sources.log import LogSource
from lptui.sources.merged_log import MergedLog
from lptui.state.run_state import RunState
from lptui.tui.idle import idle_bindings
from lptui.tui.panes import Pane
from lptui.tui.panes.log import LogPane
from lptui.tui.workspace import Cursor, Workspace

WORDS = (b"apple", b"pear tree", b"plum")
NOW = time.mktime((2026, 11, 23, 12, 0, 0, 0, 0, -1))


def stamp(at: float) -> bytes:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at)).encode()


class MergedApp(App[None]):
    """The pane over real files; questions are answered at once by what answers them in the engine."""

    CSS = "LogPane { border: round white; height: 1fr; } LinesView { height: 1fr; width: 1fr; }"

    def __init__(self, files: dict[Path, bytes], findings: tuple[Finding, ...] = ()) -> None:
        super().__init__()
        for path, data in files.items():
            path.write_bytes(data)
            os.utime(path, (NOW, NOW))
        self.paths = tuple(str(path) for path in files)
        self.sources = {path: LogSource(path) for path in self.paths}
        self.merged = MergedLog("/r", lambda: self.sources)
        self.findings = findings
        self.now = NOW
        self.cursors: list[Cursor] = []
        self.state = RunState(RunInfo("r", "/r", logs=self.paths), NOW)

    def compose(self) -> ComposeResult:
        yield LogPane()

    def on_mount(self) -> None:
        self.pane.focus_view()
        self.look()

    @property
    def pane(self) -> LogPane:
        return self.query_one(LogPane)

    @property
    def shown(self) -> list[str]:
        return [row.rstrip(" ▐") for row in self.pane.view.shown]

    def look(self, cursor: Cursor | None = None) -> None:
        """Poll all, and show what is known then."""
        for _ in range(4):
            self.now += 0.3
            for source in self.sources.values():
                list(source.poll(self.now))
            list(self.merged.poll(self.now))
        merged = self.merged.view if self.merged.view.parts else None
        logs = {path: source.view for path, source in self.sources.items()}
        state = RunState(self.state.run, self.now, logs=logs, merged=merged, findings=self.findings)
        self.pane.workspace = Workspace((state,), cursor, self.now)

    def ask(self, request: Any, on_answer: Callable[[Any], None]) -> None:
        if isinstance(request, MergeLogs):
            self.merged.wanted = request.on
            return
        find = lambda path: self.merged if path == self.merged.file else self.sources.get(path)  # noqa: E731
        answers = LogAnswers(find, "/r")
        lane: list[Any] = []
        answers._is_stale = lambda *_: False  # type: ignore[method-assign]
        answers._answer("reads", request, lane.append)
        for answer in lane:
            self.call_later(on_answer, answer)

    def on_pane_cursor_chosen(self, message: Pane.CursorChosen) -> None:
        self.cursors.append(message.cursor)


def rank_files(tmp_path: Path) -> dict[Path, bytes]:
    return {
        tmp_path / f"rank{rank}.log": b"".join(
            stamp(NOW - 60 + 3 * n + rank) + b" [INFO] rank %d says %d %s\n" % (rank, n, WORDS[rank]) for n in range(20)
        )
        for rank in range(3)
    }


async def settle(app: MergedApp, pilot: Any) -> None:
    for _ in range(4):
        await pilot.pause()
    app.look()
    for _ in range(4):
        await pilot.pause()


async def test_m_shows_all_ranks_by_time_with_a_column_and_m_one_again(tmp_path: Path) -> None:
    app = MergedApp(rank_files(tmp_path))
    async with app.run_test(size=(80, 14)) as pilot:
        await settle(app, pilot)
        assert "rank0.log 1/3" in str(app.pane.border_title)
        await pilot.press("m")
        await settle(app, pilot)
        assert "all ranks (3)" in str(app.pane.border_title)
        heads = [row.split("│")[0].strip() for row in app.shown]
        assert heads == (["0", "1", "2"] * 20)[-len(heads) :]
        assert app.shown[-1].endswith("[INFO] rank 2 says 19 plum")
        assert "[rank2]" not in app.shown[-1]
        await pilot.press("m")
        await settle(app, pilot)
        assert "rank0.log 1/3" in str(app.pane.border_title)
        assert "│" not in app.shown[-1]


async def test_m_stays_at_the_line_that_is_read_and_goes_to_its_rank(tmp_path: Path) -> None:
    app = MergedApp(rank_files(tmp_path))
    async with app.run_test(size=(80, 14)) as pilot:
        await settle(app, pilot)
        await pilot.press("home", "down", "down")
        chosen = app.pane.view.chosen_line()
        await pilot.press("m")
        await settle(app, pilot)
        assert app.pane.view.chosen_line() == b"[rank0]: " + chosen
        await pilot.press("down")
        assert b"rank 1 says" in app.pane.view.chosen_line()
        await pilot.press("m")
        await settle(app, pilot)
        assert "rank1.log" in str(app.pane.border_title)
        assert app.pane.view.chosen_line().startswith(stamp(NOW - 56) + b" [INFO] rank 1 says 1")


async def test_enter_names_the_line_of_the_file_itself(tmp_path: Path) -> None:
    app = MergedApp(rank_files(tmp_path))
    async with app.run_test(size=(80, 14)) as pilot:
        await pilot.press("m")
        await settle(app, pilot)
        await pilot.press("up")
        app.pane.action_detail()
        await settle(app, pilot)
        path = tmp_path / "rank2.log"
        assert app.cursors[-1].anchor == Anchor(str(path), 0, path.read_bytes().rindex(b"2026"))


async def test_findings_stand_at_their_lines_and_are_jumped_to(tmp_path: Path) -> None:
    files = rank_files(tmp_path)
    path = tmp_path / "rank1.log"
    anchor = Anchor(str(path), 0, files[path].index(b"\n") + 1)
    evidence = (Evidence("rank 1 says 1", kind="log", anchor=anchor),)
    finding = Finding("f", "x", severity="error", title="it broke here", evidence=evidence)
    app = MergedApp(files, (finding,))
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.press("m")
        await settle(app, pilot)
        app.look(Cursor(finding_id="f", origin="findings"))
        await settle(app, pilot)
        row = next(n for n, text in enumerate(app.shown) if "rank 1 says 1" in text)
        assert "it broke here" in app.shown[row + 1]
        assert app.pane.view.chosen_line().startswith(b"[rank1]: ")
        assert "all ranks" in str(app.pane.border_title)


async def test_the_filter_goes_along_and_takes_ranks(tmp_path: Path) -> None:
    app = MergedApp(rank_files(tmp_path))
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.press("m")
        await settle(app, pilot)
        app.pane.columns.filter("rank:2 says", app.pane.workspace.run)
        await settle(app, pilot)
        assert len(app.shown) == 20
        assert all("rank 2 says" in row for row in app.shown)


async def test_a_run_with_one_log_says_so(tmp_path: Path) -> None:
    app = MergedApp({tmp_path / "train.log": b"a\n"})
    said: list[str] = []
    app.notify = lambda message, **_: said.append(message)  # type: ignore[method-assign]
    async with app.run_test(size=(80, 14)) as pilot:
        await pilot.press("m")
        await settle(app, pilot)
        assert said == ["this run has one log: there is nothing to merge it with"]


async def test_line_numbers_are_those_of_each_rows_own_file(tmp_path: Path) -> None:
    app = MergedApp(rank_files(tmp_path))
    async with app.run_test(size=(100, 24)) as pilot:
        await pilot.press("m")
        await settle(app, pilot)
        await pilot.press("number_sign")
        await settle(app, pilot)
        rows = [re.match(r" *(\d+) +(\d)│.*rank (\d) says (\d+) ", row) for row in app.shown]
        assert len(rows) > 15
        for row in rows:
            assert row is not None
            assert (row[2], int(row[1])) == (row[3], int(row[4]) + 1)
        await pilot.press("number_sign")
        await settle(app, pilot)
        assert re.match(r" +2│", app.shown[-1])


async def test_a_line_is_gone_to_in_the_file_whose_row_is_chosen(tmp_path: Path) -> None:
    app = MergedApp(rank_files(tmp_path))
    said: list[str] = []
    app.notify = lambda message, **_: said.append(message)  # type: ignore[method-assign]
    async with app.run_test(size=(100, 12)) as pilot:
        await pilot.press("m")
        await settle(app, pilot)
        await pilot.press("up")  # a row of rank 2 or of another: what is said names it
        await settle(app, pilot)
        await pilot.press("colon", *"3", "enter")
        await settle(app, pilot)
        (words,) = said
        named = re.fullmatch(r"line 3 of rank(\d)\.log", words)
        assert named is not None
        assert any(f"rank {named[1]} says 2 " in row for row in app.shown)


async def test_a_column_beside_it_does_not_change_what_m_goes_back_to(tmp_path: Path) -> None:
    app = MergedApp(rank_files(tmp_path))
    async with app.run_test(size=(120, 14)) as pilot:
        await settle(app, pilot)
        await pilot.press("right_square_bracket")
        await settle(app, pilot)
        assert "rank1.log" in str(app.pane.border_title)
        for keys in (("m", "|", "m"), ("m", "|", "|", "m")):
            for key in keys:
                await pilot.press(key)
                await settle(app, pilot)
            assert app.pane.columns.lead.view.extent.file.endswith("rank1.log"), keys
            if len(app.pane.columns.shown) > 1:
                await pilot.press("|", "|")
                await settle(app, pilot)


async def test_the_footer_offers_to_merge_where_there_are_several_logs(tmp_path: Path) -> None:
    for count in (1, 2):
        app = MergedApp({tmp_path / f"rank_{n}.log": b"12:00:00 one\n" for n in range(count)})
        async with app.run_test(size=(100, 12)) as pilot:
            await pilot.pause()
            app.look()
            idle = idle_bindings(app.pane, app.pane.workspace)
            assert ("log.merge" in idle) == (count == 1)
