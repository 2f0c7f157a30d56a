"""The list of expectations, and what a chart says of its own."""

from __future__ import annotations

from dataclasses import replace

from fake_monitor import healthy, make_app
from textual.pilot import Pilot

from lptui.model.expectation import Judgement
from lptui.state.run_state import Judged
from lptui.tui.app import LptuiApp
from lptui.tui.panes.metrics import MetricsPane
from lptui.tui.screens.detail import DetailScreen
from lptui.tui.widgets.expectationrows import count_words, expectation_rows
from lptui.tui.widgets.metricorder import arrange
from lptui.tui.widgets.spans import Row, row_width

OK = Judgement("overview/reward", "ok", "should increase", "rose: from 1 to 2", "ppo", "the score", "nothing")
BAD = Judgement("losses/x\x1b[2J", "violated", "should decrease", "rose [b]much[/b]", "ppo", "an error", "lower it")
VOID = Judgement("lp/n", "no signal", "says nothing", "always 16", "metta-seed", "always 16", "watch the zeros")


def text(row: Row) -> str:
    return "".join(part for part, _ in row)


async def settle(pilot: Pilot[None]) -> None:
    await pilot.pause(0.3)
    await pilot.pause()


def test_worst_first_with_what_to_do_and_nothing_raw() -> None:
    rows = expectation_rows([OK, VOID, BAD], 70, plain=False)
    lines = [text(row) for row in rows]
    order = [i for i, line in enumerate(lines) if line.startswith(("✖", "●", "○"))]
    assert [lines[i].split()[1] for i in order] == ["violated", "ok", "no"]
    assert any("→ lower it" in line for line in lines)
    assert not any("→ nothing" in line for line in lines)
    assert "\x1b" not in "".join(lines)
    assert all(row_width(row) <= 70 for row in rows)
    assert count_words([OK, VOID, BAD]) == "1 violated, 1 ok, 1 no signal"


def test_no_profile_says_how_to_write_one() -> None:
    assert "expectations.md" in " ".join(text(r) for r in expectation_rows([], 80, plain=False))


def test_what_is_violated_comes_first() -> None:
    assert arrange(["overview/reward", "losses/value_loss", "x"], (), {"x"})[0] == "x"


async def test_the_metrics_pane_marks_the_chart_and_e_opens_the_list() -> None:
    app, monitor = make_app(healthy())
    assert isinstance(app, LptuiApp)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        state = healthy()
        last = sorted(state.series)[-1]
        judged = {last: Judged(replace(BAD, key=last), 1)}
        monitor.publish(replace(state, judged=judged))
        await settle(pilot)
        await pilot.press("3")
        await settle(pilot)
        pane = app.screen_stack[0].query_one(MetricsPane)
        assert pane.grid.tiles[0].name == last
        shown = [pane.grid.render_line(y).text for y in range(3)]
        assert any("✖" in line for line in shown)
        await pilot.press("e")
        await settle(pilot)
        assert isinstance(app.screen_stack[-1], DetailScreen)
