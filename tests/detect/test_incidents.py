"""First causes across files, ranks and attempts: logs and error records as values, findings out."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from lptui.detect.log_failures import LOG_FAILURES
from lptui.engine.core import advance_all
from lptui.model.events import Event, LogBlock, Tick, WitnessSeen
from lptui.model.finding import Finding
from lptui.model.log import LogSegment, LogView
from lptui.model.place import Moment, Place
from lptui.model.run import RunInfo
from lptui.state.run_state import Milestone, RunState

NOW = 1_700_000_000.0
FRAME = 'Traceback (most recent call last):\n  File "/home/me/train.py", line {n}, in main\n    step()\n{error}\n'
KEY = FRAME.format(n=15, error="KeyError: 'token_embedding'")
LOST = FRAME.format(
    n=10,
    error="RuntimeError: [gloo/transport/tcp/pair.cc:553] Connection closed by peer [127.0.0.1]:16110. This is typical",
)
OOM = FRAME.format(
    n=9, error="torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.50 GiB. GPU 3 has a total"
)
WATCHDOG = (
    "{at} [rank{r}]:[E ProcessGroupNCCL.cpp:616] [Rank {r}] Watchdog caught collective operation timeout: "
    "WorkNCCL(SeqNum=7, OpType=ALLREDUCE) ran for 600012 milliseconds before timing out.\n"
)
SUMMARY = (
    "failed (exitcode: 1) local_rank: 1 (pid: 15203) of binary: /usr/bin/python\n"
    "torch.distributed.elastic.multiprocessing.errors.ChildFailedError: \n"
    "  exitcode  : -15 (pid: 15202)  (SIGTERM)\n"
)


def log(file: str, text: str) -> LogBlock:
    return LogBlock(place=Place(file=file), file=file, start=0, data=text.encode(), backfill=True)


def record(rank: int, text: str, at: float, attempt: int | None = 1) -> LogBlock:
    file = f"/r/e/none_x/attempt_{(attempt or 1) - 1}/{rank}/error.json"
    place = Place(attempt=attempt, rank=rank, file=file)
    return LogBlock(place=place, file=file, start=0, data=text.encode(), happened_at=Moment(at), backfill=True)


def run(*events: Event, milestones: tuple[Milestone, ...] = ()) -> list[Finding]:
    files = [e.file for e in events if isinstance(e, LogBlock) and e.happened_at is None]
    views = {f: LogView(f, (LogSegment(0, 0, 1 << 30),), modified_at=NOW) for f in files}
    state = RunState(RunInfo("r", "/r", logs=tuple(files)), logs=views, milestones=milestones)
    return list(advance_all(state, [*events, Tick(now=NOW)], (LOG_FAILURES,)).findings)


def roots(found: Sequence[Finding]) -> list[str]:
    return [f.cls for f in found if f.active and f.role == "root"]


def test_the_rank_that_failed_first_leads_and_the_others_follow() -> None:
    found = run(record(0, LOST, NOW + 1), record(1, KEY, NOW), log("/r/launcher.out", SUMMARY))
    assert roots(found) == ["uncaught-exception"]
    root = found[0]
    assert root.ranks == (1,)
    assert "token_embedding" in root.title
    assert root.evidence[0].text.startswith("rank 1: KeyError")
    assert {f.cls for f in found if f.incident == root.id and f.role == "follow-up"} == {
        "peer-connection-lost",
        "worker-process-died",
    }
    assert any(e.text.startswith("then The connection to another process was lost (rank 0)") for e in root.evidence)


def test_the_same_exception_on_all_ranks_is_one_finding_that_names_the_first() -> None:
    found = run(*(record(r, KEY, NOW + abs(r - 3)) for r in range(8)))
    (one,) = found
    assert (one.ranks, one.count) == (tuple(range(8)), 8)
    assert any("8 ranks: rank 3 first at" in e.text and "rank 7 4s later" in e.text for e in one.evidence)


def test_two_different_exceptions_are_two_findings_with_lasting_names() -> None:
    other = FRAME.format(n=80, error="ZeroDivisionError: division by zero")
    found = run(log("/r/rank0.log", KEY), log("/r/rank1.log", other))
    assert roots(found) == ["uncaught-exception"] * 2
    assert {f.id for f in run(log("/r/rank1.log", other), log("/r/rank0.log", KEY))} == {f.id for f in found}
    assert {f.id for f in run(log("/r/rank0.log", KEY))} < {f.id for f in found}


@pytest.mark.parametrize(
    "error",
    [
        "EOFError",
        "BrokenPipeError: [Errno 32] Broken pipe",
        "torch.distributed.DistBackendError: something",
        "_queue.Empty",
    ],
)
def test_an_exception_that_tells_of_another_process_follows(error: str) -> None:
    found = run(log("/r/rank0.log", FRAME.format(n=3, error=error)), log("/r/rank1.log", KEY))
    assert [(f.role, "KeyError" in f.title) for f in found if f.role == "root"] == [("root", True)]


def dated(at: str, text: str) -> str:
    return f"{at} INFO trainer: step=4 loss=0.1\n{text}"


def test_time_decides_between_files() -> None:
    """The watchdogs of ranks 0 and 1 end ten minutes after rank 3 ran out of memory."""
    waits = "".join(WATCHDOG.format(r=r, at="2023-11-14 22:14:11,000") for r in (0, 1))
    found = run(log("/r/a/rank0.log", waits), log("/r/a/rank3.log", dated("2023-11-14 22:04:11,000", OOM)))
    assert roots(found) == ["cuda-oom"]
    assert found[0].ranks == (3,)
    # A failure long after the watchdogs is no cause of theirs.
    late = run(log("/r/a/rank0.log", waits), log("/r/a/rank3.log", f"2023-11-14 23:30:00,000 ERROR {OOM[-105:]}"))
    assert "nccl-timeout" in roots(late)


def test_clocks_without_a_date_are_compared_too() -> None:
    import time

    hour = time.strftime("%H:%M", time.localtime(NOW))
    waits = WATCHDOG.format(r=0, at=f"{hour}:10")
    found = run(log("/r/rank0.log", waits), log("/r/rank1.log", f"{hour}:02 [ERROR] loss is nan: x\n" + KEY))
    follower = next(f for f in found if f.cls == "nccl-timeout")
    assert follower.role == "follow-up"
    assert follower.first_seen is not None
    assert abs(follower.first_seen - NOW) < 90


def test_attempts_of_the_launcher_are_told_apart_by_their_records() -> None:
    found = run(record(1, KEY, NOW - 60, 1), record(1, KEY, NOW, 2))
    assert [(f.attempt, f.past) for f in found] == [(2, False), (1, True)]


def test_a_file_without_starts_belongs_to_the_attempt_of_its_time() -> None:
    starts = tuple(Milestone("/r/logs/script.log", i, "started", "m", NOW - 1000 + 500 * i) for i in range(2))
    main = log("/r/logs/script.log", "hello\n")
    old = run(main, record(0, KEY, NOW - 800, None), milestones=starts)
    new = run(main, record(0, KEY, NOW - 100, None), milestones=starts)
    assert [(f.attempt, f.past) for f in (*old, *new)] == [(1, True), (2, False)]


def test_a_signal_alone_is_its_own_cause_and_those_it_left_behind_follow() -> None:
    text = "failed (exitcode: -9) local_rank: 2 (pid: 7) of binary: /usr/bin/python\n"
    found = run(log("/r/launcher.out", text), record(0, LOST, NOW))
    assert roots(found) == ["host-oom-kill"]


def test_the_words_for_a_retry_claim_no_more_than_the_log() -> None:
    line = "ERROR hub: 503 Server Error: Service Unavailable\nWARNING hub: retrying in 5 s\n"
    (found,) = run(log("/r/a.log", line))
    assert (found.past, found.past_reason) == (True, "the log says that it was tried again")


def test_the_order_of_files_does_not_matter() -> None:
    events: list[Event] = [
        record(0, LOST, NOW + 1),
        record(1, KEY, NOW),
        record(2, KEY, NOW + 2),
        log("/r/launcher.out", SUMMARY),
        log("/r/rank-3.log", dated("2023-11-14 22:13:19,000", OOM)),
        WitnessSeen(source="torchrun", name="elastic_restarts", value="0"),
    ]
    expected = run(*events)
    for seed in range(6):
        assert (
            run(
                *random.Random(seed).sample(events, len(events)),
            )
            == expected
        )
