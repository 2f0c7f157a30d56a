"""The screen of all runs: sizes, filter, marks, attaching, comparing, hostile names, an empty list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest
from fake_monitor import NOW, FakeMonitor, Shelf, failing, healthy
from textual.pilot import Pilot
from textual.widgets import Input

from lptui.config.settings import Settings
from lptui.engine.config_differences import ConfigTable
from lptui.model.summary import RunBoard, RunSummary
from lptui.state.run_state import RunState
from lptui.tui.app import LptuiApp
from lptui.tui.screens.differences import DifferencesScreen, differences_page
from lptui.tui.screens.run import RunScreen
from lptui.tui.screens.runs import RunsScreen
from lptui.tui.widgets.runcolumns import fit_columns
from lptui.tui.widgets.runorder import ATTENTION, ORDERS, Order
from lptui.tui.widgets.runtable import Choice, RunRows

SIZES = [(200, 50), (120, 40), (80, 24), (60, 15)]


def summary(name: str, **changes: object) -> RunSummary:
    plain = RunSummary(
        name, f"/data/{name}", "metta-s2", "quick", "running", "its process lives", NOW - 5, 62_914_560, 150_000_000,
        960, 41_234.0, "overview/reward", 0.412, 0, None, "", "", 0, 9, 4 << 30,
    )  # fmt: skip
    return replace(plain, **changes)  # type: ignore[arg-type]


ROWS = (
    summary("arena_lp", severity="error", finding="CUDA out of memory on rank 0", cls="cuda-oom", findings=2),
    summary("nav_1"),
    summary("nav_2", condition="finished", modified_at=NOW - 7200),
    summary(
        "old", condition="crashed", modified_at=NOW - 9e5, restarts=4, step=None, total=None, metric="", value=None
    ),
)
BOARD = RunBoard(ROWS, NOW, True, 4, (), ("/data",))


@dataclass
class FakeCatalogue:
    board: RunBoard | None = BOARD
    states: dict[str, RunState] = field(default_factory=dict)
    monitors: dict[str, FakeMonitor] = field(default_factory=dict)
    compared: list[Sequence[str]] = field(default_factory=list)
    started: int = 0
    stopped: int = 0
    post: Callable[[RunBoard], None] = lambda _board: None

    preferred: list[str] = field(default_factory=list)

    def prefer(self, paths: Sequence[str]) -> None:
        self.preferred += paths

    def start(self, on_board: Callable[[RunBoard], None]) -> None:
        self.started += 1
        self.post = on_board
        if self.board is not None:
            on_board(self.board)

    def stop(self) -> None:
        self.stopped += 1

    def open(self, path: str) -> FakeMonitor:
        name = path.rpartition("/")[2]
        state = self.states.get(name, healthy())
        self.monitors[name] = FakeMonitor(replace(state, run=replace(state.run, name=name, path=path)))
        return self.monitors[name]

    def compare(self, paths: Sequence[str]) -> ConfigTable:
        self.compared.append(paths)
        return ConfigTable(tuple(p.rpartition("/")[2] for p in paths), (("lr", ("0.1", "0.2")), ("x", (None, "1"))), 7)


def make_app(catalogue: FakeCatalogue, *states: RunState) -> LptuiApp:
    monitors = [FakeMonitor(state) for state in states]
    return LptuiApp(monitors, Settings(), themes=Shelf(), catalogue=catalogue)


async def settle(pilot: Pilot[int]) -> None:
    for _ in range(3):
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()


def runs_screen(app: LptuiApp) -> RunsScreen:
    screen = app.screen_stack[0]
    assert isinstance(screen, RunsScreen)
    return screen


def text(app: LptuiApp) -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips(app.size))


def names(app: LptuiApp) -> list[str]:
    return [run.name for run in runs_screen(app)._choice.rows]


@pytest.mark.parametrize("size", SIZES)
async def test_the_list_at_every_size(size: tuple[int, int]) -> None:
    app = make_app(FakeCatalogue())
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        shown = text(app)
        assert "4 runs" in shown
        for run in ROWS:
            assert run.name in shown
            assert run.condition in shown
        assert "quit" in shown
        assert all(len(line) <= size[0] for line in shown.split("\n"))
        if size[0] >= 120:
            assert "CUDA out of memo" in shown
            assert "reward 0.412" in shown
            assert "41 %" in shown
        if size[0] >= 200:
            assert "CUDA out of memory on rank 0 (+1)" in shown


async def test_what_is_listed_shows_before_it_was_looked_at() -> None:
    plain = tuple(RunSummary(f"run{i}", f"/data/run{i}", modified_at=NOW - i) for i in range(1000))
    catalogue = FakeCatalogue(RunBoard(plain, NOW, True, 0))
    app = make_app(catalogue)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert "1,000 runs" in text(app)
        assert "looked at 0 of 1000" in text(app)
        assert "looking" in text(app)
        await pilot.press("down")
        chosen = runs_screen(app).chosen
        looked = tuple(summary(run.name, modified_at=run.modified_at) for run in plain)
        catalogue.post(RunBoard(looked[::-1], NOW, True, 1000))  # re-sorted under the reader's hand
        await settle(pilot)
        again = runs_screen(app).chosen
        assert again is not None
        assert chosen is not None
        assert again.path == chosen.path
        assert "looked at" not in text(app)


async def test_the_filter_is_live_says_what_it_does_not_understand_and_escape_drops_it() -> None:
    app = make_app(FakeCatalogue())
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("slash")
        await pilot.press(*"state:running")
        await settle(pilot)
        assert names(app) == ["arena_lp", "nav_1"]
        await pilot.press("enter")
        await settle(pilot)
        assert names(app) == ["arena_lp", "nav_1"]
        assert "filter" in text(app)
        runs_screen(app).query_one(Input).value = ""
        await pilot.press("escape")
        await settle(pilot)
        assert len(names(app)) == 4
        await pilot.press("f")
        await pilot.press(*"hue:red")
        await settle(pilot)
        assert "no field" in text(app)
        assert len(names(app)) == 4
        await pilot.press("escape", "f")
        await pilot.press(*"xyz")
        await settle(pilot)
        assert "no run matches" in text(app)


async def test_enter_attaches_the_chosen_run_and_r_comes_back() -> None:
    catalogue = FakeCatalogue(states={"arena_lp": failing()})
    app = make_app(catalogue)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(app.screen, RunScreen)
        assert app.workspace.run.run.name == "arena_lp"
        assert app.workspace.attached == 1
        await pilot.press("R")
        await settle(pilot)
        assert isinstance(app.screen, RunsScreen)
        row = next(run for run in runs_screen(app)._board.rows if run.name == "arena_lp")
        assert row.looked == "full"  # what is attached is known better
        assert row.condition == "crashed"
        await pilot.press("down", "escape")
        await settle(pilot)
        assert isinstance(app.screen, RunScreen)
    assert catalogue.stopped == 1
    assert catalogue.monitors["arena_lp"].stopped == 1


async def test_marked_runs_are_attached_together_and_others_let_go() -> None:
    catalogue = FakeCatalogue()
    app = make_app(catalogue)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("space", "space", "enter")
        await settle(pilot)
        assert [state.run.name for state in app.workspace.runs] == ["arena_lp", "nav_1"]
        await pilot.press("r")
        await settle(pilot)
        assert app.workspace.run.run.name == "nav_1"
        await pilot.press("R")
        await settle(pilot)
        assert "2 marked" in text(app)
        await pilot.press("escape")  # drops the marks
        await pilot.press("end", "up", "space", "up", "up", "space", "enter")
        await settle(pilot)
        assert {state.run.name for state in app.workspace.runs} == {"nav_1", "nav_2"}
        assert catalogue.monitors["nav_1"].stopped == 0  # it went on
    assert catalogue.monitors["arena_lp"].stopped == 1


async def test_a_run_that_the_screen_was_opened_on_can_be_let_go_for_another() -> None:
    catalogue = FakeCatalogue()
    app = make_app(catalogue, healthy())
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert catalogue.started == 0  # nothing is listed that nobody asked for
        await pilot.press("R")
        await settle(pilot)
        assert catalogue.started == 1
        await pilot.press("down", "enter")
        await settle(pilot)
        assert app.workspace.run.run.name == "nav_1"
        assert app.workspace.attached == 1
        await pilot.press("R")
        await settle(pilot)
        await pilot.press("home", "enter", "R")
        await settle(pilot)
        assert catalogue.started == 1


async def test_marks_are_compared_and_what_cannot_be_is_said() -> None:
    catalogue = FakeCatalogue()
    app = make_app(catalogue)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("c")
        await settle(pilot)
        assert any("mark two or more" in note.message for note in app._notifications)
        await pilot.press("A", "c")
        await settle(pilot)
        assert isinstance(app.screen, DifferencesScreen)
        assert catalogue.compared == [[run.path for run in ROWS]]
        assert "7 keys the same in all" in text(app)
        await pilot.press("escape")
        await settle(pilot)
        assert isinstance(app.screen, RunsScreen)


async def test_more_than_fit_are_refused_in_words() -> None:
    many = tuple(summary(f"r{i}") for i in range(12))
    catalogue = FakeCatalogue(RunBoard(many, NOW, True, 12))
    app = make_app(catalogue)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("A", "enter")
        await settle(pilot)
        assert isinstance(app.screen, RunsScreen)
        assert any("one screen holds 8" in note.message for note in app._notifications)


@pytest.mark.parametrize("width", [60, 100])
async def test_an_empty_list_of_the_server_says_the_whole_reason(width: int) -> None:
    words = "no API key for api.wandb.ai: set WANDB_API_KEY, or run `wandb login` once in a terminal"
    app = make_app(FakeCatalogue(RunBoard((), NOW, True, 0, (words,), ("wandb://lab/arena",))))
    async with app.run_test(size=(width, 24)) as pilot:
        await settle(pilot)
        assert "no runs here" not in text(app)
        assert words in " ".join(text(app).split())


async def test_an_empty_list_says_what_a_run_is_and_no_key_fails() -> None:
    app = make_app(FakeCatalogue(RunBoard((), NOW, True, 0, ("closed: permission denied",), ("/data",))))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert "no runs here" in text(app)
        assert "permission denied" in text(app)
        for key in ("enter", "space", "c", "A", "down", "end", "escape", "question_mark", "escape"):
            await pilot.press(key)
        await settle(pilot)
        assert isinstance(app.screen, RunsScreen)


async def test_without_a_catalogue_the_key_says_so() -> None:
    app = LptuiApp(FakeMonitor(healthy()), Settings(), themes=Shelf())
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("R")
        await settle(pilot)
        assert any("no list of runs" in note.message for note in app._notifications)


HOSTILE = "[red]x[/red]\x1b[31m\x1b]0;pwned\x07\u202eevil\n[@click=app.quit]go[/]"


async def test_hostile_names_findings_and_reasons_are_harmless() -> None:
    texts = dict.fromkeys(("finding", "reason", "metric", "condition", "cls"), HOSTILE)
    bad = summary(HOSTILE, severity="error", **texts)
    board = RunBoard((bad, summary("fine")), NOW, True, 2, (HOSTILE,), (HOSTILE,))
    app = make_app(FakeCatalogue(board))
    async with app.run_test(size=(200, 40)) as pilot:
        await settle(pilot)
        await pilot.press("space", "A", "slash", *"evil")
        await settle(pilot)
        shown = text(app)
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert "[red]" in shown  # as text


@pytest.mark.parametrize("width", [40, 80, 200])
def test_differences_fit_any_width(width: int) -> None:
    table = ConfigTable((HOSTILE, "two", "three"), (("trainer.lr", ("0.1" * 40, None, HOSTILE)),), 3, ("two: none",))
    page = differences_page(table, width)
    for row in page.rows:
        line = "".join(part for part, _ in row)
        assert "\x1b" not in line
        assert "\n" not in line
    assert any("not set" in part for row in page.rows for part, _ in row)


def test_no_difference_is_said() -> None:
    assert "no difference: 3 keys the same in all" in str(differences_page(ConfigTable(("a", "b"), (), 3), 80).rows)


def test_of_a_thousand_rows_only_those_that_are_looked_at_are_made() -> None:
    rows = tuple(summary(f"r{i}") for i in range(1000))
    made = RunRows(Choice(rows), NOW, 120, plain=False)
    assert len(made) == 1001
    assert "r7" in "".join(text for text, _ in made[8])
    assert len(made._made) == 1
    assert [len(part) for part in (made[0:3], made[999:2000])] == [3, 2]


async def test_enter_pressed_twice_attaches_once() -> None:
    catalogue = FakeCatalogue()
    app = make_app(catalogue)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        screen = runs_screen(app)
        screen.action_attach()
        screen.action_attach()
        while len(catalogue.monitors) < 1 or not isinstance(app.screen, RunScreen):
            await pilot.pause()
        for _ in range(5):
            await pilot.pause()
        assert app.workspace.attached == 1
        assert len(app._attached.monitors) == 1


async def test_the_first_row_is_chosen_until_all_rows_found_their_place_or_the_reader_moved() -> None:
    early = replace(BOARD, rows=(ROWS[2], ROWS[1]), looked=0)
    later = replace(BOARD, rows=(ROWS[0], ROWS[1], ROWS[2]), looked=1)
    catalogue = FakeCatalogue(board=early)
    app = make_app(catalogue)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        screen = app.screen
        assert isinstance(screen, RunsScreen)
        assert screen.chosen == ROWS[2]
        catalogue.post(later)
        await settle(pilot)
        assert screen.chosen == ROWS[0]
        await pilot.press("down")
        catalogue.post(replace(BOARD, rows=(ROWS[2], ROWS[0], ROWS[1]), looked=3))
        await settle(pilot)
        assert screen.chosen == ROWS[1]


def test_long_names_keep_their_ends_by_which_they_differ() -> None:
    rows = tuple(summary(f"offline-run-20261128_115142-f1jddt9{i}") for i in range(3))
    for width in (80, 120):
        shown = ["".join(span for span, _ in row) for row in RunRows(Choice(rows), NOW, width, plain=False)][1:]
        assert all(f"f1jddt9{i}" in row for i, row in enumerate(shown))


@pytest.mark.parametrize(
    ("column", "turned", "names"),
    [
        ("attention", False, ["arena_lp", "nav_1", "nav_2", "old"]),
        ("attention", True, ["old", "nav_2", "nav_1", "arena_lp"]),
        ("run", False, ["arena_lp", "nav_1", "nav_2", "old"]),
        ("state", False, ["old", "nav_2", "arena_lp", "nav_1"]),
        ("age", False, ["arena_lp", "nav_1", "nav_2", "old"]),
        ("age", True, ["old", "nav_2", "arena_lp", "nav_1"]),
        ("step", True, ["old", "arena_lp", "nav_1", "nav_2"]),  # epochs are no steps
        ("done", True, ["arena_lp", "nav_1", "nav_2", "old"]),  # what is not known stands last either way
        ("metric", False, ["arena_lp", "nav_1", "nav_2", "old"]),
        ("starts", False, ["old", "arena_lp", "nav_1", "nav_2"]),
        ("finding", True, ["arena_lp", "nav_1", "nav_2", "old"]),
    ],
)
def test_runs_are_sorted_by_any_column(column: str, turned: bool, names: list[str]) -> None:
    assert [run.name for run in Order(column, turned).sort(ROWS)] == names


def test_every_column_that_is_shown_can_be_sorted_by() -> None:
    titles = {title for title, *_ in fit_columns(300, 20)} - {"", "!"}
    assert titles == set(ORDERS) - {ATTENTION}
    odd = (
        *ROWS,
        summary("nan", value=float("nan")),
        summary("none", step=None, epoch=None, size=None, modified_at=None),
    )
    for column in ORDERS:
        for turned in (False, True):
            assert sorted(run.name for run in Order(column, turned).sort(odd)) == sorted(run.name for run in odd)


async def test_s_sorts_by_one_column_after_the_other_and_says_so() -> None:
    app = LptuiApp([], Settings(), themes=Shelf(), catalogue=FakeCatalogue())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, RunsScreen)
        for _ in range(ORDERS.index("starts")):
            await pilot.press("s")
        await pilot.pause()
        assert "by starts, largest first" in "".join(text for text, _ in screen.head_rows(120)[1])
        assert screen.chosen is not None
        assert screen.chosen.name == "old"
        await pilot.press("S")
        await pilot.pause()
        assert screen.chosen.name != "old"
        assert "by starts, smallest first" in "".join(text for text, _ in screen.head_rows(120)[1])


async def test_runs_in_view_are_asked_for_before_the_others() -> None:
    waiting = tuple(summary(f"r{n:03d}", looked="listed", modified_at=NOW - n) for n in range(300))
    catalogue = FakeCatalogue(RunBoard(waiting, NOW, True, 0, (), ("/data",)))
    app = LptuiApp([], Settings(), themes=Shelf(), catalogue=catalogue)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert set(catalogue.preferred) == {f"/data/r{n:03d}" for n in range(len(set(catalogue.preferred)))}
        assert 20 < len(set(catalogue.preferred)) < 60
        await pilot.press("end")
        await pilot.pause()
        assert "/data/r299" in catalogue.preferred
        assert "/data/r150" not in catalogue.preferred
