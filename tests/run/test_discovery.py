from __future__ import annotations

import json
import os  # and not pathlib, which costs 10 ms before the first paint
from pathlib import Path

import pytest

from lptui.model.run import RunInfo
from lptui.run import Missing, describe, discover, resolve
from lptui.run.layout import is_checkpoint_folder, is_log
from lptui.run.listing import Listing
from lptui.run.wandb_beside import names_run


def write(path: Path, data: bytes | str = b"x", at: float | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    if at is not None:
        os.utime(path, (at, at))
    return path


def metta_s1(out: Path, name: str = "me.run") -> Path:
    run = out / "train_dir" / name
    write(run / "config.yaml", "trainer: {}\n")
    write(run / "trainer_state.pt")
    write(run / "checkpoints" / "model_0000.pt")
    write(run / "checkpoints" / "model_0050.pt")
    folder = out / "wandb" / "wandb" / f"run-20250707_063226-{name}"
    write(folder / f"run-{name}.wandb")
    write(folder / "files" / "output.log", "Epoch 1\n")
    write(out / "wandb" / "heartbeat.txt", "1")
    ipc = {"run_id": name, "project": "metta", "entity": "metta-research", "name": name}
    write(out / "wandb" / "wandb_ipc.json", json.dumps(ipc))
    return run


def metta_s2(out: Path, name: str = "me.run") -> Path:
    run = out / "train_dir" / name
    write(run / "config.yaml", "trainer: {}\n")
    write(run / "trainer_state.pt")
    write(run / "checkpoints" / "model_0050.pt")
    write(run / "logs" / "script.log", "a", at=1000)
    write(run / "logs" / "script_1.log", "b" * 99, at=2000)
    metadata = out / "train_dir" / ".job_metadata" / name
    write(metadata / "restart_count", "2")
    write(metadata / "heartbeat_file", "1")
    write(metadata / "wandb_ipc.json", json.dumps({"run_id": name, "project": "p", "entity": "e", "name": name}))
    write(out / "wandb" / f"offline-run-20250820_010203-{name}" / f"run-{name}.wandb")
    return run


def test_metta_of_july_2025_has_its_log_only_in_wandb(tmp_path: Path) -> None:
    run = metta_s1(tmp_path)
    info = discover(str(run))
    assert info.layout == "metta-s1"
    assert info.name == "me.run"
    wandb = tmp_path / "wandb" / "wandb" / "run-20250707_063226-me.run"
    assert info.wandb == (str(wandb / "run-me.run.wandb"),)
    assert info.logs == (str(wandb / "files" / "output.log"),)
    assert info.heartbeat == str(tmp_path / "wandb" / "heartbeat.txt")
    assert info.wandb_ipc == str(tmp_path / "wandb" / "wandb_ipc.json")
    assert set(info.checkpoint_dirs) == {str(run), str(run / "checkpoints")}
    assert info.configs == (str(run / "config.yaml"),)


def test_metta_of_august_2025(tmp_path: Path) -> None:
    run = metta_s2(tmp_path)
    info = discover(str(run))
    assert info.layout == "metta-s2"
    assert info.logs[0] == str(run / "logs" / "script.log"), "the first rank's log leads, though it is older"
    assert info.logs[1] == str(run / "logs" / "script_1.log")
    assert info.job_metadata == str(tmp_path / "train_dir" / ".job_metadata" / "me.run")
    assert info.heartbeat == info.job_metadata + "/heartbeat_file"
    assert info.wandb_ipc == info.job_metadata + "/wandb_ipc.json"
    assert [os.path.basename(p) for p in info.wandb] == ["run-me.run.wandb"]


def test_metta_since_september_2025(tmp_path: Path) -> None:
    run = tmp_path / "train_dir" / "local.me.1"
    write(run / "config.json", "{}")
    write(run / "checkpoints" / "trainer_state.pt")
    write(run / "checkpoints" / "local.me.1:v5" / "weights.safetensors")
    write(run / "checkpoints" / "local.me.1:v5" / "policy_spec.json")
    write(run / "logs" / "script.log")
    info = discover(str(run))
    assert info.layout == "metta-head"
    assert info.checkpoint_dirs == (str(run / "checkpoints"),), "a bundle is a checkpoint, not a folder of them"


def test_a_heartbeat_that_another_run_writes_is_not_taken(tmp_path: Path) -> None:
    metta_s1(tmp_path, "first")
    second = metta_s1(tmp_path, "second")  # overwrites heartbeat and wandb_ipc.json: they are the second run's now
    assert discover(str(second)).heartbeat
    first = discover(str(second.parent / "first"))
    assert first.heartbeat == ""
    assert first.wandb_ipc == ""
    note = next(row.note for row in first.looked if row.kind == "heartbeat")
    assert "another run's" in note
    assert [os.path.basename(p) for p in first.wandb] == ["run-first.wandb"]


def test_a_wandb_run_beside_is_recognised_by_what_its_file_says(tmp_path: Path) -> None:
    run = tmp_path / "train_dir" / "exp1"
    write(run / "checkpoints" / "model_0050.pt")
    header = b":W&B\x02\x1f\x00"
    for stamp, run_id, name in (("20250101_000000", "aaaa", "exp10"), ("20250102_000000", "bbbb", "exp1")):
        record = b"\x0a\x04" + run_id.encode() + b"\x32" + bytes([len(name)]) + name.encode()
        write(tmp_path / "wandb" / f"run-{stamp}-{run_id}" / f"run-{run_id}.wandb", header + record)
    assert [os.path.basename(p) for p in discover(str(run)).wandb] == ["run-bbbb.wandb"]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"\x32\x04exp1", True),
        (b"\x32\x05exp10", False),
        (b"xx exp1 xx", False),
        (b'"/t/exp1"', True),
        (b'"/t/exp1/sub"', False),
    ],
)
def test_names_run(data: bytes, found: bool) -> None:
    assert names_run(data, "exp1", "/t/exp1") is found


