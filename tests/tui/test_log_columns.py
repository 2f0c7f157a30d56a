"""Logs side by side: which, how many, that they show the same moment, one search and one filter for all."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from log_harness import FILE, LogApp, settle, type_line

from lptui.model.finding import Evidence, Finding
from lptui.model.place import Anchor
from lptui.model.request import AlignLogs, ReadLog, ReadRows
from lptui.tui.panes.log import LogPane

T = 1_780_000_000.0


def rank_log(rank: int, count: int = 400, every: float = 1.0, stop: int | None = None) -> bytes:
    lines: list[bytes] = []
    for i in range(count if stop is None else stop):
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(T + i * every))
        lines.append(f"{at} INFO r{rank} step {i}\n".encode())
    return b"".join(lines)


def path(rank: int) -> str:
    return f"/r/logs/rank-{rank}.out"


def app_of(*ranks: int, findings: tuple[Finding, ...] = (), **logs: bytes) -> LogApp:
    others = {path(rank): rank_log(rank) for rank in ranks}
    others |= {path(int(name[1:])): data for name, data in logs.items()}
    return LogApp(rank_log(99), others=others, findings=findings, indexed=True)


def oom(rank: int, at: int = 0) -> Finding:
    anchor = Anchor(path(rank), 0, at)
    return Finding(f"oom-{rank}", "oom", "error", "out of memory", evidence=(Evidence("oom", anchor=anchor),))


def columns(app: LogApp) -> list[list[str]]:
    return [[row.rstrip(" ▐") for row in column.view.shown] for column in app.pane.columns.shown]


def heads(app: LogApp) -> list[str]:
    return [column.head.shown[0].strip() if column.head.shown else "" for column in app.pane.columns.shown]


def steps(app: LogApp) -> list[list[int]]:
    return [[int(row.rsplit(" ", 1)[1]) for row in rows if " step " in row] for rows in columns(app)]


def name_of(app: LogApp) -> list[str]:
    return [column.file.rsplit("/", 1)[1] for column in app.pane.columns.shown]


async def test_the_key_adds_columns_as_many_as_fit_and_goes_back_to_one() -> None:
    app = app_of(0, 1, 2, 3, findings=(oom(3),))
    async with app.run_test(size=(160, 14)) as pilot:
        await settle(pilot)
        seen: list[list[str]] = []
        for _ in range(3):
            await pilot.press("|")
            await settle(pilot)
            seen.append(name_of(app))
        assert seen[0] == ["script.log", "rank-3.out"], "what was read stays, then the rank that failed"
        assert seen[1] == ["script.log", "rank-3.out", "rank-0.out"]
        assert len(seen[2]) == 1
        assert columns(app)[0][-1] == "  " + rank_log(99).decode().split("\n")[-2]
        assert app.pane.view.has_focus


async def test_the_header_names_rank_state_and_worst_finding() -> None:
    app = app_of(0, 3, findings=(oom(3),))
    async with app.run_test(size=(120, 14)) as pilot:
        await pilot.press("|")
        await settle(pilot)
        first, second = heads(app)
        assert first.startswith("script.log")
        assert first.endswith("following")
        assert second.startswith("✖ rank 3 · rank-3.out")


async def test_a_time_that_is_gone_to_is_shown_in_all_and_who_was_silent_is_told() -> None:
    app = app_of(0, 1, r2=rank_log(2, stop=100))
    async with app.run_test(size=(210, 14)) as pilot:
        for _ in range(3):
            await pilot.press("|")
            await settle(pilot)
        assert name_of(app) == ["script.log", "rank-0.out", "rank-1.out", "rank-2.out"]
        clock = time.strftime("%H:%M:%S", time.localtime(T + 200))
        await type_line(pilot, ":", clock)
        rows = steps(app)
        assert rows[0] == rows[1] == rows[2]
        assert 200 in rows[0]
        assert rows[3][-1] == 99
        silent = time.strftime("%H:%M:%S", time.localtime(T + 99))
        assert heads(app)[3].endswith(f"{silent}, 1m 41s before")
        assert heads(app)[1].endswith(clock)


async def test_scrolling_brings_the_others_along_and_following_too() -> None:
    app = app_of(0, r1=rank_log(1, count=800, every=0.5))
    async with app.run_test(size=(160, 14)) as pilot:
        for key in ("|", "|", "pageup", "pageup", "pageup"):
            await pilot.press(key)
            await settle(pilot)
        rows = steps(app)
        assert not app.pane.view.following
        assert rows[1][0] == rows[0][0]
        assert rows[2][0] == 2 * rows[0][0], "it writes twice as often"
        await pilot.press("end")
        await settle(pilot)
        assert [r[-1] for r in steps(app)] == [399, 399, 799]
        assert all(head.endswith("following") for head in heads(app))


async def test_the_others_hold_still_while_logs_grow_and_say_what_is_new() -> None:
    app = app_of(0)
    async with app.run_test(size=(110, 14)) as pilot:
        for key in ("|", "pageup", "pageup"):
            await pilot.press(key)
            await settle(pilot)
        before, asked = columns(app), len(app.asked)
        app.grow(b"more\n" * 3, path(0))
        await settle(pilot)
        assert columns(app) == before
        assert len(app.asked) == asked, "nothing is asked when nobody moved"
        assert heads(app)[1].endswith("+3 new")


async def test_tab_gives_the_keys_to_the_next_column_and_nothing_moves() -> None:
    app = app_of(0)
    async with app.run_test(size=(110, 14)) as pilot:
        for key in ("|", "up", "up"):
            await pilot.press(key)
            await settle(pilot)
        before = columns(app)
        await pilot.press("tab")
        await settle(pilot)
        assert columns(app) == before
        assert app.pane.view.extent is not None
        assert app.pane.view.extent.file == path(0)
        assert app.pane.view.has_focus
        await pilot.press("up")
        await settle(pilot)
        chosen = [column.view.chosen_rows()[0].rsplit(" ", 1)[1] for column in app.pane.columns.shown]
        assert chosen[0] == chosen[1]
        await pilot.press("shift+tab")
        assert app.pane.view.extent is not None
        assert app.pane.view.extent.file == FILE


async def test_the_wheel_over_a_column_makes_it_the_one_that_is_read() -> None:
    app = app_of(0)
    async with app.run_test(size=(110, 14)) as pilot:
        await pilot.press("|")
        await settle(pilot)
        other = app.pane.columns.shown[1]
        other.view._scroll_by(-30)  # what a wheel does
        await settle(pilot)
        assert app.pane.columns.lead is other
        assert steps(app)[0] == steps(app)[1]


async def test_brackets_change_the_log_of_the_column_which_comes_to_the_same_time() -> None:
    app = app_of(0, 1, 2)
    async with app.run_test(size=(110, 14)) as pilot:
        for key in ("|", "pageup", "pageup", "tab", "]"):
            await pilot.press(key)
            await settle(pilot)
        assert name_of(app) == ["script.log", "rank-1.out"]
        assert steps(app)[0] == steps(app)[1]
        await pilot.press("[", "[")
        await settle(pilot)
        assert name_of(app) == ["script.log", "rank-2.out"], "a log that stands beside is left out"


async def test_a_search_marks_and_counts_in_all_and_goes_on_in_one() -> None:
    app = app_of(0, r1=rank_log(1, stop=150))
    async with app.run_test(size=(160, 14)) as pilot:
        await pilot.press("|", "|")
        await settle(pilot)
        await type_line(pilot, "/", "step 1.5")
        counted = [re.findall(r"\d+ matches", head) for head in heads(app)]
        assert counted == [["10 matches"], ["10 matches"], ["5 matches"]]
        assert all(column.view.paint.highlight is not None for column in app.pane.columns.shown)
        await pilot.press("escape")
        app.pane.close()
        await settle(pilot)
        assert all(column.view.paint.highlight is None for column in app.pane.columns.shown)


async def test_a_filter_holds_in_all_and_says_nothing_of_ranks() -> None:
    app = app_of(0, r1=rank_log(1, stop=150))
    async with app.run_test(size=(160, 14)) as pilot:
        await pilot.press("|", "|")
        await settle(pilot)
        await type_line(pilot, "f", "step 1.5 rank:7")
        assert steps(app)[0][-1] == 195
        assert steps(app)[0] == steps(app)[1]
        assert steps(app)[2] == [105, 115, 125, 135, 145]
        await pilot.press("|")
        await settle(pilot)
        await pilot.press("|")
        await settle(pilot)
        assert steps(app)[1] == steps(app)[0], "a column that comes later is filtered too"
        app.pane.close()
        await settle(pilot)
        assert steps(app)[0][-1] == steps(app)[1][-1] == 399


async def test_too_little_room_leaves_one_column_and_says_why() -> None:
    app = app_of(0)
    async with app.run_test(size=(60, 15)) as pilot:
        await pilot.press("|")
        await settle(pilot)
        assert len(columns(app)) == 1
        assert "2 columns need 101 cells, here are 58" in app.said[-1]
        assert "2 columns need 101 cells" in app.status
        await pilot.resize_terminal(120, 30)
        await settle(pilot)
        assert len(columns(app)) == 2
        await pilot.resize_terminal(60, 15)
        await settle(pilot)
        assert len(columns(app)) == 1
        await pilot.press("|")
        await settle(pilot)
        assert "cells" not in app.status


async def test_a_run_with_one_log_says_so() -> None:
    app = LogApp(rank_log(0))
    async with app.run_test(size=(160, 14)) as pilot:
        await pilot.press("|")
        await settle(pilot)
        assert app.said == ["this run has one log: nothing to stand beside it"]


async def test_a_finding_that_is_chosen_elsewhere_goes_to_the_column_that_shows_its_log() -> None:
    data = rank_log(0)
    found = oom(0, data.index(b"step 100"))
    app = app_of(0, findings=(found,))
    async with app.run_test(size=(110, 20)) as pilot:
        await pilot.press("|")
        await settle(pilot)
        app.point_at(found)
        await settle(pilot)
        assert app.pane.view.extent is not None
        assert app.pane.view.extent.file == path(0)
        assert 100 in steps(app)[0]
        assert 100 in steps(app)[1]
        assert any("out of memory" in row for row in columns(app)[1])


async def test_what_is_asked_for_is_what_each_column_shows() -> None:
    """Scrolling through 64 logs of which three are shown reads those three."""
    app = app_of(*range(64))
    async with app.run_test(size=(160, 14)) as pilot:
        for key in ("|", "|", *["pageup"] * 10):
            await pilot.press(key)
            await settle(pilot)
        files = {request.file for request in app.asked if isinstance(request, ReadLog | ReadRows)}
        assert files <= {c.file for c in app.pane.columns.shown}
        aligned = [request for request in app.asked if isinstance(request, AlignLogs)]
        assert all(len(request.others) == 2 for request in aligned)
        assert len(aligned) <= 12


async def test_a_log_without_clocks_leads_nobody_and_says_so() -> None:
    app = LogApp(b"".join(b"step %d loss 0.1\n" % n for n in range(400)), others={path(0): rank_log(0)}, indexed=True)
    async with app.run_test(size=(110, 14)) as pilot:
        for key in ("|", "pageup"):
            await pilot.press(key)
            await settle(pilot)
        assert heads(app)[0].endswith("no clock: the others stay")
        assert heads(app)[1].endswith("following")
        await type_line(pilot, ":", "12:00:00")
        assert "no line with a clock near" in app.said[-1]
        await pilot.press("tab", "pageup")
        await settle(pilot)
        assert heads(app)[0].endswith("no clock")


@pytest.mark.parametrize("width", [60, 80, 160, 210])
async def test_context_copy_and_save_with_a_filter_at_every_width(width: int, tmp_path: Path) -> None:
    app = app_of(0, 1, 2)
    async with app.run_test(size=(width, 16)) as pilot:
        await pilot.press("|")
        await settle(pilot)
        await type_line(pilot, "f", "step 20[05]")
        assert [row[-2:] for row in steps(app)] == [[200, 205]] * len(columns(app))
        await pilot.press("+")
        await settle(pilot)
        assert [row[-6:] for row in steps(app)] == [[199, 200, 201, 204, 205, 206]] * len(columns(app))
        await pilot.press("up", "shift+up", "shift+up", "c")
        await settle(pilot)
        assert [row.rsplit(" ", 1)[1] for row in app.copied[-1].split("\n")] == ["204", "205", "206"]
        for column in app.pane.columns.shown[1:]:
            assert column.view.paint.chosen is not None
        saved = tmp_path / "kept.txt"
        await type_line(pilot, "ctrl+s", str(saved))
        assert [row.rsplit(" ", 1)[1] for row in saved.read_text().splitlines()] == ["200", "205"]


def test_the_pane_shows_one_column_at_first() -> None:
    assert len(LogPane().columns.shown) == 1


async def test_the_log_without_a_number_is_rank_0_s_in_heads_and_filters() -> None:
    app = LogApp(rank_log(0), others={"/r/logs/script_1.log": rank_log(1)}, indexed=True)
    async with app.run_test(size=(120, 14)) as pilot:
        await pilot.press("|")
        await settle(pilot)
        first, second = heads(app)
        assert first.startswith("rank 0 · script.log")
        assert second.startswith("rank 1 · script_1.log")
        await pilot.press("|")
        await type_line(pilot, "f", "rank:0 step")
        await settle(pilot)
        assert "400 rows" in app.status
