"""How long the screen's thread was held up while a large log is read, filtered and searched.

    python benchmarks/ui_blocks.py LOG [--level info]

A heart beats in the app's own event loop each 5 ms. `longest` is the greatest delay of a beat in ms, with everything
that other programs on the machine take; `own` is the most CPU time that the screen's thread itself spent between two
beats. Budget: 50 ms. The first row has the start of the app in it.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from probing import table, tell_machine

from lptui.cli import GARBAGE
from lptui.cli.screen import make_app
from lptui.config.settings import SettingsError, load_settings
from lptui.run import discover
from lptui.tui.panes.log import LogPane

BEAT = 0.005


class Heart:
    """Beats until it is stopped; the worst of what it met since `begin`."""

    def __init__(self) -> None:
        self.late: list[float] = []
        self.own = 0.0

    def begin(self) -> None:
        self.late, self.own = [], 0.0

    async def beat(self) -> None:
        while True:
            wall, cpu = time.perf_counter(), time.thread_time()
            await asyncio.sleep(BEAT)
            self.late.append(time.perf_counter() - wall - BEAT)
            self.own = max(self.own, time.thread_time() - cpu)

    def row(self, what: str, seconds: float) -> list[object]:
        late = sorted(self.late)
        return [what, seconds, 1e3 * late[int(0.99 * (len(late) - 1))], 1e3 * late[-1], 1e3 * self.own]


async def measure(args: argparse.Namespace) -> list[list[object]]:
    run = discover(str(args.log))
    settings = load_settings([], dict(os.environ), here="/", run=run.path)
    if isinstance(settings, SettingsError):
        raise SystemExit(settings.message)
    app = make_app([(run, lambda: run)], settings)
    heart, rows = Heart(), list[list[object]]()
    async with app.run_test(size=(240, 50)) as pilot:
        pulse = asyncio.create_task(heart.beat())

        async def phase(what: str, ended: Callable[[], bool], *keys: str) -> None:
            for key in keys:
                await pilot.press(key)
            heart.begin()
            begun = time.perf_counter()
            await asyncio.sleep(0.3)  # what was asked for begins
            while not ended() and time.perf_counter() - begun < args.timeout:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.02)
            rows.append(heart.row(what, time.perf_counter() - begun))

        def is_read() -> bool:
            runs = app.workspace.runs
            return bool(runs and runs[0].logs) and not runs[0].still_reading

        def is_filtered() -> bool:
            return pane.view.found is not None and pane.view.found.done

        def is_searched() -> bool:
            search = pane.finder.search
            return search is not None and search.progress is not None and search.progress.done

        await phase("opened and read", is_read)
        pane = app.screen.query_one(LogPane)
        await phase(f"filter level:{args.level}", is_filtered, "f", *f"level:{args.level}", "enter")
        await pilot.press("escape")
        await phase("search for a rare word", is_searched, "slash", *args.word, "enter")
        pulse.cancel()
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description="how long the thread of the screen is held up")
    parser.add_argument("log", type=Path)
    parser.add_argument("--level", default="info")
    parser.add_argument("--word", default="nosuchword", help="what is searched for, through all of the log")
    parser.add_argument("--timeout", type=float, default=300.0)
    args = parser.parse_args()
    gc.set_threshold(*GARBAGE)  # as the command does
    print(f"{args.log.name}, {args.log.stat().st_size / 1e6:,.0f} MB; {tell_machine()}\n")
    rows = asyncio.run(measure(args))
    print(table(["", "seconds", "p99 late ms", "longest ms", "own CPU ms"], rows))
    print(f"\nlargest memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB")


if __name__ == "__main__":
    main()
