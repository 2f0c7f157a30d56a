"""`lptui ckpt`: commands, exit codes, JSON; on files written by real torch."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from lptui.cli import ckpt_verify, run

DATA = Path(__file__).parents[1] / "checkpoints" / "data"
RUNS = Path(__file__).parents[1] / "runs"


def ask(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str]:
    code = run(["ckpt", *argv])
    return code, capsys.readouterr().out


def rows(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, list[dict[str, object]]]:
    code, out = ask(capsys, *argv, "--json")
    return code, json.loads(out)


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    shutil.copy(DATA / "bf16.pt", tmp_path / "model_1.pt")
    (tmp_path / "model_2.pt").write_bytes((DATA / "bf16.pt").read_bytes()[:-100])
    return tmp_path


def test_ls_says_each_verdict_and_fails_on_a_bad_one(damaged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("model_1.pt", "model_2.pt"):
        os.utime(damaged / name, (1e9, 1e9))
    code, found = rows(capsys, "ls", str(damaged))
    assert code == 1
    assert {row["name"]: row["verdict"] for row in found} == {"model_1.pt": "ok", "model_2.pt": "truncated"}
    assert {"path", "verdict", "reason", "step", "next_step"} <= set(found[0])
    _, text = ask(capsys, "ls", str(damaged))
    assert "model_2.pt: truncated: " in text


def test_the_guides_snippet_is_one_command(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = ask(capsys, "show", str(DATA / "metta_s1_trainer_state.pt"))
    assert code == 0
    assert "keys           optimizer_state_dict, agent_step, epoch" in text
    assert "agent_step     26,214,400" in text
    assert "epoch          100" in text
    _, found = rows(capsys, "show", str(DATA / "metta_s1_trainer_state.pt"), "--filter", "exp_avg_sq")
    assert found[0]["agent_step"] == 26214400
    tensors = found[0]["tensors"]
    assert isinstance(tensors, list)
    assert all("exp_avg_sq" in t["name"] for t in tensors)


def test_verify_reads_every_byte_of_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = rows(capsys, "verify", str(RUNS / "healthy"))
    assert code == 0
    assert found
    assert all(row["verdict"] in ("ok", "ok-verified") for row in found)


def test_verify_names_what_is_damaged(damaged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.utime(damaged / "model_2.pt", (1e9, 1e9))
    code, text = ask(capsys, "verify", str(damaged / "model_2.pt"))
    assert code == 1
    assert "truncated" in text
    assert "next: " in text


def test_verify_tells_of_a_folder_that_was_not_finished(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def age(folder: Path) -> None:
        for path in (*folder.iterdir(), folder):
            os.utime(path, (1e9, 1e9))

    transformers, distributed = tmp_path / "checkpoint-7", tmp_path / "step-7"
    transformers.mkdir()
    shutil.copy(DATA / "model.safetensors", transformers / "model.safetensors")
    shutil.copy(DATA / "bf16.pt", transformers / "optimizer.pt")
    distributed.mkdir()
    (distributed / "__0_0.distcp").write_bytes(b"x" * 100)
    for folder in (transformers, distributed):
        age(folder)
        code, found = rows(capsys, "verify", str(folder))
        assert (code, [(row["path"], row["verdict"]) for row in found]) == (1, [(str(folder), "incomplete")])
    (transformers / "trainer_state.json").write_text('{"global_step": 7, "epoch": 1.0, "log_history": []}')
    code, found = rows(capsys, "verify", str(transformers))
    assert (code, found[0]["step"], found[0]["verdict"]) == (0, 7, "ok")
    assert rows(capsys, "show", str(transformers))[1][0]["step"] == 7


def test_verify_does_not_call_a_save_in_progress_broken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(ckpt_verify, "patiently", waits.append)
    whole = (DATA / "bf16.pt").read_bytes()
    with open(tmp_path / "model_1.pt", "wb") as file:
        file.write(whole[: len(whole) // 2])
        file.flush()
        code, found = rows(capsys, "verify", str(tmp_path / "model_1.pt"))
        told = ask(capsys, "verify", str(tmp_path / "model_1.pt"))[1]
    assert (code, found[0]["verdict"], len(waits)) == (0, "being-written", 2)
    assert told.startswith("… "), "not marked as an error that it is not"
    os.utime(tmp_path / "model_1.pt", (1e9, 1e9))
    code, found = rows(capsys, "verify", str(tmp_path / "model_1.pt"))
    assert (code, found[0]["verdict"], len(waits)) == (1, "truncated", 2)


def test_what_lies_beside_a_model_is_not_resumed_and_is_verified(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, time in (("pytorch_model.bin", 1e9), ("scheduler.pt", 1e9 + 10), ("training_args.bin", 1e9 + 20)):
        shutil.copy(DATA / "bf16.pt", tmp_path / name)
        os.utime(tmp_path / name, (time, time))
    _, found = rows(capsys, "resume", str(tmp_path))
    assert (found[0]["verdict"], found[0]["path"]) == ("yes", str(tmp_path / "pytorch_model.bin"))
    assert len(rows(capsys, "verify", str(tmp_path))[1]) == 3
    (tmp_path / "pytorch_model.bin").unlink()
    code, found = rows(capsys, "resume", str(tmp_path))
    assert (code, found[0]["reason"]) == (1, "no file here holds weights: a restart begins at step 0")


def test_ls_says_that_its_answer_rests_on_the_files_alone(damaged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(RUNS / "nan")
    assert (
        ask(capsys, "ls", path)[1].splitlines()[-1]
        == f"(by the files alone; with log and metrics: lptui ckpt resume {path})"
    )
    assert "by the files alone" not in ask(capsys, "ls", str(damaged))[1]


def test_a_good_candidate_is_not_passed_over_for_the_newest_good_one(capsys: pytest.CaptureFixture[str]) -> None:
    _, text = ask(capsys, "resume", str(RUNS / "crash"))
    assert "yes-but from crash:v16" in text
    assert "newest good one" not in text
    assert "if not from that: crash:v12" in text


def test_a_difference_says_what_it_was_told_by(capsys: pytest.CaptureFixture[str]) -> None:
    file = str(DATA / "bf16.pt")
    assert "told by the checksums in the files" in ask(capsys, "diff", file, file, "--measure")[1]
    plain = str(DATA / "model.safetensors")
    assert "checksums" not in ask(capsys, "diff", plain, plain)[1]


def test_verify_of_nothing_is_not_all_good(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ckpt", "verify", str(tmp_path)]) == 3
    assert "no checkpoint there" in capsys.readouterr().err


def test_diff_tells_same_and_different(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(DATA / "bf16.pt")
    assert rows(capsys, "diff", file, file)[0] == 0
    code, found = rows(capsys, "diff", file, str(DATA / "dtypes.pt"))
    assert code == 1
    assert found[0]["verdict"] == "differs"
    assert ask(capsys, "diff", file, str(DATA / "dtypes.pt"))[1].splitlines()[0].endswith(("new", "changed", "same"))


def test_resume_says_no_and_names_the_good_one(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = ask(capsys, "resume", str(RUNS / "corrupt-checkpoint"))
    assert code == 1
    assert "can it resume: no" in text
    assert "next: resume from corrupt-checkpoint:v16 instead" in text


@pytest.mark.parametrize("command", ["ls", "show", "verify", "resume"])
def test_what_is_not_there_is_3(command: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert ask(capsys, command, str(tmp_path / "nowhere"))[0] == 3


def test_usage_is_2() -> None:
    assert run(["ckpt", "ls", "--frobnicate", "."]) == 2
    assert run(["ckpt", "--frobnicate"]) == 2
    assert run(["ckpt", "diff", "one"]) == 2


def test_a_path_without_a_command_is_listed_where_there_is_no_terminal(
    damaged: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("model_1.pt", "model_2.pt"):
        os.utime(damaged / name, (1e9, 1e9))
    code, text = ask(capsys, str(damaged))
    assert code == 1
    assert "model_2.pt: truncated: " in text
    assert ask(capsys, "browse", str(damaged / "model_1.pt"))[1].count("model_") == 1


def test_a_command_that_was_mistyped_is_not_taken_for_a_path(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ckpt", "verfy"]) == 3
    assert "did you mean `lptui ckpt verify`?" in capsys.readouterr().err
    assert run(["ckpt", "/nowhere/at/all"]) == 3
