"""`lptui explain`: a class, a finding's id, near misses, all classes, rules of one's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lptui.cli import run
from lptui.cli.explanation import OWN, find_class, find_near, group_of, readable
from lptui.detect.catalogue import load_catalogue

CATALOGUE = load_catalogue()


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("cuda-oom", "cuda-oom"),
        ("log:cuda-oom:1", "cuda-oom"),
        ("hung-no-progress:1:1795473233", "hung-no-progress"),
        ("checkpoint-leftover", "checkpoint-interrupted"),
        ("lptui-detector-silence", "lptui-error"),
        ("lptui-rule:/home/me/x.yaml:gremlins:broken", "rule-left-out"),
        ("memory-leak:host", "memory-leak"),
        ("no-such-class", None),
    ],
)
def test_a_class_or_the_id_of_a_finding(name: str, cls: str | None) -> None:
    found = find_class(name, CATALOGUE)
    assert (found.id if found is not None else None) == cls


@pytest.mark.parametrize(
    ("name", "near"),
    [("cuda_oom", "cuda-oom"), ("oom", "cuda-oom"), ("nan", "nan-loss"), ("memroy-leak", "memory-leak")],
)
def test_near_misses(name: str, near: str) -> None:
    assert near in find_near(name, CATALOGUE)


def test_every_class_is_explained_without_a_placeholder_left(capsys: pytest.CaptureFixture[str]) -> None:
    for name in (*CATALOGUE.entries, *CATALOGUE.observed):
        assert run(["explain", name]) == 0
        text = capsys.readouterr().out
        assert text.startswith(f"{name}: ")
        assert "What it means" in text
        assert "{" not in text.split("\nFor example")[0], name
        assert group_of(CATALOGUE.find(name)) != OWN  # type: ignore[arg-type]


def test_placeholders_read_as_what_they_stand_for() -> None:
    assert readable("{config:a.b} {half:a.b} {double:a.b} {path} {memory_note}.") == (
        "<your a.b> <half of your a.b> <twice your a.b> <path> ."
    )


def test_classes_that_no_log_line_tells_say_what_finds_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "entropy-collapse", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["found_by"][0].startswith("metrics")
    assert told["fixes"][0]["confidence"] < 1
    assert run(["explain", "nan-loss", "--json"]) == 0
    assert [f.split()[0] for f in json.loads(capsys.readouterr().out)["found_by"]] == ["log", "metrics:"]


def test_all_classes_are_listed_by_subject(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain"]) == 0
    text = capsys.readouterr().out
    assert all(f"  {name} " in text for name in (*CATALOGUE.entries, *CATALOGUE.observed))
    assert text.index("CUDA and the GPU") < text.index("Seen by watching")
    assert run(["explain", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == len(CATALOGUE.entries) + len(CATALOGUE.observed)


def test_an_unknown_class_is_one_line_with_near_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "cuda-ooom\x1b[2J"]) == 3
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "\x1b" not in error
    assert "cuda-oom" in error


def test_rules_of_ones_own_are_listed_and_tried_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["explain", "--rules"]) == 0
    assert "no rules of your own" in capsys.readouterr().out
    good = {
        "id": "gremlins", "title": "Gremlins", "severity": "error", "patterns": ["gremlin in the machine"],
        "examples": ["a gremlin in the machine"], "counter_examples": ["no such thing"], "meaning": "Small beings.",
        "fixes": [{"what": "feed them", "command": "feed"}],
    }  # fmt: skip
    mine = Path(os.environ["LPTUI_HOME"]) / "failures"
    mine.mkdir()
    (mine / "mine.yaml").write_text(json.dumps([{**good, "id": "wrong", "examples": ["says nothing of it"]}]))
    (tmp_path / "lptui.yaml").write_text(json.dumps({"failures": [good, {"id": "half"}]}))
    assert run(["explain", "--rules"]) == 1
    text = capsys.readouterr().out
    assert "● gremlins: new; its commands are left out" in text
    assert "✖ half: left out: the key 'title' is missing" in text
    assert "example 1 is not recognised" in text
    assert run(["explain", "gremlins"]) == 0
    assert "feed them" in capsys.readouterr().out
    (tmp_path / "lptui.yaml").write_text(json.dumps({"failures": [good]}))
    (mine / "mine.yaml").unlink()


def test_it_needs_no_screen() -> None:
    code = (
        "import sys; from lptui.cli import run; run(['explain', 'cuda-oom']); run(['explain', '--rules']);"
        "print(sorted({'textual', 'rich', 'numpy'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.endswith("[]\n")
