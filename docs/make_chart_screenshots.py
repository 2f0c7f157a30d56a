"""Make docs/charts-*.svg: the real engine and the metrics pane on recorded runs, and on JSON lines made up here.

    python docs/make_chart_screenshots.py [healthy] [nan] [restart] [runs] [--size 140x40] [--theme night]

`healthy` and `nan` are recorded trainings, `restart` and `runs` are made up. Only names of this machine are replaced.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import random
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(HERE), str(ROOT), str(ROOT / "tests" / "runs")]

from make_screenshot import DEADLINE, Neutral  # noqa: E402
from record import restore_times  # noqa: E402
from vector_cells import fix_cells  # noqa: E402

from lptui.config.settings import Settings  # noqa: E402
from lptui.run import discover  # noqa: E402
from lptui.tui.app import LptuiApp  # noqa: E402

VIEWS = {
    "healthy": ("3", "z"),
    "nan": ("3", "z"),
    "restart": ("3", "z", "enter", "d", "m", "m"),
    "runs": ("3", "z", "m"),
}


def recorded(folder: Path, name: str) -> list[Path]:
    """A copy of one of tests/runs, with the times at which its files were written."""
    run = folder / "train_dir" / name
    shutil.copytree(ROOT / "tests" / "runs" / name, run)
    restore_times(run)
    return [run]


def rewound(folder: Path) -> list[Path]:
    """A run that fell back to its last checkpoint twice and wrote the steps since then anew, as JSON lines."""
    run = folder / "train_dir" / "resumed"
    run.mkdir(parents=True)
    rng, at = random.Random(3), 1_790_000_000.0
    with (run / "metrics.jsonl").open("w", encoding="utf-8") as file:
        for first, last, luck in ((0, 420, 0.0), (300, 700, 0.06), (640, 1000, 0.02)):
            for step in range(first, last):
                at += 4
                loss = 2.1 * math.exp(-step / 260) + 0.35 + luck + rng.gauss(0, 0.03)
                reward = 1 - math.exp(-step / 350) - luck + rng.gauss(0, 0.04)
                row = {"global_step": step * 4096, "_timestamp": at, "train/loss": loss, "val/loss": loss * 1.08 + 0.02}
                row |= {
                    "train/reward": reward,
                    "perf/sps": 41_000 + rng.gauss(0, 600),
                    "train/lr": 3e-4 * (1 - step / 1000),
                }
                file.write(json.dumps(row) + "\n")
    return [run]


def compared(folder: Path) -> list[Path]:
    """Three runs of one sweep that differ in their learning rate, as trainers' JSON lines."""
    runs: list[Path] = []
    for name, rate, floor in (("lr-3e-4", 300.0, 0.35), ("lr-1e-3", 130.0, 0.48), ("lr-1e-4", 700.0, 0.3)):
        run = folder / "sweep" / name
        run.mkdir(parents=True)
        rng = random.Random(name)
        with (run / "metrics.jsonl").open("w", encoding="utf-8") as file:
            for step in range(1000):
                loss = 2.1 * math.exp(-step / rate) + floor + rng.gauss(0, 0.05)
                row = {"global_step": step * 4096, "_timestamp": 1_790_000_000.0 + step * 4, "train/loss": loss}
                row |= {
                    "train/reward": 1.4 - loss / 1.7 + rng.gauss(0, 0.03),
                    "train/entropy": 1.3 - step / 1400 * 130 / rate,
                }
                row |= {"perf/sps": 41_000 + rng.gauss(0, 600)}
                file.write(json.dumps(row) + "\n")
        runs.append(run)
    return runs


async def take(runs: Sequence[Path], size: tuple[int, int], theme: str, keys: Sequence[str]) -> str:
    """The metrics pane on `runs` as SVG, once everything is read."""
    app = LptuiApp([Neutral(discover(str(run))) for run in runs], Settings(theme=theme))
    async with app.run_test(size=size) as pilot:
        for _ in range(int(DEADLINE / 0.2)):
            await pilot.pause(0.2)
            space = app.workspace
            ready = len(space.runs) == len(runs) and all(one.complete and one.series for one in space.runs)
            if ready and space.run.host is not None:
                break
        else:
            raise SystemExit(f"not read within {DEADLINE:.0f} s: {app.workspace}")
        await pilot.pause(3)
        for key in keys:
            await pilot.press(key)
            await pilot.pause(0.3)
        await pilot.pause(1.5)
        return fix_cells(app.export_screenshot(title=f"lptui attach {' '.join(run.name for run in runs)}"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("views", nargs="*", default=list(VIEWS))
    parser.add_argument("--size", default="140x40", metavar="COLUMNSxROWS")
    parser.add_argument("--theme", default="night")
    args = parser.parse_args()
    columns, rows = (int(n) for n in args.size.split("x"))
    for view in args.views:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            runs = {"restart": rewound, "runs": compared}.get(view, lambda at, name=view: recorded(at, name))(place)
            svg = asyncio.run(take(runs, (columns, rows), args.theme, VIEWS[view]))
        if folder in svg:
            raise SystemExit(f"the picture would show {folder}")
        out = HERE / f"charts-{view}.svg"
        out.write_text(svg, encoding="utf-8")
        sys.stdout.write(f"{out}: {len(svg):,} bytes\n")


if __name__ == "__main__":
    main()
