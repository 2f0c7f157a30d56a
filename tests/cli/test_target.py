"""Which run is meant: paths, names, roots, helpers, and nothing at all."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lptui.cli import run
from lptui.cli.target import Target
from lptui.model.run import RunInfo
from lptui.run import Missing


def found(target: Target) -> RunInfo:
    answer = target.find()
    assert isinstance(answer, RunInfo)
    return answer


@pytest.fixture
def root(recorded: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    run_dir = recorded("healthy")
    monkeypatch.chdir(run_dir.parent.parent)
    return run_dir


def test_by_path_by_name_and_by_nothing(root: Path) -> None:
    for name in (str(root), "train_dir/healthy", "healthy", None):
        assert found(Target(name)).path == str(root)


def test_by_root_by_data_dir_and_by_settings(
    root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert isinstance(Target("healthy").find(), Missing)
    assert found(Target("healthy", (str(root.parent),))).path == str(root)
    monkeypatch.setenv("DATA_DIR", str(root.parent))
    assert found(Target("healthy")).path == str(root)
    monkeypatch.delenv("DATA_DIR")
    home = Path(os.environ["LPTUI_HOME"])
    (home / "config.yaml").write_text(json.dumps({"roots": [str(root.parent)]}))
    assert found(Target("healthy")).path == str(root)


def test_explicit_helpers_add_what_lies_elsewhere(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    log = tmp_path_factory.mktemp("far") / "other.log"
    log.write_text("step=1 loss=0.5\n")
    run_info = found(Target("healthy", logs=(str(log),), pid=os.getpid()))
    assert str(log) in run_info.logs
    assert run_info.pid == os.getpid()


def test_attach_without_a_terminal_prints_the_state_once(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["attach", "healthy"]) == 0
    assert "healthy: finished" in capsys.readouterr().out


def test_attach_to_nothing_is_exit_3_and_one_line(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["attach", "helthy"]) == 3
    error = capsys.readouterr().err
    assert "nearest: healthy" in error
    assert error.count("\n") == 1


def test_several_runs_are_each_printed_once_and_a_run_named_twice_once(
    root: Path, recorded: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    other = recorded("nan")
    assert run(["attach", "healthy", str(other), str(root)]) == 0
    out = capsys.readouterr().out
    assert out.count("healthy: finished") == 1
    assert out.count("nan: crashed") == 1


def test_of_several_runs_a_missing_one_and_odd_helpers_are_said(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["attach", "healthy", "nowhere"]) == 3
    assert "nowhere" in capsys.readouterr().err
    assert run(["attach", "healthy", ".", "--pid", "1"]) == 2
    assert "one run" in capsys.readouterr().err
    assert run(["attach", *["healthy"] * 9]) == 2
    assert "at most 8" in capsys.readouterr().err
