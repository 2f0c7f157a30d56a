"""Incidents folded and opened, findings silenced for a while, toasts for what is new, the detail of a finding."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_monitor import NOW, failing, finding, healthy, make_app
from textual.pilot import Pilot

from lptui.config.settings import Settings
from lptui.model.care import Care, CareEntry
from lptui.model.finding import Evidence
from lptui.model.request import Acknowledge, Snooze, Wake
from lptui.model.run import RunInfo
from lptui.state.run_state import RunState
from lptui.tui.panes import Pane
from lptui.tui.panes.findings import FOLD, FindingsPane, list_rows
from lptui.tui.screens.finding import chain_rows, finding_rows, timeline_rows
from lptui.tui.screens.run import RunScreen
from lptui.tui.screens.snooze import SnoozeScreen
from lptui.tui.toasts import MOST_KNOWN, SETTLING, Told, find_toasts, toasts_for
from lptui.tui.widgets.header import finding_line
from lptui.tui.widgets.rows import RowsView
from lptui.tui.widgets.spans import Row

ROOT = finding(1)
FOLLOWER = finding(
    2, id="nccl:1", cls="nccl-timeout", role="follow-up", title="NCCL watchdog", ranks=(0, 2, 3), first_seen=NOW - 590,
    evidence=(Evidence("Watchdog caught collective operation timeout", at=NOW - 590),),
)  # fmt: skip


@pytest.fixture(autouse=True)
def no_fence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pane, "fenced", False)


def words(rows: list[Row]) -> str:
    return "\n".join("".join(text for text, _ in row) for row in rows)


async def settle(pilot: Pilot[int]) -> None:
    for _ in range(3):
        await pilot.pause()


def quiet(state: RunState, entry: CareEntry) -> RunState:
    found = tuple(replace(f, acknowledged=True) if f.id == entry.finding else f for f in state.findings)
    return replace(state, findings=found, care={entry.finding: Care((entry,), entry)})


def test_an_incident_is_its_root_and_one_row() -> None:
    assert [item.key for item in list_rows((ROOT, FOLLOWER))] == ["oom:1", FOLD + "oom:1"]
    assert [item.key for item in list_rows((ROOT, FOLLOWER), {"oom:1"})] == ["oom:1", "nccl:1"]
    assert [item.key for item in list_rows((FOLLOWER,))] == ["nccl:1"]


@pytest.mark.parametrize("keys", [("right",), ("down", "right"), ("down", "enter")])
async def test_followers_are_opened_and_folded(keys: tuple[str, ...]) -> None:
    app, _ = make_app(replace(healthy(), findings=(ROOT, FOLLOWER)))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("2")
        await settle(pilot)
        screen = app.screen
        assert isinstance(screen, RunScreen)
        pane = screen.pane("findings")
        assert isinstance(pane, FindingsPane)
        assert "+ 3 follow: nccl-timeout on ranks 0, 2, 3 at " in "\n".join(pane.view.shown)
        await pilot.press(*keys)
        await settle(pilot)
        assert app.screen is screen
        assert "NCCL watchdog" in "\n".join(pane.view.shown)
        await pilot.press("left")
        await settle(pilot)
        assert pane.view.selected == "oom:1"
        assert "NCCL watchdog" not in "\n".join(pane.view.shown)


async def test_on_the_folded_row_the_fix_of_its_root_stays_in_view() -> None:
    app, _ = make_app(replace(healthy(), findings=(ROOT, FOLLOWER)))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("2", "down")
        await settle(pilot)
        screen = app.screen
        assert isinstance(screen, RunScreen)
        pane = screen.pane("findings")
        assert isinstance(pane, FindingsPane)
        assert pane.view.selected == FOLD + "oom:1"
        assert any(row.split()[:1] == ["fix"] for row in pane.view.shown)


async def test_going_to_a_folded_follower_opens_its_incident() -> None:
    app, _ = make_app(replace(healthy(), findings=(ROOT, FOLLOWER)))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("1", "n", "n")
        await settle(pilot)
        screen = app.screen
        assert isinstance(screen, RunScreen)
        pane = screen.pane("findings")
        assert isinstance(pane, FindingsPane)
        assert pane.view.selected == "nccl:1"


@pytest.mark.parametrize(
    ("keys", "request_"),
    [
        (("s", "enter"), Snooze("oom:1", 600.0)),
        (("s", "down", "enter"), Snooze("oom:1", 3600.0)),
        (("s", "3"), Snooze("oom:1", None)),
        (("s", "4"), Acknowledge("oom:1")),
        (("a",), Acknowledge("oom:1")),
        (("s", "5"), None),
        (("s", "escape"), None),
    ],
)
async def test_the_menu_of_silence(keys: tuple[str, ...], request_: object) -> None:
    app, monitor = make_app(failing())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("2", *keys)
        await settle(pilot)
        asked = [r for r in monitor.asked if isinstance(r, Acknowledge | Snooze | Wake)]
        assert asked == ([request_] if request_ is not None else [])
        assert isinstance(app.screen, SnoozeScreen) is (keys == ("s", "5"))


@pytest.mark.parametrize("keys", [("a",), ("s", "5")])
async def test_what_is_silent_can_be_woken(keys: tuple[str, ...]) -> None:
    entry = CareEntry("oom:1", "snoozed", NOW, "me@here", NOW + 600)
    app, monitor = make_app(quiet(replace(healthy(), findings=(ROOT,)), entry))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("2")
        await settle(pilot)
        screen = app.screen
        assert isinstance(screen, RunScreen)
        assert "snoozed until" in "\n".join(screen.pane("findings").query_one(RowsView).shown)
        await pilot.press("n", *keys)
        await settle(pilot)
        assert [r for r in monitor.asked if isinstance(r, Wake)] == [Wake("oom:1")]


def test_a_toast_is_for_what_was_not_there_and_only_once() -> None:
    state = healthy()
    told, fresh = find_toasts(Told(), replace(state, findings=(ROOT,)))
    assert fresh == []
    told, fresh = find_toasts(told, replace(state, findings=(ROOT,), now=NOW + SETTLING))
    assert fresh == []
    new = finding(3, id="new", incident="", severity="warning")
    others = (replace(new, id="i", severity="info"), replace(new, id="a", acknowledged=True),
              replace(new, id="p", past=True), replace(FOLLOWER, id="f"))  # fmt: skip
    later = replace(state, findings=(ROOT, new, *others), now=NOW + SETTLING + 1)
    told, fresh = find_toasts(told, later)
    assert [f.id for f in fresh] == ["new"]
    assert find_toasts(told, later) == (told, [])
    gone, _ = find_toasts(told, replace(later, findings=()))
    assert find_toasts(gone, later)[1] == []


def test_nothing_is_told_before_all_was_read() -> None:
    reading = replace(healthy(), statuses={}, run=RunInfo("r", "/r", logs=("log",)), findings=(ROOT,))
    told = Told()
    for after in (0.0, 60.0):
        told, fresh = find_toasts(told, replace(reading, now=NOW + after))
        assert fresh == []
    assert told.since is None


def test_what_was_told_is_bounded() -> None:
    full = Told(frozenset(str(i) for i in range(MOST_KNOWN)), 0.0)
    told, fresh = find_toasts(full, replace(healthy(), findings=(ROOT,)))
    assert len(told.known) == MOST_KNOWN
    assert fresh == []


def test_toasts_are_few_and_short() -> None:
    many = [finding(i, id=f"f{i}", severity="warning", title="x" * 500) for i in range(5)]
    toasts = toasts_for([*many, ROOT])
    assert [t.title for t in toasts] == ["new error, step 6.68M", "new warning, step 6.68M", "and 4 more findings"]
    assert all(len(t.text) < 240 for t in toasts)
    assert toasts_for([]) == []


@pytest.mark.parametrize("bell", [False, True])
async def test_a_new_finding_is_announced(bell: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    app, monitor = make_app(healthy(), Settings(bell=bell))
    rung: list[bool] = []
    monkeypatch.setattr(app, "bell", lambda: rung.append(True))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settle(pilot)
        monitor.publish(replace(healthy(), now=NOW + 10))
        monitor.publish(replace(healthy(), now=NOW + 11, findings=(ROOT,)))
        monitor.publish(replace(healthy(), now=NOW + 12, findings=(ROOT,)))
        await settle(pilot)
        assert [n.title for n in app._notifications] == ["new error, step 6.68M"]
        assert len(rung) == int(bell)


def test_the_detail_has_the_chain_the_timeline_and_the_class() -> None:
    history = (
        CareEntry("oom:1", "seen", NOW - 600),
        CareEntry("oom:1", "acknowledged", NOW - 300, "ann@box"),
        CareEntry("oom:1", "recovered", NOW - 200),
        CareEntry("oom:1", "again", NOW - 100),
    )
    root = replace(ROOT, confidence=0.7, fix=replace(ROOT.fix, confidence=0.5) if ROOT.fix else None)
    state = replace(healthy(), findings=(root, FOLLOWER), care={"oom:1": Care(history)})
    whole = words(finding_rows(state, root, 80, plain=False))
    for part in ("70 % sure", "50 % sure to help", "What follows from it", "nccl-timeout  on ranks 0, 2, 3", "Timeline",
                 "acknowledged by ann@box", "came again", "What it means", "https://", "explain cuda-oom"):  # fmt: skip
        assert part in whole, part
    assert "Follows from\nCUDA out of memory" in words(finding_rows(state, FOLLOWER, 80, plain=False))
    moments = words(timeline_rows(state, root, 80))
    assert (
        moments.index("it began") < moments.index("ann@box") < moments.index("recovered") < moments.index("came again")
    )


def test_the_chain_is_in_the_order_of_time_if_all_of_it_is_dated() -> None:
    root = replace(ROOT, evidence=(Evidence("second", file="/r/a/b.log", at=20.0), Evidence("first", "gpu", at=10.0)))
    chain = words(chain_rows(root, 80, "/r"))
    assert chain.index("first") < chain.index("  log  a/b.log") < chain.index("second")
    undated = words(chain_rows(replace(root, evidence=(Evidence("one"), Evidence("two", at=1.0))), 80))
    assert undated.index("one") < undated.index("two")


def test_the_header_and_the_tab_count_incidents() -> None:
    other = finding(3, id="other", incident="", severity="warning")
    state = replace(healthy(), findings=(ROOT, FOLLOWER, other))
    assert FindingsPane().note(state) == "2"
    line = "".join(text for text, _ in finding_line(state, 160))
    assert "and 1 warning" in line
    assert "error," not in line
