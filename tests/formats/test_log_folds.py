"""Blocks of lines that one row can stand for, and what is none."""

from __future__ import annotations

import traceback
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lptui.formats.log_folds import find_folds
from lptui.formats.progress import FactReader

TRACE = """Traceback (most recent call last):
  File "/work/run/train.py", line 214, in <module>
    main()
  File "/work/run/rl/trainer.py", line 388, in train
    loss.backward()
RuntimeError: shapes (64, 12) and (128,) do not match
"""
LOGS = Path(__file__).parents[1] / "provoked" / "logs"


def ranks(text: str, order: tuple[int, ...]) -> str:
    """The text as each rank prints it, two lines at a time in turn."""
    lines = {rank: [f"[rank{rank}]: {line}\n" for line in text.splitlines()] for rank in order}
    out: list[str] = []
    while any(lines.values()):
        for rank in order:
            out += lines[rank][:2]
            lines[rank] = lines[rank][2:]
    return "".join(out)


def test_the_tracebacks_of_many_ranks_are_one_row() -> None:
    block = ranks(TRACE, (3, 0, 1, 2))
    text = f"12:04:11 [INFO] a: before\n{block}12:04:12 [INFO] a: after\n".encode()
    (fold,) = find_folds(text)
    assert text[fold.start : fold.end].decode() == block
    assert fold.title == "RuntimeError: shapes (64, 12) and (128,) do not match  trainer.py:388 in train"
    assert fold.detail == "x 4 ranks, first rank 3, 12:04:11"
    assert fold.lines == 24


def test_two_failures_are_two_rows() -> None:
    other = TRACE.replace("RuntimeError: shapes", "ValueError: sizes")
    folds = find_folds((TRACE + other + "end\n").encode())
    assert [f.title.split(":")[0] for f in folds] == ["RuntimeError", "ValueError"]


def test_a_traceback_that_is_still_being_written_is_no_block() -> None:
    assert find_folds(TRACE.encode()[:-30]) == []
    assert find_folds(TRACE.split("RuntimeError")[0].encode()) == []


def test_what_all_ranks_say_is_one_row_but_for_their_own_number() -> None:
    text = "".join(f"[rank{n}]: Warning: slow on cuda:{n}\n" for n in range(8)) + "12:00:00 [INFO] x: go\n"
    (fold,) = find_folds(text.encode())
    assert fold.ranks == tuple(range(8))
    assert fold.detail == "x 8 ranks, first rank 0, 12:00:00"


def test_repeated_lines_are_one_row_and_progress_is_not() -> None:
    text = "12:00:0{} [WARNING] env: slow reset\n"
    (fold,) = find_folds("".join(text.format(n) for n in range(6)).encode() + b"end\n")
    assert (fold.title, fold.detail) == ("slow reset", "x 6, 12:00:00")
    progress = "".join(f"12:00:0{n} [INFO] train: step {n} loss 0.5\n" for n in range(9))
    assert find_folds(progress.encode()) == []
    of_ranks = "".join(f"[rank{n}]: step {100 + n * 7} loss 0.5\n" for n in range(8))
    assert find_folds(of_ranks.encode() + b"end\n") == []


def test_a_banner_and_a_dump_of_the_configuration_are_rows() -> None:
    dump = (
        "12:05:00 [INFO] t: Trainer config after overrides:\n" + "trainer:\n  lr: 0.1\n  betas:\n    - 0.9\nseed: 1\n"
    )
    banner = "=== RESTART INFO ===\n".replace("===", "=" * 13) + "  RESTART_COUNT: 2\n  RUNTIME: 9\n" + "=" * 38 + "\n"
    text = (banner + dump + "12:05:01 [INFO] t: go\n").encode()
    first, second = find_folds(text)
    assert (first.kind, first.lines) == ("banner", 4)
    assert first.title == "RESTART INFO  RESTART_COUNT: 2 · RUNTIME: 9"
    assert (second.kind, second.lines, second.title) == ("config", 6, "Trainer config after overrides:")
    assert text[second.end :] == b"12:05:01 [INFO] t: go\n"