def test_restarts_with_one_id_are_all_taken_oldest_first(tmp_path: Path) -> None:
    for stamp in ("20250103_000000", "20250101_000000", "20250102_000000"):
        write(tmp_path / "run" / "wandb" / f"run-{stamp}-abcd" / "run-abcd.wandb")
    write(tmp_path / "run" / "wandb" / "run-20240101_000000-olds" / "run-olds.wandb")
    info = discover(str(tmp_path / "run"))
    assert [p.split("/")[-2][4:12] for p in info.wandb] == ["20250101", "20250102", "20250103"]
    assert "1 other W&B run" in next(row.note for row in info.looked if row.kind == "wandb")
    other = discover(str(tmp_path / "run"), wandb="olds")
    assert [os.path.basename(p) for p in other.wandb] == ["run-olds.wandb"]
    by_path = discover(str(tmp_path / "run"), wandb=other.wandb[0])
    assert by_path.wandb == other.wandb
    nothing = discover(str(tmp_path / "run"), wandb="nope")
    assert nothing.wandb == ()
    assert "neither a path nor" in next(row.note for row in nothing.looked if row.kind == "wandb")


def test_an_ordinary_run_directory(tmp_path: Path) -> None:
    run = tmp_path / "exp"
    write(run / "slurm-123.out", "a" * 10, at=5000)
    write(run / "logs" / "train.log", "b" * 10, at=6000)
    write(run / "requirements.txt", "torch", at=9000)
    write(run / "README.txt", "hi", at=9000)
    write(run / "tb" / "events.out.tfevents.1.host")
    write(run / "checkpoint-10" / "trainer_state.json")
    write(run / "checkpoint-10" / "model.safetensors")
    info = discover(str(run))
    assert info.layout == "huggingface"
    assert info.logs == (str(run / "logs" / "train.log"), str(run / "slurm-123.out"))
    assert info.event_files == (str(run / "tb" / "events.out.tfevents.1.host"),)
    assert info.checkpoint_dirs == (str(run),)


