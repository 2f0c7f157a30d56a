"""Make docs/charts-*.svg: the real engine and the metrics pane on recorded runs, and on trainings made here and now.

    python docs/make_chart_screenshots.py [healthy] [nan] [restart] [runs] [--size 140x40] [--theme night]

`healthy` and `nan` are runs of tests/runs; for `restart` and `runs` the demo trains for real. Only names of this
machine are replaced.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import subprocess
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

STEPS = 160 * 768
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


def train(folder: Path, name: str, seed: int, *more: str) -> Path:
    """One start of the demo's training (real, small), as fast as it goes; the run's folder with its W&B files in it."""
    words = ["--run", name, "--out", str(folder), "--seed", str(seed), "--speed", "1000", "--no-torch"]
    words += ["--total-steps", str(STEPS), *more]
    subprocess.run([sys.executable, "-m", "lptui.demo.training", *words], check=False, capture_output=True, cwd=ROOT)
    run = folder / "train_dir" / name
    for found in folder.glob("wandb/*-run-*"):
        (run / "wandb").mkdir(exist_ok=True)
        shutil.move(found, run / "wandb" / found.name)
    return run


def restarted(folder: Path) -> list[Path]:
    """A training whose host ran out of memory twice, each time started again from its last checkpoint."""
    for epoch in (70, 120):
        train(folder, "resumed", 0, "--fail", "host-oom", "--fail-at", str(epoch))
    return [train(folder, "resumed", 0)]


def compared(folder: Path) -> list[Path]:
    """Three trainings that differ in their seed."""
    return [train(folder, f"seed-{seed}", seed) for seed in (0, 1, 2)]


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
            runs = {"restart": restarted, "runs": compared}.get(view, lambda at, name=view: recorded(at, name))(place)
            svg = asyncio.run(take(runs, (columns, rows), args.theme, VIEWS[view]))
        if folder in svg:
            raise SystemExit(f"the picture would show {folder}")
        out = HERE / f"charts-{view}.svg"
        out.write_text(svg, encoding="utf-8")
        sys.stdout.write(f"{out}: {len(svg):,} bytes\n")


if __name__ == "__main__":
    main()
