"""`lptui` without a command: what it opens."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lptui.cli import run
from lptui.cli.alone import Choice, choose

NOW = 2e9


@pytest.fixture
def root(recorded: Callable[[str], Path]) -> Path:
    for kind in ("healthy", "nan", "crash"):
        path = recorded(kind)
    return path.parent


def touch(path: Path) -> None:
    for file in path.iterdir():
        os.utime(file, (NOW - 5, NOW - 5))


def test_of_old_runs_the_reader_chooses(root: Path) -> None:
    assert choose([str(root)], NOW, frozenset()) == Choice(several=True)


def test_the_only_run_that_is_written_is_meant(root: Path) -> None:
    assert choose([str(root)], NOW, frozenset({str(root / "nan")})) == Choice(path=str(root / "nan"))
    touch(root / "crash")
    assert choose([str(root)], NOW, frozenset()) == Choice(path=str(root / "crash"))
    assert choose([str(root)], NOW, frozenset({str(root / "nan")})) == Choice(several=True)


def test_a_single_run_is_meant_and_without_any_there_is_none(root: Path, tmp_path: Path) -> None:
    assert choose([str(root / "nan")], NOW, frozenset()) == Choice(path=str(root / "nan"))
    (tmp_path / "empty").mkdir()
    assert choose([str(tmp_path / "empty")], NOW, frozenset()) == Choice()


def test_where_there_is_no_terminal_the_help_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    assert "lptui attach" in capsys.readouterr().out