@pytest.mark.parametrize("name", ["shape", "loader-exception", "out-of-memory-numpy", "dtype"])
def test_real_tracebacks_are_folded(name: str) -> None:
    data = (LOGS / f"{name}.log").read_bytes()
    folds = [f for f in find_folds(data) if f.kind == "traceback"]
    assert folds
    for fold in folds:
        assert b"Traceback" in data[fold.start : fold.end]
        assert data[: fold.start].endswith(b"\n") or fold.start == 0


@pytest.mark.parametrize("name", sorted(p.name for p in LOGS.glob("healthy-*.log")))
def test_healthy_logs_lose_no_progress_line_to_a_fold(name: str) -> None:
    data = (LOGS / name).read_bytes()
    folds = find_folds(data)
    # What a trainer says of its start is much of a short log: it is told by what it holds, all else by its size.
    started = [f for f in folds if f.kind == "banner"]
    assert not any(FactReader().read(data[f.start : f.end], None, backfill=True) for f in started)
    assert sum(f.lines for f in folds if f not in started) <= data.count(b"\n") // 4


PARTS = [TRACE.encode(), b"same\n", b"same\n", b"12:00:00 [INFO] a: b\n", b"config:\n", b"  a: 1\n", b"=====\n", b"\n"]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PARTS), max_size=30), st.binary(max_size=20))
def test_blocks_are_whole_lines_in_order_and_apart(parts: list[bytes], junk: bytes) -> None:
    data = b"".join(parts) + junk + b"\n"
    end = 0
    for fold in find_folds(data):
        assert end <= fold.start < fold.end <= len(data)
        assert fold.start == 0 or data[fold.start - 1] == 10
        assert data[fold.end - 1] == 10
        end = fold.end


RICH_FIRST = "\x1b[?25l\r\x1b[2KTraining   0%\nEval   0%"
RICH_AGAIN = "\r\x1b[2K\x1b[1A\x1b[2KTraining {0}%\nEval {0}%"


def kept(text: str) -> list[str]:
    """The last words of the lines that are in no block."""
    data = text.encode()
    for fold in reversed(find_folds(data)):
        data = data[: fold.start] + data[fold.end :]
    return [line.rsplit("K")[-1].rsplit("\r")[-1] for line in data.decode().split("\n")]


def test_rows_that_a_bar_of_several_rows_drew_over_are_one_row() -> None:
    text = RICH_FIRST + "".join(RICH_AGAIN.format(n) for n in range(10, 101, 10)) + "\n\x1b[?25hdone\n"
    (fold,) = find_folds(text.encode())
    assert (fold.kind, fold.count, fold.detail) == ("redrawn", 10, "x 10")
    assert kept(text) == ["Training 100%", "Eval 100%", "\x1b[?25hdone", ""]


def test_what_was_printed_above_such_a_bar_stays() -> None:
    message = "\r\x1b[2K\x1b[1A\x1b[2Kcheckpoint saved\nTraining 50%\nEval 50%"
    text = RICH_FIRST + RICH_AGAIN.format(20) + RICH_AGAIN.format(40) + message
    text += RICH_AGAIN.format(60) + RICH_AGAIN.format(80) + "\nend\n"
    assert kept(text) == ["checkpoint saved", "Training 80%", "Eval 80%", "end", ""]


def test_bars_of_tqdm_in_one_another_leave_the_outer_one() -> None:
    text = "outer: 0/2\n\rinner: 0/9\x1b[A\n\rinner: 9/9\x1b[A\n\r          \x1b[A\router: 1/2\n"
    text += "\rinner: 4/9\x1b[A\n\rinner: 9/9\x1b[A\n\r          \x1b[A\router: 2/2\nend\n"
    assert kept(text) == ["outer: 2/2", "end", ""]


