"""Boxes that the real Rich draws, at the widths of a terminal and of a log: printed, or by a logger's handler in the
columns that it has left (at 80 cells its boxes cut their own title)."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console
from rich.logging import RichHandler

from lptui.formats.log_folds import find_folds
from lptui.formats.traceback import find_tracebacks
from lptui.formats.traceback_box import frame_at

LONG = "the loss is not finite, and this says so at such a length that it has to be wrapped by the console " * 2


def fail(scale: float) -> float:
    weights = {"layer": [0.1, 0.2], "name": "encoder.block.0.attention"}
    return len(weights) / scale


def train(epochs: int) -> None:
    optimizer = "adamw"
    for epoch in range(epochs):
        fail(epoch)
    del optimizer


def chained() -> None:
    try:
        train(2)
    except ZeroDivisionError as error:
        raise RuntimeError(LONG) from error


def grouped() -> None:
    errors: list[Exception] = []
    for rank in range(2):
        try:
            raise ValueError(f"rank {rank}: shapes do not match")
        except ValueError as error:
            errors.append(error)
    raise ExceptionGroup("workers failed", errors)


def drawn(program: Callable[[], None], width: int, *, handler: bool, show_locals: bool, plain: bool = False) -> bytes:
    out = io.StringIO()
    console = Console(file=out, width=width, legacy_windows=plain, color_system=None)
    log = logging.Logger("rich")
    log.addHandler(RichHandler(console=console, rich_tracebacks=True, tracebacks_show_locals=show_locals))
    log.info("starting")
    try:
        program()
    except Exception:
        if handler:
            log.exception("it failed")
        else:
            console.print_exception(show_locals=show_locals, width=width)
    log.info("over")
    return out.getvalue().encode()


EVERY = pytest.mark.parametrize(
    ("width", "handler", "show_locals"),
    [(width, handler, local) for width in (80, 120, 200) for handler in (False, True) for local in (False, True)],
)


@EVERY
def test_a_box_is_one_block_with_its_exception_and_place(width: int, handler: bool, show_locals: bool) -> None:
    data = drawn(lambda: train(2), width, handler=handler, show_locals=show_locals)
    (fold,) = find_folds(data)
    assert fold.title.startswith("ZeroDivisionError: division by zero  test_rich_boxes.py:")
    assert fold.title.endswith(" in fail")
    block = data[fold.start : fold.end].decode()
    assert block.lstrip().startswith("╭─")
    assert " INFO " not in block
    (trace,) = find_tracebacks(data)
    assert [frame.function for frame in trace.frames][-2:] == ["train", "fail"]


@EVERY
def test_every_row_of_a_frame_tells_its_place(width: int, handler: bool, show_locals: bool) -> None:
    data = drawn(lambda: train(2), width, handler=handler, show_locals=show_locals)
    (fold,) = find_folds(data)
    block = data[fold.start : fold.end]
    (trace,) = find_tracebacks(data)
    told: list[tuple[str, int]] = []
    at = 0
    for line in block.splitlines(keepends=True):
        found = frame_at(block, at)
        if found is not None and (not told or told[-1] != found):
            told.append(found)
        at += len(line)
    assert told == [(frame.path, frame.line) for frame in trace.frames]
    assert frame_at(block, 0) is None
    assert frame_at(block, block.rindex(b"ZeroDivisionError")) is None


@EVERY
def test_a_chain_is_one_block(width: int, handler: bool, show_locals: bool) -> None:
    data = drawn(chained, width, handler=handler, show_locals=show_locals)
    (fold,) = find_folds(data)
    assert fold.title.startswith("RuntimeError: the loss is not finite, and this says so at such a length")
    (trace,) = find_tracebacks(data)
    assert trace.message == LONG.strip()
    assert trace.origin.exception == "ZeroDivisionError"


@EVERY
def test_a_group_is_one_block_with_what_it_holds(width: int, handler: bool, show_locals: bool) -> None:
    data = drawn(grouped, width, handler=handler, show_locals=show_locals)
    (fold,) = find_folds(data)
    assert fold.title.startswith("ExceptionGroup: workers failed (2 sub-exceptions)  test_rich_boxes.py:")
    assert data[: fold.end].count(b"ValueError: rank 1") == data.count(b"ValueError: rank 1")
    told = [(trace.exception, trace.message) for trace in find_tracebacks(data)]
    assert told[1:] == [("ValueError", f"rank {rank}: shapes do not match") for rank in range(2)]


@pytest.mark.parametrize("width", [80, 120])
def test_paths_of_any_length_are_put_together(width: int, tmp_path: Path) -> None:
    """The wrap falls in the path, before `in`, behind it, and in the line number, as the path grows."""
    source = "def inner():\n    raise KeyError('k')\ninner()\n"
    for length in range(1, 100):
        path = tmp_path / ("d" * length) / "train.py"
        path.parent.mkdir()
        path.write_text(source)
        code = compile(source, str(path), "exec")
        data = drawn(lambda code=code: exec(code, {}), width, handler=True, show_locals=False)
        (fold,) = find_folds(data)
        assert fold.title == "KeyError: 'k'  train.py:2 in inner", length
        (trace,) = find_tracebacks(data)
        assert [(frame.path, frame.line) for frame in trace.frames[-2:]] == [(str(path), 3), (str(path), 2)]
        raising = data.rindex("❱ 2".encode())
        assert frame_at(data, data.rindex(b"\n", 0, raising) + 1) == (str(path), 2)


def test_a_box_of_ascii() -> None:
    data = drawn(lambda: train(2), 80, handler=False, show_locals=True, plain=True)
    folds = find_folds(data)
    assert [fold.title.split("  ")[0] for fold in folds] == ["ZeroDivisionError: division by zero"]


def test_a_message_about_tracebacks_is_none() -> None:
    data = b"12:00:00 INFO Traceback (most of them) are read\n| a - Traceback table |\n"
    assert find_tracebacks(data) == ()
    assert find_folds(data) == []
