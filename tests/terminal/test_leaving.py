"""Leaving in the middle of a scan: the process ends with its own code and says nothing of its threads."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from screen import Terminal

LINE = "10:00:00 [INFO] rl.vecenv: worker 4 steps=6940482 latency_ms=8.35\n"
SCANNING = """
import sys, threading
from lptui import __main__, cli
begun = threading.Event()

def scan():
    import re2
    pattern, text = re2.compile(b"CUDA out of memory|Killed"), b"worker 4 steps=6940482\\n" * 50_000
    begun.set()
    while True:
        pattern.search(text)

def run(argv):
    threading.Thread(target=scan, daemon=True).start()
    begun.wait()
    print("the verdict")
    return 3

cli.run = run
__main__.main()
"""


def test_a_thread_that_is_left_in_a_scan_does_not_bring_the_process_down() -> None:
    pytest.importorskip("re2")
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", SCANNING], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (3, "the verdict\n", "")


@pytest.fixture(scope="module")
def long_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("long") / "script.log"
    path.write_text(LINE * 1_000_000)
    return path


@pytest.mark.parametrize(
    ("how", "code"), [("q", 0), ("\x03q", 0), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=str
)
def test_the_screen_is_left_while_history_is_scanned(how: str | signal.Signals, code: int, long_log: Path) -> None:
    with Terminal([sys.executable, "-m", "lptui", "attach", str(long_log)], 80, 24) as terminal:
        terminal.wait_for("reading")
        if isinstance(how, str):
            terminal.type(how)
        else:
            terminal.process.send_signal(how)
        assert terminal.wait_for_end() == code
        assert b"terminate called" not in terminal.raw
        assert terminal.left_behind == []


@pytest.mark.parametrize("command", [["check"], ["attach", "--once"]], ids=" ".join)
@pytest.mark.parametrize(("how", "code"), [("\x03", 130), (signal.SIGTERM, -15), (signal.SIGHUP, -1)], ids=str)
def test_a_verdict_is_broken_off(command: list[str], how: str | signal.Signals, code: int, long_log: Path) -> None:
    with Terminal([sys.executable, "-m", "lptui", *command, str(long_log)], 80, 24) as terminal:
        terminal.pump(1.0)  # it says nothing until it is done
        if isinstance(how, str):
            terminal.type(how)
        else:
            terminal.process.send_signal(how)
        assert terminal.wait_for_end() == code
        assert b"terminate called" not in terminal.raw
        assert b"Traceback" not in terminal.raw
