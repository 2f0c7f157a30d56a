"""Few bytes, and still the whole picture: what later pictures send, applied by a terminal, is what a new draw shows."""

from __future__ import annotations

import math
import random
from array import array
from dataclasses import replace
from typing import Any

import pyte
import pytest
from fake_monitor import NOW, healthy, make_app

from lptui.model.events import Points
from lptui.state.run_state import RunState
from lptui.stores.series import Series, extend
from lptui.tui.panes.metrics import MetricsPane
from lptui.tui.widgets.chartsketch import Sketches

SIZE = (120, 40)
LEAST_SAVED = 3
"""How many times fewer bytes than a whole screen a later picture takes."""


class Wire:
    """What an app sends, applied to a terminal."""

    def __init__(self, app: Any) -> None:
        self.screen = pyte.Screen(*SIZE)
        self.sent = 0
        self._app, self._stream, self._display = app, pyte.Stream(self.screen), app._display
        app._display = self._take

    def _take(self, screen: Any, update: Any) -> None:
        self._display(screen, update)
        if hasattr(update, "render_segments"):
            text = update.render_segments(self._app.console)
            self.sent += len(text.encode())
            self._stream.feed(text)

    def cells(self) -> list[list[Any]]:
        """All cells with their colours."""
        return [[self.screen.buffer[y][x] for x in range(SIZE[0])] for y in range(SIZE[1])]


def drawn_anew(app: Any) -> list[list[Any]]:
    """The whole screen as a terminal that has just come would be sent it."""
    screen = pyte.Screen(*SIZE)
    stream = pyte.Stream(screen)
    stream.feed(app.screen._compositor.render_update(full=True).render_segments(app.console))
    return [[screen.buffer[y][x] for x in range(SIZE[0])] for y in range(SIZE[1])]


def grow(series: Series, rnd: random.Random, count: int) -> Series:
    """`count` points more: a walk with noise, spikes and NaN at times."""
    start, value = series.count, rnd.random()
    values = [value + rnd.gauss(0, 0.1) for _ in range(count)]
    if rnd.random() < 0.2:
        values[rnd.randrange(count)] = rnd.choice([math.nan, 1e6, -1e3, math.inf])
    steps = array("d", [64.0 * (start + i) for i in range(count)])
    times = array("d", [NOW - 1e6 + step for step in steps])
    return extend(series, Points(series.key, steps, times, array("d", values)), float(start))


def grown(state: RunState, rnd: random.Random, count: int) -> RunState:
    return replace(state, now=state.now + 3, series={k: grow(s, rnd, count) for k, s in state.series.items()})


@pytest.mark.parametrize("seed", range(4))
async def test_what_is_sent_of_a_later_picture_makes_the_picture_of_a_new_draw(seed: int) -> None:
    rnd = random.Random(seed)
    names = [f"losses/{letter}_loss" for letter in "abcdefgh"[: rnd.choice([3, 8])]]
    state = replace(healthy(), series={name: Series(name, "wandb") for name in names})
    state = grown(state, rnd, rnd.choice([30, 900, 5000]))
    app, monitor = make_app(state)
    async with app.run_test(size=SIZE) as pilot:
        wire = Wire(app)
        await pilot.pause()
        await pilot.press("3", "z")
        await pilot.pause()
        app.refresh(layout=True)
        app.screen.refresh(layout=True)
        await pilot.pause()
        wire._stream.feed(app.screen._compositor.render_update(full=True).render_segments(app.console))
        full = len(app.screen._compositor.render_update(full=True).render_segments(app.console).encode())
        for count in (1, 2, 1, rnd.choice([3, 40]), 1, 300):
            wire.sent = 0
            state = grown(state, rnd, count)
            monitor.publish(state)
            await pilot.pause()
            assert wire.cells() == drawn_anew(app)
            if count < 3:
                assert 0 < wire.sent * LEAST_SAVED < full
        grid = app.screen.query_one(MetricsPane).grid
        grid.sketches = Sketches()  # nothing is known of what was drawn before
        before = drawn_anew(app)
        grid.redraw()
        await pilot.pause()
        assert wire.cells() == drawn_anew(app) == before
