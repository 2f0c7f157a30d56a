"""`lptui ckpt PATH` in a real pseudo-terminal, with the engine and its processes, on files written by torch."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path

import pytest
from screen import Terminal

DATA = Path(__file__).parents[1] / "checkpoints" / "data"
CKPT = [sys.executable, "-m", "lptui", "ckpt"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two of a series, one cut short, one with a name that would steer a terminal."""
    for i, source in enumerate(("metta_s1_trainer_state.pt", "metta_s2_trainer_state.pt"), 1):
        shutil.copy(DATA / source, tmp_path / f"model_{i:04d}.pt")
    (tmp_path / "model_0003.pt").write_bytes((DATA / "bf16.pt").read_bytes()[:-300])
    shutil.copy(DATA / "bf16.pt", tmp_path / "evil\x1b]0;owned\x07\u202e.pt")
    for path in tmp_path.iterdir():
        os.utime(path, (1.7e9, 1.7e9))
    return tmp_path


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (60, 15), (200, 50)])
def test_a_folder_is_a_list_and_enter_goes_into_one(columns: int, rows: int, folder: Path) -> None:
    with Terminal([*CKPT, str(folder)], columns, rows) as terminal:
        terminal.wait_for("CUT OFF")
        terminal.wait_for("model_0001.pt")
        assert not any(len(row) > columns for row in terminal.rows)
        assert not any("\x1b" in row or "\u202e" in row for row in terminal.rows)
        terminal.type("G\r")
        terminal.wait_for("1 Tensors")
        terminal.type("q")
        terminal.wait_for("can resume")
        terminal.type("q")
        assert terminal.wait_for_end() == 0


def test_a_file_is_read_deep_and_compared(folder: Path) -> None:
    with Terminal([*CKPT, str(folder / "model_0002.pt")], 120, 40) as terminal:
        terminal.wait_for("optimizer_state_dict")
        terminal.type("v")
        terminal.wait_for("verified")
        terminal.wait_for("norm")
        terminal.type("d")
        terminal.wait_for("model_0001.pt → model_0002.pt")
        terminal.wait_for("+26,214,400")
        terminal.type("\x1b")
        terminal.wait_for("CUT OFF")
        terminal.type("q")
        assert terminal.wait_for_end() == 0


def test_a_signal_gives_the_terminal_back(folder: Path) -> None:
    with Terminal([*CKPT, str(folder)], 80, 24) as terminal:
        terminal.wait_for("CUT OFF")
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.wait_for_end() == 143
        assert terminal.left_behind == []
