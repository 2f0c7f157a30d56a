"""Themes: every file is one; text can be read; spans resolve."""

from __future__ import annotations

import pytest
from fake_monitor import Shelf, healthy, make_app
from rich.color import Color as RichColor
from textual.color import Color

from lptui.config.settings import Settings
from lptui.tui.shelf import FIRST, FileShelf
from lptui.tui.theme import SpanStyles, span_styles, theme_from
from lptui.tui.widgets.header import Header

NAMES = Shelf().names()
READ = ("text", "dim", "ok", "warn", "error", "info", "title", "key", "value", "accent", "primary")


def _contrast(one: Color, two: Color) -> float:
    def light(color: Color) -> float:
        parts = [c / 255 for c in color.rgb]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(one), light(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_there_are_six_of_the_kinds_that_the_design_asks_for() -> None:
    assert {"night", "paper", "high-contrast", "okabe", "mono", "dusk"} <= set(NAMES)
    assert FileShelf({}).names()[0] == FIRST


@pytest.mark.parametrize("name", NAMES)
def test_text_can_be_read_on_background_cursor_and_surface(name: str) -> None:
    fields = Shelf().read(name)
    theme = theme_from(name, fields)
    styles = SpanStyles({**theme.to_color_system().generate(), **theme.variables})
    wanted = 7.0 if name == "high-contrast" else 4.0
    for word in READ:
        color = styles.style(word).color
        assert color is not None, word
        for back in (theme.background, theme.surface):
            assert back is not None
            assert _contrast(Color.from_rich_color(color), Color.parse(back)) >= wanted, (word, back)
    cursor = styles.style("value cursor")
    if cursor.bgcolor is not None and cursor.color is not None:
        assert _contrast(Color.from_rich_color(cursor.color), Color.from_rich_color(cursor.bgcolor)) >= 4.0


def test_mono_has_no_hue() -> None:
    theme = theme_from("mono", Shelf().read("mono"))
    styles = SpanStyles({**theme.to_color_system().generate(), **theme.variables})
    for word in READ:
        color = styles.style(word).color
        assert isinstance(color, RichColor)
        assert color.triplet is not None
        assert len(set(color.triplet)) == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "at least 'primary'"),
        ({"primary": "#12345"}, "primary is not a colour"),
        ({"primary": "#123456", "shiny": 1}, "unknown field 'shiny'"),
    ],
)
def test_a_broken_theme_says_what_is_wrong(fields: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        theme_from("mine", fields)


def test_styles_join_and_unknown_words_are_ignored() -> None:
    styles = span_styles({"foreground": "#ffffff", "background": "#000000", "primary": "#0000ff", "error": "#ff0000"})
    both = styles.style("error bold no-such-style")
    assert both.bold
    assert both.color is not None
    assert both.color.name == "#ff0000"
    assert not styles.style("")


async def test_t_switches_live_and_redraws() -> None:
    app, _ = make_app(healthy())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        header = app.screen.query_one(Header)
        before = header.render_line(0)
        await pilot.press("t")
        await pilot.pause()
        assert app.theme != "night"
        assert header.render_line(0) != before
        assert header.render_line(0).text == before.text


@pytest.mark.parametrize("name", ["auto", "paper"])
async def test_the_chosen_theme_is_the_first_one_drawn(name: str) -> None:
    app, _ = make_app(healthy(), Settings(theme=name))
    fields = Shelf().read(FIRST if name == "auto" else name)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert app.screen.styles.background == Color.parse(str(fields["background"]))
        style = app.screen.query_one(Header).render_line(0)._segments[0].style
        assert style is not None
        assert style.bgcolor is not None
        assert style.bgcolor.name == str(fields["primary"])


async def test_a_theme_that_does_not_exist_is_said_with_a_guess() -> None:
    app, _ = make_app(healthy(), Settings(theme="nigth"))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await pilot.pause()
        assert app.theme == FIRST
        assert any("did you mean 'night'" in n.message for n in app._notifications)


async def test_no_color_draws_greys_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app, _ = make_app(healthy())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert app.no_color
        for strip in app.screen._compositor.render_strips(app.size):
            for segment in strip:
                color = segment.style.color if segment.style else None
                assert color is None or color.triplet is None or len(set(color.triplet)) == 1
