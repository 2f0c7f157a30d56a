"""Which logs are the ranks of one job: many layouts, and their look-alikes."""

from __future__ import annotations

import pytest

from lptui.run.rank_logs import find_ranks, name_logs


def ranks(*names: str) -> dict[str, int | None]:
    return {part.path.removeprefix("/r/"): part.rank for part in find_ranks([f"/r/{name}" for name in names])}


@pytest.mark.parametrize(
    "names",
    [
        ("logs/script.log", "logs/script_1.log", "logs/script_2.log"),
        ("rank-0.out", "rank-1.out", "rank-2.out"),
        ("rank_0.log", "rank_1.log", "rank_10.log"),
        ("log_rank_00.txt", "log_rank_01.txt"),
        ("rank0/out.log", "rank1/out.log"),
        ("rank0/train.log", "rank1/train.log", "rank2/train.log"),
        ("worker0.log", "worker1.log", "worker3.log"),
        ("logs/worker-0.log", "logs/worker-1.log"),
        ("node0-rank0.log", "node0-rank1.log", "node1-rank2.log"),
        ("torch/attempt_0/0/stdout.log", "torch/attempt_0/1/stdout.log", "torch/attempt_0/2/stdout.log"),
        ("job.0.out", "job.1.out", "job.2.out", "job.3.out"),
        ("slurm-81234.0.out", "slurm-81234.1.out"),
        ("log.0.txt", "log.1.txt", "log.2.txt"),
        ("0/out.log", "1/out.log", "2/out.log"),
        ("train_0.log", "train_1.log", "train_2.log", "train_3.log"),
        ("node0.log", "node1.log"),
        ("train.log", "train_rank1.log", "train_rank2.log"),
        ("out.txt", "out-gpu1.txt", "out-gpu2.txt"),
        ("train.log", "train.worker1.log"),
    ],
)
def test_the_ranks_of_one_job_are_found(names: tuple[str, ...]) -> None:
    found = ranks(*names)
    assert len(found) == len(names)
    assert len(set(found.values())) == len(found)
    assert [n for n in names if n in found] == list(found)


def test_both_streams_and_all_attempts_of_a_rank_are_that_rank() -> None:
    names = [f"t/attempt_{a}/{r}/{s}.log" for a in (0, 1) for r in (0, 1) for s in ("stdout", "stderr")]
    found = ranks(*names)
    assert len(found) == 8
    assert set(found.values()) == {0, 1}


@pytest.mark.parametrize(
    "names",
    [
        ("train.log", "eval.log"),
        ("slurm-81234.out", "slurm-81290.out"),
        ("slurm-81234_0.out", "slurm-81234_1.out"),  # an array: different runs
        ("train.1.log", "train.2.log"),  # rotations count from 1
        ("run_0.log", "run_1.log"),
        ("attempt_0.log", "attempt_1.log"),
        ("epoch_0.txt", "epoch_1.txt"),
        ("train-20260301.log", "train-20260302.log"),
        ("script_1.log",),
        ("train.log", "wandb/run-20260301_101010-a1b2c3/files/output.log"),
        ("seed0/train.log", "seed1/train.log"),
        (),
    ],
)
def test_other_logs_are_no_ranks(names: tuple[str, ...]) -> None:
    assert ranks(*names) == {}


def test_a_log_beside_those_of_ranks_is_left_out() -> None:
    found = ranks("logs/script.log", "logs/script_1.log", "logs/eval.log")
    assert found == {"logs/script.log": 0, "logs/script_1.log": 1}


def test_labels_are_those_that_the_rank_filter_knows() -> None:
    assert [p.label for p in find_ranks(["/r/rank-3.out", "/r/rank-1.out"])] == [b"[rank1]: ", b"[rank3]: "]


def test_other_logs_get_the_shortest_names_that_differ() -> None:
    names = [p.name for p in name_logs(["/r/a/out.log", "/r/b/out.log", "/r/eval.log", "/r/tr\x1b[31m\xfcn.log"])]
    assert names == ["a.out.log", "b.out.log", "eval.log", "tr__31m\xfcn.log"]
    labels = [p.label for p in name_logs(["/r/tr\xfc.log"])]
    assert labels == [b"[log tr_.log]: "]
