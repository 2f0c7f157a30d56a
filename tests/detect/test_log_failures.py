"""The log detector: attempts, recovery, incidents, evidence, and the same findings in whatever order blocks come."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from lptui.detect.hit_memory import KEPT
from lptui.detect.log_failures import LOG_FAILURES
from lptui.formats.progress import scan
from lptui.model.events import DatedFact, Event, Facts, LogBlock, Tick
from lptui.model.finding import Finding
from lptui.model.log import LogSegment, LogView
from lptui.model.run import RunInfo
from lptui.state.fold import fold
from lptui.state.run_state import RunState

LOG = "/r/train.log"
START = "12:00:00 [INFO] run_dir = /r\n12:00:01 [INFO] Train job config: \n"
OOM = (
    "Traceback (most recent call last):\n"
    '  File "/home/me/train.py", line 9, in main\n'
    "    step()\n"
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.50 GiB. GPU 3 has a total capacity of 79.11 GiB"
    " of which 1.21 GiB is free.\n"
)
NCCL = (
    "[rank{r}]:[E ProcessGroupNCCL.cpp:616] [Rank {r}] Watchdog caught collective operation timeout: "
    "WorkNCCL(SeqNum=7, OpType=ALLREDUCE) ran for 600012 milliseconds before timing out.\n"
)
CONFIG = (
    ("trainer.batch_size", "524288"),
    ("trainer.minibatch_size", "16384"),
    ("trainer.bptt_horizon", "64"),
    ("trainer.num_workers", "4"),
)


def steps(first: int, count: int) -> str:
    return "".join(f"12:00:02 [INFO] trainer: step={i} loss=0.5\n" for i in range(first, first + count))


def events_of(text: str, cuts: Sequence[int] = (), file: str = LOG, **more: object) -> list[list[Event]]:
    """The events of each block, cut at lines."""
    raw = text.encode()
    ends = [i + 1 for i, c in enumerate(raw) if c == 10]
    bounds = [0, *sorted({ends[c % len(ends)] for c in cuts} | {len(raw)})]
    found: list[list[Event]] = []
    for low, high in pairwise(bounds):
        data = raw[low:high]
        facts = tuple(DatedFact(low + f.offset, f.fact) for f in scan(data))
        found.append(
            [
                LogBlock(file=file, start=low, data=data, lead=raw[max(0, low - 8192) : low], backfill=True),
                Facts(file=file, facts=facts, backfill=True),
            ]
        )
    return found


def run(
    events: Iterable[Event], config: tuple[tuple[str, str], ...] = (), files: Sequence[str] = (LOG,)
) -> list[Finding]:
    views = {f: LogView(f, (LogSegment(0, 0, 1 << 30),)) for f in files}
    state = RunState(RunInfo("r", "/r", logs=tuple(files)), logs=views, config=config)
    memory = LOG_FAILURES.initial
    table: dict[str, Finding] = {}
    for event in events:
        state = fold(state, event)
        memory, changes = LOG_FAILURES.step(memory, event, state)
        for change in changes:
            if change.finding is None:
                table.pop(change.id)
            else:
                table[change.id] = change.finding
    return sorted(table.values(), key=lambda f: f.id)


def of(text: str, config: tuple[tuple[str, str], ...] = ()) -> dict[str, Finding]:
    return {f.cls: f for f in run((e for b in events_of(text) for e in b), config)}


def test_out_of_memory_with_the_runs_own_numbers() -> None:
    text = START + steps(1, 5) + OOM
    (found,) = run((e for b in events_of(text) for e in b), CONFIG)
    assert (found.cls, found.severity, found.role, found.past) == ("cuda-oom", "error", "root", False)
    assert found.fix is not None
    assert found.fix.command == "trainer.minibatch_size=8192"
    assert "asked for 2.50 GiB, 1.21 GiB of 79.11 GiB free" in found.fix.what
    assert found.anchor is not None
    assert text.encode()[found.anchor.offset :].startswith(b"torch.OutOfMemoryError")
    assert found.evidence[0].line is None
    assert "/home/me/train.py:9 in main" in found.evidence[1].text
    assert found.step == 5


def test_an_epoch_is_no_step_of_a_failure_but_shows_that_training_went_on() -> None:
    epochs = "".join(f"Epoch {n}/9 loss: 0.5\n" for n in range(1, 4))
    assert of(epochs + OOM)["cuda-oom"].step is None
    assert of(epochs + OOM + "".join(f"Epoch {n}/90 loss: 0.5\n" for n in range(4, 40)))["cuda-oom"].past


def test_without_the_configuration_there_is_advice_but_no_command() -> None:
    fix = of(OOM)["cuda-oom"].fix
    assert fix is not None
    assert (fix.command, "{" in fix.what) == ("", False)


def test_training_that_went_on_makes_it_past() -> None:
    assert not of(steps(1, 3) + OOM)["cuda-oom"].past
    assert not of(steps(1, 3) + OOM + steps(3, 1))["cuda-oom"].past  # another rank's last line
    found = of(steps(1, 3) + OOM + steps(4, 3))["cuda-oom"]
    assert (found.past, found.past_reason) == (True, "training went on after it")


def test_a_bar_that_repeats_its_step_is_no_progress() -> None:
    assert not of(steps(1, 3) + OOM + steps(3, 1) * 5)["cuda-oom"].past


def test_nan_stays_although_training_goes_on() -> None:
    assert not of("ERROR loss contains NaN\n" + steps(1, 40))["nan-loss"].past


def test_an_earlier_attempt_is_past() -> None:
    found = run(e for b in events_of(START + OOM + START + steps(1, 4) + OOM) for e in b)
    assert [(f.attempt, f.past) for f in found] == [(1, True), (2, False)]
    assert found[0].past_reason == "attempt 1; attempt 2 began after it"


def test_a_retry_that_worked_is_past_and_one_that_did_not_is_active() -> None:
    line = "ERROR hub: 503 Server Error: Service Unavailable\n"
    assert of(line)["network-error"].past is False
    assert of(line + "WARNING hub: retrying in 5 s\n")["network-error"].past is True
    again = line + "WARNING hub: retrying in 5 s\n" + line
    assert of(again)["network-error"].past is False


def test_a_series_needs_its_number_close_together() -> None:
    line = "Gradient overflow.  Skipping step, loss scaler 0 reducing loss scale to 1024.0\n"
    assert of(line * 3) == {}
    assert of(line * 4)["grad-overflow"].count == 4
    assert of((line + steps(1, 900)) * 4) == {}


def test_followers_join_the_incident_of_their_cause() -> None:
    elastic = "torch.distributed.elastic.multiprocessing.errors.ChildFailedError: \n"
    found = of(START + OOM + NCCL.format(r=0) + NCCL.format(r=1) + elastic)
    root = found["cuda-oom"]
    assert root.role == "root"
    for cls in ("nccl-timeout", "worker-process-died"):
        assert (found[cls].role, found[cls].incident) == ("follow-up", root.id)
    assert found["nccl-timeout"].ranks == (0, 1)
    assert found["nccl-timeout"].count == 2


def test_followers_alone_are_their_own_root() -> None:
    found = of(NCCL.format(r=0) + "torch.distributed.elastic.multiprocessing.errors.ChildFailedError: \n")
    assert found["nccl-timeout"].role == "root"
    assert found["worker-process-died"].incident == found["nccl-timeout"].id


def test_files_of_several_ranks_make_one_finding() -> None:
    events = [e for f in ("/r/a.log", "/r/b.log") for b in events_of(OOM, file=f) for e in b]
    (found,) = run(events, files=("/r/a.log", "/r/b.log"))
    assert found.count == 2
    assert {e.file for e in found.evidence} == {"/r/a.log"}


def test_the_log_without_a_number_is_rank_0() -> None:
    files = ("/r/train.log", "/r/train_rank1.log", "/r/train_rank2.log")
    events = [e for f in files for b in events_of(OOM, file=f) for e in b]
    (found,) = run(events, files=files)
    assert found.ranks == (0, 1, 2)


def test_a_logged_exception_is_not_said_to_have_ended_the_program() -> None:
    raised = "Traceback (most recent call last):\n  File \"t.py\", line 9, in main\n    step()\nKeyError: 'k'\n"
    assert (
        of("12:00:00 ERROR it failed\n" + raised)["uncaught-exception"].title
        == "An exception was logged: KeyError: 'k'"
    )
    ended = ("12:00:00 ERROR it failed\n" + raised).replace("\n", "\r\n")
    assert of(ended)["uncaught-exception"].title == "An exception was logged: KeyError: 'k'"
    for above in ("", "12:00:00 INFO step 3\n", "it failed\n"):
        assert of(above + raised)["uncaught-exception"].title == "The program ended with KeyError: 'k'"


def test_secrets_and_control_bytes_stay_out_of_evidence() -> None:
    text = "ERROR \x1b]0;x\x07 loss is nan, token=ghp_abcdefghijklmnopqrstuvwxyz0123 \x1b[31m\x9b2J\n"
    shown = of(text)["nan-loss"].evidence[0].text
    assert "ghp_" not in shown
    assert shown.isprintable()


def test_a_hostile_path_gives_no_command_or_a_quoted_one() -> None:
    line = "FileNotFoundError: [Errno 2] No such file or directory: '/data/$(rm -rf ~)/x.bin'\n"
    fix = of(line)["file-not-found"].fix
    assert fix is not None
    assert fix.command == "ls -la '/data/$(rm -rf ~)'"
    fix = of(line.replace("$(rm", "\x07$(rm"))["file-not-found"].fix
    assert fix is not None
    assert "$(rm" not in fix.command


def test_nothing_is_said_of_a_healthy_log_and_memory_stays_empty() -> None:
    memory = LOG_FAILURES.initial
    state = RunState(RunInfo("r", "/r", logs=(LOG,)))
    for event in (e for b in events_of(START + steps(1, 500)) for e in b):
        state = fold(state, event)
        memory, changes = LOG_FAILURES.step(memory, event, state)
        assert not changes
    assert all(not f.kept for f in memory.files.values())


def test_memory_is_bounded_and_the_count_exact() -> None:
    text = "".join(f"ERROR step {i}: loss is nan\n" for i in range(3000))
    memory = LOG_FAILURES.initial
    state = RunState(RunInfo("r", "/r", logs=(LOG,)))
    for event in (e for b in events_of(text, range(0, 3000, 100)) for e in b):
        state = fold(state, event)
        memory, _ = LOG_FAILURES.step(memory, event, state)
    kept = memory.files[LOG].kept["nan-loss"]
    assert (len(kept.first), len(kept.last), kept.count) == (KEPT, KEPT, 3000)
    (found,) = memory.raised.values()
    assert found.count == 3000


def test_an_event_that_changes_nothing_says_nothing() -> None:
    memory = LOG_FAILURES.initial
    state = RunState(RunInfo("r", "/r", logs=(LOG,)))
    for event in (e for b in events_of(OOM) for e in b):
        memory, _ = LOG_FAILURES.step(memory, event, state)
    again, changes = LOG_FAILURES.step(memory, Tick(now=5.0), state)
    assert (again is memory, list(changes)) == (True, [])


PIECES = [
    START,
    steps(1, 3),
    steps(4, 3),
    OOM,
    NCCL.format(r=2),
    "ERROR loss is nan\n",
    "wandb: Network error (ReadTimeout), entering retry loop.\n",
    "WARNING retrying in 3 s\n",
    "x.Error: 503 Server Error: busy\n",
    "Traceback (most recent call last):\n  File \"/a/b.py\", line 3, in f\n    g()\nKeyError: 'x'\n",
    "Gradient overflow.  Skipping step, loss scaler 0 reducing loss scale to 64.0\n",
    "12:00:00 [INFO] Training complete!\n",
]


@given(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=14),
    st.lists(st.integers(0, 200), max_size=8),
    st.randoms(use_true_random=False),
)
@settings(max_examples=60, deadline=None)
def test_the_order_of_blocks_does_not_matter(pieces: list[str], cuts: list[int], chance: random.Random) -> None:
    blocks = events_of("".join(pieces), cuts)
    end = [Tick(now=9.0)]
    expected = run([e for b in blocks for e in b] + end, CONFIG)
    shuffled = blocks.copy()
    chance.shuffle(shuffled)
    assert run([e for b in shuffled for e in b] + end, CONFIG) == expected
    assert run([e for b in reversed(blocks) for e in b] + end, CONFIG) == expected


def test_live_lines_have_a_time() -> None:
    events = [replace(e, backfill=False, seen_at=50.0) for b in events_of(OOM) for e in b]
    (found,) = run(events)
    assert (found.first_seen, found.last_seen) == (50.0, 50.0)
    dated = "2026-03-01T10:00:00Z ERROR loss is nan\n"
    assert of(dated)["nan-loss"].first_seen == 1772359200.0
