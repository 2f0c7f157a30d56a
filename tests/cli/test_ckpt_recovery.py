"""`lptui ckpt ls|resume|load|verify` on runs: pace, room, retention, what to type, following, the trial load."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lptui.cli import ckpt_list, ckpt_verify, run
from lptui.engine.checkpoint_list import as_run, follow_checkpoints

DATA = Path(__file__).parents[1] / "checkpoints" / "data"
RUNS = Path(__file__).parents[1] / "runs"
T0 = 1_700_000_000.0


def ask(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str]:
    code = run(["ckpt", *argv])
    return code, capsys.readouterr().out


def rows(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, list[dict[str, object]]]:
    code, out = ask(capsys, *argv, "--json")
    return code, json.loads(out)


def save(path: Path, at: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(DATA / "bf16.pt", path)
    os.utime(path, (at, at))
    return path


@pytest.fixture
def series(tmp_path: Path) -> Path:
    for i in range(8):
        save(tmp_path / f"step_{100 * (i + 1)}.pt", T0 + 600 * i)
    return tmp_path


class TestList:
    def test_pace_and_room(self, series: Path, capsys: pytest.CaptureFixture[str]) -> None:
        code, text = ask(capsys, "ls", str(series))
        assert code == 0
        assert "8 checkpoints" in text
        assert "one every 10m (100 steps)" in text
        assert "free, room for" in text
        assert "can it resume: yes from step_800.pt" in text

    def test_what_a_rule_would_free_and_nothing_is_deleted(
        self, series: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        code, found = rows(capsys, "ls", str(series), "--keep-last", "2", "--keep-every", "300")
        assert code == 0
        assert [r["step"] for r in found if r["keep"]] == [300, 600, 700, 800]
        text = ask(capsys, "ls", str(series), "--keep-last", "2")[1]
        assert "this rule keeps 2 and frees" in text
        assert "lptui deletes nothing" in text
        assert str(series / "step_100.pt") in text
        assert len(list(series.iterdir())) == 8
        assert "keeps all 8" in ask(capsys, "ls", str(series), "--keep-last", "99")[1]
        assert run(["ckpt", "ls", str(series), "--keep-last", "0"]) == 2

    def test_a_series_that_begins_anew(self, series: Path, capsys: pytest.CaptureFixture[str]) -> None:
        save(series / "step_50.pt", T0 + 9000)
        assert "the series began anew: step_50.pt was written after step_800.pt" in ask(capsys, "ls", str(series))[1]

    def test_every_one_of_many_is_looked_into(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        for i in range(60):
            save(tmp_path / f"step_{i}.pt", T0 + 60 * i)
        assert {r["verdict"] for r in rows(capsys, "ls", str(tmp_path))[1]} == {"ok"}

    def test_one_file_needs_no_summary(self, series: Path, capsys: pytest.CaptureFixture[str]) -> None:
        text = ask(capsys, "ls", str(series / "step_100.pt"))[1]
        assert "can it resume" not in text


class TestFollow:
    def test_new_ones_and_new_verdicts_are_told(self, tmp_path: Path) -> None:
        save(tmp_path / "step_1.pt", T0)
        turns: Iterator[str] = iter(["new", "torn", "quiet", "end"])

        def wait(_seconds: float) -> bool:
            turn = next(turns)
            if turn == "new":
                save(tmp_path / "step_2.pt", T0 + 50)
            elif turn == "torn":
                path = tmp_path / "step_2.pt"
                path.write_bytes(path.read_bytes()[:-50])
                os.utime(path, (T0 + 60, T0 + 60))
            return turn != "end"

        clock = iter(range(2_000_000_000, 2_100_000_000, 40))
        told = [
            [(r.name, r.verdict) for r in found]
            for found in follow_checkpoints(as_run(str(tmp_path)), wait, lambda: float(next(clock)))
        ]
        assert told[0] == [("step_1.pt", "ok")]
        assert told[1] == [("step_2.pt", "ok")]
        assert told[-1][0][1] in ("truncated", "being-written")

    def test_ls_prints_a_line_each_and_ends_with_the_code(
        self, series: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ckpt_list, "patiently", lambda _: False)
        code, text = ask(capsys, "ls", str(series), "--watch")
        assert (code, len(text.splitlines())) == (0, 8)
        code, text = ask(capsys, "ls", str(series), "--watch", "--json")
        assert [json.loads(line)["step"] for line in text.splitlines()] == [100 * i for i in range(1, 9)]

    def test_verify_follows_as_well(
        self, series: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ckpt_verify, "patiently", lambda _: False)
        code, text = ask(capsys, "verify", str(series), "--watch", "--json")
        assert code == 0
        assert {json.loads(line)["verdict"] for line in text.splitlines()} == {"ok-verified"}
        assert run(["ckpt", "verify", str(series / "step_100.pt"), "--watch"]) == 2


class TestResume:
    def test_the_whole_run_tells_what_is_at_risk(self, capsys: pytest.CaptureFixture[str]) -> None:
        code, (found,) = rows(capsys, "resume", str(RUNS / "corrupt-checkpoint"))
        assert code == 1
        assert found["verdict"] == "no"
        assert isinstance(found["steps_at_risk"], int)
        assert found["steps_at_risk"] > 0
        assert found["command"] is None
        assert found["last_restart"] is None

    def test_the_recorded_command_is_the_one_to_type(self, series: Path, capsys: pytest.CaptureFixture[str]) -> None:
        for step in (100, 200):
            save(series / f"checkpoint-{step}" / "pytorch_model.bin", T0 + step)
        for path in series.glob("step_*"):
            path.unlink()
        hydra = series / ".hydra"
        hydra.mkdir()
        (hydra / "config.yaml").write_text("a: 1\n")
        (hydra / "overrides.yaml").write_text("- lr=1e-3\n")
        (hydra / "hydra.yaml").write_text("hydra:\n  job:\n    name: train\n  runtime:\n    cwd: /w\n")
        _, (found,) = rows(capsys, "resume", str(series))
        best = series / "checkpoint-200"
        assert found["command"] == f"cd /w && python train.py lr=1e-3 --resume_from_checkpoint {best}"

    def test_of_one_that_is_named_only_that_one_is_judged(
        self, series: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (series / "step_800.pt").write_bytes(b"cut")
        os.utime(series / "step_800.pt", (T0, T0))
        code, (found,) = rows(capsys, "resume", str(series / "step_300.pt"))
        assert (code, found["path"]) == (0, str(series / "step_300.pt"))
        assert found["fallback"] is None
        code, (found,) = rows(capsys, "resume", str(series / "step_800.pt"))
        assert (code, found["verdict"]) == (1, "no")
        assert found["next_step"] == f"`lptui ckpt ls {series}` lists the others"


class TestCheck:
    def test_the_verdict_says_whether_it_can_resume(self, capsys: pytest.CaptureFixture[str]) -> None:
        path = str(RUNS / "corrupt-checkpoint")
        run(["check", path])
        text = capsys.readouterr().out
        assert "can it resume: no, but from corrupt-checkpoint:v16, 3,071 steps" in text
        run(["check", path, "--json"])
        told = json.loads(capsys.readouterr().out)["resume"]
        assert (told["verdict"], told["fallback"].rpartition("/")[2]) == ("no", "corrupt-checkpoint:v16")


class TestLoad:
    FILE = str(DATA / "bf16.pt")

    def test_it_asks_first_and_where_nobody_can_be_asked_it_does_not(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["ckpt", "load", self.FILE, "--python", sys.executable]) == 2
        assert sys.executable in capsys.readouterr().err, "what would be started is shown"

    def test_without_a_living_training_an_interpreter_must_be_named(self, tmp_path: Path) -> None:
        assert run(["ckpt", "load", self.FILE]) == 2
        save(tmp_path / "step_1.pt", T0)
        assert run(["ckpt", "load", str(tmp_path), "--yes"]) == 2
        assert run(["ckpt", "load", str(tmp_path / "gone"), "--yes"]) == 3

    def test_an_interpreter_without_torch(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
        python = str(tmp_path / "bare" / "bin" / "python")
        code, (found,) = rows(capsys, "load", self.FILE, "--python", python, "--yes")
        assert (code, found["verdict"], found["python"]) == (1, "not-tried", python)
        assert "no torch" in str(found["reason"])
