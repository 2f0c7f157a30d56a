"""The log pane: follows, scrolls back without moving, findings inline, search, the time cursor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from textual.app import App, ComposeResult

from lptui.model.finding import Evidence, Finding, Fix
from lptui.model.log import Chunk, LogSegment, LogView
from lptui.model.place import Anchor
from lptui.model.readings import SourceStatus
from lptui.model.request import ReadLog, SearchLog, SearchProgress
from lptui.model.run import RunInfo
from lptui.state.run_state import RunState
from lptui.tui.panes import Pane
from lptui.tui.panes.log import LogPane
from lptui.tui.widgets.logcards import Card, card_rows
from lptui.tui.workspace import Cursor, Workspace

FILE = "/r/logs/script.log"
TAIL = 64 * 1024


class Harness(App[None]):
    """One pane, and an engine that answers at once (or when told)."""

    CSS = "LogPane { border: round white; height: 1fr; } LinesView { height: 1fr; width: 1fr; }"

    def __init__(self, data: dict[str, bytes], *, hold: bool = False) -> None:
        super().__init__()
        self.data = data
        self.hold = hold
        self.asked: list[Any] = []
        self.held: list[Callable[[], None]] = []
        self.cursors: list[Cursor] = []
        self.details: list[tuple[str, str]] = []

    def compose(self) -> ComposeResult:
        yield LogPane()

    def on_mount(self) -> None:
        self.query_one(LogPane).focus_view()

    def ask(self, request: Any, on_answer: Callable[[Any], None]) -> None:
        self.asked.append(request)
        answer = lambda: self._answer(request, on_answer)  # noqa: E731
        if self.hold:
            self.held.append(answer)
        else:
            self.call_later(answer)

    def _answer(self, request: Any, on_answer: Callable[[Any], None]) -> None:
        data = self.data[request.file]
        if isinstance(request, ReadLog):
            part = data[request.start : request.start + request.length]
            on_answer(Chunk(request.file, request.start, part))
        elif isinstance(request, SearchLog):
            if request.pattern == "(":
                on_answer(SearchProgress(request, 0, 1, done=True, error="not a pattern: missing )"))
                return
            on_answer(SearchProgress(request, 1, 4))
            word = request.pattern.encode()
            at = data.rfind(word, 0, request.start) if request.backwards else data.find(word, request.start)
            hit = data.rfind(b"\n", 0, at) + 1 if at >= 0 else None
            on_answer(SearchProgress(request, 4, 4, hit, done=True))

    def on_pane_cursor_chosen(self, message: Pane.CursorChosen) -> None:
        self.cursors.append(message.cursor)

    def on_pane_detail_wanted(self, message: Pane.DetailWanted) -> None:
        self.details.append((message.kind, message.key))

    @property
    def pane(self) -> LogPane:
        return self.query_one(LogPane)

    @property
    def shown(self) -> list[str]:
        return [row.rstrip(" ▐") for row in self.pane.view.shown]


def extent(data: bytes, file: str = FILE) -> LogView:
    return LogView(file, (LogSegment(0, 0, len(data)),), data[-TAIL:], max(0, len(data) - TAIL))


def workspace(*datas: bytes, findings: tuple[Finding, ...] = (), cursor: Cursor | None = None) -> Workspace:
    files = [FILE, "/r/logs/other.log"][: len(datas)]
    logs = {file: extent(data, file) for file, data in zip(files, datas, strict=True)}
    run = RunState(RunInfo("r", "/r", logs=tuple(files)), 100.0, logs=logs, findings=findings)
    return Workspace((run,), cursor, 100.0)


def lines(count: int) -> bytes:
    return b"".join(b"line %06d of the training\n" % i for i in range(count))


def oom(position: int) -> Finding:
    return Finding(
        "oom-1",
        "oom",
        "error",
        "CUDA out of memory on GPU 3",
        incident="i1",
        evidence=(Evidence("CUDA out of memory", file=FILE, anchor=Anchor(FILE, 0, position)),),
        fix=Fix("use a smaller minibatch: 8192", "77.9 of 79.1 GiB were in use", "./run.py trainer.minibatch=8192"),
        count=8,
        first_seen=50.0,
        step=4000,
    )


async def test_it_opens_at_the_end_and_follows_with_a_screenful_of_work() -> None:
    data = lines(50_000)
    app = Harness({FILE: data})
    async with app.run_test(size=(60, 14)) as pilot:
        app.pane.workspace = workspace(data)
        await pilot.pause()
        assert app.shown[-1] == "  line 049999 of the training"
        assert len(app.shown) == 12
        assert app.asked == []
        before = app.pane.view.paint.built
        data += lines(3)
        app.pane.workspace = workspace(data)
        await pilot.pause()
        assert app.shown[-1] == "  line 000002 of the training"
        assert app.pane.view.paint.built - before == 3  # the rows above only moved up
        drawn = app.pane.view.drawn_rows
        app.pane.workspace = workspace(data)
        await pilot.pause()
        assert app.pane.view.drawn_rows == drawn


async def test_scrolling_back_stands_still_while_the_log_grows() -> None:
    data = lines(50_000)
    app = Harness({FILE: data})
    async with app.run_test(size=(60, 14)) as pilot:
        app.pane.workspace = workspace(data)
        await pilot.pause()
        await pilot.press("pageup", "pageup")
        await pilot.pause()
        held = app.shown
        assert held[-1] == "  line 049977 of the training"
        for _ in range(3):
            data += lines(5000)
            app.data[FILE] = data
            app.pane.workspace = workspace(data)
            await pilot.pause()
            assert [r.strip(" ▐") for r in app.shown] == [r.strip(" ▐") for r in held]
        assert "new" in str(app.pane.border_title)
        await pilot.press("end")
        await pilot.pause()
        assert app.shown[-1] == "  line 004999 of the training"
        assert "new" not in str(app.pane.border_title)


async def test_new_lines_are_counted_while_not_following() -> None:
    data = lines(1000)
    app = Harness({FILE: data})
    async with app.run_test(size=(60, 14)) as pilot:
        app.pane.workspace = workspace(data)
        await pilot.pause()
        await pilot.press("pageup")
        data += lines(1204)
        app.pane.workspace = workspace(data)
        await pilot.pause()
        assert "+1,204 new" in str(app.pane.border_title)
        await pilot.press("G")
        await pilot.pause()
        assert app.pane.view.following


async def test_home_asks_for_bytes_and_says_that_it_reads() -> None:
    data = lines(50_000)
    app = Harness({FILE: data}, hold=True)
    async with app.run_test(size=(60, 14)) as pilot:
        app.pane.workspace = workspace(data)
        await pilot.pause()
        await pilot.press("home")
        await pilot.pause()
        assert app.shown[0] == "  … reading"
        assert [type(a) for a in app.asked] == [ReadLog]
        for answer in app.held:
            answer()
        await pilot.pause()
        assert app.shown[0] == "  line 000000 of the training"
        assert app.shown[-1] == "  line 000011 of the training"


async def test_paging_up_from_the_end_reaches_every_line_once() -> None:
    data = b"".join(b"line %06d of the training" % i + b"." * 300 + b"\n" for i in range(1500))
    app = Harness({FILE: data})
    async with app.run_test(size=(60, 102)) as pilot:
        app.pane.workspace = workspace(data)
        await pilot.pause()
        seen: set[str] = set(app.shown)
        for _ in range(16):
            await pilot.press("pageup")
            await pilot.pause()
            assert "  … reading" not in app.shown  # bytes ahead were read in time
            seen |= set(app.shown)
        assert len(seen) == 1500
        assert app.shown[0].startswith("  line 000000 of the training")


async def test_a_finding_stands_below_its_line_and_counts_as_rows() -> None:
    data = lines(100)
    position = data.index(b"line 000090")
    follower = Finding("f-2", "nccl", "error", "NCCL timeout", role="follow-up", incident="i1")
    past = replace(oom(data.index(b"line 000095")), id="old", past=True, past_reason="recovered at step 10")
    app = Harness({FILE: data})
    async with app.run_test(size=(76, 20)) as pilot:
        app.pane.workspace = workspace(data, findings=(oom(position), follower, past))
        await pilot.pause()
        shown = app.shown
        index = shown.index("✖ line 000090 of the training")
        assert shown[index + 1] == "  ▎ ✖ error CUDA out of memory on GPU 3 · seen 8 times"
        assert shown[index + 2] == "  ▎  why: 77.9 of 79.1 GiB were in use"
        assert shown[index + 3] == "  ▎  fix: use a smaller minibatch: 8192"
        assert shown[index + 4] == "  ▎  command: ./run.py trainer.minibatch=8192  (y copies)"
        assert shown[index + 5] == "  ▎  + 1 follows: nccl"
        assert shown[index + 6] == "  line 000091 of the training"
        assert "  ▎ ✖ past error: CUDA out of memory on GPU 3 (recovered at step 10)" in shown
        assert len(shown) == 18
        assert shown[-1] == "  line 000099 of the training"
        await pilot.press("up", "up")
        await pilot.pause()
        assert not app.pane.view.following


async def test_enter_sets_the_time_cursor_and_a_cursor_scrolls_here() -> None:
    data = lines(50_000)
    position = data.index(b"line 000090")
    app = Harness({FILE: data})
    async with app.run_test(size=(60, 14)) as pilot:
        app.pane.workspace = workspace(data, findings=(oom(position),))
        await pilot.pause()
        cursor = Cursor(anchor=Anchor(FILE, 0, position), origin="findings")
        app.pane.workspace = workspace(data, findings=(oom(position),), cursor=cursor)
        await pilot.pause()
        await pilot.pause()
        assert "✖ line 000090 of the training" in app.shown
        assert app.pane.copied() == ("./run.py trainer.minibatch=8192", "fix")
        await pilot.press("up")
        app.pane.action_detail()
        await pilot.pause()
        chosen = app.cursors[-1].anchor
        assert chosen is not None
        assert data[chosen.offset :].startswith(b"line 000089")
        await pilot.press("down")
        app.pane.action_detail()
        await pilot.pause()
        assert app.cursors[-1].finding_id == "oom-1"
        assert app.details == [("finding", "oom-1")]


async def test_search_jumps_marks_and_ends() -> None:
    data = (
        lines(50_000)
        .replace(b"line 000777 of", b"line 000777 needle")
        .replace(b"line 000999 of", b"line 000999 needle")
    )
    app = Harness({FILE: data})
    async with app.run_test(size=(60, 14)) as pilot:
        app.pane.workspace = workspace(data)
        await pilot.pause()
        app.pane.action_search()
        await pilot.pause()
        await pilot.press(*"needle", "enter")
        await pilot.pause()
        await pilot.pause()
        assert any("000999 needle" in row for row in app.shown)
        styles = {style for line in app.pane.view._lines for text, style in line if text == "needle"}
        assert any("match" in style for style in styles)
        await pilot.press("N")
        await pilot.pause()
        await pilot.pause()
        assert any("000777 needle" in row for row in app.shown)
        await pilot.press("N")
        await pilot.pause()
        await pilot.pause()
        assert "no earlier match" in str(app.pane.border_subtitle)
        await pilot.press("n")
        await pilot.pause()
        await pilot.pause()
        assert any("000999 needle" in row for row in app.shown)
        assert app.pane.close()
        assert not app.pane.close()
        await pilot.pause()
        assert app.pane.border_subtitle in (None, "")
        assert app.pane.check_action("hit", (1,)) is False


async def test_a_wrong_pattern_is_said_in_words() -> None:
    data = lines(100)
    app = Harness({FILE: data})
    async with app.run_test(size=(60, 14)) as pilot:
        app.pane.workspace = workspace(data)
        await pilot.pause()
        app.pane.action_search()
        await pilot.press("(", "enter")
        await pilot.pause()
        await pilot.pause()
        assert "/( · not a pattern: missing )" in str(app.pane.border_subtitle)


async def test_brackets_switch_logs_and_keep_the_place() -> None:
    one, two = lines(1000), b"".join(b"other log %d\n" % n for n in range(30))
    app = Harness({FILE: one, "/r/logs/other.log": two})
    async with app.run_test(size=(60, 14)) as pilot:
        app.pane.workspace = workspace(one, two)
        await pilot.pause()
        assert "script.log 1/2" in str(app.pane.border_title)
        await pilot.press("pageup")
        held = app.shown
        await pilot.press("right_square_bracket")
        await pilot.pause()
        assert "other.log 2/2" in str(app.pane.border_title)
        assert app.shown[-1] == "  other log 29"
        await pilot.press("left_square_bracket")
        await pilot.pause()
        assert app.shown == held


async def test_a_progress_bar_is_one_row_that_updates() -> None:
    data = b"start\n" + b"".join(b"\r%3d%%|###" % i for i in range(50))
    app = Harness({FILE: data})
    async with app.run_test(size=(60, 14)) as pilot:
        app.pane.workspace = workspace(data)
        await pilot.pause()
        assert app.shown == ["  start", "   49%|###"]
        app.pane.workspace = workspace(data + b"\r 50%|###\nnext\n")
        await pilot.pause()
        assert app.shown == ["  start", "   50%|###", "  next"]


async def test_hostile_lines_stay_text() -> None:
    data = b"[red]markup[/]\n\x1b]0;evil\x07\x1bc\n" + b"y" * 200_000 + b"\n\x00\x00\x00end\n"
    app = Harness({FILE: data})
    async with app.run_test(size=(60, 14)) as pilot:
        app.pane.workspace = workspace(data)
        await pilot.pause()
        await pilot.pause()
        assert app.shown[0] == "  [red]markup[/]"
        assert app.shown[-1] == "  ␀ × 3end"
        assert sum(row.endswith("… 195 KiB line") for row in app.shown) == 1
        assert sum(row.endswith("… goes on, 195 KiB line") for row in app.shown) == 2
        screen = "".join(s.text for y in range(14) for s in app.screen._compositor.render_strips()[y])
        assert "\x1b" not in screen
        assert "\x07" not in screen


async def test_an_absent_and_an_empty_log_are_said() -> None:
    app = Harness({})
    async with app.run_test(size=(60, 14)) as pilot:
        app.pane.workspace = workspace()
        await pilot.pause()
        assert app.shown == ["no log found in /r"]
        app.pane.workspace = workspace(b"")
        await pilot.pause()
        assert app.shown == ["the log is empty: nothing has been written yet"]
        status = SourceStatus("log script.log", "waiting", "unpacking script.log.gz: 40 %, 4 MiB", path=FILE)
        app.pane.workspace = replace(workspace(b""), runs=(replace(workspace(b"").runs[0], statuses={"log": status}),))
        await pilot.pause()
        assert app.shown == ["unpacking script.log.gz: 40 %, 4 MiB"]


async def test_without_a_frame_one_line_says_what_it_would() -> None:
    data = lines(1000)
    app = Harness({FILE: data})
    async with app.run_test(size=(60, 14)) as pilot:
        app.pane.styles.border = ("none", "white")
        app.pane.workspace = workspace(data)
        await pilot.pause()
        assert not app.pane.line.display
        await pilot.press("pageup")
        data += lines(7)
        app.pane.workspace = workspace(data)
        await pilot.pause()
        assert app.pane.line.shown == ("script.log · +7 new · 96 %",)
        app.pane.action_search()
        await pilot.press(*"zzz", "enter")
        await pilot.pause()
        await pilot.pause()
        await pilot.pause()
        assert app.pane.line.shown == ("+7 new · /zzz · no earlier match · n later, esc ends",)
        app.pane.close()
        await pilot.press("end")
        await pilot.pause()
        assert not app.pane.line.display


async def test_a_narrow_card_keeps_the_command_readable() -> None:
    rows = card_rows(Card(0, oom(0)), 40)
    text = ["".join(t for t, _ in row).rstrip() for row in rows]
    assert text[-1] == "▎  command: ./run.py trainer.minibatch=…"
    assert all(len(row) <= 40 for row in text)
    long = replace(oom(0), fix=Fix("word " * 40))
    text = ["".join(t for t, _ in row).rstrip() for row in card_rows(Card(0, long), 40)]
    assert len(text) == 3
    assert text[-1].endswith("…")


async def test_without_a_frame_a_file_that_is_gone_is_told_while_it_is_followed() -> None:
    data = lines(100)
    app = Harness({FILE: data})
    async with app.run_test(size=(80, 14)) as pilot:
        app.pane.styles.border = ("none", "white")
        gone = replace(extent(data), missing=True)
        state = replace(workspace(data).run, logs={FILE: gone})
        app.pane.workspace = Workspace((state,), None, 100.0)
        await pilot.pause()
        assert app.pane.line.shown == ("script.log · the file is gone, waiting for it",)


async def test_the_keys_of_what_is_typed_are_told() -> None:
    data = lines(100)
    app = Harness({FILE: data})
    async with app.run_test(size=(80, 24)) as pilot:
        app.pane.workspace = workspace(data)
        for key, words in (("f", "enter filters"), ("colon", "enter goes there"), ("slash", "enter searches")):
            if key == "slash":
                app.pane.action_search()
            elif key == "f":
                app.pane.action_filter()
            else:
                await pilot.press(key)
            await pilot.pause()
            assert words in str(app.pane.border_subtitle)
            app.pane.close()
            await pilot.pause()
            assert words not in str(app.pane.border_subtitle)


async def test_an_answer_that_comes_when_the_screen_is_gone_is_let_be() -> None:
    data = lines(10)
    app = Harness({FILE: data})
    async with app.run_test(size=(60, 14)) as pilot:
        pane = app.pane
        pane.workspace = workspace(data)
        await pilot.pause()
        await pane.remove()
        pane.reframe()  # a count, say, that was asked for before
