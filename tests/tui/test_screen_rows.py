"""The one drawing mechanism: what changed is refreshed, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.events import Resize

from lptui.text import cell_width
from lptui.tui.widgets.rows import Page, RowsView
from lptui.tui.widgets.spans import Row, bar, crop, row_width, spread, wrap
from lptui.tui.widgets.strips import GAP, changed_cells, changed_ranges, quick_range

SPANS = st.lists(st.tuples(st.text(max_size=8).filter(str.isprintable), st.sampled_from(["", "ok", "dim"])), max_size=5)


class Harness(App[None]):
    CSS = "LinesView { height: 1fr; width: 1fr; }"

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page

    def compose(self) -> ComposeResult:
        yield RowsView(lambda _width: self.page)


def table(count: int, head: int = 0) -> Page:
    return Page(
        [((f"row {i}", "value"),) for i in range(count)], [None if i < head else f"k{i}" for i in range(count)], head
    )


class LateResize(RowsView):
    """Its event of a new size is still waiting, as on a busy machine."""

    def on_resize(self, event: Resize) -> None:
        if not self.shown:
            super().on_resize(event)


async def test_what_is_laid_out_anew_is_drawn_in_its_new_size_before_the_event_comes() -> None:
    class Late(App[None]):
        CSS = "LinesView { height: 1fr; width: 1fr; }"

        def compose(self) -> ComposeResult:
            yield LateResize(lambda width: Page([((f"{width} wide", ""),)] * 30, ["k"] * 30))

    async with Late().run_test(size=(40, 10)) as pilot:
        view = pilot.app.query_one(LateResize)
        assert (len(view.shown), view.shown[0][:7]) == (10, "39 wide")
        await pilot.resize_terminal(60, 20)
        assert (len(view.shown), view.shown[0][:7]) == (20, "59 wide")


def test_only_the_span_that_differs_is_sent() -> None:
    before: Row = (("step 1", "value"), ("  ", ""), ("age 3s", "dim"))
    after: Row = (("step 1", "value"), ("  ", ""), ("age 4s", "dim"))
    assert changed_cells(before, after, 80) == (8, 14)
    assert changed_cells(before, before, 80)[0] >= changed_cells(before, before, 80)[1] - 80


def test_a_row_that_became_shorter_is_cleared_to_the_end() -> None:
    assert changed_cells((("abc", ""), ("def", "")), (("abc", ""),), 20) == (3, 20)


@given(SPANS, SPANS, st.integers(1, 40))
def test_what_is_outside_of_the_changed_cells_is_equal(
    one: list[tuple[str, str]], two: list[tuple[str, str]], width: int
) -> None:
    start, end = changed_cells(tuple(one), tuple(two), width)
    cells = [[(c, style) for text, style in row for c in text if cell_width(c) == 1] for row in (one, two)]
    if all(cell_width(c) == 1 for text, _ in (*one, *two) for c in text):
        old, new = ([*row, *[(" ", None)] * width][:width] for row in cells)
        assert old[:start] == new[:start]
        assert old[end:] == new[end:]


def test_only_characters_that_differ_are_sent() -> None:
    before: Row = (("  ", ""), ("step=51 loss=3.4712", ""))
    after: Row = (("  ", ""), ("step=52 loss=3.4991", ""))
    assert changed_ranges(before, after, 80) == [(8, 21)]
    chart: Row = (("⣀⡠⠤" + " " * 60 + "1.0", "a"),)
    later: Row = (("⣀⡠⠤⠒" + " " * 59 + "1.1", "a"),)
    assert changed_ranges(chart, later, 80) == [(3, 66)]  # one span: its inside is not searched
    apart: Row = (("⣀⡠⠤ ", "a"), (" " * GAP, ""), ("1.0", "b"))
    moved: Row = (("⣀⡠⠤⠒", "a"), (" " * GAP, ""), ("1.1", "b"))
    assert changed_ranges(apart, moved, 80) == [(3, 4), (6 + GAP, 7 + GAP)]
    assert changed_ranges(before, before, 80) == []
    assert changed_ranges((("漢1", ""),), (("漢2", ""),), 9) == [(0, 3)]


def test_of_a_log_that_moved_up_only_what_differs_is_sent_though_a_scroll_bar_stands_behind_it() -> None:
    before: Row = (("  ", ""), ("[train] step=99 loss=3.4712", "value"), (" " * 30, ""), ("▐", "faint"))
    after: Row = (("  ", ""), ("[train] step=100 loss=3.4712", "value"), (" " * 29, ""), ("▐", "faint"))
    blank: Row = (("  ", ""), ("[train] step=99 loss=3.4712", ""), (" " * 30, ""), ("▐", "faint"))
    longer: Row = (("  ", ""), ("[train] step=100 loss=3.4712", ""), (" " * 29, ""), ("▐", "faint"))
    assert quick_range(blank, longer, 60) == (15, 30)
    assert quick_range(before, (*before[:3], (" ", "faint")), 60) == (59, 60)
    assert quick_range(before, after, 60) == (15, 30)
    assert quick_range(before, before, 60) == (60, 60)


@given(SPANS, SPANS, st.integers(1, 40), st.booleans())
def test_what_is_outside_of_the_quick_range_is_equal(
    one: list[tuple[str, str]], two: list[tuple[str, str]], width: int, alike: bool
) -> None:
    if alike:  # the same styles, as rows of a log have
        two = [(text, style) for (text, _), (_, style) in zip(two, one, strict=False)]
        one = one[: len(two)]
    start, end = quick_range(tuple(one), tuple(two), width)
    assert 0 <= start <= end <= width
    if all(cell_width(c) == 1 for text, _ in (*one, *two) for c in text):
        old, new = (
            [*[(c, style) for text, style in row for c in text], *[(" ", "")] * width][:width] for row in (one, two)
        )
        assert old[:start] == new[:start]
        assert old[end:] == new[end:]


@given(SPANS, SPANS, st.integers(1, 40))
def test_what_is_outside_of_the_changed_ranges_is_equal(
    one: list[tuple[str, str]], two: list[tuple[str, str]], width: int
) -> None:
    ranges = changed_ranges(tuple(one), tuple(two), width)
    assert all(0 <= start < end <= width for start, end in ranges)
    if all(cell_width(c) == 1 for text, _ in (*one, *two) for c in text):
        old, new = (
            [*[(c, style) for text, style in row for c in text], *[(" ", "")] * width][:width] for row in (one, two)
        )
        inside = {x for start, end in ranges for x in range(start, end)}
        assert all(old[x] == new[x] for x in range(width) if x not in inside)


@given(SPANS, st.integers(0, 60))
def test_cropped_rows_are_exactly_as_wide_as_asked(row: list[tuple[str, str]], width: int) -> None:
    assert row_width(crop(tuple(row), width)) == width


def test_spread_keeps_a_gap_when_the_left_side_is_cut() -> None:
    row = spread((("a" * 50, ""),), (("right", ""),), 20)
    assert "".join(t for t, _ in row) == "a" * 13 + "… right"


@given(st.text(max_size=200).filter(str.isprintable), st.integers(4, 40))
def test_wrapped_lines_fit(text: str, width: int) -> None:
    assert all(cell_width(line) <= width for line in wrap(text, width))


def test_wrapping_loses_nothing() -> None:
    text = "a long_unbroken_word_of_many_cells and the rest"
    assert "".join(wrap(text, 10)).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 1.0, 7.0])
def test_a_bar_is_as_wide_as_asked_and_any_share_above_zero_shows(share: float) -> None:
    drawn = bar(share, 10)
    assert len(drawn) == 10
    assert (drawn.strip() != "") is (share > 0)
    assert set(bar(share, 10, ascii_only=True)) <= {"#", "-"}


async def test_redrawing_the_same_page_sends_nothing() -> None:
    app = Harness(table(100))
    async with app.run_test(size=(40, 10)) as pilot:
        view = app.query_one(RowsView)
        await pilot.pause()
        before = view.drawn_rows
        view.redraw()
        app.page = Page([*app.page.rows[:50], (("changed", ""),), *app.page.rows[51:]], app.page.keys)
        view.redraw()  # row 50 is out of view
        assert view.drawn_rows == before
        app.page = Page([*app.page.rows[:3], (("changed", ""),), *app.page.rows[4:]], app.page.keys)
        view.redraw()
        assert view.drawn_rows == before + 1


async def test_keys_move_the_selection_and_keep_it_in_view() -> None:
    app = Harness(table(100, head=1))
    async with app.run_test(size=(40, 10)) as pilot:
        view = app.query_one(RowsView)
        view.focus()
        await pilot.press("down", "down")
        assert view.selected == "k3"
        await pilot.press("end")
        assert view.selected == "k99"
        assert any(line.startswith("row 99") for line in view.shown)
        assert view.shown[0].startswith("row 0")  # the head does not scroll
        await pilot.press("pageup")
        assert view.selected == "k91"
        await pilot.press("home")
        assert view.selected == "k1"


async def test_the_selection_survives_re_sorting() -> None:
    app = Harness(table(20))
    async with app.run_test(size=(40, 10)) as pilot:
        view = app.query_one(RowsView)
        view.focus()
        await pilot.press("down", "down", "down")
        app.page = Page(list(reversed(app.page.rows)), list(reversed(app.page.keys)))
        view.redraw()
        assert view.selected == "k3"


async def test_the_wheel_scrolls_and_a_click_selects() -> None:
    app = Harness(table(100))
    async with app.run_test(size=(40, 10)) as pilot:
        view = app.query_one(RowsView)
        await pilot.click(RowsView, offset=(2, 4))
        assert view.selected == "k4"
        await pilot.resize_terminal(40, 5)
        await pilot.pause()
        assert len(view.shown) == 5
