"""The header says what is true, at any width."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_monitor import NOW, empty, failing, finding, healthy

from lptui.model.readings import SourceStatus
from lptui.state.run_state import Progress, RunState
from lptui.tui.widgets.header import finding_line, run_line, sentence, tiny_line
from lptui.tui.widgets.spans import Row, row_width
from lptui.tui.workspace import Workspace


def text(row: Row) -> str:
    return "".join(part for part, _ in row)


def line(state: RunState, width: int = 200, **changes: float) -> str:
    return text(run_line(Workspace((state,), None, NOW, **changes), width))


def test_a_running_run_in_one_line() -> None:
    shown = line(healthy())
    for part in (
        "arena_lp",
        "● running",
        "62.9M / 150M",
        "41.9 %",
        "ETA 35m",
        "41.2k steps/s",
        "last sign 3s ago (log)",
    ):
        assert part in shown
    assert "restart" not in shown


def test_what_is_not_known_is_left_out_or_said_never_zero() -> None:
    state = replace(healthy(), progress=Progress())
    shown = line(state)
    assert "step not known yet" in shown
    assert "ETA" not in shown
    assert "steps/s" not in shown
    assert "0 %" not in shown


def test_an_ended_run_shows_no_age_and_no_eta() -> None:
    finished = replace(healthy(), life=replace(healthy().life, condition="finished"))
    later = replace(finished, now=NOW + 86400)
    assert line(finished) == line(later)
    assert "■ finished" in line(finished)
    assert "ETA" not in line(finished)


def test_a_stall_shows_how_long_it_has_been_silent() -> None:
    stalled = replace(healthy(), now=NOW + 840, life=replace(healthy().life, condition="stalled"))
    assert "silent for 14m" in line(stalled)


def test_the_percentage_never_rounds_up_to_done() -> None:
    state = replace(healthy(), progress=Progress(149_999_999, 150_000_000))
    assert "99.9 %" in line(state)


def test_freezing_is_said_with_its_age() -> None:
    assert "FROZEN 20s" in line(healthy(), frozen_at=NOW - 20)


def test_the_sign_of_life_is_in_the_header_at_every_size() -> None:
    assert "ETA 35m" in line(healthy(), 80)
    assert "3s ago" in line(healthy(), 80)
    assert "3s ago" in text(tiny_line(Workspace((healthy(),), None, NOW)))


@pytest.mark.parametrize("width", [36, 60, 80, 120, 200])
@pytest.mark.parametrize("make", [healthy, failing, empty])
def test_every_width_is_filled_exactly_and_keeps_the_condition(make: object, width: int) -> None:
    state = make()  # type: ignore[operator]
    assert row_width(run_line(Workspace((state,)), width)) == width
    assert row_width(finding_line(state, width)) == width
    assert state.life.condition in line(state, width)


def test_the_worst_finding_leads_and_the_others_are_counted() -> None:
    shown = text(finding_line(failing(), 160))
    assert "✖ error" in shown
    assert "CUDA out of memory" in shown
    assert "and 1 warning, 1 note" in shown  # neither what follows from it nor the past one is counted


def test_nothing_found_is_only_said_when_everything_was_read() -> None:
    assert "nothing found wrong" in text(finding_line(healthy(), 100))
    reading = replace(healthy(), statuses={"wandb": SourceStatus("wandb", "ok", backfilling=True)})
    assert "so far: 1 source still being read" in text(finding_line(reading, 100))
    assert "nothing has been read yet" in text(finding_line(replace(healthy(), statuses={}), 100))


def test_an_acknowledged_finding_no_longer_leads_but_is_not_forgotten() -> None:
    state = replace(healthy(), findings=(finding(acknowledged=True),))
    shown = text(finding_line(state, 100))
    assert "CUDA" not in shown
    assert "1 finding acknowledged" in shown


def test_the_tiny_line_and_the_sentence_keep_what_matters() -> None:
    space = Workspace((failing(),), None, NOW)
    assert text(tiny_line(space)).startswith("✖ crashed 41.9 % ✖ CUDA out of memory")
    assert sentence(space).startswith("arena_lp crashed 41.9 %: error: CUDA out of memory")
    assert sentence(None) == "opening the run …"


def test_ascii_has_only_ascii_glyphs() -> None:
    assert text(tiny_line(Workspace((failing(),)), plain=True)).isascii()
