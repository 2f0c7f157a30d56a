"""`lptui check` on recorded runs: the verdict, the exit code, the JSON."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lptui.cli import run
from lptui.config.care_file import append_care, care_path
from lptui.model.care import CareEntry

Recorded = Callable[[str], Path]


def check(path: Path, capsys: pytest.CaptureFixture[str], *flags: str) -> tuple[int, dict[str, Any]]:
    code = run(["check", str(path), "--json", *flags])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("name", "state", "classes"),
    [
        ("healthy", "finished", set[str]()),
        ("nan", "crashed", {"nan-loss"}),
        ("crash", "crashed", {"env-crash", "uncaught-exception", "shape-or-dtype-error"}),
        ("cuda-oom", "crashed", {"cuda-oom"}),
        ("host-oom", "crashed", {"host-oom-kill"}),
        ("starved", "finished", {"curriculum-stuck"}),
        ("corrupt-checkpoint", "crashed", {"checkpoint-corrupt"}),
        ("restarted", "crashed", {"restart-loop"}),
    ],
)
def test_verdict(
    name: str, state: str, classes: set[str], recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    code, verdict = check(recorded(name), capsys)
    active = {f["class"] for f in verdict["findings"] if f["active"] and f["severity"] == "error"}
    assert verdict["schema"] == "lptui.check/1"
    assert verdict["state"] == state, verdict["state_reason"]
    assert verdict["complete"], verdict["sources"]
    assert bool(active & classes) == bool(classes), active
    assert code == (1 if classes else 0)
    if not classes:
        assert not active


def test_an_error_in_the_log_names_its_place_and_a_fix(recorded: Recorded, capsys: pytest.CaptureFixture[str]) -> None:
    path = recorded("cuda-oom")
    _, verdict = check(path, capsys)
    finding = next(f for f in verdict["findings"] if f["class"] == "cuda-oom")
    place = finding["evidence"][0]
    log = Path(place["file"]).read_bytes()
    assert b"CUDA out of memory" in log[place["offset"] :].split(b"\n", 1)[0]
    assert b"CUDA out of memory" in log.split(b"\n")[place["line"] - 1]
    assert "minibatch" in finding["fix"]["what"] or "batch" in finding["fix"]["what"]


def test_warnings_count_only_when_asked(recorded: Recorded, capsys: pytest.CaptureFixture[str]) -> None:
    path = recorded("healthy")
    leftover = path / "checkpoints" / "tmpabc123.pt"
    leftover.write_bytes(b"half")
    os.utime(leftover, (1_000_000_000, 1_000_000_000))
    assert check(path, capsys)[0] == 0
    assert check(path, capsys, "--fail-on", "warning")[0] == 1


def test_what_cannot_be_read_is_exit_4_and_said(recorded: Recorded, capsys: pytest.CaptureFixture[str]) -> None:
    path = recorded("healthy")
    wandb = next(path.glob("wandb/*/*.wandb"))
    data = bytearray(wandb.read_bytes())
    data[len(data) // 2] ^= 0xFF
    wandb.write_bytes(data)
    code, verdict = check(path, capsys)
    assert code == 4
    assert not verdict["complete"]
    assert all(s["why"] for s in verdict["sources"] if not s["complete"])


def test_a_missing_run_is_one_line_with_the_nearest_names(
    recorded: Recorded, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(recorded("healthy").parent.parent)
    assert run(["check", "heathly"]) == 3
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "healthy" in error


def test_sentences_say_state_finding_and_fix(recorded: Recorded, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", str(recorded("starved"))]) == 1
    text = capsys.readouterr().out
    assert "starved: finished" in text
    assert "collapsed" in text
    assert "fix:" in text
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", text)


def test_usage_errors_are_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--fail-on", "maybe"]) == 2
    assert run(["chekc", "x"]) == 2
    assert "did you mean `lptui check`" in capsys.readouterr().err


def test_runs_lists_and_describes(recorded: Recorded, capsys: pytest.CaptureFixture[str]) -> None:
    root = recorded("healthy").parent
    assert run(["runs", str(root)]) == 0
    assert "healthy" in capsys.readouterr().out
    assert run(["runs", str(root), "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["runs"]
    assert [r["name"] for r in listed] == ["healthy"]
    assert listed[0]["looked"]


def test_our_own_failure_is_one_line_and_exit_4(
    recorded: Recorded, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("lptui.engine.reading.read_run", fail)
    assert run(["check", str(recorded("healthy"))]) == 4
    error = capsys.readouterr().err
    assert "Traceback" not in error
    assert "a bug" in error


def test_what_was_acknowledged_is_shown_and_does_not_alarm(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    path = recorded("cuda-oom")
    finding = next(f for f in check(path, capsys)[1]["findings"] if f["class"] == "cuda-oom")
    kept = care_path(os.environ, str(path))
    append_care(kept, [CareEntry(finding["id"], "acknowledged", 4e9, "ann@box")])
    before = Path(kept).read_bytes()
    code, verdict = check(path, capsys)
    told = next(f for f in verdict["findings"] if f["class"] == "cuda-oom")
    assert code == 0
    assert (told["active"], told["acknowledged"]) == (True, True)
    assert {"what": "acknowledged", "time": 4e9, "by": "ann@box", "until": None, "attempt": None} in told["history"]
    assert check(path, capsys, "--all")[0] == 1
    assert run(["check", str(path)]) == 0
    assert "acknowledged by ann@box" in capsys.readouterr().out
    assert Path(kept).read_bytes() == before  # check only reads


@pytest.mark.parametrize(("until", "code"), [(4e9, 0), (1e9, 1)])
def test_a_snooze_counts_until_it_ends(
    until: float, code: int, recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    path = recorded("cuda-oom")
    append_care(care_path(os.environ, str(path)), [CareEntry("log:cuda-oom:1", "snoozed", 3.9e9, "ann@box", until)])
    assert check(path, capsys)[0] == code


def test_rules_of_a_project_count_and_a_broken_one_is_told(
    recorded: Recorded, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = recorded("healthy")
    monkeypatch.chdir(path.parent)
    rule = {
        "id": "done", "title": "It says that it is done", "severity": "error", "patterns": ["Training complete"],
        "levels": "any", "examples": ["Training complete"], "counter_examples": [], "meaning": "Done.", "fixes": [],
    }  # fmt: skip
    (path.parent / "lptui.yaml").write_text(json.dumps({"failures": [rule, {"id": "half"}]}))
    code, verdict = check(path, capsys)
    told = {f["class"]: f["severity"] for f in verdict["findings"]}
    assert (code, told) == (1, {"done": "error", "rule-left-out": "info"})


def test_a_bar_that_counts_nothing_tells_its_share(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "train.log"
    log.write_text(f"Training {'━' * 20} {45:>3}% 0:00:09\n")
    _, verdict = check(log, capsys)
    assert (verdict["step"], verdict["share"]) == (None, 0.45)
    log.write_text("step=5 loss=0.5\n")
    _, verdict = check(log, capsys)
    assert (verdict["step"], verdict["share"]) == (5, None)
