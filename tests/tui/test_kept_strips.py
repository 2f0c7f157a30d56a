"""Rows become strips once, and styles are worked out once."""

from __future__ import annotations

from fake_monitor import healthy, make_app

from lptui.tui.widgets.header import Header


async def test_a_style_is_worked_out_once_and_a_row_that_moved_is_not_made_again() -> None:
    app, _ = make_app(healthy())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        view = app.screen.query_one(Header)
        crop = view.size.region
        before = view.render_lines(crop)
        built, looks = view._kept.built, len(view._kept._looks)
        view._lines = [*reversed(view._lines)]
        assert view.render_lines(crop) == [*reversed(before)]
        assert (view._kept.built, len(view._kept._looks)) == (built, looks)


async def test_a_kept_row_looks_as_one_that_is_drawn_anew() -> None:
    app, _ = make_app(healthy())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        view = app.screen.query_one(Header)
        for _ in range(3):
            await pilot.press("t")  # the next theme
            await pilot.pause()
            for y, strip in enumerate(view.render_lines(view.size.region)):
                drawn = view.render_line(y)
                for one in view.get_line_filters():
                    drawn = drawn.apply_filter(one, view.background_colors[1])
                assert strip.text == drawn.text
                assert list(strip.simplify()) == list(drawn.simplify())