@pytest.mark.parametrize(
    ("names", "first"),
    [
        (["rank-0.out", "rank-1.out", "rank-2.out"], ["rank-0.out", "rank-1.out", "rank-2.out"]),
        (["train.log", "train_rank1.log", "eval.log"], ["eval.log", "train.log", "train_rank1.log"]),
        (
            ["attempt_0/0/stderr.log", "attempt_0/1/stderr.log", "attempt_1/0/stderr.log", "attempt_1/1/stderr.log"],
            ["attempt_1/0/stderr.log", "attempt_1/1/stderr.log", "attempt_0/0/stderr.log"],
        ),
        (["train.log", "eval.log"], ["eval.log", "train.log"]),
    ],
)
def test_of_the_logs_of_ranks_that_of_rank_0_is_opened(names: list[str], first: list[str], tmp_path: Path) -> None:
    """Each was written later than the one before it."""
    for number, name in enumerate(names):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("12:00:00 [INFO] a: step 1\n")
        os.utime(tmp_path / name, (1.7e9 + number, 1.7e9 + number))
    found = [path.removeprefix(f"{tmp_path}/") for path in discover(str(tmp_path)).logs]
    assert found[: len(first)] == first


def test_lightning(tmp_path: Path) -> None:
    version = tmp_path / "lightning_logs" / "version_3"
    write(version / "hparams.yaml", "lr: 1")
    write(version / "events.out.tfevents.7.h")
    write(version / "checkpoints" / "epoch=3-step=10.ckpt")
    assert discover(str(tmp_path)).layout == "lightning"
    info = discover(str(version))
    assert info.layout == "lightning"
    assert info.checkpoint_dirs == (str(version / "checkpoints"),)
    assert info.configs == (str(version / "hparams.yaml"),)


def test_links_out_of_the_run_are_not_followed(tmp_path: Path) -> None:
    secret = write(tmp_path / "outside" / "secret.log")
    run = tmp_path / "run"
    write(run / "train.log")
    (run / "stolen.log").symlink_to(secret)
    (run / "folder").symlink_to(secret.parent)
    (run / "latest.log").symlink_to(run / "train.log")
    (run / "circle").symlink_to(run)
    info = discover(str(run))
    assert set(info.logs) == {str(run / "train.log"), str(run / "latest.log")}
    assert any("2 links lead out" in row.note for row in info.looked)


