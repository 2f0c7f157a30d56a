"""Levels, tracebacks and dumps as real libraries print them (recorded by record.py): what each row is."""

from __future__ import annotations

import re

import pytest
from printed_rows import LOGS, draw, load

from lptui.formats.log_folds import find_folds
from lptui.formats.log_prefix import read_prefix, strip_escapes
from lptui.formats.log_shape import level_gate, line_level, rank_of
from lptui.text.regex import Regex

WORDS = {
    "queue holds": "debug", "step 100": "info", "gradient norm": "warning", "worker 3 did": "error",
    "no shards": "critical",
}  # fmt: skip
LOGGERS = (
    *("logging", "loguru", "loguru-tty", "richhandler-80", "richhandler-200-tty", "structlog", "structlog-tty"),
    *("absl", "transformers-logger"),
)


@pytest.mark.parametrize("name", LOGGERS)
def test_every_line_of_a_logger_has_its_level(name: str) -> None:
    found = 0
    for raw in load(name).split(b"\n"):
        line = strip_escapes(raw).rstrip(b"\r")
        word = next((w for w in WORDS if w.encode() in line), None)
        if word is None or (name == "absl" and word == "queue holds"):  # absl prints what is for debugging as INFO
            continue
        found += 1
        assert line_level(line) == WORDS[word], line
        assert re.search(level_gate([WORDS[word]]).replace(b"(?m:", b"(?:"), raw), raw
    assert found >= 3


def test_a_clock_is_read_before_and_behind_the_level() -> None:
    lines = [line for line in load("logging").split(b"\n") if b"15:09:36" in line]
    assert len(lines) >= 35
    assert all(read_prefix(line).clock is not None for line in lines)


def test_a_warning_of_the_interpreter_is_one() -> None:
    levels = [line_level(line) for line in load("warnings").split(b"\n") if b"Warning: " in line]
    assert levels == ["warning"] * 4


@pytest.mark.parametrize(
    ("line", "level", "rank"),
    [
        (b"3: ERROR:root:lost", "error", 3),
        (b" 3: 2026-01-02 10:00:00,123 - a - WARNING - slow", "warning", 3),
        (b"12: Traceback (most recent call last):", "error", 12),
        (b"3: 0.5", None, None),
        (b"1: step 100 loss 0.5", None, None),
        (b"(task, pid=34) [ERROR] lost", "error", None),
        (b"(worker1, rank=1, pid=34, ip=10.0.0.5) WARNING: slow", "warning", 1),
        (b"(train pid=12, ip=10.0.0.5) WARNING:root:slow", "warning", None),
        (b"[default1]:WARNING:root:slow", "warning", 1),
        (b"Fatal Python error: Aborted", "error", None),
    ],
)
def test_labels_of_launchers(line: bytes, level: str | None, rank: int | None) -> None:
    assert (line_level(line), rank_of(line)) == (level, rank)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("raising-chain", "ValueError: invalid literal for int() with base 10: 'no number'  raising.py:18 in chain"),
        ("raising-cause", "RuntimeError: the checkpoint has no step  raising.py:26 in cause"),
        ("raising-syntax", "SyntaxError: '(' was never closed  broken.py:1"),
        ("raising-deep", "RecursionError: maximum recursion depth exceeded  raising.py:53 in deep"),
        (
            "raising-torch",
            "RuntimeError: mat1 and mat2 shapes cannot be multiplied (3x4 and 3x4)  raising.py:63 in torch_",
        ),
        ("raising-loader", "ValueError: Caught ValueError in DataLoader worker process 0.  raising.py:82 in loader"),
        (
            "raising-spawn",
            "torch.multiprocessing.spawn.ProcessRaisedException: rank 1 has no device  raising.py:96 in spawn",
        ),
        ("raising-thread", "KeyError: 'step'  raising.py:10 in inner"),
        ("raising-rich", "RuntimeError: the checkpoint has no step  raising.py:26 in cause"),
        ("raising-rich-tty", "RuntimeError: the checkpoint has no step  raising.py:26 in cause"),
        (
            "rich-crash-tty",
            "RuntimeError: mat1 and mat2 shapes cannot be multiplied (4x9 and 8x1)  bars_rich.py:116 in crash",
        ),
        ("richhandler-80", "KeyError: 'missing'  loggers.py:63 in rich"),
        ("richhandler-200-tty", "KeyError: 'missing'  loggers.py:63 in rich"),
        ("raising-segfault", "Fatal Python error: Segmentation fault  raising.py:116 in segfault"),
        ("raising-abort", "Fatal Python error: Aborted  raising.py:125 in fatal"),
        ("raising-faulthandler", "Stacks of 2 threads  raising.py:107 in faulthandler"),
        ("ray", "ValueError: no data for rank 1  remote.py:18 in train"),
    ],
)
def test_what_was_raised_is_one_row_with_its_place(name: str, title: str) -> None:
    (fold,) = (fold for fold in find_folds(load(name)) if fold.kind == "traceback")
    assert fold.title == title
    rows = [text for kind, text in draw(load(name)) if not kind]
    assert not any(re.match(r'File "|│ |#\d+ |❱', row) for row in rows)


@pytest.mark.parametrize("name", ["raising-thread", "raising-pool", "raising-unraisable"])
def test_what_stands_above_a_traceback_is_folded_with_it(name: str) -> None:
    rows = [text for _, text in draw(load(name))]
    assert rows[0] == "start"
    assert rows[1].startswith("▸ ")
    assert set(rows[2:]) <= {"training goes on"}


