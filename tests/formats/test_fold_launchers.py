"""What launchers say of starts and restarts. The texts of Slurm follow the formats in its source (slurmstepd's `req.c`,
srun's messages) and prologues that clusters document; those of torch before 2.3 its `run.py` and agent. What runs here
is recorded: see tests/printed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lptui.formats.log_folds import find_folds

REQUEUED = """\
slurmstepd: error: *** JOB 608 ON gpu01 CANCELLED AT 2026-11-28T12:30:00 DUE TO {} ***
slurmstepd: error: *** STEP 608.0 ON gpu01 CANCELLED AT 2026-11-28T12:30:00 DUE TO {} ***
srun: Job step aborted: Waiting up to 32 seconds for job step to finish.
srun: error: gpu01: tasks 0-3: Terminated
"""
PROLOGUE = """\
---------------------------------------
Begin Slurm Prolog: Nov-28-2026 12:00:00
Job ID:    608
User ID:   ada
QOS:
---------------------------------------
"""
TRAINS = """\
***** Running training *****
  Num examples = 1,000
  Num Epochs = 3
"""
LOGGED = """\
[INFO|trainer.py:2405] 2026-11-28 12:00:00,123 >> ***** Running training *****
[INFO|trainer.py:2406] 2026-11-28 12:00:00,123 >>   Num examples = 1,000
[INFO|trainer.py:2407] 2026-11-28 12:00:00,123 >>   Num Epochs = 3
"""
OLD_THREADS = """\
WARNING:torch.distributed.run:
*****************************************
Setting OMP_NUM_THREADS environment variable for each process to be 1 in default, to avoid your system being overloaded
*****************************************
"""
OLD_RESULT = """\
INFO:torch.distributed.elastic.agent.server.api:[default] Rendezvous complete for workers. Result:
  restart_count=2
  master_addr=127.0.0.1

INFO:torch.distributed.elastic.agent.server.api:[default] Starting worker group
"""
OLD_FAILED = """\
[2026-11-28 12:00:00,123] torch.distributed.elastic.multiprocessing.api: [WARNING] Sending process 9 closing signal SIGTERM
[2026-11-28 12:00:01,123] torch.distributed.elastic.multiprocessing.api: [ERROR] failed (exitcode: -9) local_rank: 3 (pid: 7) of binary: /usr/bin/python
"""  # noqa: E501
DEATH = """\
W1128 13:03:43.100000 9 torch/distributed/elastic/agent/server/api.py:739] Received {} death signal, shutting down
W1128 13:03:43.200000 9 torch/distributed/elastic/multiprocessing/api.py:1028] Sending process 9 closing signal SIGTERM
"""
VARIABLES = """\
SLURM_JOB_ID=608
SLURM_JOB_NODELIST=gpu[01-02]
{}MASTER_ADDR=gpu01
"""
ENVIRONMENT = VARIABLES.format("SLURM_RESTART_COUNT=1\n")


@pytest.mark.parametrize(
    ("text", "kind", "title"),
    [
        (REQUEUED.format(*["JOB REQUEUE"] * 2), "restart", "Slurm requeued job 608: gpu01, 2026-11-28T12:30:00"),
        (REQUEUED.format(*["PREEMPTION"] * 2), "restart", "Slurm preempted job 608: gpu01, 2026-11-28T12:30:00"),
        (
            REQUEUED.format(*["TIME LIMIT"] * 2),
            "restart",
            "Slurm ended job 608 at its time limit: gpu01, 2026-11-28T12:30:00",
        ),
        (
            "srun: error: gpu02: task 4: Killed\nsrun: Terminating StepId=608.0\n",
            "restart",
            "srun: task 4 of gpu02: Killed",
        ),
        (PROLOGUE, "banner", "Begin Slurm Prolog: Nov-28-2026 12:00:00 · Job ID: 608 · User ID: ada · QOS:"),
        (ENVIRONMENT, "restart", "Slurm job 608: requeued 1 time, on gpu[01-02]"),
        (VARIABLES.format("SLURM_NTASKS=8\n"), "banner", "Slurm job 608: on gpu[01-02]"),
        (TRAINS, "banner", "Running training  Num examples = 1,000 · Num Epochs = 3"),
        (LOGGED, "banner", "Running training  Num examples = 1,000 · Num Epochs = 3"),
        (OLD_THREADS, "banner", "torchrun: OMP_NUM_THREADS is 1 in each process"),
        (OLD_RESULT, "restart", "torchrun restarts the workers (2)"),
        (OLD_FAILED, "restart", "torchrun: local rank 3 ended with exit code -9 (SIGKILL), 1 worker stopped"),
        (DEATH.format("15"), "restart", "torchrun takes the workers down: it got SIGTERM"),
        (DEATH.format("Signals.SIGHUP"), "restart", "torchrun takes the workers down: it got SIGHUP"),
        (DEATH.format("99"), "restart", "torchrun takes the workers down: it got signal 99"),
    ],
)
def test_a_block_of_a_launcher_is_one_row(text: str, kind: str, title: str) -> None:
    before, after = b"step 1\n", b"step 2\n"
    data = before + text.encode() + after
    (fold,) = find_folds(data)
    assert (fold.kind, fold.title) == (kind, title)
    assert (data[: fold.start], data[fold.end :]) == (before, after)


@pytest.mark.parametrize(
    "text",
    [
        "***** train metrics *****\n  epoch = 3.0\n  train_loss = 0.5\nend\n",  # numbers stay in view
        "-----------------\n| rollout/ |   |\n| loss | 0.1 |\n-----------------\nend\n",
        "=================\nloss: 0.1\nstep: 5\n=================\nend\n",
        "srun: job 608 queued and waiting for resources\nend\n",
        '  File "/x/torch/distributed/elastic/a.py", line 3\n  File "/x/torch/distributed/elastic/b.py", line 3\nend\n',
        "GPU available: True\nend\n",
        REQUEUED.format("JOB REQUEUE", "JOB REQUEUE"),  # may still be written
    ],
)
def test_what_is_no_block_stays(text: str) -> None:
    assert find_folds(text.encode()) == []


def test_what_was_raised_before_and_after_a_restart_is_not_one() -> None:
    trace = 'Traceback (most recent call last):\n  File "/a/train.py", line 3, in main\n    go()\nValueError: no\n'
    folds = find_folds(f"{trace}{OLD_FAILED}{trace}end\n".encode())
    assert [(fold.kind, fold.count) for fold in folds] == [("traceback", 1), ("restart", 1), ("traceback", 1)]


@pytest.mark.parametrize(
    "piece",
    [b"srun: a\n", b"SLURM_A=\n", b"INFO:torch.distributed.run:\n\n", b"------\njob: \n", b"GPU available: True\n\n"],
)
def test_repeated_beginnings_cost_no_more_than_their_length(piece: bytes) -> None:
    find_folds(piece * (110_000 // len(piece)))


PARTS = [REQUEUED, PROLOGUE, TRAINS, OLD_THREADS, OLD_RESULT, OLD_FAILED, ENVIRONMENT, "a\n", "\n", "------\n"]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(PARTS), max_size=12), st.binary(max_size=30))
def test_blocks_are_whole_lines_in_order_and_apart(parts: list[str], junk: bytes) -> None:
    data = "".join(parts).encode() + junk + b"\n"
    end = 0
    for fold in find_folds(data):
        assert end <= fold.start < fold.end
        assert data[fold.start - 1 : fold.start] in (b"", b"\n")
        assert data[fold.end - 1 : fold.end] == b"\n"
        assert fold.lines == data.count(b"\n", fold.start, fold.end)
        end = fold.end