def test_a_fifo_is_no_log(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.log")
    assert discover(str(tmp_path)).logs == ()


def test_the_entry_budget_is_said(tmp_path: Path) -> None:
    for i in range(30):
        write(tmp_path / f"a{i:02d}" / "x.log")
    info = discover(str(tmp_path), listing=Listing(budget=40))
    assert len(info.logs) == 10
    assert any("first 40 entries" in row.note for row in info.looked)


def test_the_root_of_the_file_system_is_survived() -> None:
    assert discover("/", listing=Listing(budget=60)).path == "/"


def test_depth_is_bounded_and_checkpoint_trees_are_not_entered(tmp_path: Path) -> None:
    write(tmp_path / "a" / "b" / "c" / "deep.log")
    write(tmp_path / "a" / "b" / "c" / "d" / "deeper.log")
    write(tmp_path / "checkpoints" / "step_5" / "inner.log")
    write(tmp_path / "checkpoint-5" / "inner.log")
    info = discover(str(tmp_path))
    assert [os.path.basename(p) for p in info.logs] == ["deep.log"]


def test_what_is_not_there(tmp_path: Path) -> None:
    info = discover(str(tmp_path / "nope"), logs=[str(tmp_path / "later.log")], pid=7)
    assert not info.exists
    assert info.pid == 7
    assert info.logs == (str(tmp_path / "later.log"),)
    assert "no such file" in info.looked[0].note
    assert discover(str(tmp_path)).layout == "empty"
    assert all(row.note for row in discover(str(tmp_path)).looked)


def test_named_logs_come_first(tmp_path: Path) -> None:
    run = metta_s2(tmp_path)
    tee = write(tmp_path / "tee.log", at=3000)
    info = discover(str(run), logs=[str(tee)])
    assert info.logs[:2] == (str(tee), str(run / "logs" / "script.log"))


def test_single_files(tmp_path: Path) -> None:
    log = write(tmp_path / "some.log", at=1234)
    info = discover(str(log))
    assert (info.logs, info.path, info.modified_at) == ((str(log),), str(tmp_path), 1234)
    folder = tmp_path / "wandb" / "run-20250101_000000-abcd"
    binary = write(folder / "run-abcd.wandb")
    output = write(folder / "files" / "output.log")
    info = discover(str(binary))
    assert (info.wandb, info.logs) == ((str(binary),), (str(output),))


def test_describe_tells_what_and_where(tmp_path: Path) -> None:
    rows = describe(discover(str(metta_s2(tmp_path))))
    assert ("log", "logs/script.log") in rows
    assert dict(rows)["layout"].startswith("Metta, August 2025")
    assert any(key == "looked: tensorboard" for key, _ in rows)


@pytest.mark.parametrize(
    "name", ["train.log", "slurm-9_1.out", "x.err", "nohup.out", "stdout", "job.o123", "train.txt"]
)
def test_logs_by_name(name: str) -> None:
    assert is_log(name)


@pytest.mark.parametrize("name", ["requirements-dev.txt", "README.txt", "vocab.txt", "a.log.gz", "login", "x.py"])
def test_not_logs_by_name(name: str) -> None:
    assert not is_log(name)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("checkpoint-500", True),
        ("run:v12", True),
        ("global_step10", True),
        ("epoch=3", True),
        ("checkpoints", False),
    ],
)
def test_checkpoint_folders(name: str, expected: bool) -> None:
    assert is_checkpoint_folder(name) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("srun python train.py run=me.run\nstep 1\n", True),
        ("saving to {run}/checkpoints\n", True),
        ("saving to {run}.old/checkpoints run=me.run2\n", False),
        ("me.run is fine, another job\n", False),
        ("x" * 100_000 + "\nslurmstepd: error: *** JOB 7 CANCELLED *** /out/train_dir/me.run\n", True),
        ("x" * 40_000 + " run=me.run " + "x" * 40_000, False),  # in the middle nobody looks
    ],
)
def test_a_batch_systems_output_belongs_to_the_run_that_it_names(text: str, expected: bool, tmp_path: Path) -> None:
    run = metta_s2(tmp_path)
    beside = write(tmp_path / "slurm-4711.out", text.format(run=run))
    write(tmp_path / "train_dir" / "slurm-9.txt", f"run=me.run {run}")
    info = discover(str(run))
    assert (str(beside) in info.logs) is expected
    assert info.logs[0] != str(beside)


def test_a_log_named_by_itself_has_no_folder_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("step 1 loss 0.5\n")
    assert discover(str(tmp_path / "a.log")).own_folder == ""
    assert discover(str(tmp_path)).own_folder == str(tmp_path)


def test_a_log_with_a_date_before_its_ending_is_an_older_part_of_the_one_beside_it(tmp_path: Path) -> None:
    for name in ("train.log", "train.2026-03-01_12-00-00_123456.log", "train-20260228.log", "eval-20260228.log"):
        write(tmp_path / name, at=1e9)
    assert sorted(Path(log).name for log in discover(str(tmp_path)).logs) == ["eval-20260228.log", "train.log"]


def test_a_log_that_was_just_renamed_goes_by_the_name_it_had(tmp_path: Path) -> None:
    write(tmp_path / "run" / "train.log.1", "newest", at=2000)
    write(tmp_path / "run" / "train.log.2", "older", at=1000)
    write(tmp_path / "run" / "eval.log", "", at=500)
    log = str(tmp_path / "run" / "train.log")
    assert discover(str(tmp_path / "run")).logs == (log, str(tmp_path / "run" / "eval.log"))
    for info in (discover(log), resolve(log), resolve("train.log", here=str(tmp_path / "run"))):
        assert isinstance(info, RunInfo)
        assert (info.exists, info.logs, info.modified_at) == (True, (log,), 2000)
    assert isinstance(resolve(str(tmp_path / "run" / "other.log")), Missing)
