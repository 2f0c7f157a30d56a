"""Make docs/screenshot.svg: the real engine and screen on the recorded run whose loss became NaN.

    python docs/make_screenshot.py [--run nan] [--finding nan-loss] [--size 160x46] [--theme night] [--out FILE]

Only names of this machine (host, disk path) are replaced; everything else is what lptui found.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(HERE), str(ROOT), str(ROOT / "tests" / "runs")]

from record import restore_times  # noqa: E402
from vector_cells import fix_cells  # noqa: E402

from lptui.config.settings import Settings  # noqa: E402
from lptui.engine.engine import Engine  # noqa: E402
from lptui.run import discover  # noqa: E402
from lptui.state.run_state import RunState  # noqa: E402
from lptui.tui.app import LptuiApp  # noqa: E402

DEADLINE = 60.0


class Neutral(Engine):
    """The engine, telling no names of the machine that made the picture."""

    def start(
        self,
        on_state: Callable[[RunState], None] | None = None,
        on_failure: Callable[[Exception], None] | None = None,
    ) -> None:
        def tell(state: RunState) -> None:
            host = state.host and replace(state.host, name="trainbox", disk_path="~/train_dir")
            if on_state is not None:
                on_state(replace(state, host=host))

        super().start(tell, on_failure)


async def take(run: Path, size: tuple[int, int], theme: str, wanted: str) -> str:
    """The screen on `run` as SVG, once everything is read, with the finding of class `wanted` chosen."""
    app = LptuiApp(Neutral(discover(str(run))), Settings(theme=theme))
    async with app.run_test(size=size) as pilot:
        for _ in range(int(DEADLINE / 0.2)):
            await pilot.pause(0.2)
            space = app.workspace
            if space.runs and space.run.complete and space.run.findings and space.run.host is not None:
                break
        else:
            raise SystemExit(f"not read within {DEADLINE:.0f} s: {app.workspace}")
        await pilot.press("2")
        for _ in app.workspace.run.findings if wanted else ():
            await pilot.press("n")
            await pilot.pause(0.5)
            cursor = app.workspace.cursor
            if cursor is not None and (cursor.finding_id or "").startswith(wanted):
                break
        await pilot.pause(1.5)
        return fix_cells(app.export_screenshot(title=f"lptui attach {run.name}"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--run", default="nan", help="one of tests/runs")
    parser.add_argument("--size", default="160x46", metavar="COLUMNSxROWS")
    parser.add_argument("--theme", default="night")
    parser.add_argument("--finding", default="nan-loss", help="class of the finding that is chosen; '' for none")
    parser.add_argument("--out", type=Path, default=HERE / "screenshot.svg")
    args = parser.parse_args()
    columns, rows = (int(n) for n in args.size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "train_dir" / args.run
        shutil.copytree(ROOT / "tests" / "runs" / args.run, run)
        restore_times(run)
        svg = asyncio.run(take(run, (columns, rows), args.theme, args.finding))
    if folder in svg:
        raise SystemExit(f"the picture would show {folder}")
    args.out.write_text(svg, encoding="utf-8")
    sys.stdout.write(f"{args.out}: {len(svg):,} bytes\n")


if __name__ == "__main__":
    main()
