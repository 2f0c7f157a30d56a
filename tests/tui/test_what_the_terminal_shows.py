"""What a terminal shows after many small updates is what it would show were all of it drawn anew."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import zip_longest
from types import SimpleNamespace
from typing import Any

import pyte
import pytest
from fake_monitor import NOW, FakeMonitor, Shelf, curve, failing, finding, healthy, huge, series
from textual.drivers.headless_driver import HeadlessDriver
from textual.pilot import Pilot

from lptui.config.settings import Settings
from lptui.engine.align import align
from lptui.engine.rows_at import read_rows
from lptui.engine.search import search
from lptui.engine.seek import seek
from lptui.engine.sift import sift
from lptui.model.log import Chunk, LogSegment, LogView
from lptui.model.request import AlignLogs, Answer, ReadLog, ReadRows, SearchLog, SeekLog, SiftLog
from lptui.state.run_state import RunState
from lptui.tui.app import LptuiApp
from lptui.tui.widgets.rows import LinesView

FILE = "logs/script.log"
TAIL = 64 * 1024
SIZES = [(120, 40), (80, 24), (60, 15), (200, 50), (40, 8)]
WORDS = (
    "plain",
    "\x1b[31mred\x1b[0m text",
    "漢字 wide",
    "é ✓ 🙂",
    "x" * 300,
    '{"loss": 1.5}',
    "\t tab",
    "WARNING slow",
)
KEYS = (
    *"12345678",
    *("tab", "shift+tab", "z", "space", "t", "n", "N", "question_mark", "escape", "escape", "enter"),
    *("up", "down", "pageup", "pagedown", "home", "end", "left", "right", "j", "k", "g", "G"),
    *("plus", "minus", "x", "l", "e", "w", "o", "c", "m", "b", "i", "p", "u", "v", "h", "y", "a", "r"),
    *("slash", "f", "enter", "escape", "left_square_bracket", "right_square_bracket", "ctrl+p", "ctrl+c"),
)


class LoggedMonitor(FakeMonitor):
    """A run whose log grows, and that answers what is asked about it."""

    def __init__(self, state: RunState, chance: random.Random) -> None:
        super().__init__()
        self.chance, self.data, self.count = chance, b"", 0
        self.first = self.state = state
        self.step(200)

    def step(self, lines: int) -> None:
        """Write so many lines, and know what follows from them."""
        for _ in range(lines):
            self.count += 1
            clock = f"12:{self.count // 60 % 60:02d}:{self.count % 60:02d}"
            self.data += f"[{clock}] INFO step {self.count} {self.chance.choice(WORDS)}\n".encode()
        state = self.state
        loss = series("losses/value_loss", curve(200 + self.count, 1, 3))
        found = (finding(self.count, id=f"new:{self.count}", incident=""),) if self.chance.random() < 0.1 else ()
        self.state = self.first = replace(
            state,
            now=NOW + self.count,
            logs={FILE: self.view()},
            life=replace(state.life),
            series={**state.series, loss.key: loss} if state.series else state.series,
            findings=(*state.findings, *found),
        )

    def view(self) -> LogView:
        start = max(0, len(self.data) - TAIL)
        return LogView(FILE, (LogSegment(0, 0, len(self.data)),), self.data[start:], start, NOW, NOW)

    def read(self, start: int, length: int) -> Chunk:
        return Chunk(FILE, start, self.data[max(0, start) : max(0, start) + length])

    def ask(self, request: Any, on_answer: Callable[[Answer], None]) -> None:
        for answer in self._answers(request):
            on_answer(answer)

    def _answers(self, request: Any) -> Iterator[Answer]:
        match request:
            case ReadLog():
                yield self.read(request.start, request.length)
            case ReadRows():
                yield read_rows(request, self.view(), self.read)
            case SearchLog():
                yield from search(request, self.view(), self.read)
            case SiftLog():
                yield from sift(request, self.view(), self.read)
            case SeekLog():
                yield from seek(request, self.view(), self.read)
            case AlignLogs():
                yield align(request, lambda _file: SimpleNamespace(view=self.view(), read=self.read))
            case _:
                pass


class Glass:
    """A terminal's screen that everything is written to."""

    def __init__(self) -> None:
        self.screen = pyte.Screen(80, 24)
        self.stream = pyte.Stream(self.screen)

    def write(self, text: str) -> None:
        self.stream.feed(text)

    def cells(self) -> list[list[tuple[object, ...]]]:
        screen = self.screen
        return [[tuple(screen.buffer[y][x]) for x in range(screen.columns)] for y in range(screen.lines)]


