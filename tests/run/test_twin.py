"""Which record of the W&B server belongs to a run on this disk."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lptui.model.run import RunInfo
from lptui.run import discover
from lptui.run.twin import find_twin


def test_wandb_ipc_names_it(tmp_path: Path) -> None:
    path = tmp_path / "wandb_ipc.json"
    path.write_text(json.dumps({"run_id": "r1", "project": "arena", "entity": "lab", "name": "r"}))
    assert find_twin(RunInfo("r", str(tmp_path), wandb_ipc=str(path))) == "lab/arena/r1"
    path.write_text(json.dumps({"run_id": "r1", "project": "arena"}))
    assert find_twin(RunInfo("r", str(tmp_path), wandb_ipc=str(path))) == ""


def test_an_offline_run_without_an_entity_has_none_and_damage_is_no_failure(
    recorded: Callable[[str], Path], tmp_path: Path
) -> None:
    run = discover(str(recorded("healthy")))
    assert find_twin(run) == "" or find_twin(run).count("/") == 2
    odd = tmp_path / "run-x.wandb"
    odd.write_bytes(b"no W&B file at all")
    assert find_twin(replace(run, wandb=(str(odd), str(tmp_path / "gone.wandb")))) == ""
