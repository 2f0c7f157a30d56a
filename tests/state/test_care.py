"""The life of a finding: silenced, over, come again; times are values."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lptui.model.care import MOST_KEPT, Act, CareEntry
from lptui.model.events import CareTaken, CareWanted, Event, FindingsChanged, StatusSeen, Tick
from lptui.model.finding import Change, Evidence, Finding, age_out
from lptui.model.readings import SourceStatus
from lptui.model.run import RunInfo
from lptui.state.care import MOST_FINDINGS
from lptui.state.fold import fold_all
from lptui.state.run_state import RunState

LOG = "/r/log"
READ = StatusSeen(status=SourceStatus("log", "ok", path=LOG))
START = RunState(run=RunInfo("r", "/r", logs=(LOG,)), now=1.0)


def found(at: float = 5.0, name: str = "oom", kind: str = "log") -> Finding:
    seen = Evidence("CUDA out of memory", kind=kind, at=at)  # type: ignore[arg-type]
    return Finding(name, "cuda-oom", "error", "out of memory", evidence=(seen,), first_seen=at)


def raised(finding: Finding | None = None) -> Event:
    return FindingsChanged(changes=(Change.raised(finding or found()),))


def wanted(act: Act, at: float, until: float | None = None) -> Event:
    return CareWanted(entry=CareEntry("oom", act, at, "me@here", until), seen_at=at)


def acts(state: RunState, name: str = "oom") -> list[tuple[str, float]]:
    return [(e.act, e.at) for e in state.care[name].entries]


def test_an_acknowledged_finding_no_longer_alarms_until_it_is_woken() -> None:
    quiet = fold_all(START, [READ, raised(), Tick(now=10.0), wanted("acknowledged", 11.0), Tick(now=12.0), raised()])
    assert quiet.findings[0].acknowledged
    assert quiet.worst is None
    woken = fold_all(quiet, [wanted("woken", 13.0)])
    assert woken.worst is not None
    assert acts(woken) == [("seen", 5.0), ("acknowledged", 11.0), ("woken", 13.0)]


@pytest.mark.parametrize(("now", "silent"), [(20.0, True), (609.9, True), (610.0, False), (9000.0, False)])
def test_a_snooze_ends_by_the_clock(now: float, silent: bool) -> None:
    state = fold_all(START, [READ, raised(), Tick(now=9.0), wanted("snoozed", 10.0, until=610.0), Tick(now=now)])
    assert state.findings[0].acknowledged is silent


def test_a_snooze_until_the_next_attempt_ends_when_that_begins() -> None:
    state = fold_all(START, [READ, raised(), Tick(now=9.0), wanted("snoozed", 10.0), Tick(now=1e6)])
    assert state.findings[0].acknowledged
    assert state.care["oom"].entries[-1].attempt == 1
    from lptui.state.care import tend

    later = tend(replace(state, life=replace(state.life, attempts=2)))
    assert not later.findings[0].acknowledged


@pytest.mark.parametrize("gone", [Change.raised(age_out(found(), "training went on")), Change.cleared("oom")])
def test_what_recovered_and_comes_again_alarms_again(gone: Change) -> None:
    quiet = [READ, raised(), Tick(now=10.0), wanted("acknowledged", 11.0), Tick(now=12.0)]
    over = [FindingsChanged(changes=(gone,)), Tick(now=20.0)]
    state = fold_all(START, [*quiet, *over])
    assert acts(state)[-1] == ("recovered", 20.0)
    again = fold_all(state, [raised(found(30.0)), Tick(now=31.0)])
    assert acts(again)[-1] == ("again", 31.0)
    assert again.worst is not None
    assert not again.worst.acknowledged


def test_nothing_is_concluded_while_the_past_is_being_read() -> None:
    gone = FindingsChanged(changes=(Change.cleared("oom"),))
    state = fold_all(
        START, [raised(), Tick(now=2.0), gone, Tick(now=3.0), raised(), Tick(now=4.0), READ, Tick(now=5.0)]
    )
    assert acts(state) == [("seen", 5.0)]


KEPT = (CareEntry("oom", "seen", 5.0), CareEntry("oom", "acknowledged", 11.0, "me@here"))


def test_an_acknowledgement_outlives_the_watch_and_absence_before_it_is_met_is_no_recovery() -> None:
    state = fold_all(START, [CareTaken(entries=KEPT), READ, Tick(now=100.0), Tick(now=101.0)])
    assert acts(state) == [("seen", 5.0), ("acknowledged", 11.0)]
    later = fold_all(state, [raised(), Tick(now=102.0)])
    assert later.findings[0].acknowledged
    assert len(acts(later)) == 2


@pytest.mark.parametrize(
    ("finding", "alarms"),
    [
        (found(5.0), False),
        (found(50.0), True),  # the line is younger than the acknowledgement: it came back while nobody looked
        (found(50.0, kind="host"), False),  # this time is that of our own look
        (replace(found(), evidence=(), first_seen=50.0), False),
    ],
)
def test_what_came_back_between_two_watches_alarms_if_its_evidence_is_dated(finding: Finding, alarms: bool) -> None:
    state = fold_all(START, [CareTaken(entries=KEPT), READ, raised(finding), Tick(now=100.0)])
    assert (state.worst is not None) is alarms


def test_what_was_over_when_we_left_and_is_active_now_alarms() -> None:
    entries = (*KEPT, CareEntry("oom", "recovered", 20.0))
    state = fold_all(START, [CareTaken(entries=entries), READ, raised(found(30.0)), Tick(now=100.0)])
    assert acts(state)[-1] == ("again", 30.0)
    assert state.worst is not None


def test_memory_is_bounded() -> None:
    many = [CareWanted(entry=CareEntry("oom", "snoozed", float(i), until=i + 1.0)) for i in range(200)]
    state = fold_all(START, [READ, *(raised(found(name=f"f{i}")) for i in range(MOST_FINDINGS + 50)), Tick(now=9.0)])
    assert len(fold_all(state, [Tick(now=10.0)]).care) <= MOST_FINDINGS
    assert len(fold_all(START, many).care["oom"].entries) == MOST_KEPT