@pytest.fixture
def glass(monkeypatch: pytest.MonkeyPatch) -> Glass:
    made = Glass()
    monkeypatch.setattr(HeadlessDriver, "is_headless", property(lambda _self: False))
    monkeypatch.setattr(HeadlessDriver, "write", lambda _self, data: made.write(data))
    return made


def differences(app: LptuiApp, glass: Glass) -> list[str]:
    """Rows of which the terminal shows something else than all of it drawn anew."""
    whole = Glass()
    whole.screen.resize(glass.screen.lines, glass.screen.columns)
    update: Any = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)
    whole.write(update.render_segments(app.console))
    found: list[str] = []
    for y, (mine, wanted) in enumerate(zip(glass.cells(), whole.cells(), strict=True)):
        at = [x for x, (one, two) in enumerate(zip(mine, wanted, strict=True)) if one != two]
        if at:
            found.append(f"line {y}, {at[0]}-{at[-1]}: {mine[at[0]]} and not {wanted[at[0]]}")
            found += [glass.screen.display[y], whole.screen.display[y]]
    return found


def stale(app: LptuiApp) -> list[str]:
    """Views whose lines are not what they would be were they made now."""
    found: list[str] = []
    for view in app.screen.query(LinesView):
        if view in app.screen._compositor.visible_widgets:
            before = list(view._lines)
            view.redraw()
            pairs = enumerate(zip_longest(before, view._lines))
            found += [f"{view!r} {y}: {old} and not {new}" for y, (old, new) in pairs if old != new][:1]
    return found


async def settle(pilot: Pilot[int]) -> None:
    for _ in range(4):
        await pilot.pause()


class Walk:
    """Someone who presses, clicks and resizes by chance, while the runs go on."""

    def __init__(self, glass: Glass, seed: int) -> None:
        self.glass, self.chance = glass, random.Random(seed)
        made = self.chance.choice([healthy, failing, failing, huge])
        self.monitors = [LoggedMonitor(made(), self.chance) for _ in range(self.chance.choice([1, 1, 2]))]
        self.size = self.chance.choice(SIZES)
        self.done = [f"{made.__name__} {self.size}"]
        glass.screen.resize(self.size[1], self.size[0])

    async def go(self, steps: int) -> list[str]:
        """What is wrong on the terminal, and what led to it."""
        app = LptuiApp(self.monitors, Settings(ascii=self.chance.random() < 0.1), themes=Shelf())
        async with app.run_test(size=self.size) as pilot:
            await settle(pilot)
            for left in reversed(range(steps)):
                self.done.append(await self.act(pilot))
                if not left or self.chance.random() < 0.6:
                    await settle(pilot)
                    if found := differences(app, self.glass) or stale(app):
                        return [*self.done, *found]
        return []

    async def act(self, pilot: Pilot[int]) -> str:
        what = self.chance.random()
        if what < 0.1:
            self.size = self.chance.choice(SIZES)
            self.glass.screen.resize(self.size[1], self.size[0])
            await pilot.resize_terminal(*self.size)
            return f"size {self.size}"
        if what < 0.5:
            for one in self.monitors:
                one.step(self.chance.choice([0, 1, 3, 50]))
                one.publish(one.state)
            return "grow"
        if what < 0.55:
            at = self.chance.randrange(self.size[0]), self.chance.randrange(self.size[1])
            await pilot.click(offset=at)
            return f"click {at}"
        key = self.chance.choice(KEYS)
        await pilot.press(key)
        return key


@pytest.mark.parametrize("seed", range(4))
async def test_small_updates_show_what_a_whole_one_would(glass: Glass, seed: int) -> None:
    assert await Walk(glass, seed).go(50) == []


async def test_ctrl_l_draws_what_others_wrote_over(glass: Glass) -> None:
    app = LptuiApp([LoggedMonitor(healthy(), random.Random(0))], Settings(), themes=Shelf())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        for dialog in ("", "question_mark"):
            if dialog:
                await pilot.press(dialog)
                await settle(pilot)
            glass.write("\x1b[5;1HBroadcast message from root: the machine goes down at 20:00\x1b[2;1H\x1b[J")
            assert differences(app, glass)
            await pilot.press("ctrl+l")
            await settle(pilot)
            assert differences(app, glass) == []


async def test_the_cursor_tells_who_has_the_keyboard_at_once(glass: Glass) -> None:
    app = LptuiApp([LoggedMonitor(failing(), random.Random(0))], Settings(), themes=Shelf())
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        for key in ("2", "down", "3", "2", "1", "up", "3"):  # and no state comes
            await pilot.press(key)
            await settle(pilot)
            assert stale(app) == []
