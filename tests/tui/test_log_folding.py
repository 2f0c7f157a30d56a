"""Where blocks are looked for: near what is shown, and once."""

from __future__ import annotations

import pytest

from lptui.formats.log_folds import LONGEST, find_folds
from lptui.model.log import LogSegment, LogView
from lptui.tui.widgets import logfolding
from lptui.tui.widgets.logfolding import BUCKET, FoldingHand

TAIL = 64 * 1024
TRACE = (
    b"[rank3]: Traceback (most recent call last):\n"
    b'[rank3]:   File "/work/run/train.py", line 214, in <module>\n'
    b"[rank3]:     main()\n"
    b"[rank3]: RuntimeError: boom\n"
)
LINE = b"12:00:%02d [INFO] trainer: step %08d loss 0.25\n"


def text(size: int, trace_at: int) -> bytes:
    """Lines up to `size` bytes, with a traceback from about `trace_at` on."""
    lines, at, number, told = list[bytes](), 0, 0, False
    while at < size:
        line = TRACE if not told and at >= trace_at else LINE % (number % 60, number)
        told = told or line is TRACE
        lines.append(line)
        at, number = at + len(line), number + 1
    return b"".join(lines)


def following(data: bytes) -> FoldingHand:
    tail = data[-TAIL:]
    return FoldingHand(LogView("a.log", (LogSegment(0, 0, len(data)),), tail, len(data) - len(tail)))


def rows_up(hand: FoldingHand, count: int) -> list[tuple[int, int, str]]:
    rows, unit = list[tuple[int, int, str]](), hand.last()
    while unit is not None and len(rows) < count:
        rows.append((unit.start, unit.end, unit.fold.title if unit.fold is not None else ""))
        unit = hand.before(unit)
    return rows


@pytest.mark.parametrize("over", [200, 3_000, LONGEST - 3_000, LONGEST + 100, BUCKET - 100])
@pytest.mark.parametrize("trace_before_end", [900, 2_400, 40_000])
def test_rows_of_a_log_that_is_followed_are_those_of_the_whole(over: int, trace_before_end: int) -> None:
    size = 3 * BUCKET + over
    data = text(size, size - trace_before_end)
    (fold,) = find_folds(data)
    rows = rows_up(following(data), 900)
    assert [row for row in rows if row[2]] == [(fold.start, fold.end, fold.title)]
    assert [start for start, _, _ in rows] == [end for _, end, _ in rows[1:]] + [rows[-1][0]]


@pytest.mark.parametrize("over", [200, 20_000, LONGEST + 8_000])
def test_a_picture_of_the_end_looks_through_what_is_in_hand_once(over: int, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []

    def noted(data: bytes, limit: int | None = None) -> list[logfolding.Fold]:
        looked.append(len(data))
        return find_folds(data, limit)

    monkeypatch.setattr(logfolding, "find_folds", noted)
    hand = following(text(3 * BUCKET + over, 10**9))
    rows_up(hand, 48)
    assert len(looked) == 1
    assert looked[0] <= TAIL
    rows_up(hand, 48)
    hand.update(hand.view)
    assert len(looked) == 1
