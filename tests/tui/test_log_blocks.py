"""Blocks that fold and open in place, JSON lines, and what enter does on a row."""

from __future__ import annotations

import json
import time

from hypothesis import given
from hypothesis import strategies as st
from log_harness import LogApp, settle, type_line

from lptui.text import cell_width
from lptui.tui.widgets.logblocks import frame_place
from lptui.tui.widgets.logfields import Columns, fields_row, read_fields, window_row

TRACE = b"""[rank3]: Traceback (most recent call last):
[rank3]:   File "/work/run/train.py", line 214, in <module>
[rank3]:     main()
[rank3]: RuntimeError: boom
"""
BEFORE = b"".join(b"12:00:%02d [INFO] a: line %d\n" % (n, n) for n in range(50))
AFTER = b"".join(b"12:01:%02d [INFO] a: later %d\n" % (n, n) for n in range(5))


async def test_a_traceback_is_one_row_opens_on_enter_and_its_frame_is_copied() -> None:
    app = LogApp(BEFORE + TRACE + AFTER)
    async with app.run_test(size=(100, 14)) as pilot:
        await settle(pilot)
        row = next(r for r in app.shown if "boom" in r)
        assert row == "  ▸ RuntimeError: boom  train.py:214 in <module> (rank 3, 12:00:49)  4 lines"
        for _ in range(6):
            await pilot.press("up")
        await pilot.press("enter")
        await settle(pilot)
        assert any('File "/work/run/train.py", line 214' in r for r in app.shown)
        await pilot.press("down", "enter")
        assert app.copied == ["/work/run/train.py:214"]
        await pilot.press("up", "enter")
        await settle(pilot)
        assert any("▸ RuntimeError" in r for r in app.shown)


BOX = """\
12:00:50 ERROR it failed
         ╭─ Traceback (most recent call─╮
         │ /work/run/a_long_name/traine │
         │ r.py:20 in train             │
         │                              │
         │   19 │   try:                │
         │ ❱ 20 │   │   step(config)    │
         │                              │
         │ ╭───── locals ─────╮         │
         │ │ config = {}      │         │
         │ ╰──────────────────╯         │
         ╰──────────────────────────────╯
         ZeroDivisionError: division by
         zero
""".encode()


async def test_enter_on_any_row_of_a_frame_in_a_box_copies_its_place() -> None:
    app = LogApp(BEFORE + BOX + AFTER)
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        row = next(r for r in app.shown if "ZeroDiv" in r)
        assert row.startswith("  ▸ ZeroDivisionError: division by zero  trainer.py:20 in train (12:00:50)")
        await pilot.press(*["up"] * 6, "enter")
        await settle(pilot)
        for _ in range(9):
            await pilot.press("down", "enter")
        assert app.copied == ["/work/run/a_long_name/trainer.py:20"] * 9


async def test_a_search_opens_the_block_that_holds_its_match() -> None:
    app = LogApp(BEFORE + TRACE + AFTER)
    async with app.run_test(size=(100, 14)) as pilot:
        await type_line(pilot, "slash", "main\\(\\)")
        assert any(r.strip() == "[rank3]:     main()" for r in app.shown)


async def test_all_blocks_unfold_with_one_key() -> None:
    app = LogApp(BEFORE + TRACE + AFTER)
    async with app.run_test(size=(100, 14)) as pilot:
        await pilot.press("o")
        await settle(pilot)
        assert any(r.strip() == "[rank3]: RuntimeError: boom" for r in app.shown)


async def test_a_block_far_back_folds_the_same_when_it_is_read_in() -> None:
    filler = b"".join(b"12:02:%02d [INFO] a: filler %d %s\n" % (n % 60, n, b"x" * 60) for n in range(4000))
    app = LogApp(BEFORE + TRACE + AFTER + filler)
    async with app.run_test(size=(100, 14)) as pilot:
        await pilot.press("home")
        await settle(pilot)
        await pilot.press(*["pagedown"] * 4)
        await settle(pilot)
        assert sum("▸ RuntimeError" in r for r in app.shown) == 1
        assert not any(r.strip().startswith("[rank3]") for r in app.shown)


async def test_json_lines_are_columns_and_open_to_fields() -> None:
    line = {
        "time": "12:00",
        "level": "error",
        "msg": "lost",
        "rank": 3,
        "api_key": "abcdefgh12345678",
        "env": {"a": [1]},
    }
    app = LogApp(b"before\n" + json.dumps(line).encode() + b"\nafter\n")
    async with app.run_test(size=(100, 14)) as pilot:
        await settle(pilot)
        assert app.shown[1] == '  12:00 ERROR   lost  rank=3 api_key=*** env={"a": [1]}'
        await pilot.press("up", "up", "enter")
        await settle(pilot)
        rows = [r.strip() for r in app.shown[2:]]
        assert rows[:8] == [
            "time: 12:00", "level: error", "msg: lost", "rank: 3", "api_key: ***", "env:", "a:", "[0]: 1",
        ]  # fmt: skip
        assert rows[8] == "after"
        await pilot.press("enter")
        await settle(pilot)
        assert app.shown[2].strip() == "after"


