"""What is sent of lines that changed in part."""

from __future__ import annotations

import io

from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from lptui.tui.screens.run import RunScreen
from lptui.tui.screens.runs import RunsScreen
from lptui.tui.thrift import ThriftyCompositor, ThriftyUpdate

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
    assert sent([(0, 2, 8)], line) == "\x1b[1;3H\x1b[0;31mcdef\x1b[0;34mgh\x1b[0m"


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