def test_lines_of_the_log_are_never_taken_for_drawn_over() -> None:
    text = "12:00:00 [INFO] a: one\n12:00:01 [ERROR] a: two\n12:00:02 [INFO] a: three\n\x1b[3Ax\ny\nz\nend\n"
    assert find_folds(text.encode()) == []


def test_a_long_redrawn_bar_is_told_in_parts_that_join() -> None:
    data = (RICH_FIRST + "".join(RICH_AGAIN.format(n) for n in range(9000)) + "\nend\n").encode()
    folds = find_folds(data, 200_000)
    assert all(one.end == two.start for one, two in pairwise(folds))
    assert max(f.end - f.start for f in folds) <= 48 * 1024
    assert 0 <= folds[-1].end - 200_000 < 100
    assert find_folds(data[:300_000], 200_000) == folds


def group_texts() -> dict[str, tuple[bytes, int]]:
    """What Python prints of groups, with how many blocks that is."""

    def fail(what: str | Exception) -> Exception:
        try:
            raise ValueError(what) if isinstance(what, str) else what
        except (ValueError, ExceptionGroup) as error:
            return error

    def grouped(name: str, *errors: Exception, cause: Exception | None = None) -> bytes:
        try:
            raise ExceptionGroup(name, errors) from cause
        except ExceptionGroup as error:
            return "".join(traceback.format_exception(error)).encode()

    inner = fail(ExceptionGroup("inner", [fail("a"), fail("b\nsecond line")]))
    simple, nested = grouped("outer", fail("a"), fail("b")), grouped("outer", inner, fail("c"))
    chained = grouped("outer", fail("a"), cause=fail("cause"))
    without_margin = grouped("outer", fail("b\nsecond"), fail("c")).replace(b"    | second", b"second")  # excepthook
    return {
        "simple": (simple, 1),
        "nested": (nested, 1),
        "chained": (chained, 1),
        "caused by a group": (grouped("outer", fail("a"), cause=inner), 1),
        "without margin": (without_margin, 1),
        "two": (simple + b"12:00:01 INFO on\n" + nested, 2),
        "labelled": (b"".join(b"[rank3]: " + line for line in nested.splitlines(keepends=True)), 1),
    }


@pytest.mark.parametrize("name", list(group_texts()))
def test_exception_groups_are_one_row(name: str) -> None:
    text, count = group_texts()[name]
    data = b"12:00:00 [ERROR] it failed\n" + text + b"12:00:02 [INFO] it goes on\n"
    folds = find_folds(data)
    assert [fold.title.split("  ")[0] for fold in folds] == ["ExceptionGroup: outer (2 sub-exceptions)"] * count or (
        "outer (1 sub-exception)" in folds[0].title and len(folds) == count
    )
    assert data[folds[0].start :].startswith(text[:40])
    assert folds[-1].end == len(data) - len(b"12:00:02 [INFO] it goes on\n")


def test_bars_of_two_writers_in_one_file_swallow_nothing_else() -> None:
    """Two programs write to one file: nested bars of one go up over what the other printed."""
    lines = [b"plain start"]
    said = [b"plain start"]
    for n in range(40):
        share = n * 100 // 40
        lines.append(b"train: %3d%%|###  | %d/40 [00:01<00:02, 3it/s]" % (share, n))
        if n % 10 == 3:
            said.append(b"saved checkpoint number %d" % n)
            lines.append(said[-1])
        lines.append(b"\x1b[A\x1b[Ainner: %3d%%|#    | %d/90 [00:01<00:02, 3it/s]" % (share, n))
        if n % 10 == 6:
            said.append(b"12:00:%02d [INFO] with a clock" % n)
            lines.append(said[-1])
    data = b"\n".join([*lines, b"the end"]) + b"\n"
    shown, at = b"", 0
    for fold in find_folds(data):
        shown += data[at : fold.start]
        at = fold.end
    shown += data[at:]
    for words in said:
        assert words + b"\n" in shown, words
    assert shown.count(b"%|") < 20
