"""Filtering, counting, going to places, copying and saving in the log pane, with the engine's own answers."""

from __future__ import annotations

from pathlib import Path

from log_harness import FILE, LogApp, settle, type_line

from lptui.model.finding import Evidence, Finding
from lptui.model.place import Anchor
from lptui.model.request import SiftLog


def log(count: int) -> bytes:
    return b"".join(
        b"12:%02d:%02d [%s] train: step %d loss 0.5\n"
        % (n // 60 % 60, n % 60, b"WARNING" if n % 100 == 7 else b"INFO", n)
        for n in range(count)
    )


async def test_a_filter_shows_what_it_keeps_says_how_much_and_lets_go() -> None:
    app = LogApp(log(20_000))
    async with app.run_test(size=(100, 14)) as pilot:
        await type_line(pilot, "f", "level:warning")
        assert app.status == "filter level:warning · 200 rows · esc ends"
        assert app.shown[-1].endswith("step 19907 loss 0.5")
        assert app.shown[-2].endswith("step 19807 loss 0.5")
        await pilot.press("up", "up")
        await settle(pilot)
        await pilot.press("escape")
        app.pane.close()
        await settle(pilot)
        assert not app.pane.filter.on
        assert any("step 19807 " in row for row in app.shown)
        assert any("step 19806 " in row for row in app.shown)


async def test_rows_that_come_later_join_a_filter_while_it_follows() -> None:
    app = LogApp(log(1000))
    async with app.run_test(size=(100, 14)) as pilot:
        await type_line(pilot, "f", "level:warning")
        app.grow(b"12:30:00 [WARNING] new: one\n12:30:01 [INFO] new: two\n12:30:02 [ERR")
        await settle(pilot)
        assert app.shown[-1].endswith("new: one")
        app.grow(b"OR] new: three\n")
        await settle(pilot)
        assert app.shown[-1].endswith("[ERROR] new: three")
        assert "12 rows" in app.status
        added = [r for r in app.asked if isinstance(r, SiftLog) and r.more]
        assert all(r.start is not None and r.start >= len(log(1000)) for r in added)


async def test_lines_around_are_shown_and_gaps_are_marked() -> None:
    app = LogApp(log(1000))
    async with app.run_test(size=(100, 14)) as pilot:
        await type_line(pilot, "f", "level:warning +1")
        steps = [row.split("step ")[1].split()[0] if "step" in row else row.strip() for row in app.shown]
        assert steps[-7:] == ["806", "807", "808", "───", "906", "907", "908"]
        await pilot.press("minus")
        await settle(pilot)
        assert app.shown[-2].endswith("step 807 loss 0.5")
        await pilot.press("plus", "plus")
        await settle(pilot)
        assert "±2" in app.status


async def test_a_wrong_filter_is_said_and_nothing_is_hidden() -> None:
    app = LogApp(log(100))
    async with app.run_test(size=(100, 14)) as pilot:
        await type_line(pilot, "f", "level:loud")
        assert "one of debug, info, warning, error, critical" in app.status
        assert app.shown[-1].endswith("step 99 loss 0.5")
        await type_line(pilot, "f", "(")
        assert "not a pattern" in app.status
        assert app.shown == ["not a pattern: missing ): ("], "and not that no row fulfils it"


async def test_a_filter_that_keeps_nothing_says_so() -> None:
    app = LogApp(log(100))
    async with app.run_test(size=(100, 14)) as pilot:
        await type_line(pilot, "f", "no such thing")
        assert "0 rows" in app.status
        assert app.shown == ["no row fulfils the filter"]


async def test_rows_with_findings_are_kept() -> None:
    data = log(1000)
    at = data.index(b"12:08:20")
    finding = Finding(
        "f1", "oom", "error", "it broke", evidence=(Evidence("x", file=FILE, anchor=Anchor(FILE, 0, at)),)
    )
    app = LogApp(data, findings=(finding,))
    async with app.run_test(size=(100, 14)) as pilot:
        await type_line(pilot, "f", "finding:")
        assert "1 row " in app.status
        assert "step 500 " in app.shown[0]


async def test_a_search_goes_as_it_is_typed_and_counts_and_can_be_left() -> None:
    app = LogApp(log(20_000))
    async with app.run_test(size=(120, 14)) as pilot:
        await pilot.press("slash", *"step 77")
        await settle(pilot)
        assert any("step 7799 " in row for row in app.shown)
        await pilot.press(*"7 loss")
        await settle(pilot)
        assert any("step 777 " in row for row in app.shown)
        assert app.pane.close()
        await settle(pilot)
        assert app.pane.view.following
        await type_line(pilot, "slash", "WARNING")
        assert app.status == "/WARNING · 200 of 200 matches · n later, N earlier, esc ends"
        await pilot.press("N")
        await settle(pilot)
        assert "199 of 200 matches" in app.status


async def test_a_search_stays_within_the_filter() -> None:
    app = LogApp(log(1000))
    async with app.run_test(size=(120, 14)) as pilot:
        await type_line(pilot, "f", "level:warning")
        await type_line(pilot, "slash", "step [0-9]07 ")
        assert "9 of 9 matches" in app.status
        await pilot.press("N", "N")
        await settle(pilot)
        assert app.pane.view.paint.chosen is not None
        assert app.data[app.pane.view.paint.chosen :].startswith(b"12:11:47 [WARNING]")


async def test_going_to_a_line_a_share_and_a_time() -> None:
    app = LogApp(log(20_000), indexed=True)
    async with app.run_test(size=(100, 14)) as pilot:
        await type_line(pilot, "colon", "1234")
        assert any("step 1233 " in row for row in app.shown)
        assert "line 1,234 of 20,000 · 5 %" in str(app.pane.border_title)
        await type_line(pilot, "colon", "50%")
        assert "· 50 %" in str(app.pane.border_title) or "· 49 %" in str(app.pane.border_title)
        await type_line(pilot, "colon", "nonsense")
        assert "not a number" in app.said[-1]


async def test_line_numbers_are_those_of_the_file_with_and_without_a_filter() -> None:
    app = LogApp(log(20_000), indexed=True)
    async with app.run_test(size=(100, 14)) as pilot:
        await pilot.press("number_sign")
        await settle(pilot)
        assert app.shown[-1].split()[0] == "20000"
        await type_line(pilot, "f", "level:warning")
        assert [row.split()[0] for row in app.shown[-2:]] == ["19808", "19908"]
    app = LogApp(log(20_000))
    async with app.run_test(size=(100, 14)) as pilot:
        await pilot.press("number_sign")
        await settle(pilot)
        assert app.shown[-1].split()[0] == "12:33:19"  # nothing is counted yet


async def test_long_lines_wrap_and_nothing_is_lost() -> None:
    text = " ".join(f"word{n}" for n in range(100))
    app = LogApp(b"before\n" + text.encode() + b"\nafter\n")
    async with app.run_test(size=(60, 30)) as pilot:
        await pilot.press("w")
        await settle(pilot)
        body = "".join(row[2:].ljust(55) for row in app.shown[1:-1])
        assert body.rstrip() == text
        assert app.shown[-1].strip() == "after"


async def test_chosen_rows_are_copied_and_saved_rows_go_outside_of_the_run(tmp_path: Path) -> None:
    app = LogApp(log(1000))
    async with app.run_test(size=(100, 14)) as pilot:
        await pilot.press("c")
        assert "choose a row" in app.said[-1]
        await pilot.press("up", "up", "shift+up", "c")
        assert app.copied[-1].splitlines() == [
            f"12:16:{n - 960:02d} [INFO] train: step {n} loss 0.5" for n in (997, 998)
        ]
        await type_line(pilot, "f", "level:warning")
        await type_line(pilot, "ctrl+s", str(tmp_path / "out.txt"))
        assert app.said[-1] == f"10 rows saved to {tmp_path / 'out.txt'}"
        assert len((tmp_path / "out.txt").read_text().splitlines()) == 10
        await type_line(pilot, "ctrl+s", str(tmp_path / "out.txt"))
        assert "not overwritten" in app.said[-1]


async def test_a_token_is_masked_at_every_scroll_position() -> None:
    token = "hf_" + "abcdefghijklmnopqrst1234"
    app = LogApp(f"{'x' * 40} \x1b[31mtoken {token} end\x1b[0m\n".encode())
    async with app.run_test(size=(60, 14)) as pilot:
        for _ in range(10):
            await pilot.press("right")
            await settle(pilot)
            assert not any(token[n : n + 8] in row for row in app.shown for n in range(len(token) - 8))
