"""The browser of one checkpoint, driven by keys; what it is told comes from real files, read in the test itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeGuard

import pytest
from fake_monitor import NOW, FakeMonitor, Shelf, healthy, make_app
from textual.pilot import Pilot

from lptui.checkpoints.bisection import find_first_nonfinite
from lptui.checkpoints.comparison import compare
from lptui.checkpoints.contents import Contents, collect, collect_reports
from lptui.checkpoints.deep import verify
from lptui.checkpoints.difference import compare_numbers, join
from lptui.checkpoints.drift import measure_drift
from lptui.checkpoints.info import CheckpointInfo, GlobalName, TensorEntry
from lptui.checkpoints.inspection import inspect
from lptui.config.settings import Settings
from lptui.model.readings import CheckpointReading
from lptui.model.request import (
    Answer,
    Cancel,
    CheckpointAnswer,
    CompareCheckpoints,
    FindNonFinite,
    InspectCheckpoint,
    MeasureDrift,
    Request,
    VerifyCheckpoint,
)
from lptui.state.run_state import RunState
from lptui.tui.app import LptuiApp
from lptui.tui.screens.checkpoint import CheckpointScreen
from lptui.tui.screens.checkpoints import CheckpointsScreen
from lptui.tui.screens.help import HelpScreen
from lptui.tui.screens.run import RunScreen
from lptui.tui.widgets import tensorsheet
from lptui.tui.widgets.rows import RowsView
from lptui.tui.widgets.spans import Row
from lptui.tui.widgets.tabs import Footer

DATA = Path(__file__).parents[1] / "checkpoints" / "data"
S1, S2 = str(DATA / "metta_s1_trainer_state.pt"), str(DATA / "metta_s2_trainer_state.pt")


def answer(request: Request) -> Answer | None:
    """What the engine would say, without its processes."""
    found: object
    match request:
        case InspectCheckpoint(path):
            found = collect(path, [inspect(path)])
        case VerifyCheckpoint(path):
            found = collect_reports(collect(path, [inspect(path)]), [verify(path)])
        case CompareCheckpoints(first, second, measure):
            numbers = compare_numbers([inspect(first)], [inspect(second)])
            found = join(first, second, [compare(first, second, measure=measure)], [], numbers)
        case MeasureDrift(paths):
            found = measure_drift(paths, lambda a, b, tell: compare(a, b, measure=True))
        case FindNonFinite(paths):
            found = find_first_nonfinite(paths, verify)
        case _:
            return None
    return CheckpointAnswer(request, found=found, ended=True)


def reading(path: str, **changes: object) -> CheckpointReading:
    plain = CheckpointReading(path.rpartition("/")[2], path, "trainer_state", 6861, NOW - 60, step=1, verdict="ok")
    return replace(plain, **changes)  # type: ignore[arg-type]


def state_with(*rows: CheckpointReading) -> RunState:
    return replace(healthy(), checkpoints=rows)


def browser(app: LptuiApp) -> CheckpointScreen:
    assert isinstance(app.screen, CheckpointScreen)
    return app.screen


def shown(app: LptuiApp) -> str:
    """All that the browser shows now."""
    screen = browser(app)
    views = [view for view in screen.query(RowsView) if view.display]
    head = screen.query_one("#checkpoint-head", expect_type=type(screen._head))
    return "\n".join([*head.shown, *screen.query_one("#tabs", expect_type=type(screen._tabs)).shown, *views[0].shown])


async def settle(pilot: Pilot[object]) -> None:
    for _ in range(3):
        await pilot.pause()


async def start(pilot: Pilot[object], *keys: str) -> None:
    """From the run screen into the browser of the newest checkpoint."""
    await settle(pilot)
    await pilot.press("6", "enter")
    await settle(pilot)
    for key in keys:
        await pilot.press(key)
        await settle(pilot)


def make(state: RunState | None = None) -> tuple[LptuiApp, FakeMonitor]:
    app, monitor = make_app(state or state_with(reading(S1), reading(S2)))
    monitor.answer = answer
    return app, monitor


async def test_enter_shows_the_tensors_as_a_tree_with_the_verdict_on_top() -> None:
    app, monitor = make()
    async with app.run_test(size=(100, 30)) as pilot:
        await start(pilot)
        assert InspectCheckpoint(S2) in monitor.asked
        text = shown(app)
        assert text.startswith("● readable  metta_s2_trainer_state.pt")
        assert "1 Tensors (12 tensors)" in text
        assert "▾ optimizer_state_dict.state" in text
        assert "exp_avg_sq" in text
        await pilot.press("escape")
        assert isinstance(app.screen, RunScreen)


async def test_groups_fold_by_key_and_the_left_arrow_climbs() -> None:
    app, _ = make()
    async with app.run_test(size=(100, 30)) as pilot:
        await start(pilot, "left")  # the top group is selected: it folds
        assert "▸ optimizer_state_dict.state" in shown(app)
        assert "exp_avg" not in shown(app)
        await pilot.press("enter")
        await settle(pilot)
        assert "exp_avg" in shown(app)
        await pilot.press("down", "down", "left")
        await settle(pilot)
        selected = next(view for view in browser(app).query(RowsView) if view.display).selected
        assert selected == "optimizer_state_dict.state.0."
        await pilot.press("x")  # all are unfolded: this folds them
        await settle(pilot)
        assert "exp_avg" not in shown(app)


async def test_a_filter_takes_a_text_or_a_glob_and_escape_ends_it() -> None:
    app, _ = make()
    async with app.run_test(size=(100, 30)) as pilot:
        await start(pilot, "slash", *"*.exp_avg", "enter")
        assert "4 of 12 tensors with *.exp_avg" in shown(app)
        assert "exp_avg_sq" not in shown(app)
        await pilot.press("escape")
        await settle(pilot)
        assert "exp_avg_sq" in shown(app)
        assert isinstance(app.screen, CheckpointScreen)
        for key in ("slash", *"nothing"):
            await pilot.press(key)
        await settle(pilot)
        assert "no tensor matches nothing" in shown(app)


async def test_a_deep_pass_adds_norms_and_they_can_be_sorted_by() -> None:
    app, monitor = make()
    async with app.run_test(size=(120, 30)) as pilot:
        await start(pilot, "n")
        assert "norm" not in shown(app)
        await pilot.press("v")
        await settle(pilot)
        assert VerifyCheckpoint(S2) in monitor.asked
        assert shown(app).startswith("● verified")
        assert "norm" in shown(app)
        assert "finite" in shown(app)
        for _ in range(3):
            await pilot.press("s")
        await pilot.press("l")
        await settle(pilot)
        assert "by norm" in shown(app)
        assert "norm▾" in shown(app)


async def test_what_else_is_in_it_is_on_the_second_page() -> None:
    app, _ = make()
    async with app.run_test(size=(100, 50)) as pilot:
        await start(pilot, "2")
        text = shown(app)
        assert "Resuming the run" in text
        assert "./tools/train.py run=arena_lp" in text
        for words in ("agent_step", "52,428,800", "learning rate", "0.00045", "nothing of it was run", "plain"):
            assert words in text


async def test_the_difference_to_the_one_before_and_by_how_much() -> None:
    app, monitor = make()
    async with app.run_test(size=(100, 40)) as pilot:
        await start(pilot, "d")
        assert CompareCheckpoints(S1, S2) in monitor.asked
        text = shown(app)
        assert "metta_s1_trainer_state.pt → metta_s2_trainer_state.pt" in text
        assert "26,214,400 → 52,428,800   +26,214,400" in text
        assert "no tensor was read" in text
        await pilot.press("m")
        await settle(pilot)
        assert CompareCheckpoints(S1, S2, measure=True) in monitor.asked


async def test_alone_it_has_nothing_to_be_compared_with() -> None:
    app, monitor = make(state_with(reading(S2)))
    async with app.run_test(size=(100, 30)) as pilot:
        await start(pilot, "d")
        assert "no other checkpoint of this series" in shown(app)
        await pilot.press("r")
        await settle(pilot)
        assert "no other checkpoint of this series" in shown(app)
        assert not any(isinstance(r, CompareCheckpoints | MeasureDrift) for r in monitor.asked)


async def test_a_difference_asked_for_before_the_list_is_read_comes_with_it() -> None:
    app, monitor = make(state_with(reading(S2)))
    async with app.run_test(size=(100, 30)) as pilot:
        await start(pilot, "d")
        monitor.publish(state_with(reading(S1), reading(S2)))
        await settle(pilot)
        assert "metta_s1_trainer_state.pt → metta_s2_trainer_state.pt" in shown(app)
        assert monitor.asked.count(CompareCheckpoints(S1, S2)) == 1


async def test_drift_and_the_first_nan_over_the_series() -> None:
    app, _ = make()
    async with app.run_test(size=(110, 30)) as pilot:
        await start(pilot, "4")
        assert "r reads the checkpoints of this series" in shown(app)
        await pilot.press("r", "b")
        await settle(pilot)
        text = shown(app)
        assert "no NaN found" in text
        assert "over 2 checkpoints" in text


async def test_a_pass_shows_how_far_it_is_and_escape_stops_it() -> None:
    app, monitor = make()
    monitor.answer = lambda r: CheckpointAnswer(r, 30, 100) if isinstance(r, VerifyCheckpoint) else answer(r)
    async with app.run_test(size=(100, 30)) as pilot:
        await start(pilot, "v")
        assert "reading every byte 30%" in shown(app)
        await pilot.press("escape")
        await settle(pilot)
        assert monitor.asked[-1] == Cancel(VerifyCheckpoint(S2))
        assert "reading every byte" not in shown(app)
        assert isinstance(app.screen, CheckpointScreen)


async def test_leaving_stops_what_runs() -> None:
    app, monitor = make()
    monitor.answer = lambda r: None if isinstance(r, VerifyCheckpoint) else answer(r)
    async with app.run_test(size=(100, 30)) as pilot:
        await start(pilot, "v", "escape", "v")
        app.pop_screen()
        await settle(pilot)
        assert monitor.asked[-1] == Cancel(VerifyCheckpoint(S2))


async def test_a_file_that_vanishes_is_said_to_be_gone_and_stays_readable() -> None:
    app, monitor = make()
    async with app.run_test(size=(100, 30)) as pilot:
        await start(pilot)
        monitor.publish(state_with(reading(S1)))
        await settle(pilot)
        assert "gone" in shown(app).splitlines()[0]
        assert "exp_avg" in shown(app)


async def test_a_file_that_was_written_again_is_looked_into_again() -> None:
    app, monitor = make()
    async with app.run_test(size=(120, 30)) as pilot:
        await start(pilot, "v")
        before = monitor.asked.count(InspectCheckpoint(S2))
        monitor.publish(state_with(reading(S1), reading(S2, verdict="being-written", modified_at=NOW)))
        await settle(pilot)
        assert "writing" in shown(app)
        assert monitor.asked.count(InspectCheckpoint(S2)) == before
        monitor.publish(state_with(reading(S1), reading(S2, modified_at=NOW)))
        await settle(pilot)
        assert monitor.asked.count(InspectCheckpoint(S2)) == before + 1
        assert "norm" not in shown(app)  # those were of other bytes


async def test_y_copies_the_command_of_the_one_that_would_be_resumed_and_else_a_line() -> None:
    rows = [reading(S1, role="policy", epoch=1), reading(S2)]
    app, _ = make(state_with(*rows))
    async with app.run_test(size=(100, 30)) as pilot:
        await start(pilot, "Y")
        assert app.clipboard.startswith("metta_s2_trainer_state.pt: ok-unverified: ")
        assert "12 tensors" in app.clipboard
        assert "lptui" in app.clipboard


@pytest.fixture
def cut(tmp_path: Path) -> Path:
    path = tmp_path / "cut.pt"
    path.write_bytes(Path(S2).read_bytes()[:100])
    return path


async def test_a_broken_file_says_what_is_wrong_and_lists_nothing(cut: Path) -> None:
    bad = reading(str(cut), verdict="truncated", reason="the index is missing", next_step="resume from another one")
    app, _ = make(state_with(bad))
    async with app.run_test(size=(100, 30)) as pilot:
        await start(pilot)
        text = shown(app)
        assert text.splitlines()[0].startswith("✖ CUT OFF")
        assert "next: resume from another one" in text
        assert "cannot be listed" in text


HOSTILE = "\x1b]0;pwned\x07[red]w\u202e" + "x" * 10_000


def hostile_answer(request: Request) -> Answer | None:
    if not isinstance(request, InspectCheckpoint):
        return None
    names = [HOSTILE, "a." + HOSTILE, "a.\x1b[2J", "[bold]b[/bold]", "\U0001f600" * 50, "漢字" * 100]
    info = CheckpointInfo(
        request.path, "custom-pickle", HOSTILE, HOSTILE, "torch-zip", HOSTILE, size=100, n_tensors=6, keys=(HOSTILE,),
        tensors=tuple(TensorEntry(n, (1 << 60,) * 30, HOSTILE, 10) for n in names),
        globals=(GlobalName(HOSTILE, "dangerous"), GlobalName("\x1b[31mx", "unknown")), notes=(HOSTILE,),
    )  # fmt: skip
    return CheckpointAnswer(request, found=collect(request.path, [info]), ended=True)


async def test_hostile_names_are_shown_and_never_obeyed() -> None:
    app, monitor = make_app(state_with(reading(HOSTILE, name=HOSTILE, reason=HOSTILE, verdict="mismatch")))
    monitor.answer = hostile_answer
    for size in ((80, 24), (60, 15), (200, 50)):
        async with app.run_test(size=size) as pilot:
            await start(pilot, "x")
            for key in ("1", "2", "y"):
                await pilot.press(key)
                await settle(pilot)
                text = shown(app)
                assert "\x1b" not in text
                assert "\u202e" not in text
                assert "\x07" not in text
            assert "\x1b" not in app.clipboard
        app, monitor = make_app(state_with(reading(HOSTILE, name=HOSTILE, reason=HOSTILE, verdict="mismatch")))
        monitor.answer = hostile_answer


def many(count: int) -> Contents:
    tensors = tuple(TensorEntry(f"m.layers.{i // 20}.w{i % 20}", (8, 8), "float32", 256) for i in range(count))
    info = CheckpointInfo(S2, "ok-unverified", "", "", size=count * 256, n_tensors=count, tensors=tensors)
    return collect(S2, [info])


async def test_of_forty_thousand_tensors_only_the_visible_rows_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    made = 0
    whole = tensorsheet.tensor_row

    def counting(*values: Any) -> Row:
        nonlocal made
        made += 1
        return whole(*values)

    monkeypatch.setattr(tensorsheet, "tensor_row", counting)
    contents = many(40_000)
    app, monitor = make_app(state_with(reading(S2)))
    monitor.answer = lambda r: CheckpointAnswer(r, found=contents, ended=True) if is_look(r) else None
    async with app.run_test(size=(80, 24)) as pilot:
        await start(pilot, "x")
        assert "▾ 0" in shown(app)
        for key in ("end", "up", "pageup", "home", "down"):
            made = 0
            await pilot.press(key)
            await settle(pilot)
            assert 0 < made <= 150
        assert shown(app).count("w0") == 1


def is_look(request: Request) -> TypeGuard[InspectCheckpoint]:
    return isinstance(request, InspectCheckpoint)


async def test_the_browser_fits_every_window_and_help_lists_its_keys() -> None:
    sizes: Sequence[tuple[int, int]] = ((80, 24), (60, 15), (200, 50), (36, 8))
    for size in sizes:
        app, _ = make()
        async with app.run_test(size=size) as pilot:
            await start(pilot, "v")
            view = next(view for view in browser(app).query(RowsView) if view.display)
            assert view.size.height >= 3
            assert all(len(row) <= size[0] for row in view.shown)
            await pilot.press("question_mark")
            await settle(pilot)
            assert isinstance(app.screen, HelpScreen)
            await pilot.press("escape")
            await settle(pilot)
            assert isinstance(app.screen, CheckpointScreen)


async def test_the_list_alone_opens_the_browser_and_comes_back() -> None:
    monitor = FakeMonitor(state_with(reading(S1), reading(S2)))
    monitor.answer = answer
    app = LptuiApp(monitor, Settings(), themes=Shelf(), opening=lambda: CheckpointsScreen(is_run=False))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert isinstance(app.screen, CheckpointsScreen)
        assert S2.rpartition("/")[2] in "\n".join(app.screen.query_one(RowsView).shown)
        assert "verify" in app.screen.query_one(Footer).shown[0]
        await pilot.press("y")
        assert app.clipboard == "./tools/train.py run=arena_lp"  # it is the one that would be resumed
        await pilot.press("enter")
        await settle(pilot)
        assert "optimizer_state_dict" in shown(app)
        await pilot.press("q")
        await settle(pilot)
        assert isinstance(app.screen, CheckpointsScreen)


async def test_a_file_is_opened_at_once_and_escape_shows_what_lies_beside_it() -> None:
    monitor = FakeMonitor(state_with(reading(S1), reading(S2)))
    monitor.answer = answer
    app = LptuiApp(monitor, Settings(), themes=Shelf(), opening=lambda: CheckpointsScreen(S1, is_run=False))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "metta_s1_trainer_state.pt" in shown(app)
        await pilot.press("escape")
        await settle(pilot)
        assert isinstance(app.screen, CheckpointsScreen)


async def test_a_file_that_no_list_knows_can_be_browsed() -> None:
    monitor = FakeMonitor(state_with())
    monitor.answer = answer
    app = LptuiApp(monitor, Settings(), themes=Shelf(), opening=lambda: CheckpointsScreen(S1, is_run=False))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "● readable  metta_s1_trainer_state.pt" in shown(app)
        await pilot.press("d")
        await settle(pilot)
        assert "no other checkpoint" in shown(app)


async def test_in_ascii_no_other_sign_is_drawn() -> None:
    app, monitor = make_app(state_with(reading(S1), reading(S2)), Settings(ascii=True))
    monitor.answer = answer
    async with app.run_test(size=(100, 40)) as pilot:
        await start(pilot, "v")
        for key in ("1", "2", "3", "m", "4", "r", "b"):
            await pilot.press(key)
            await settle(pilot)
            drawn = "\n".join(
                "".join(segment.text for segment in line) for line in app.screen._compositor.render_strips()
            )
            assert drawn.isascii(), [c for c in drawn if not c.isascii()]


async def test_the_mouse_selects_folds_and_changes_the_page() -> None:
    app, _ = make()
    async with app.run_test(size=(100, 30)) as pilot:
        await start(pilot)
        view = next(view for view in browser(app).query(RowsView) if view.display)
        await pilot.click(view, offset=(4, 2))  # the second group: it is selected
        await settle(pilot)
        assert view.selected == "optimizer_state_dict.state.0."
        assert "▾ 0" in shown(app)
        await pilot.click(view, offset=(4, 2))
        await settle(pilot)
        assert "▸ 0" in shown(app)
        await pilot.click("#tabs", offset=(28, 0))
        await settle(pilot)
        assert "torch-zip" in shown(app)


async def test_of_one_with_nan_the_footer_offers_to_find_the_first() -> None:
    app, _ = make(state_with(reading(S1), reading(S2, verdict="non-finite-weights", reason="fc.weight holds NaN")))
    async with app.run_test(size=(120, 30)) as pilot:
        await start(pilot)
        assert "first nan" in browser(app).query_one(Footer).shown[0]
    app, _ = make()
    async with app.run_test(size=(120, 30)) as pilot:
        await start(pilot)
        assert "first nan" not in browser(app).query_one(Footer).shown[0]


async def test_a_window_of_a_few_cells_is_survived_and_grown_again() -> None:
    app, _ = make()
    async with app.run_test(size=(100, 30)) as pilot:
        await start(pilot, "v", "d")
        for size in ((12, 4), (3, 2), (100, 30)):
            await pilot.resize_terminal(*size)
            await settle(pilot)
            for key in ("1", "2", "3", "4", "down", "end"):
                await pilot.press(key)
                await settle(pilot)
        await pilot.press("1")
        await settle(pilot)
        assert "exp_avg_sq" in shown(app)