def test_hostile_json_stays_text() -> None:
    fields = read_fields(json.dumps({"level": "\x1b]0;t\x07", "a\x1b[2J": "[bold]\u202e"}).encode())
    assert fields is not None
    text = "".join(t for t, _ in fields_row(fields, Columns()))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "[bold]" in text
    assert read_fields(b"{not json}") is None
    assert read_fields(b'\x1b[33m{"a": \x1b[1m1}\x1b[0m\r\n') == {"a": 1}, "a line that was coloured"
    assert read_fields(b"[1, 2]") is None
    assert read_fields(b"{" + b'"a":{' * 5000 + b"}" * 5001) is None


def test_places_of_frames() -> None:
    assert frame_place(b'  File "a/b.py", line 12, in f') == "a/b.py:12"
    assert frame_place("│ /home/me/train.py:10 in outer       │".encode()) == "/home/me/train.py:10"
    assert frame_place(b"loss: 1 in x") == ""


async def test_a_message_glued_behind_a_bar_has_a_row_of_its_own() -> None:
    bar = b"\r 40%|####      | 4/10 [00:01<00:02,  2.00it/s]\r 50%|#####     | 5/10 [00:01<00:01,  3.00it/s]"
    data = b"before\n" + bar + b"12:00:00 [WARNING] t: slow\n" + bar + b"\nafter\n"
    app = LogApp(data)
    async with app.run_test(size=(100, 14)) as pilot:
        await settle(pilot)
        assert [row.strip() for row in app.shown] == [
            "before",
            "50%|#####     | 5/10 [00:01<00:01,  3.00it/s]",
            "12:00:00 [WARNING] t: slow",
            "50%|#####     | 5/10 [00:01<00:01,  3.00it/s]",
            "after",
        ]


async def test_a_run_of_equal_lines_that_is_too_long_is_not_folded_in_parts() -> None:
    app = LogApp(b"start\n" + b"the same again and again and again\n" * 20_000 + b"end\n")
    async with app.run_test(size=(100, 14)) as pilot:
        for key in ("end", "pageup", "home"):
            await pilot.press(key)
            await settle(pilot)
            assert not any("▸" in row for row in app.shown)


def test_a_json_line_tells_numbers_of_time_as_a_clock_and_loguru_s_record_as_a_line() -> None:
    told = "".join(text for text, _ in fields_row({"ts": 1772366645123, "level": "info", "msg": "x"}, Columns()))
    assert told == f"{time.strftime('%H:%M:%S', time.localtime(1772366645))}.123 INFO    x  "
    assert "".join(text for text, _ in fields_row({"time": 0.31, "step": 3}, Columns())) == "0.31 step=3 "
    written = {"2026-03-01T12:04:05.123456": "12:04:05.123", "2026-03-01 12:04:05": "12:04:05", "12:04": "12:04"}
    written["2026-03-01T12:04:05.5Z"] = f"{time.strftime('%H:%M:%S', time.localtime(1772366645))}.500"
    for time_, short in written.items():
        assert fields_row({"timestamp": time_, "msg": "x"}, Columns())[0][0] == f"{short} "
    record = {
        "elapsed": {"seconds": 0.01},
        "extra": {"rank": 3},
        "level": {"name": "ERROR", "no": 40},
        "message": "it broke",
        "time": {"repr": "2026-03-01 12:04:05+00:00", "timestamp": 1772366645.0},
    }
    told = "".join(text for text, _ in fields_row({"text": "all of it again", "record": record}, Columns()))
    assert told == f"{time.strftime('%H:%M:%S', time.localtime(1772366645))} ERROR   it broke  rank=3 "


async def test_fields_stand_below_each_other_as_they_are_written_and_scroll_sideways() -> None:
    line = '{"level": "info", "msg": "go", "lr": LR, "loss": LOSS, "far": "end"}'
    rows = [line.replace("LR", lr).replace("LOSS", loss) for lr, loss in (("1e-4", "5"), ("2.50e-04", "12345"))]
    app = LogApp("\n".join(rows).encode() + b"\n")
    async with app.run_test(size=(44, 14)) as pilot:
        await settle(pilot)
        assert app.shown == ["  INFO    go  lr=1e-4     loss=5     far›", "  INFO    go  lr=2.50e-04 loss=12345 far›"]
        await pilot.press("right")
        await settle(pilot)
        assert app.shown == ["  go  lr=1e-4     loss=5     far=end", "  go  lr=2.50e-04 loss=12345 far=end"]


def test_a_window_of_a_row_marks_what_goes_on() -> None:
    row = (("ab", "dim"), ("cd漢", ""), ("  ", ""))
    assert window_row(row, 0, 6) == (("ab", "dim"), ("cd漢", "")), "blanks are nothing that goes on"
    assert window_row(row, 1, 4) == (("b", "dim"), ("cd", ""), ("›", "dim"))
    assert window_row(row, 5, 4) == ((" ", ""),), "half of a wide character"
    assert window_row(row, 90, 4) == ()


@given(st.lists(st.sampled_from(["a", "漢", "  ", "é", ""])), st.integers(0, 9), st.integers(1, 9))
def test_a_window_of_a_row_is_never_wider(texts: list[str], left: int, width: int) -> None:
    row = tuple((text, "") for text in texts)
    assert sum(cell_width(text) for text, _ in window_row(row, left, width)) <= width
