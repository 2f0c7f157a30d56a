"""Terminals with few colours, or none: lines of a chart stay apart."""

from __future__ import annotations

import pytest
from fake_monitor import Shelf, healthy, make_app
from rich.color import ColorSystem
from textual import constants

from lptui.cli.attach import has_few_glyphs
from lptui.config.settings import Settings
from lptui.tui.theme import span_styles
from lptui.tui.widgets.chartgrid import ChartGrid


@pytest.mark.parametrize("theme", Shelf().names())
async def test_of_sixteen_colours_each_line_has_its_own(theme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "COLOR_SYSTEM", "standard")
    app, _ = make_app(healthy(), Settings(theme=theme))
    async with app.run_test(size=(80, 24)):
        styles = span_styles(app.theme_variables)
        colors = [styles.style(f"series-{i}").color for i in range(1, 7)]
        assert len({c.downgrade(ColorSystem.STANDARD).number for c in colors if c is not None}) == 6
        assert styles.style("faint").color not in colors


async def test_without_colours_lines_are_dashed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app, _ = make_app(healthy())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("3", "z")
        await pilot.pause()
        assert app.screen.query_one(ChartGrid).look.mono


def test_a_console_without_braille_gets_ascii_unless_it_is_said_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", type("Out", (), {"encoding": "utf-8"})())
    for term, few in (("linux", True), ("xterm", False), ("screen", False), ("tmux-256color", False)):
        monkeypatch.setenv("TERM", term)
        assert has_few_glyphs() is few
    monkeypatch.setattr("sys.stdout", type("Out", (), {"encoding": "ISO-8859-1"})())
    assert has_few_glyphs()
    monkeypatch.setenv("LPTUI_ASCII", "false")
    assert not has_few_glyphs()
