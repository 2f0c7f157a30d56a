"""What a grid of 24 charts costs to draw, beside textual-plot and plotext where they are installed.

    python benchmarks/charts.py [--points 1000 10000 100000] [--size 200x60] [--python PEERS_PYTHON]

For each length of series: CPU ms of the first picture, and of a picture after each series got one batch of points more;
bytes that the second one sends to the terminal (the whole screen would be `full`). The work must follow the dots of
the screen and not the points. --python names an interpreter that has textual-plot and plotext 5 (their newest points
are drawn with them in the same way); without it only ours are measured.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from array import array
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "tui")]

from fake_monitor import NOW, healthy, make_app  # noqa: E402
from probing import table, tell_machine  # noqa: E402

from lptui.model.events import Points  # noqa: E402
from lptui.state.run_state import RunState  # noqa: E402
from lptui.stores.series import Series, extend  # noqa: E402
from lptui.tui.panes.metrics import MetricsPane  # noqa: E402

CHARTS = 24
ROUNDS = 5
PEERS = """
import asyncio, json, sys, time
import numpy as np
lengths = json.loads(sys.argv[1])
def wave(n):
    x = np.arange(n) * 64.0
    return x, np.sin(x / x.max() * 9) + np.random.default_rng(1).normal(0, 0.1, n)
out = {}
try:
    import plotext as p
    for n in lengths:
        x, y = (a.tolist() for a in wave(n))
        began = time.process_time()
        p.clear_figure(); p.plot_size(50, 10); p.plot(x, y, marker="braille"); p.build()
        out[f"plotext {n}"] = [(time.process_time() - began) * 24e3] * 2
except (ImportError, AttributeError) as error:
    out["plotext"] = repr(error)
try:
    from textual.app import App
    from textual.containers import Grid
    from textual_plot import HiResMode, PlotWidget
    class Peer(App):
        CSS = "Grid { grid-size: 4 6; } PlotWidget { height: 1fr; }"
        def compose(self):
            with Grid():
                for _ in range(24):
                    yield PlotWidget()
    async def main():
        for n in lengths:
            app = Peer()
            async with app.run_test(size=(200, 60)) as pilot:
                await pilot.pause()
                x, y = wave(n)
                told = []
                for extra in (0, 1):
                    began = time.process_time()
                    for chart in app.query(PlotWidget):
                        chart.clear()
                        chart.plot(np.append(x, x[-1] + 64 * extra), np.append(y, 0.3), hires_mode=HiResMode.BRAILLE)
                    await pilot.pause(); await pilot.pause()
                    told.append((time.process_time() - began) * 1e3)
                out[f"textual-plot {n}"] = told
    asyncio.run(main())
except ImportError as error:
    out["textual-plot"] = repr(error)
print(json.dumps(out))
"""


def state_of(length: int) -> RunState:
    """24 noisy metrics of `length` points."""
    rng = np.random.default_rng(1)
    series: dict[str, Series] = {}
    for i in range(CHARTS):
        key = f"losses/{'abcdefghijklmnopqrstuvwx'[i]}_loss"
        values = np.sin(np.linspace(0, 9, length)) + rng.normal(0, 0.1, length)
        series[key] = extend(Series(key, "wandb"), points(key, 0, values), 0.0)
    return replace(healthy(), series=series)


def points(key: str, start: int, values: np.ndarray) -> Points:
    steps = np.arange(start, start + len(values)) * 64.0
    return Points(key, array("d", steps), array("d", NOW - 1e6 + steps), array("d", values))


def grown(state: RunState, length: int, count: int) -> RunState:
    """`state` with `count` points more in each series."""
    noise = np.random.default_rng(length).normal(0, 0.1, count)
    series = {k: extend(s, points(k, length, np.sin(9.0) + noise), float(length)) for k, s in state.series.items()}
    return replace(state, series=series, now=state.now + length)


async def measure(length: int, size: tuple[int, int]) -> list[float]:
    """[ms of the first picture, ms after a hundredth more, ms after one point more, bytes of the last two, full]."""
    app, monitor = make_app(state_of(length))
    sent = [0]
    async with app.run_test(size=size) as pilot:
        count_into(app, sent)
        await pilot.pause(0.2)
        pane = app.screen.query_one(MetricsPane)
        pane.calm = False  # type: ignore[misc]
        sent[0] = 0
        began = time.process_time()
        await pilot.press("3", "z")
        await pilot.pause(0.1)
        pane.grid.redraw()
        first, full = (time.process_time() - began) * 1e3, sent[0]
        told: list[float] = [first]
        state, sizes = app.workspace.run, list[float]()
        for count in (max(1, length // 100), 1):
            times, sizes_of = list[float](), list[float]()
            for _ in range(ROUNDS):
                state = grown(state, length, count)
                length += count
                sent[0] = 0
                began = time.process_time()
                monitor.publish(state)
                await pilot.pause()
                times.append((time.process_time() - began) * 1e3)
                await pilot.pause(0.05)
                sizes_of.append(sent[0])
            told.append(statistics.median(times))
            sizes.append(statistics.median(sizes_of))
        return [*told, *sizes, full]


def count_into(app: Any, sent: list[int]) -> None:
    """Add up the bytes that a terminal would get: a headless app renders none."""
    display = app._display

    def count(screen: Any, update: Any) -> None:
        display(screen, update)
        if hasattr(update, "render_segments"):
            sent[0] += len(update.render_segments(app.console).encode())

    app._display = count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--points", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--size", default="200x60", metavar="COLUMNSxROWS")
    parser.add_argument("--python", default="", help="interpreter that has textual-plot and plotext")
    args = parser.parse_args()
    width, height = (int(n) for n in args.size.split("x"))
    print(f"{CHARTS} charts at {args.size}; {tell_machine()}")
    rows = [[f"{n:,}", *(round(v, 1) for v in asyncio.run(measure(n, (width, height))))] for n in args.points]
    print(table(["points", "first ms", "+1 % ms", "+1 point ms", "+1 % B", "+1 point B", "full B"], rows))
    if args.python:
        run = subprocess.run([args.python, "-c", PEERS, json.dumps(args.points)], capture_output=True, text=True)
        peers = [
            [name, *(told if isinstance(told, list) else [told, ""])] for name, told in json.loads(run.stdout).items()
        ]
        print("\n" + table(["peer, points", "first ms", "+1 point ms"], peers))


if __name__ == "__main__":
    main()