def test_the_line_above_a_traceback_is_its_ranks() -> None:
    trace = b'Traceback (most recent call last):\n  File "/a/b.py", line 3, in f\nValueError: x\n'
    ranks = b"".join(b"[rank2]: " + line for line in trace.splitlines(keepends=True))
    heads = ((b"[rank2]: ", 4), (b"[rank1]: ", 3), (b"", 3))
    for label, lines in heads:
        (fold,) = find_folds(b"start\n" + label + b"Exception in thread Thread-3 (work):\n" + ranks + b"more\n")
        assert (fold.lines, fold.ranks) == (lines, (2,))
    (fold,) = find_folds(b"start\nProcess SpawnProcess-1:\n" + trace + b"more\n")
    assert fold.lines == 4


def test_rows_that_a_launcher_labelled_and_bars_went_over_do_not_stay() -> None:
    assert not [text for _, text in draw(load("tqdm-torchrun")) if re.fullmatch(r"\[default\d\]:", text)]
    quiet = b"[default0]:\n[default0]:\n[default0]:starting\n"
    assert [kind for kind, _ in draw(quiet)] == ["", "", ""]  # nothing was drawn over


def test_the_ranks_and_the_report_of_torchrun() -> None:
    ranks, report = (fold for fold in find_folds(load("torchrun-all")) if fold.kind == "traceback")
    assert (len(ranks.ranks), ranks.count) == (4, 4)
    assert report.title == "ChildFailedError: ranks.py FAILED: rank 1 ended first, with exit code 1"
    titles = [fold.title for fold in find_folds(load("torchrun-restart")) if fold.kind == "traceback"]
    assert titles[0] == "RuntimeError: rank 1 found no data  ranks.py:20 in main"
    assert titles[-1] == "ChildFailedError: ranks.py FAILED: rank 1 ended first, with exit code 1"


@pytest.mark.parametrize(
    ("name", "titles"),
    [
        ("dump-omegaconf", ["trainer:", "Config:", "trainer:"]),
        ("dump-pprint", ["{'data': {'batch_size': 64,"]),
        ("dump-rich", ["CONFIG", "{ 'trainer': {"]),
        ("dump-rich-tty", ["CONFIG"]),
        ("dump-dataclass", ["Settings(learning_rate=0.0003,"]),
        ("dump-json", ['{ "trainer": {']),
        ("dump-transformers", ["TrainingArguments("]),
    ],
)
def test_a_configuration_is_one_row(name: str, titles: list[str]) -> None:
    assert [fold.title for fold in find_folds(load(name)) if fold.kind == "config"] == titles
    assert draw(load(name))[-1][1].endswith("training begins")


@pytest.mark.parametrize(
    "text",
    [
        "results: {\n" + "  a: 1\n" * 6 + "}\nend\n",
        "{'loss': 0.5,\n 'acc': 0.1}\nend\n",
        "tensor([\n" + "  [1, 2],\n" * 6 + "])\nend\n",
        "config = {\n" + "  'a': 1,\n" * 20,  # still being written
    ],
)
def test_what_is_no_configuration_stays(text: str) -> None:
    assert [fold for fold in find_folds(text.encode()) if fold.kind == "config"] == []


@pytest.mark.parametrize(
    "piece",
    [
        b"config {\n", b"Thread 0x1 (most recent call first):\n", b"Fatal Python error: a\n", b"{'a': {\n",
        b"a:\n  b: 1\n",
        "├── a\n".encode(), b"Traceback \x1b[0m(most\n", b"1: 2: 3: ERROR: a\n", b"#4 from a\n", b"Args(((((\n",
    ],
)  # fmt: skip
def test_repeated_beginnings_cost_no_more_than_their_length(piece: bytes) -> None:
    find_folds(piece * (110_000 // len(piece)))


def test_recordings_name_no_machine() -> None:
    private = Regex(rb"/work/|/tmp/venv|/tmp/team|/root/|\.pyenv|torchenv|/opt/pypi|index-url")
    assert [p.name for p in LOGS.iterdir() if private.search(p.read_bytes())] == []
    assert all(p.stat().st_size <= 30_000 for p in LOGS.iterdir())


@pytest.mark.parametrize(
    ("name", "titles"),
    [
        ("restart-torchrun", ["torchrun: local rank 1 ended with exit code 1, 1 worker stopped"] * 2),
        (
            "restart-torchrun-info",
            [
                "torchrun starts restarting.py: 2 processes a node, up to 2 restarts",
                "torchrun restarts the workers (1 of 2): local rank 1 ended with exit code 1",
                "torchrun restarts the workers (2 of 2): local rank 1 ended with exit code 1",
            ],
        ),
        (
            "restart-torchrun-nodes",
            [
                "torchrun starts restarting.py: 1 process a node, up to 3 restarts",
                "torchrun restarts the workers (1 of 3): local rank 0 ended with exit code 1, 1 new node",
                "torchrun restarts the workers (2 of 3): local rank 0 ended with exit code 1, 1 new node",
            ],
        ),
        ("accelerate-launch", ["accelerate launch: 3 values not passed, defaults used"]),
        (
            "restart-lightning",
            ["Lightning starts: 5 parameters", "Lightning goes on from /tmp/tmpxt3icbs6/last.ckpt: 5 parameters"],
        ),
        (
            "restart-ray",
            [
                "Ray started 1 worker", "Ray restarts the workers: worker group, error 1 (max allowed: 1)",
                "Ray started 1 worker",
            ],
        ),
    ],
)  # fmt: skip
def test_a_start_and_a_restart_are_one_row_each(name: str, titles: list[str]) -> None:
    folds = [fold for fold in find_folds(load(name)) if fold.kind in ("restart", "banner", "config")]
    assert [fold.title for fold in folds] == titles
    starts = [fold.start for fold in folds if fold.kind == "restart"]
    traces = [fold for fold in find_folds(load(name)) if fold.kind == "traceback"]
    assert not any(trace.start < start < trace.end for trace in traces for start in starts)
