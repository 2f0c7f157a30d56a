"""What is loaded when: the first paint and the first frame must not wait for heavy modules. In a real pty."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HEAVY = {"textual", "rich", "numpy", "omegaconf", "yaml", "watchdog", "psutil", "pynvml", "torch", "wandb", "re2"}

AT_FIRST_PAINT = """
import os, sys
import lptui.paint as paint
shown = paint.FirstScreen.__enter__
def enter(self):
    shown(self)
    self.restore()
    with open({out!r}, "w") as out:
        out.write(" ".join(sys.modules))
    os._exit(0)
paint.FirstScreen.__enter__ = enter
from lptui.cli import run
run(["attach", {run!r}])
"""
AT_FIRST_FRAME = """
import os, sys
from lptui.cli import run
import lptui.tui.app as app
def start(self):
    with open({out!r}, "w") as out:
        out.write(" ".join(sys.modules))
    self.exit()
app.LptuiApp._start = start
run(["attach", {run!r}])
"""


def run_in_pty(code: str) -> bytes:
    """Run Python code in a terminal of its own; what it wrote there."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", COLUMNS="100", LINES="30")
        os.execv(sys.executable, [sys.executable, "-c", code])
    written = b""
    while select.select([terminal], [], [], 60)[0]:
        try:
            data = os.read(terminal, 65536)
        except OSError:
            break
        if not data:
            break
        written += data
    os.waitpid(pid, 0)
    os.close(terminal)
    return written


AFTER_CHECK = """
import sys
from lptui.cli import run
run(["check", {run!r}])
print("\\n".join(sys.modules))
"""
NOT_FOR_CHECK = {
    *("textual", "rich", "numpy", "omegaconf", "watchdog", "torch", "wandb", "hashlib"),
    # What reads kinds of files that this run has not.
    *(f"lptui.sources.{name}" for name in ("event_files", "metric_files", "mlflow_files", "run_database", "cloud")),
    # The parent of the checkpoint reader parses nothing itself, and compares only when it is asked to.
    *(f"lptui.checkpoints.{name}" for name in ("comparison", "deep", "drift", "walk", "stubs", "opcodes", "draft")),
}


def test_check_loads_only_what_it_needs(recorded: Callable[[str], Path]) -> None:
    code = AFTER_CHECK.format(run=str(recorded("healthy")))
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert {"lptui.checkpoints.worker", "lptui.sources.wandb"} <= set(told.split())
    assert not NOT_FOR_CHECK & set(told.split())


@pytest.mark.parametrize(
    ("code", "forbidden"), [(AT_FIRST_PAINT, HEAVY), (AT_FIRST_FRAME, {"torch", "wandb", "numpy"})]
)
def test_modules(code: str, forbidden: set[str], recorded: Callable[[str], Path], tmp_path: Path) -> None:
    out = tmp_path / "modules"
    run_in_pty(code.format(out=str(out), run=str(recorded("healthy"))))
    assert not forbidden & set(out.read_text().split())


def test_the_first_paint_shows_the_run_and_its_newest_line_and_gives_the_terminal_back(
    recorded: Callable[[str], Path], tmp_path: Path
) -> None:
    written = run_in_pty(AT_FIRST_PAINT.format(out=str(tmp_path / "m"), run=str(recorded("healthy"))))
    assert b"healthy" in written
    assert b"Training complete!" in written
    assert written.rstrip().endswith(b"\x1b[?25h\x1b[?1049l")
