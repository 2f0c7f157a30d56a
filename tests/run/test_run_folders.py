"""Folders that are runs by nothing but what their log says."""

from __future__ import annotations

from pathlib import Path

from lptui.run.listing import Listing
from lptui.run.lookup import find_runs, find_stores_below

STEPS = "".join(f"step={n} loss={1 / n:.3f}\n" for n in range(1, 2000))
TABLE = "step,loss\n1,2\n5,1.5\n"


def names(root: Path) -> set[str]:
    return {path[len(str(root)) + 1 :] for path, _ in find_runs(str(root), Listing())}


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_folder_with_a_log_of_progress_is_a_run_and_one_with_other_logs_is_none(tmp_path: Path) -> None:
    write(tmp_path / "plain" / "train.log", STEPS)
    write(tmp_path / "deep" / "er" / "slurm-17.out", "Epoch 3/9 loss: 0.5\n")
    write(tmp_path / "system" / "apt.log", "Unpacking libfoo (1.2) ...\nSetting up libfoo\n")
    write(tmp_path / "notes" / "ideas.txt", STEPS)
    write(tmp_path / "checkout" / "train.log", STEPS)
    write(tmp_path / "checkout" / "pyproject.toml", "")
    write(tmp_path / "empty" / "train.log", "")
    assert names(tmp_path) == {"plain", "deep/er"}


def test_a_log_that_was_rotated_and_has_not_begun_anew_makes_a_run_still(tmp_path: Path) -> None:
    write(tmp_path / "renamed" / "script.log.1", STEPS)
    write(tmp_path / "dated" / "train.log-20261128", STEPS)
    write(tmp_path / "begun" / "train.log", "")
    write(tmp_path / "begun" / "train.log.1", STEPS)
    write(tmp_path / "below" / "logs" / "script.log.1", STEPS)
    write(tmp_path / "below" / "config.yaml", "a: 1")
    write(tmp_path / "packed" / "train.log.1.gz", STEPS)
    write(tmp_path / "notes" / "ideas.txt.1", STEPS)
    write(tmp_path / "other" / "train.log", "Setting up libfoo\n")
    write(tmp_path / "other" / "train.log.1", STEPS)
    write(tmp_path / "library" / "libfoo.so.1", STEPS)
    assert names(tmp_path) == {"renamed", "dated", "begun", "below"}
    assert names(tmp_path / "renamed") == {""}


def test_what_a_training_keeps_below_its_log_is_no_run_of_its_own_but_several_are(tmp_path: Path) -> None:
    write(tmp_path / "sb3" / "train.log", STEPS)
    write(tmp_path / "sb3" / "logs" / "progress.csv", TABLE)
    write(tmp_path / "sb3" / "models" / "rl_model_2000_steps.zip", "x")
    write(tmp_path / "hf" / "train.log", STEPS)
    write(tmp_path / "hf" / "out" / "checkpoint-100" / "trainer_state.json", "{}")
    write(tmp_path / "sweep" / "sweep.log", STEPS)
    for name in ("a", "b"):
        write(tmp_path / "sweep" / name / "progress.csv", TABLE)
    assert names(tmp_path) == {"sb3", "hf", "sweep/a", "sweep/b"}


def test_a_database_beside_a_log_tells_the_runs_itself(tmp_path: Path) -> None:
    write(tmp_path / "script" / "train.log", STEPS)
    write(tmp_path / "script" / "mlflow.db", "SQLite format 3\0")
    assert names(tmp_path) == set()
    assert [store.path for store in find_stores_below(str(tmp_path), Listing())] == [
        str(tmp_path / "script" / "mlflow.db")
    ]


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    write(tmp_path / "plain" / "train.log", STEPS)
    (tmp_path / "plain" / "again").symlink_to(tmp_path / "plain", target_is_directory=True)
    assert names(tmp_path) == {"plain"}
