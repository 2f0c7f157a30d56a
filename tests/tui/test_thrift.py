"""What is sent of lines that changed in part."""

from __future__ import annotations

import asyncio
import io

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.containers import Container
from textual.geometry import Region
from textual.strip import Strip

from lptui.tui.screens.run import RunScreen
from lptui.tui.screens.runs import RunsScreen
from lptui.tui.thrift import ThriftyCompositor, ThriftyScreen, ThriftyUpdate, cut_cells
from lptui.tui.widgets.rows import LinesView

RED, BLUE = Style(color="red"), Style(color="blue")


def sent(spans: list[tuple[int, int, int]], *strips: Strip) -> str:
    console = Console(file=io.StringIO(), force_terminal=True, color_system="standard")
    chops, ends = [], []
    for strip in strips:
        chops.append({0: strip})
        ends.append([strip.cell_length])
    return ThriftyUpdate(chops, spans, ends).render_segments(console)


def test_only_the_cells_that_changed_are_sent_with_attributes_where_they_change() -> None:
    line = Strip([Segment("abc", RED), Segment("def", RED), Segment("ghi", BLUE)])
    assert sent([(0, 2, 8)], line) == "\x1b[1;3H\x1b[0;31mcdef\x1b[34mgh\x1b[0m"


def test_parts_of_a_line_are_sent_without_what_lies_between() -> None:
    line = Strip([Segment("0123456789")])
    assert sent([(0, 1, 3), (0, 7, 8)], line) == "\x1b[1;2H12\x1b[1;8H7\x1b[0m"


def test_attributes_do_not_leak_into_text_without_any() -> None:
    line = Strip([Segment("ab", RED), Segment("cd")])
    assert sent([(0, 0, 4)], line) == "\x1b[1;1H\x1b[0;31mab\x1b[0mcd\x1b[0m"


def test_wide_characters_stay_whole() -> None:
    assert sent([(0, 2, 6)], Strip([Segment("漢字漢字")])) == "\x1b[1;3H字漢\x1b[0m"


def test_chops_of_other_widgets_are_left_alone() -> None:
    left, right = Strip([Segment("left")]), Strip([Segment("right")])
    console = Console(file=io.StringIO(), force_terminal=True, color_system="standard")
    update = ThriftyUpdate([{0: left, 4: right}], [(0, 6, 8)], [[4, 9]])
    assert update.render_segments(console) == "\x1b[1;7Hgh\x1b[0m"


def test_the_screens_that_go_on_send_little() -> None:
    assert isinstance(RunScreen()._compositor, ThriftyCompositor)
    assert isinstance(RunsScreen()._compositor, ThriftyCompositor)


class Lined(LinesView):
    """Lines of one letter; `calls` are the stretches that were drawn."""

    def __init__(self, letter: str, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.letter = letter
        self.calls: list[range] = []

    def lines(self, width: int, height: int) -> list[tuple[tuple[str, str], ...]]:
        return [((self.letter * width, ""),)] * height

    def render_lines(self, crop: Region) -> list[Strip]:
        self.calls.append(crop.line_range)
        return super().render_lines(crop)


class Several(App[None]):
    """A head, a framed view, another one beside it, and one that lies over both."""

    CSS = """
    #head { height: 1; } #frame { border: round white; width: 20; height: 10; }
    #body { layout: horizontal; height: 10; } #beside { width: 1fr; height: 10; }
    #over { layer: above; width: 8; height: 3; offset: 15 4; }
    ThriftyScreen { layers: below above; }
    """

    def get_default_screen(self) -> ThriftyScreen:
        return ThriftyScreen()

    def compose(self) -> ComposeResult:
        yield Lined("h", "head")
        with Container(id="body"):
            with Container(id="frame"):
                yield Lined("a", "framed")
            yield Lined("b", "beside")
        yield Lined("o", "over")


@given(
    st.lists(
        st.tuples(st.integers(-2, 42), st.integers(-2, 13), st.integers(1, 30), st.integers(1, 6)),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=40, deadline=None)
def test_what_is_sent_is_what_stands_there(boxes: list[tuple[int, int, int, int]]) -> None:
    async def compare() -> None:
        app = Several()
        async with app.run_test(size=(40, 12)) as pilot:
            await pilot.pause()
            compositor = app.screen._compositor
            whole = ["".join(segment.text for segment in strip) for strip in compositor.render_strips()]
            compositor._dirty_regions.update(Region(*box) for box in boxes)
            update = compositor.render_partial_update()
            sent: dict[tuple[int, int], str] = {}
            x = 0
            for at, y, segment in update._pieces() if isinstance(update, ThriftyUpdate) else ():
                x = x if at is None else at
                sent |= {(x + i, y): char for i, char in enumerate(segment.text)}
                x += len(segment.text)
            dirty = {
                (x, y)
                for left, top, width, height in boxes
                for x in range(max(0, left), min(40, left + width))
                for y in range(max(0, top), min(12, top + height))
            }
            assert sent == {(x, y): whole[y][x] for x, y in dirty}

    asyncio.run(compare())


async def test_only_what_is_seen_where_something_changed_is_drawn() -> None:
    app = Several()
    async with app.run_test(size=(40, 12)) as pilot:
        await pilot.pause()
        views = {view.id: view for view in app.query(Lined)}
        for view in views.values():
            view.calls.clear()
        app.screen._compositor._dirty_regions |= {Region(0, 0, 5, 1), Region(30, 3, 2, 1), Region(30, 5, 2, 1)}
        app.screen._compositor.render_partial_update()
        assert {name: view.calls for name, view in views.items()} == {
            "head": [range(1)],
            "beside": [range(2, 5)],
            "framed": [],  # it lies between what changed
            "over": [],
        }


def test_a_colour_alone_is_sent_where_only_that_changes() -> None:
    ink, bold = Style(color="red", bgcolor="black"), Style(color="blue", bgcolor="black", bold=True)
    line = Strip([Segment("ab", ink), Segment("cd", Style(color="blue", bgcolor="black")), Segment("ef", bold)])
    more = Strip([Segment("gh", ink), Segment("ij", Style(color="red"))])
    assert sent([(0, 0, 6)], line) == "\x1b[1;1H\x1b[0;31;40mab\x1b[34mcd\x1b[0;1;34;40mef\x1b[0m"
    assert sent([(0, 0, 4)], more) == "\x1b[1;1H\x1b[0;31;40mgh\x1b[0;31mij\x1b[0m"


@given(
    st.lists(st.tuples(st.text("ab 漢é", max_size=6), st.sampled_from([RED, BLUE, None])), max_size=5),
    st.integers(0, 20),
    st.integers(0, 20),
)
def test_cells_are_cut_as_a_strip_is(parts: list[tuple[str, Style | None]], start: int, length: int) -> None:
    strip = Strip([Segment(text, style) for text, style in parts if text])
    end = min(start + length, strip.cell_length)
    start = min(start, end)
    assert [s for s in cut_cells(strip, start, end) if s.text] == [s for s in strip.crop(start, end) if s.text]
