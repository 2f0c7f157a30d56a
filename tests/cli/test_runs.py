"""`lptui runs`: the table, JSON, the filter, what is wrong with what was asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from lptui.cli import run
from lptui.cli.runs_text import table
from lptui.model.summary import RunSummary


@pytest.fixture
def root(recorded: Callable[[str], Path]) -> Path:
    for kind in ("healthy", "nan", "cuda-oom"):
        path = recorded(kind)
    return path.parent


def test_a_table_with_state_and_finding(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["runs", str(root)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:2] == ["run", "state"]
    assert len(lines) == 4
    assert any("cuda-oom" in line and "crashed" in line and "GPU memory ran out" in line for line in lines)
    assert any("healthy" in line and "finished" in line and "reward" in line for line in lines)


def test_json_says_how_far_the_look_went_and_what_each_run_consists_of(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["runs", str(root), "--json", "--filter", "state:crashed -finding:oom"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["schema"] == "lptui.runs/2"
    (row,) = data["runs"]
    assert row["name"] == "nan"
    assert row["looked"] == "quick"
    assert row["worst_finding"]["severity"] == "error"
    assert row["logs"] == [f"{root}/nan/logs/script.log"]
    assert row["metric"]["name"] == "overview/reward"


def test_filter_limit_and_what_is_not_there(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["runs", str(root), "--limit", "1"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert run(["runs", str(root), "--filter", "nothing-like-it"]) == 0
    assert "no run matches" in capsys.readouterr().err
    assert run(["runs", str(root), "--filter", "colour:red"]) == 2
    assert "no field" in capsys.readouterr().err
    assert run(["runs", str(root / "nowhere")]) == 3
    assert "no such folder" in capsys.readouterr().err
    (root / "empty").mkdir()
    assert run(["runs", str(root / "empty")]) == 0
    assert "no runs below" in capsys.readouterr().err


def test_several_roots_are_one_list(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["runs", str(root / "healthy"), str(root / "nan"), "--json"]) == 0
    assert {row["name"] for row in json.loads(capsys.readouterr().out)["runs"]} == {"healthy", "nan"}


def test_hostile_names_are_harmless_and_lines_fit() -> None:
    bad = RunSummary("a\x1b[31m\nb" * 40, "/x", severity="error", finding="\x1b]0;x\x07" * 99, condition="\x1b[2J")
    for line in table([bad], 0.0, 80):
        assert "\x1b" not in line
        assert "\n" not in line
        assert len(line) <= 80


def test_the_server_is_named_as_it_must_be(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["runs", "--wandb", "lab"]) == 2
    assert "ENTITY/PROJECT" in capsys.readouterr().err
    assert run(["attach", "wandb://lab/arena"]) == 3
    assert "wandb://ENTITY/PROJECT/RUN_ID" in capsys.readouterr().err


def test_a_run_without_a_record_on_the_server_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "train.log").write_text("step=1 loss=0.5\n")
    assert run(["attach", str(tmp_path), "--cloud"]) == 3
    assert "neither wandb_ipc.json nor" in capsys.readouterr().err
