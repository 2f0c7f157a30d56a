from __future__ import annotations

import os
from pathlib import Path

from lptui.model.run import RunInfo
from lptui.run import Missing, list_runs, resolve


def make_run(path: Path, at: float) -> Path:
    for name in ("config.yaml", "trainer_state.pt", "checkpoints/model_0000.pt", "logs/script.log"):
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x")
        os.utime(file, (at, at))
    return path


def found(answer: RunInfo | Missing) -> RunInfo:
    assert isinstance(answer, RunInfo), answer
    return answer


def test_by_path_and_by_name(tmp_path: Path) -> None:
    run = make_run(tmp_path / "train_dir" / "exp.one", 1000)
    here = str(tmp_path)
    assert found(resolve("train_dir/exp.one", here=here)).path == str(run)
    assert found(resolve("exp.one", here=here)).path == str(run)
    assert found(resolve(str(run), here="/")).path == str(run)
    assert found(resolve("exp.one", [str(tmp_path / "train_dir")], here="/")).path == str(run)
    assert found(resolve("exp.one", env={"DATA_DIR": str(tmp_path / "train_dir")}, here="/")).path == str(run)


def test_nothing_means_the_newest(tmp_path: Path) -> None:
    make_run(tmp_path / "train_dir" / "old", 1000)
    new = make_run(tmp_path / "train_dir" / "new", 2000)
    info = found(resolve(None, here=str(tmp_path)))
    assert info.path == str(new)
    assert "newest of 2 runs" in info.looked[0].note


def test_a_folder_of_runs_means_its_newest(tmp_path: Path) -> None:
    make_run(tmp_path / "train_dir" / "old", 1000)
    new = make_run(tmp_path / "train_dir" / "new", 2000)
    assert found(resolve("train_dir", here=str(tmp_path))).path == str(new)


def test_a_sweep_is_searched_through(tmp_path: Path) -> None:
    one = make_run(tmp_path / "sweep" / "lr" / "runs" / "lr.r.0", 1000)
    two = make_run(tmp_path / "sweep" / "lr" / "runs" / "lr.r.1", 2000)
    assert [run.path for run in list_runs(str(tmp_path))] == [str(two), str(one)]
    assert found(resolve("lr.r.0", [str(tmp_path)], here="/")).path == str(one)


def test_a_misspelt_name_gets_its_neighbours(tmp_path: Path) -> None:
    make_run(tmp_path / "train_dir" / "learning_progress.1", 1000)
    make_run(tmp_path / "train_dir" / "basic", 1000)
    answer = resolve("learnin_progress.1", here=str(tmp_path))
    assert isinstance(answer, Missing)
    assert answer.nearest == ("learning_progress.1",)
    assert str(tmp_path / "train_dir") in answer.looked


def test_an_empty_place(tmp_path: Path) -> None:
    answer = resolve(None, here=str(tmp_path))
    assert isinstance(answer, Missing)
    assert answer.next_step


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    answer = resolve("pipe", here=str(tmp_path))
    assert isinstance(answer, Missing)
    assert "neither a folder nor a regular file" in answer.reason


def test_an_existing_folder_with_nothing_in_it_is_still_a_run_to_wait_for(tmp_path: Path) -> None:
    (tmp_path / "soon").mkdir()
    info = found(resolve("soon", here=str(tmp_path)))
    assert (info.exists, info.layout) == (True, "empty")


def test_a_checkout_is_no_run_but_holds_some(tmp_path: Path) -> None:
    repository = tmp_path / "repo"
    run = make_run(repository / "train_dir" / "r", 1000)
    (repository / "pyproject.toml").write_text("")
    (repository / "wandb").mkdir()
    (repository / "nohup.out").write_text("x")
    assert [r.path for r in list_runs(str(tmp_path))] == [str(run)]


def test_a_link_to_a_run_is_listed_once(tmp_path: Path) -> None:
    run = make_run(tmp_path / "real", 1000)
    (tmp_path / "link").symlink_to(run)
    assert [r.path for r in list_runs(str(tmp_path))] == [str(run)]


def test_a_record_beside_a_run_is_listed_only_where_it_is_no_runs_own(tmp_path: Path) -> None:
    def record(name: str, data: bytes = b"") -> None:
        folder = tmp_path / "wandb" / name
        folder.mkdir(parents=True)
        (folder / f"run-{name.rpartition('-')[2]}.wandb").write_bytes(data)

    ids = {"by.name": "by.name", "by.ipc": "abcd1234", "by.head": "x7x7x7x7"}
    for at, run in enumerate(ids, 1):
        make_run(tmp_path / "train_dir" / run, at * 1000)
    (tmp_path / "train_dir" / "by.ipc" / "wandb_ipc.json").write_text('{"run_id": "abcd1234"}')
    record("offline-run-20261128_124554-by.name")
    record("run-20261128_134554-by.name")  # its second start
    record("run-20261128_124554-abcd1234")
    record("run-20261128_124554-x7x7x7x7", b"\x22\x07by.head")
    record("run-20261128_124554-notebook")
    record("offline-run-20261128_124554-by.name2")
    foreign = {"run-20261128_124554-notebook", "offline-run-20261128_124554-by.name2"}
    listed = {run.path.removeprefix(f"{tmp_path}/"): run.wandb for run in list_runs(str(tmp_path))}
    assert set(listed) == {*(f"train_dir/{run}" for run in ids), *(f"wandb/{name}" for name in foreign)}
    for run, run_id in ids.items():
        assert listed[f"train_dir/{run}"]
        assert all(path.endswith(f"run-{run_id}.wandb") for path in listed[f"train_dir/{run}"])
    assert len(list_runs(str(tmp_path / "train_dir"))) == 3


def test_wandb_runs_of_a_script_are_listed_each_but_those_of_a_run_are_its_own(tmp_path: Path) -> None:
    names = ("run-20261128_115142-f1jddt9b", "offline-run-20261128_124554-w4dvzklq")
    for folder in ("script", "deep/script", "run"):
        for name in names:
            (tmp_path / folder / "wandb" / name).mkdir(parents=True)
            (tmp_path / folder / "wandb" / name / f"run-{name[-8:]}.wandb").touch()
        (tmp_path / folder / "wandb" / "latest-run").symlink_to(names[0])
        (tmp_path / folder / "train.py").touch()
    (tmp_path / "run" / "config.yaml").write_text("a: 1\n")
    listed = {run.path.removeprefix(f"{tmp_path}/") for run in list_runs(str(tmp_path))}
    assert listed == {"run", *(f"{folder}/wandb/{name}" for folder in ("script", "deep/script") for name in names)}
    assert {run.name for run in list_runs(str(tmp_path / "script"))} == set(names)
    whole = found(resolve(str(tmp_path / "script")))  # named by itself it stays one run, with what lies in it
    assert whole.path == str(tmp_path / "script")
