"""The layout of the charts is read and kept by a thread of the engine."""

from __future__ import annotations

import queue
from pathlib import Path

import pytest

from lptui.config.layout_file import layout_path
from lptui.engine.layout_answers import LayoutAnswers
from lptui.model.chart_layout import ChartLayout
from lptui.model.request import Answer, KeepLayout, LayoutRead, ReadLayout


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("LPTUI_HOME", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "runs" / "a"
    folder.mkdir(parents=True)
    return folder


def ask(answers: LayoutAnswers, request: ReadLayout | KeepLayout) -> Answer:
    told: queue.SimpleQueue[Answer] = queue.SimpleQueue()
    answers.ask(request, told.put)
    return told.get(timeout=10)


def test_kept_for_the_next_watch(run: Path) -> None:
    first = LayoutAnswers(str(run))
    assert ask(first, ReadLayout()) == LayoutRead(None)
    first.ask(KeepLayout(ChartLayout(log=True)), lambda _answer: None)
    first.stop()
    second = LayoutAnswers(str(run))
    assert ask(second, ReadLayout()) == LayoutRead(ChartLayout(log=True))
    second.stop()
    assert not any(run.iterdir())


def test_what_cannot_be_read_is_not_replaced(run: Path, tmp_path: Path) -> None:
    path = Path(layout_path({"XDG_STATE_HOME": str(tmp_path / "state")}, str(run)))
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    answers = LayoutAnswers(str(run))
    answer = ask(answers, ReadLayout())
    assert isinstance(answer, LayoutRead)
    assert str(path) in answer.note
    answers.ask(KeepLayout(ChartLayout(log=True)), lambda _answer: None)
    answers.stop()
    assert path.read_text() == "mine"


def test_a_state_folder_that_cannot_be_written_is_told(run: Path, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file in its place")
    answers = LayoutAnswers(str(run))
    answer = ask(answers, KeepLayout(ChartLayout(log=True)))
    assert isinstance(answer, LayoutRead)
    assert "not kept" in answer.note
    answers.stop()
