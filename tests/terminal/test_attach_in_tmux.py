"""`lptui attach` inside a real tmux: the panes are there, and a resize leaves a whole frame."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from screen import wait_until

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="no tmux here")


class Tmux:
    """A tmux server of our own with one window."""

    def __init__(self, folder: str) -> None:
        self._env = {**os.environ, "TMUX_TMPDIR": folder, "LC_ALL": "C.UTF-8"}
        self._env.pop("TMUX", None)

    def call(self, *words: str) -> str:
        command = ["tmux", "-u", "-f", "/dev/null", *words]
        return subprocess.run(command, env=self._env, capture_output=True, text=True, check=True).stdout

    def shown(self) -> str:
        return self.call("capture-pane", "-p")

    def wait_for(self, fulfilled: Callable[[str], bool]) -> str:
        wait_until(lambda: fulfilled(self.shown()), self.shown)
        return self.shown()


@pytest.fixture
def tmux() -> Iterator[Tmux]:
    with tempfile.TemporaryDirectory(prefix="tmux") as folder:  # short: the path of a socket may have 107 bytes
        server = Tmux(folder)
        yield server
        subprocess.run(["tmux", "kill-server"], env=server._env, check=False, capture_output=True)


def test_panes_and_a_resize(tmux: Tmux, recorded: Callable[[str], Path]) -> None:
    run = recorded("nan")
    command = [sys.executable, "-m", "lptui", "attach", str(run)]
    tmux.call("new-session", "-d", "-x", "120", "-y", "40", *command)
    shown = tmux.wait_for(lambda text: all(f"─ {pane}" in text for pane in ("1 Log", "2 Findings", "3 Metrics")))
    tmux.wait_for(lambda text: "crashed" in text.split("\n")[0])
    assert max(len(row) for row in shown.split("\n")) <= 120

    tmux.call("resize-window", "-x", "60", "-y", "15")
    shown = tmux.wait_for(lambda text: "╭" not in text and "crashed" in text.split("\n")[0])
    rows = shown.rstrip("\n").split("\n")
    assert len(rows) <= 15
    assert max(len(row) for row in rows) <= 60
    assert shown.count("crashed") == 1

    tmux.call("resize-window", "-x", "120", "-y", "40")
    tmux.wait_for(lambda text: text.count("╭") == text.count("╯") == 3)


def test_leaving_gives_the_pane_back_to_the_shell(tmux: Tmux, recorded: Callable[[str], Path]) -> None:
    tmux.call("new-session", "-d", "-x", "100", "-y", "30", "sh", "-c", "echo before; exec sh -i")
    tmux.wait_for(lambda text: "before" in text)
    tmux.call("send-keys", "-l", f"{sys.executable} -m lptui attach {recorded('healthy')}; echo left with $?")
    tmux.call("send-keys", "Enter")
    tmux.wait_for(lambda text: "finished" in text.split("\n")[0])
    tmux.call("send-keys", "q")
    shown = tmux.wait_for(lambda text: "left with 0" in text)
    assert "before" in shown
    assert "finished" not in shown.split("\n")[0]
    modes = "#{alternate_on} #{cursor_flag} #{mouse_any_flag}"
    assert tmux.call("display-message", "-p", modes).split() == ["0", "1", "0"]


def test_keys_that_come_at_once_reach_the_line_that_the_first_one_opens(
    tmux: Tmux, recorded: Callable[[str], Path]
) -> None:
    command = [sys.executable, "-m", "lptui", "attach", str(recorded("nan"))]
    tmux.call("new-session", "-d", "-x", "120", "-y", "40", *command)
    tmux.wait_for(lambda text: "crashed" in text.split("\n")[0] and "─ 1 Log" in text)
    tmux.call("send-keys", "/", "needle", "Enter")
    tmux.wait_for(lambda text: "/needle" in text)
    tmux.call("send-keys", "Escape")  # alone: with a letter behind it a terminal says alt and that letter
    tmux.wait_for(lambda text: "/needle" not in text)
    tmux.call("send-keys", "f", "nan zqn", "Enter")
    tmux.wait_for(lambda text: "filter nan zqn" in text)
    tmux.call("send-keys", ":", "nothing", "Enter")
    tmux.wait_for(lambda text: "nothing: not a number" in text)
