"""What a row of the list tells of runs whose files the libraries move or name in their own way."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from lptui.engine.glance import glance_at
from lptui.engine.quick_look import look_at
from lptui.run import discover
from lptui.run.listing import Listing
from lptui.sources.writers import Writers

DICTS = "".join(
    f"{{'loss': '{1 / n:.3f}', 'grad_norm': '0.5', 'learning_rate': '0.001', 'epoch': '{n / 20:.2f}'}}\n"
    for n in range(1, 61)
)


def test_hugging_faces_history_is_read_where_it_lies_and_an_epoch_is_no_step(tmp_path: Path) -> None:
    rows = [{"step": n * 10, "epoch": n / 20, "loss": 1 / n} for n in range(1, 61)]
    state = {"global_step": 600, "max_steps": 600, "epoch": 3.0, "log_history": rows}
    saved = tmp_path / "out" / "checkpoint-600"
    saved.mkdir(parents=True)
    (saved / "trainer_state.json").write_text(json.dumps(state, indent=2))
    (saved / "model.safetensors").write_bytes(b"x")
    (tmp_path / "train.log").write_text(DICTS)
    row = look_at(discover(str(tmp_path)), Writers(), saved.stat().st_mtime)
    assert (row.step, row.total, row.metric) == (600, 600, "loss")


def test_lines_that_tell_an_epoch_only_give_no_step(tmp_path: Path) -> None:
    (tmp_path / "train.log").write_text(DICTS)
    row = look_at(discover(str(tmp_path)), Writers(), 2e9)
    assert (row.step, row.epoch, row.metric) == (None, 3, "loss")


@pytest.mark.parametrize("folder", ["", "logs/"])
def test_of_a_log_that_was_just_rotated_the_newest_generation_is_looked_at(tmp_path: Path, folder: str) -> None:
    steps = "".join(f"step={n} reward={n / 10:.3f}\n" for n in range(1, 700))
    for name, text in (("script.log.1", steps), ("script.log.2", "step=3 reward=9.0\n")):
        path = tmp_path / folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        os.utime(path, (2e9 - int(name[-1]),) * 2)
    (tmp_path / "config.yaml").write_text("a: 1")
    row = look_at(discover(str(tmp_path)), Writers(), 2e9)
    assert (row.condition, row.step, row.metric, row.value) == ("running", 699, "reward", 69.9)
    glanced = glance_at(str(tmp_path), 2e9, Writers(), 2e9, Listing())
    assert glanced.step in (None, row.step)
