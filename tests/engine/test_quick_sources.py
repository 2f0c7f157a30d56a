"""What a row of the list tells of runs whose files the libraries move or name in their own way."""

from __future__ import annotations

import json
from pathlib import Path

from lptui.engine.quick_look import look_at
from lptui.run import discover
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
